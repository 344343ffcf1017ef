"""A reply held against what the customer wrote: sent elsewhere, blamed, brushed off, left without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.judge import Score
from rules.detectors.reading import judged, spoken
from rules.detectors.signs import seen
from rules.draft import Kind
from rules.labels import REPLY, WHOLE
from rules.patterns import Pattern
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.judges import Judges

Fault = Literal[*REPLY]  # type: ignore[valid-type]


class ReplyRule(BaseRule):
    finds: ClassVar[str] = "a reply that does not take charge of what the customer wrote"
    reads_meaning: ClassVar[bool] = True

    detector: Literal["reply"]
    fault: Fault
    """What the reply does or leaves out; what is left out shows only beside what it answers, and is else unchecked."""
    signs: tuple[Pattern, ...] = ()
    """Expressions (RE2) that show it beside the judge."""
    unless: tuple[Pattern, ...] = ()
    """Expressions that show that all is well: where one is found, nothing is said."""
    threshold: Score | None = None
    """The judge's score (0 to 1) from which it counts; without, the one that was measured for the fault."""

    def load(self, judges: Judges | None = None) -> None:
        if judges is None:
            raise Unavailable("model:vaglio-judge")
        judges.judge()

    def find(self, subject: Subject) -> Iterator[Hit]:
        if subject.draft.kind is not Kind.REPLY or any(True for _ in seen(subject, self.unless)):
            return
        signs = list(seen(subject, self.signs))
        yield from map(Hit, signs)
        if self.fault in WHOLE and not subject.draft.in_reply_to:
            raise Unavailable("context:in_reply_to")
        yield from (hit for hit in self._judged(subject) if not any(hit.span.overlaps(sign) for sign in signs))

    def _judged(self, subject: Subject) -> Iterator[Hit]:
        judge, read = judged(subject)
        subject.scores[f"{judge.name}.{self.fault}"] = round(read.score(self.fault), 4)
        threshold = self.threshold or judge.threshold(self.fault, spoken(subject))
        for scored in read.over(self.fault, threshold):
            yield Hit(subject.folded.plain.span(scored.span.start, scored.span.end), score=round(scored.score, 3))
