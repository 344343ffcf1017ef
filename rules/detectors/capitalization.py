"""Capitals as the company's style wants them, in the first line (a headline) or in every sentence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar, Literal

import regex
from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.draft import Cover, Span
from rules.segmenting import words
from rules.terms import Terms

# Short words that AP and Chicago leave in lower case inside a title; the latter spares longer prepositions too.
_SMALL = {
    "a", "an", "and", "as", "at", "but", "by", "en", "for", "if", "in", "nor", "of", "on", "or", "per", "so", "the",
    "to", "up", "via", "vs", "yet",
}  # fmt: skip
_SMALL_CHICAGO = _SMALL | {
    "about", "above", "after", "before", "below", "between", "from", "into", "over", "through", "under", "with",
    "without",
}  # fmt: skip
_TITLE_MAX = 120
"""Characters: a first line longer than this is no headline."""
_LAST = 8
"""Characters at the end of a sentence that show whether a full stop ended it."""
_ENDED = regex.compile(r"[.!?…][^\p{L}\p{Nd},;:]*$")


class Capitalization(BaseRule):
    finds: ClassVar[str] = "capitals that the company's style does not want, or misses"

    detector: Literal["capitalization"]
    match: Literal["sentence", "title", "lower", "upper"] = "sentence"
    """`sentence`: a capital at the start only. `title`: on every word that is not small."""
    style: Literal["AP", "Chicago"] = "AP"
    scope: Literal["headline", "sentence"] = "sentence"
    keep: tuple[Phrase, ...] = ()
    """Names and acronyms that keep their own capitals; links, mentions and hashtags always do."""
    threshold: float | None = Field(default=None, gt=0, le=1)
    """The share of words that must fit: where it is reached, none is marked. With it, `sentence` also minds capitals
    inside, and a word all in capitals always fits."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        kept = Cover([*self._kept.spans(subject.folded), *subject.verbatim])
        for scope in self._scopes(subject):
            tokens = [Span(scope.start + word.start, scope.start + word.end) for word in words(scope.of(subject.text))]
            hits = list(self._misfits(tokens, kept, subject.text))
            if self.threshold is None or self._is_too_few(hits, tokens):
                yield from hits

    def _misfits(self, tokens: list[Span], kept: Cover, text: str) -> Iterator[Hit]:
        for place, token in enumerate(tokens):
            word = token.of(text)
            if kept.covers(token) or not word[0].isalpha():
                continue
            fitted = self._fitted(word, place)
            if fitted != word and not self._fits(word, place, last=place == len(tokens) - 1):
                yield Hit(token, fitted)

    def _is_too_few(self, hits: list[Hit], tokens: list[Span]) -> bool:
        # A sentence that begins small is at fault however many of its words fit.
        begins_wrong = self.match == "sentence" and any(hit.span == tokens[0] for hit in hits)
        return bool(hits) and (begins_wrong or 1 - len(hits) / len(tokens) < (self.threshold or 1))

    def _scopes(self, subject: Subject) -> list[Span]:
        if self.scope == "headline":
            return [span for span in subject.sentences[:1] if span.end - span.start <= _TITLE_MAX]
        if self.match != "sentence":
            return list(subject.sentences)
        # After a line that no full stop ends, in a list or a broken line, nobody can tell where a sentence begins.
        befores = [None, *subject.sentences]
        return [
            span
            for before, span in zip(befores, subject.sentences, strict=False)
            if before is None or _ENDED.search(before.of(subject.text)[-_LAST:])
        ]

    def _fits(self, word: str, place: int, *, last: bool) -> bool:
        if self.threshold is not None and word.isupper():
            return self.match != "lower"
        match self.match:
            case "lower":
                return word == word.lower()
            case "upper":
                return word == word.upper()
            case "sentence" if self.threshold is not None and place > 0:
                return word == word.lower()
            case "sentence":
                # Inside a sentence a capital may be a name; only a missing one at the start is sure.
                return place > 0 or word[0].isupper() or not word.islower()
            case "title":
                small = word.lower() in (_SMALL_CHICAGO if self.style == "Chicago" else _SMALL)
                return word[0].isupper() or not word.islower() or (small and place > 0 and not last)

    def _fitted(self, word: str, place: int) -> str:
        match self.match:
            case "sentence" if self.threshold is not None and place > 0:
                return word.lower()
            case "lower":
                return word.lower()
            case "upper":
                return word.upper()
            case _:
                return word[0].upper() + word[1:]

    @cached_property
    def _kept(self) -> Terms:
        return Terms(self.keep)
