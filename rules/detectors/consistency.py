"""One spelling or form throughout a text: either the one or the other, not both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.draft import Span
from rules.patterns import checked, find
from rules.terms import Terms


class Consistency(BaseRule):
    finds: ClassVar[str] = "two forms of one thing in the same text"

    detector: Literal["consistency"]
    engine: Literal["words", "re2", "regex"] = "words"
    """How both sides are read: as words, or as expressions of RE2 or of the `regex` module."""
    either: dict[Phrase, Phrase] = Field(min_length=1)
    """Pairs of which a text may use only one."""
    case_sensitive: bool = False
    whole_words: bool = True
    """For expressions: whether no letter, digit or underscore may touch a match. Words always are whole."""

    @field_validator("either")
    @classmethod
    def _expressions(cls, either: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if (engine := info.data.get("engine", "words")) != "words":
            for form in (*either, *either.values()):
                checked(form, engine)
        return either

    def find(self, subject: Subject) -> Iterator[Hit]:
        for pair in self.either.items():
            found = list(self._forms(pair, subject))
            # The form that came first is the writer's choice; the others depart from it.
            yield from (Hit(span) for span, form in found if form != found[0][1])

    def _forms(self, pair: tuple[str, str], subject: Subject) -> Iterator[tuple[Span, int]]:
        """Each place of either form, and which of the two it is."""
        if self.engine == "words":
            yield from self._terms[pair].find(subject.folded)
            return
        plain, pattern = subject.folded.plain, f"({pair[0]})|({pair[1]})"
        matches = find(
            pattern, plain.text, engine=self.engine, ignore_case=not self.case_sensitive, whole_words=self.whole_words
        )
        for match in matches:
            yield plain.span(*match.spans[0]), int(match.group(1) is None)

    @cached_property
    def _terms(self) -> dict[tuple[str, str], Terms]:
        # Sought together, so that `mail` is not found inside `e-mail`.
        return {pair: Terms(pair, case_sensitive=self.case_sensitive) for pair in self.either.items()}
