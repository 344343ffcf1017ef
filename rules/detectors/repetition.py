"""A word written twice in a row ("il il"), the slip that nobody sees in their own text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Literal

import regex
from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.draft import Span
from rules.folding import fold_term
from rules.patterns import Engine, Pattern, find, scoped

_TRIMMED = regex.compile(r"\S(?:.*\S)?", regex.S)


class Repetition(BaseRule):
    finds: ClassVar[str] = "a word written more than once in a row"

    detector: Literal["repetition"]
    engine: Engine = "re2"
    """As that of `pattern`."""
    pattern: Pattern | None = None
    """What is compared with the one before it, in each sentence and whatever stands between; words without."""
    letters_only: bool = False
    """With `pattern`: whether what holds anything but letters is left alone, as it always is with words."""
    most: int = Field(default=1, ge=1)
    """How many in a row are fine."""
    ignore_case: bool = True
    allow_words: tuple[Phrase, ...] = ()
    """Words that may be doubled ("piano piano", "very very")."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        for run in self._matched(subject) if self.pattern else self._runs(subject.words, subject.text, _follows):
            word = run[0].of(subject.text)
            if len(run) > self.most and fold_term(word) not in self._allowed:
                once = self.most == 1 and all(_follows(subject.text, *pair) for pair in pairwise(run))
                yield Hit(Span(run[0].start, run[-1].end), replacement=word if once else None)

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(fold_term(word) for word in self.allow_words)

    def _matched(self, subject: Subject) -> Iterator[list[Span]]:
        for reading in scoped(subject, "sentence"):
            matches = find(self.pattern or "", reading.text, engine=self.engine, ignore_case=self.ignore_case)
            trimmed = (_TRIMMED.search(reading.text, *match.spans[0]) for match in matches)
            places = [reading.span(*match.span()) for match in trimmed if match]
            yield from self._runs(places, subject.text, self._may_repeat)

    def _may_repeat(self, text: str, one: Span, other: Span) -> bool:
        return not self.letters_only or one.of(text).isalpha()

    def _runs(self, places: Iterable[Span], text: str, fit: Callable[[str, Span, Span], bool]) -> Iterator[list[Span]]:
        """Places one after the other that say the same and `fit` each other."""
        run: list[Span] = []
        for place in places:
            if run and not (self._same(run[-1].of(text), place.of(text)) and fit(text, run[-1], place)):
                yield run
                run = []
            run.append(place)
        if run:
            yield run

    def _same(self, first: str, second: str) -> bool:
        return first.lower() == second.lower() if self.ignore_case else first == second


def _follows(text: str, one: Span, other: Span) -> bool:
    """Whether a word of letters comes next after another."""
    between = text[one.end : other.start]
    # Only white space of one line may stand between: "no, no" is speech, "2 2" a table, a list may repeat a word.
    return one.of(text).isalpha() and between.isspace() and len(f"{between}.".splitlines()) == 1
