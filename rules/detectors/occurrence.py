"""How often something may, or must, stand in a draft: at most three hashtags, at least one link."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import takewhile
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from rules.detectors.base import BaseRule, Hit, Subject, bounded
from rules.draft import Span
from rules.patterns import Pattern, compiled


class Occurrence(BaseRule):
    finds: ClassVar[str] = "something that stands too often, or not often enough"
    fills: ClassVar[frozenset[str]] = frozenset({"count", "limit"})

    detector: Literal["occurrence"]
    pattern: Pattern
    most: int | None = Field(default=None, ge=0)
    least: int | None = Field(default=None, ge=1)
    scope: Literal["text", "sentence"] = "text"
    ignore_case: bool = True

    _bounds = model_validator(mode="after")(bounded)

    def find(self, subject: Subject) -> Iterator[Hit]:
        plain = subject.folded.plain
        matches = compiled(self.pattern, self.ignore_case).finditer(plain.text)
        places = [plain.span(*match.span()) for match in matches if match.end() > match.start()]
        for scope in subject.sentences if self.scope == "sentence" else (Span(0, len(subject.text)),):
            first = bisect_left(places, scope.start, key=lambda place: place.start)
            inside = list(takewhile(scope.covers, places[first:]))
            if self.most is not None and len(inside) > self.most:
                fills = {"count": str(len(inside)), "limit": str(self.most)}
                # What is too much is what comes after the allowed ones.
                yield from (Hit(place, fills=fills) for place in inside[self.most :])
            elif self.least is not None and len(inside) < self.least:
                yield Hit(scope, fills={"count": str(len(inside)), "limit": str(self.least)})
