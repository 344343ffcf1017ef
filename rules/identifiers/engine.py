"""One Presidio engine per process, built on first use, that opens no connection and logs no draft."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules.identifiers.entities import PRECEDENCE, Entity
from rules.identifiers.importing import importing_without
from rules.identifiers.pipelines import official_pipelines

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine, RecognizerResult

DEFAULT_THRESHOLD = 0.35
"""The score (0 to 1) from which a candidate counts, unless the policy says otherwise."""

_CERTAIN = 0.4
"""The score from which an entity that is not looked for keeps its place from another."""

_ABSENT = (
    *("torch", "transformers", "stanza", "gliner", "langextract", "azure", "openai"),
    *("tensorflow", "mxnet", "cupy", "h5py"),
)
"""Presidio and spaCy import these where they find them: several seconds and several hundred megabytes."""

_HOLLOW = ("presidio_analyzer.predefined_recognizers.generic.url_recognizer",)
"""Its one pattern takes a quarter of the time to get ready, and quadratic time to use."""

_HOLLOW_WITHOUT_PIPELINES = (*_HOLLOW, "spacy", "thinc")
_LOGGERS = ("presidio-analyzer", "decision_process")

_building = threading.Lock()
_engine: AnalyzerEngine | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier in a text, from character `start` up to `end`."""

    entity: Entity
    start: int
    end: int
    score: float


def load() -> AnalyzerEngine:
    """The engine. Raises whatever Presidio raises when it cannot be imported or built."""
    global _engine
    if _engine is None:
        with _building:
            if _engine is None:
                _engine = _build()
    return _engine


def find_identifiers(text: str) -> tuple[Found, ...]:
    """Whatever in `text` may be an identifier: places overlap, doubtful ones have a low score."""
    return _found(load().analyze(text, language="xx", entities=[str(entity) for entity in Entity]))


def find_names(text: str, language: str) -> tuple[Found, ...]:
    """Names of persons in `text` by an official spaCy pipeline for that language; none without.

    `find_identifiers` finds those that stand on lists or after a title.
    """
    if language not in official_pipelines():
        return ()
    return _found(load().analyze(text, language=language, entities=[Entity.PERSON]))


def settled(candidates: Iterable[Found], thresholds: Mapping[Entity, float]) -> tuple[Found, ...]:
    """Those that count by these thresholds, in order, without overlaps: by precedence; then the doubtful, by score.

    An entity without a threshold wins a place only where it is certain: a tax number is no phone, and what is only
    perhaps one must not be taken from a rule that looks for phones alone.
    """
    counting = [one for one in candidates if one.score >= thresholds.get(one.entity, _CERTAIN)]
    taken = bytearray(max((one.end for one in counting), default=0))
    kept = []
    for one in sorted(counting, key=_rank):
        if not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return tuple(sorted((one for one in kept if one.entity in thresholds), key=lambda one: one.start))


def _build() -> AnalyzerEngine:
    pipelines = official_pipelines()
    with importing_without(_ABSENT, hollow=_HOLLOW if pipelines else _HOLLOW_WITHOUT_PIPELINES):
        building = importlib.import_module("rules.identifiers.building")
        for name in _LOGGERS:
            _silence(logging.getLogger(name))
        engine: AnalyzerEngine = building.build(pipelines)
    return engine


def _silence(logger: logging.Logger) -> None:
    """Presidio's messages quote the text: none may pass, whatever level or handler anybody sets later."""
    logger.handlers.clear()
    logger.setLevel(logging.CRITICAL)
    logger.addFilter(lambda _: False)


def _found(results: Iterable[RecognizerResult]) -> tuple[Found, ...]:
    return tuple(Found(Entity(result.entity_type), result.start, result.end, result.score) for result in results)


def _rank(found: Found) -> tuple[float, ...]:
    doubtful = found.score < DEFAULT_THRESHOLD
    return doubtful, 0 if doubtful else PRECEDENCE[found.entity], -found.score, found.start - found.end, found.start
