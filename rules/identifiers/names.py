"""Names of persons for Presidio: by lists, and by spaCy's official pipelines where they are installed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers.entities import Entity
from rules.identifiers.people import names_in

_LABELS = frozenset({"PER", "PERSON"})
_SCORE = 0.85
"""Presidio's own for spaCy, which gives no score."""


class _Persons(LocalRecognizer):
    def __init__(self, language: str) -> None:
        super().__init__([Entity.PERSON], supported_language=language)

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(Entity.PERSON, start, end, score, recognition_metadata=metadata)
            for start, end, score in self._names(text)
        ]

    @abstractmethod
    def _names(self, text: str) -> Iterable[tuple[int, int, float]]:
        """The start, the end and the score of each."""


class People(_Persons):
    """A title and a name, or a first name that is on the list and what follows it in capitals."""

    def _names(self, text: str) -> Iterable[tuple[int, int, float]]:
        return names_in(text)


class Names(_Persons):
    """What a pipeline takes for a person."""

    def __init__(self, language: str, pipeline: str) -> None:
        import spacy

        self._pipeline = spacy.load(
            pipeline, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger", "morphologizer"]
        )
        super().__init__(language)

    def _names(self, text: str) -> Iterable[tuple[int, int, float]]:
        entities = self._pipeline(text).ents
        return [(each.start_char, each.end_char, _SCORE) for each in entities if each.label_ in _LABELS]
