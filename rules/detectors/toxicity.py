"""Toxicity by meaning: the built-in judge, and Detoxify beside it where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.judge import Score
from rules.detectors.reading import detoxified, judged, spoken, undisguised
from rules.draft import Span
from rules.labels import TOXICITY
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.detoxified import Detoxified
    from rules.judge import Judge, Judged
    from rules.judges import Judges

Label = Literal[*TOXICITY, "severe_toxicity"]  # type: ignore[valid-type]


def _measured(written: object) -> object:
    return dict.fromkeys(written) if isinstance(written, list | tuple) else written


_Each = Annotated[dict[Label, Score | None], Field(min_length=1)]
Labels = Annotated[
    _Each, BeforeValidator(_measured, json_schema_input_type=_Each | Annotated[list[Label], Field(min_length=1)])
]
"""`{insult: 0.6, threat: 0.5}`, or a list of labels for the thresholds that were measured."""


class Toxicity(BaseRule):
    finds: ClassVar[str] = "toxicity by meaning: insults, threats, attacks on an identity, cruelty ..."
    reads_meaning: ClassVar[bool] = True

    detector: Literal["toxicity"]
    labels: Labels
    """Each label sought, with the score (0 to 1) from which it counts; a plain list takes the measured thresholds.

    `severe_toxicity` is Detoxify's alone, `blasphemy` and `harassment` are the judge's alone.
    """

    @property
    def stands(self) -> bool:
        return not self.labels.keys() <= {"obscene", "blasphemy"}

    def load(self, judges: Judges | None = None) -> None:
        if judges is None:
            raise Unavailable("model:vaglio-judge")
        judges.judge()
        judges.detoxify()

    def find(self, subject: Subject) -> Iterator[Hit]:
        best: dict[Span, float] = {}
        for span, score in self._found(subject):
            best[span] = max(score, best.get(span, 0.0))
        for span, score in best.items():
            yield Hit(span, score=round(score, 3))

    def _found(self, subject: Subject) -> Iterator[tuple[Span, float]]:
        """Sentences over a threshold, as places in the draft, by whoever reads the label."""
        readers: list[tuple[Judge | Detoxified, Judged]] = [judged(subject)]
        if (found := detoxified(subject)) is not None:
            readers.append(found)
        if not any(set(self.labels) & set(read.labels) for _, read in readers):
            raise Unavailable("model:detoxify-multilingual")
        for reader, read in readers:
            yield from self._over(reader, read, subject)
            yield from self._undisguised(reader, subject)

    def _over(self, reader: Judge | Detoxified, read: Judged, subject: Subject) -> Iterator[tuple[Span, float]]:
        for label in self.labels.keys() & set(read.labels):
            subject.scores[f"{reader.name}.{label}"] = round(read.score(label), 4)
            for scored in read.over(label, self._least(label, reader, subject)):
                yield subject.folded.plain.span(scored.span.start, scored.span.end), scored.score

    def _least(self, label: Label, reader: Judge | Detoxified, subject: Subject) -> float:
        return self.labels[label] or reader.threshold(label, spoken(subject))

    def _undisguised(self, reader: Judge | Detoxified, subject: Subject) -> Iterator[tuple[Span, float]]:
        """What stands behind a disguise, each sentence by itself."""
        for span, read in undisguised(subject, reader):
            for label in self.labels.keys() & set(read.labels):
                score, name = read.score(label), f"{reader.name}.{label}"
                subject.scores[name] = max(round(score, 4), subject.scores.get(name, 0.0))
                if score >= self._least(label, reader, subject):
                    yield span, score
