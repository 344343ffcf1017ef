"""Measures of a text: how long it is, and how easily it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal

import regex
from pydantic import FiniteFloat, model_validator

from rules.detectors.base import BaseRule, Hit, Subject, bounded
from rules.draft import Span

_VOWELS = regex.compile(r"[aeiouyàèéìòù]+")
_LETTERS = regex.compile(r"\p{L}")
_READABLE = 20
"""Words below which a readability formula says nothing."""


class Metric(BaseRule):
    finds: ClassVar[str] = "a text too long, too short or too hard to read"
    fills: ClassVar[frozenset[str]] = frozenset({"count", "limit"})

    detector: Literal["metric"]
    metric: Literal["characters", "words", "sentences", "words_per_sentence", "gulpease", "flesch"]
    """`gulpease` (Italian) and `flesch` (English) run from 0, hard, to 100, easy, on texts of 20 words and more."""
    most: FiniteFloat | None = None
    least: FiniteFloat | None = None

    _bounds = model_validator(mode="after")(bounded)

    def find(self, subject: Subject) -> Iterator[Hit]:
        value = MEASURES[self.metric](subject)
        if value is None:
            return
        limit = None
        if self.most is not None and value > self.most:
            limit = self.most
        elif self.least is not None and value < self.least:
            limit = self.least
        if limit is not None:
            fills = {"count": f"{round(value, 1):.12g}", "limit": f"{limit:.12g}"}
            yield Hit(Span(0, len(subject.text)), fills=fills)


def _gulpease(subject: Subject) -> float | None:
    """Lucisano and Piemontese, 1988: 89 + (300 sentences - 10 letters) / words, kept between 0 and 100."""
    count, letters = len(subject.words), len(_LETTERS.findall(subject.text))
    if count < _READABLE:
        return None
    return min(100.0, max(0.0, 89 + (300 * len(subject.sentences) - 10 * letters) / count))


def _flesch(subject: Subject) -> float | None:
    """Flesch, 1948: 206.835 - 1.015 words per sentence - 84.6 syllables per word, kept between 0 and 100."""
    count = len(subject.words)
    if count < _READABLE:
        return None
    syllables = sum(_syllables(word.of(subject.text).lower()) for word in subject.words)
    score = 206.835 - 1.015 * count / max(1, len(subject.sentences)) - 84.6 * syllables / count
    return min(100.0, max(0.0, score))


def _syllables(word: str) -> int:
    """Groups of vowels, less a silent final e: right for nine English words in ten, which a mean forgives."""
    groups = len(_VOWELS.findall(word))
    silent = word.endswith("e") and not word.endswith("le") and groups > 1
    return max(1, groups - silent)


MEASURES: dict[str, Callable[[Subject], float | None]] = {
    "characters": lambda subject: float(len(subject.text)),
    "words": lambda subject: float(len(subject.words)),
    "sentences": lambda subject: float(len(subject.sentences)),
    "words_per_sentence": lambda subject: len(subject.words) / max(1, len(subject.sentences)),
    "gulpease": _gulpease,
    "flesch": _flesch,
}
