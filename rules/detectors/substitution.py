"""Preferred wording: what stands there, and what the company writes instead."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Phrase, Subject
from rules.terms import Terms

if TYPE_CHECKING:
    from rules.judges import Judges


class Substitution(BaseRule):
    finds: ClassVar[str] = "wording for which the company has a better one"
    fills: ClassVar[frozenset[str]] = frozenset({"preferred"})

    detector: Literal["substitution"]
    swap: dict[Phrase, Phrase] = Field(min_length=1)
    """What is written: what to write instead. `{preferred}` in the message is the latter."""
    case_sensitive: bool = False

    def load(self, judges: Judges | None = None) -> None:
        self._terms  # noqa: B018 -- building the automaton is the point

    def find(self, subject: Subject) -> Iterator[Hit]:
        swaps = tuple(self.swap.items())
        for span, index in self._terms.find(subject.folded):
            if index >= len(swaps):
                continue
            (written, preferred), found = swaps[index], span.of(subject.text)
            replacement = _in_case_of(found, written, preferred)
            if replacement != found:
                yield Hit(span, replacement, fills={"preferred": preferred})

    @cached_property
    def _terms(self) -> Terms:
        # The preferred wordings are sought too: "Acme" is at fault, but not inside "Acme Italia".
        return Terms((*self.swap, *self.swap.values()), case_sensitive=self.case_sensitive)


def _in_case_of(found: str, written: str, preferred: str) -> str:
    """A shout stays one, and so does a capital at the start; a brand's own capitals and an acronym's say nothing."""
    if written.isupper() or not preferred.islower():
        return preferred
    if found.isupper() and len(found) > 1:
        return preferred.upper()
    return preferred[0].upper() + preferred[1:] if found[0].isupper() else preferred
