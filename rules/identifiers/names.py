"""Names of persons, where one of spaCy's official pipelines is installed."""

from __future__ import annotations

import spacy
from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers.entities import Entity

_LABELS = frozenset({"PER", "PERSON"})
_SCORE = 0.85
"""Presidio's own for spaCy, which gives no score."""


class Names(LocalRecognizer):
    def __init__(self, language: str, pipeline: str) -> None:
        self._pipeline = spacy.load(
            pipeline, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger", "morphologizer"]
        )
        super().__init__([Entity.PERSON], supported_language=language)

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(Entity.PERSON, span.start_char, span.end_char, _SCORE, recognition_metadata=metadata)
            for span in self._pipeline(text).ents
            if span.label_ in _LABELS
        ]
