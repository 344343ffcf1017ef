"""A word written twice in a row ("il il"), the slip that nobody sees in their own text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Phrase, Subject
from rules.draft import Span
from rules.folding import fold_term


class Repetition(BaseRule):
    finds: ClassVar[str] = "a word written more than once in a row"

    detector: Literal["repetition"]
    most: int = Field(default=1, ge=1)
    """How many in a row are fine."""
    ignore_case: bool = True
    allow_words: tuple[Phrase, ...] = ()
    """Words that may be doubled ("piano piano", "very very")."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        for run in self._runs(subject):
            word = run[0].of(subject.text)
            if len(run) > self.most and fold_term(word) not in self._allowed:
                yield Hit(Span(run[0].start, run[-1].end), replacement=word if self.most == 1 else None)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(fold_term(word) for word in self.allow_words)

    def _runs(self, subject: Subject) -> Iterator[list[Span]]:
        run: list[Span] = []
        for word in subject.words:
            if run and not self._same(subject.text, run[-1], word):
                yield run
                run = []
            run.append(word)
        if run:
            yield run

    def _same(self, text: str, one: Span, other: Span) -> bool:
        first, second = one.of(text), other.of(text)
        if self.ignore_case:
            first, second = first.lower(), second.lower()
        between = text[one.end : other.start]
        # Only white space of one line may stand between: "no, no" is speech, "2 2" a table, a list may repeat a word.
        return first == second and first.isalpha() and between.isspace() and len(f"{between}.".splitlines()) == 1
