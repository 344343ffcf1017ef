"""The company's own words: projects, clients, products that are not out yet. Lists of any length cost the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from rules.detectors.base import Guarding, Hit, Subject
from rules.detectors.fields import Frozen, Phrase
from rules.misspelling import Misspellings
from rules.terms import Terms

if TYPE_CHECKING:
    from rules.judges import Judges

MOST_MISSPELT = 500
"""Terms up to which a list may also be looked for misspelt: of more, some would always be near an ordinary word."""


class Entry(Frozen):
    """One term, and until when nobody may say it."""

    term: Phrase
    also: tuple[Phrase, ...] = ()
    """Other spellings and names of the same."""
    until: date | None = None
    """The day from which it may be said: an embargo's end."""

    def counts_on(self, today: date) -> bool:
        return self.until is None or today < self.until


def _entry(written: Any) -> Any:
    """`Aurora`, or `Aurora; 2027-03-01` as lists have it."""
    if not isinstance(written, str):
        return written
    term, _, until = written.partition(";")
    return {"term": term.strip(), "until": until.strip() or None}


Written = Annotated[Entry, BeforeValidator(_entry, json_schema_input_type=Entry | Phrase)]


class Dictionary(Guarding):
    finds: ClassVar[str] = "the company's own words: projects, clients, suppliers, unreleased products"
    fills: ClassVar[frozenset[str]] = frozenset({"term"})

    detector: Literal["dictionary"]
    terms: tuple[Written, ...] = Field(min_length=1)
    """`Progetto Falco`, `Aurora; 2027-03-01` (after that day it may be said), or `{term:, also:, until:}`."""
    inflect: tuple[Literal["it", "en", "fr", "de", "es", "pt"], ...] = ()
    """Languages whose endings do not matter."""
    case_sensitive: bool = False
    misspelt: bool = False
    """Whether near misses count too (one wrong letter in five, two in nine); for lists of up to 500 terms."""

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        if self.misspelt and len(self._spellings) > MOST_MISSPELT:
            raise PydanticCustomError("too_many_misspelt", "{limit}", {"limit": str(MOST_MISSPELT)})
        return self

    def load(self, judges: Judges | None = None) -> None:
        self._list  # noqa: B018 -- building the automaton is the point

    def find(self, subject: Subject) -> Iterator[Hit]:
        found = list(self._list.find(subject.folded))
        if self._near is not None:
            exact = {span for span, _ in found}
            found += [
                (span, index)
                for span, index in self._near.find(subject.folded)
                if not any(span.overlaps(other) for other in exact)
            ]
        for span, index in found:
            entry = self._spellings[index][1]
            if entry.counts_on(subject.today):
                yield Hit(span, hides=self.hides or "INTERNAL", fills={"term": entry.term})

    @cached_property
    def _spellings(self) -> list[tuple[str, Entry]]:
        """Of one that stands twice, the entry that counts for longer comes first."""
        every = [(spelling, entry) for entry in self.terms for spelling in (entry.term, *entry.also)]
        return sorted(every, key=lambda pair: pair[1].until or date.max, reverse=True)

    @cached_property
    def _list(self) -> Terms:
        words = [spelling for spelling, _ in self._spellings]
        return Terms(words, case_sensitive=self.case_sensitive, inflect=self.inflect)

    @cached_property
    def _near(self) -> Misspellings | None:
        return Misspellings([spelling for spelling, _ in self._spellings]) if self.misspelt else None
