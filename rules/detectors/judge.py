"""Meaning: one label of the built-in judge, such as a result told too early or a customer sent elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from rules.detectors.base import BaseRule, Hit, Subject, misplaced
from rules.detectors.reading import judged, spoken
from rules.detectors.secret import SECRET
from rules.draft import Kind
from rules.labels import CONFIDENTIAL, DISCLOSURE, PROTECTED, REPLY, TONE, WHOLE
from rules.unavailable import Unavailable
from rules.verdict import Severity

if TYPE_CHECKING:
    from rules.judges import Judges

Label = Literal[*CONFIDENTIAL, *TONE, *REPLY, *DISCLOSURE]  # type: ignore[valid-type]
_HIDDEN = {"credential": SECRET, "special_category": "PRIVATE"}
"""Labels whose sentences must not be stored or shown to others, and what stands in their place."""
Score = Annotated[float, Field(gt=0, lt=1)]


class JudgeRule(BaseRule):
    finds: ClassVar[str] = "meaning: a label of the built-in judge, whatever the words"
    reads_meaning: ClassVar[bool] = True

    detector: Literal["judge"]
    label: Label
    """What is looked for; labels of replies are judged only in a reply.

    Those that say something was left out need what it answers too, and are unchecked without. `protected_speech` is no
    fault: such a rule may only note.
    """
    threshold: Score | None = None
    """The score (0 to 1) from which it counts; without, the one that was measured for the label."""

    @model_validator(mode="after")
    def _gentle(self) -> Self:
        if self.label == PROTECTED and self.severity is not Severity.NOTE:
            raise misplaced(("severity",), "only_note", "protected speech is no fault")
        return self

    @property
    def tells_opinion(self) -> bool:
        return bool(self.label == PROTECTED)

    @property
    def stands(self) -> bool:
        return self.label in CONFIDENTIAL

    @property
    def blanks(self) -> bool:
        return self.may_hide or self.label in _HIDDEN

    def load(self, judges: Judges | None = None) -> None:
        if judges is None:
            raise Unavailable("model:vaglio-judge")
        judges.judge()

    def find(self, subject: Subject) -> Iterator[Hit]:
        if self.label in REPLY and subject.draft.kind is not Kind.REPLY:
            return
        if self.label in REPLY and self.label in WHOLE and not subject.draft.in_reply_to:
            raise Unavailable("context:in_reply_to")
        judge, read = judged(subject)
        language = spoken(subject)
        subject.scores[f"{judge.name}.{self.label}"] = round(read.score(self.label), 4)
        threshold = self.threshold or judge.threshold(self.label, language)
        for scored in read.over(self.label, threshold):
            place = subject.folded.plain.span(scored.span.start, scored.span.end)
            # What is found is blanked. That the judge cannot read a text does not make it one that cannot be kept.
            yield Hit(place, score=round(scored.score, 3), hides=self.hides or _HIDDEN.get(self.label))
