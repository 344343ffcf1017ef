"""What the words around a candidate say for it or against it, in time linear in the text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import regex
from presidio_analyzer import ContextAwareEnhancer, EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from rules.identifiers.entities import Entity

CERTAIN = 0.6
"""From this score on, words against a candidate do not count."""

_BEFORE, _AFTER = 6, 4
_WIDE = 40
"""Words on either side among which a telling one still counts for an entity whose form says much by itself."""
_COMMON = 0.02
"""Up to this score the form says nothing, and only a word close by does."""
_JUST_BEFORE = 3
"""Words among which one speaks against a candidate: fewer than for one in favour, since `ordine` is everywhere."""

_LONGEST = 30
"""Characters of a word that are looked at: no hint is longer."""

_WORD = regex.compile(r"[^\W_]+|[📞☎📱📲]")


class Words(NlpEngine):
    """Presidio's view of a text, reduced to its lower-case words: no pipeline, no stop words, no entities."""

    def load(self) -> None:
        pass

    def is_loaded(self) -> bool:
        return True

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        # Numbers are no words: two of them in a row share what stands before.
        words = [match for match in _WORD.finditer(text) if not match[0].isdigit()]
        lemmas = [match[0][:_LONGEST].lower() for match in words]
        starts = [match.start() for match in words]
        # Without an engine Presidio does not look for keywords; nothing here reads them, or tokens in spaCy's sense.
        return NlpArtifacts([], lemmas, starts, lemmas, None, language)  # type: ignore[arg-type]

    def process_batch(
        self, texts: Iterable[str], language: str, batch_size: int = 1, n_process: int = 1, **_: object
    ) -> Iterator[tuple[str, NlpArtifacts]]:
        return ((text, self.process_text(text, language)) for text in texts)

    def is_stopword(self, word: str, language: str) -> bool:
        return False

    def is_punct(self, word: str, language: str) -> bool:
        return False

    def get_supported_entities(self) -> list[str]:
        return []

    def get_supported_languages(self) -> list[str]:
        return ["xx"]


@dataclass(frozen=True, slots=True)
class Hints:
    """Words and phrases for and against a candidate; `telefon*` stands for every word that begins so.

    They are written as `Words` reads them: lower case, no punctuation, one space (`p iva`, `carta d identità`).
    """

    favour: Sequence[str]
    against: Sequence[str] = ()
    weak: Sequence[str] = ()
    """In favour, unless anything is against: `numero` is a phone's, but not in `numero d'ordine`."""
    afar: Sequence[str] = ()
    """In favour anywhere in the passage: for what has a check digit or an unusual form."""
    unless: Sequence[str] = ()
    """Against, on either side."""


class NearbyWords(ContextAwareEnhancer):
    """Raises a score for words in favour and drops the candidate for words against: the nearer of the two decides.

    Presidio's own enhancer walks all tokens for each candidate, copies every result, and logs what it reads.
    """

    def __init__(self, hints: Mapping[Entity, Hints]) -> None:
        super().__init__(0.35, 0.4, _BEFORE, _AFTER)
        self._needles = {
            str(name): _Needles(*map(_needles, (one.favour, one.against, one.weak, one.afar, one.unless)))
            for name, one in hints.items()
        }

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        recognizers: list[EntityRecognizer],
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        for result in raw_results:
            needles = self._needles.get(result.entity_type, _NONE)
            words = nlp_artifacts.tokens_indices, nlp_artifacts.lemmas
            before, after = _around(result, *words, _BEFORE, _AFTER)
            near = min(_distance_back(before, needles.favour), _distance_on(after, needles.favour))
            contrary = min(
                _distance_back(_last(before, _JUST_BEFORE), needles.against),
                _distance_back(before, needles.unless),
                _distance_on(after, needles.unless),
            )
            if contrary == _FAR:
                near = min(near, _distance_back(before, needles.weak), _distance_on(after, needles.weak))
            if contrary < near and result.score < CERTAIN:
                result.score = 0.0
            elif near < _FAR:
                raised = result.score + self.context_similarity_factor - near / 1000
                result.score = min(1.0, max(raised, self.min_score_with_context_similarity))
            elif needles.afar and _COMMON < result.score < self.min_score_with_context_similarity:
                passage = " ".join(_around(result, *words, _WIDE, _WIDE))
                if any(needle in passage for needle in needles.afar):
                    result.score = self.min_score_with_context_similarity
        return raw_results


class _Needles(NamedTuple):
    favour: tuple[str, ...]
    against: tuple[str, ...]
    weak: tuple[str, ...]
    afar: tuple[str, ...]
    unless: tuple[str, ...]


_NONE = _Needles((), (), (), (), ())


_FAR = 1000


def _needles(phrases: Sequence[str]) -> tuple[str, ...]:
    return tuple(f" {phrase[:-1]}" if phrase.endswith("*") else f" {phrase} " for phrase in phrases)


def _around(
    result: RecognizerResult, starts: Sequence[int], words: Sequence[str], back: int, on: int
) -> tuple[str, str]:
    first, last = bisect_left(starts, result.start), bisect_left(starts, result.end)
    before, after = words[max(0, first - back) : first], words[last : last + on]
    return f" {' '.join(before)} ", f" {' '.join(after)} "


def _last(before: str, count: int) -> str:
    return f" {' '.join(before.split()[-count:])} "


def _distance_back(before: str, needles: Sequence[str]) -> int:
    """Characters from the end of the text before to the nearest needle in it."""
    nearest = max((before.rfind(needle) for needle in needles), default=-1)
    return _FAR if nearest < 0 else len(before) - nearest


def _distance_on(after: str, needles: Sequence[str]) -> int:
    places = [place for needle in needles if (place := after.find(needle)) >= 0]
    return min(places) + 1 if places else _FAR
