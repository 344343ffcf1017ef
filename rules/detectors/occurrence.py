"""How often something may, or must, stand in a draft: at most three hashtags, at least one link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from rules.detectors.base import BaseRule, Hit, Subject, bounded
from rules.draft import Span
from rules.patterns import Engine, Pattern, Scope, find, scoped


class Occurrence(BaseRule):
    finds: ClassVar[str] = "something that stands too often, or not often enough"
    fills: ClassVar[frozenset[str]] = frozenset({"count", "limit"})

    detector: Literal["occurrence"]
    engine: Engine = "re2"
    """As that of `pattern`."""
    pattern: Pattern
    most: int | None = Field(default=None, ge=0)
    least: int | None = Field(default=None, ge=1)
    scope: Scope = "text"
    ignore_case: bool = True
    as_written: bool = False
    """As that of `pattern`."""

    _bounds = model_validator(mode="after")(bounded)

    def find(self, subject: Subject) -> Iterator[Hit]:
        for reading in scoped(subject, self.scope, as_written=self.as_written):
            matches = find(self.pattern, reading.text, engine=self.engine, ignore_case=self.ignore_case)
            inside = [reading.span(*match.spans[0]) for match in matches]
            if self.most is not None and len(inside) > self.most:
                fills = {"count": str(len(inside)), "limit": str(self.most)}
                # What is too much is what comes after the allowed ones.
                yield from (Hit(place, fills=fills) for place in inside[self.most :])
            elif self.least is not None and len(inside) < self.least:
                fills = {"count": str(len(inside)), "limit": str(self.least)}
                whole = Span(0, len(subject.text)) if self.scope == "text" else reading.span(0, len(reading.text))
                yield Hit(whole, fills=fills)
