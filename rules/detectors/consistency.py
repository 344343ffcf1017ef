"""One spelling or form throughout a text: either the one or the other, not both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Phrase, Subject
from rules.terms import Terms


class Consistency(BaseRule):
    finds: ClassVar[str] = "two forms of one thing in the same text"

    detector: Literal["consistency"]
    either: dict[Phrase, Phrase] = Field(min_length=1)
    """Pairs of which a text may use only one."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        for pair in self._pairs:
            found = list(pair.find(subject.folded))
            # The form that came first is the writer's choice; the others depart from it.
            yield from (Hit(span) for span, form in found if form != found[0][1])

    @cached_property
    def _pairs(self) -> list[Terms]:
        # Sought together, so that `mail` is not found inside `e-mail`.
        return [Terms(pair) for pair in self.either.items()]
