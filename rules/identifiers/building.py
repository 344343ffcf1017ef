"""The engine put together by hand: nothing but what is used, and no list of a hundred recognisers read from a file."""

from __future__ import annotations

from collections.abc import Mapping

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry

from rules.identifiers.context import NearbyWords, Words
from rules.identifiers.hints import HINTS
from rules.identifiers.pipelines import Pipeline
from rules.identifiers.recognisers import recognisers

EVERY_LANGUAGE = "xx"


def build(pipelines: Mapping[str, Pipeline]) -> AnalyzerEngine:
    """An engine for identifiers under `EVERY_LANGUAGE`, and for names under the language of each pipeline."""
    languages = [EVERY_LANGUAGE, *pipelines]
    found = recognisers(EVERY_LANGUAGE)
    if pipelines:
        from rules.identifiers.names import Names

        found += [Names(language, pipeline.name) for language, pipeline in pipelines.items()]
    engine = AnalyzerEngine(
        registry=RecognizerRegistry(found, supported_languages=languages),
        nlp_engine=Words(),
        context_aware_enhancer=NearbyWords(HINTS),
        supported_languages=languages,
    )
    # Patterns are compiled and lists are read on first use, which is now.
    engine.analyze("mario@acme.it, 02 66984521", language=EVERY_LANGUAGE)
    return engine
