"""Words and phrases, in any case and with or without accents; lists of any length cost the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.terms import Terms

if TYPE_CHECKING:
    from rules.judges import Judges


class Phrases(BaseRule):
    finds: ClassVar[str] = "words and phrases, as whole words"
    seeks_words: ClassVar[bool] = True

    detector: Literal["phrases"]
    phrases: tuple[Phrase, ...] = Field(min_length=1)
    inflect: tuple[Literal["it", "en", "fr", "de", "es", "pt"], ...] = ()
    """Languages whose endings do not matter: with `[it]`, `cliente` also finds `clienti`."""
    case_sensitive: bool = False

    def load(self, judges: Judges | None = None) -> None:
        self._terms  # noqa: B018 -- building the automaton is the point

    def find(self, subject: Subject) -> Iterator[Hit]:
        return (Hit(span) for span in self._terms.spans(subject.folded))

    @cached_property
    def _terms(self) -> Terms:
        return Terms(self.phrases, case_sensitive=self.case_sensitive, inflect=self.inflect)
