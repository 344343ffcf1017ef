"""A confidential sentence in other words: what may not be said is told by somebody all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from rules.detectors.base import Guarding, Hit, Subject
from rules.detectors.fields import Phrase
from rules.detectors.judge import Score
from rules.detectors.reading import apart, judged, judges
from rules.draft import Span
from rules.knowledge.store import Knowledge, KnowledgeError
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.judges import Judges
    from rules.knowledge.sentences import Sentences
    from rules.likeness import Telling


class Paraphrase(Guarding):
    finds: ClassVar[str] = "the company's confidential key sentences in other words, or in another language"
    fills: ClassVar[frozenset[str]] = frozenset({"line"})
    reads_meaning: ClassVar[bool] = True
    opens: ClassVar[bool] = True

    detector: Literal["paraphrase"]
    sentences: Phrase
    """As `vaglio knowledge add-sentences` has named the collection."""
    threshold: Score | None = None
    """How alike, from 0 to 1, a sentence must be to count; without, the measured one."""

    def load(self, judges: Judges | None = None) -> None:
        if judges is None:
            raise Unavailable("model:vaglio-judge")
        judges.encoder()
        judges.telling()

    def find(self, subject: Subject) -> Iterator[Hit]:
        from rules.knowledge.sentences import LEAST
        from rules.likeness import SAID

        held, telling = self._sentences(subject.knowledge), judges(subject).telling()
        subject.models[f"knowledge:{self.sentences}"] = held.mark
        read = apart(subject, LEAST)
        alike = held.alike(read.texts, read.vectors)
        subject.scores[f"paraphrase.{self.id}"] = round(max((one.likeness for one in alike), default=0.0), 4)
        threshold = self.threshold or held.threshold
        for span, one in zip(read.spans, alike, strict=True):
            if one.likeness >= threshold and (one.likeness >= SAID or _tells(span, subject, telling)):
                place = subject.folded.plain.span(span.start, span.end)
                fills = {"line": str(one.line)}
                yield Hit(place, score=round(one.likeness, 3), hides=self.hides or "INTERNAL", fills=fills)

    def ready(self, knowledge: Knowledge | None) -> None:
        self._sentences(knowledge)

    def _sentences(self, knowledge: Knowledge | None) -> Sentences:
        from rules.knowledge.sentences import open_sentences

        if knowledge is None:
            raise Unavailable(f"knowledge:{self.sentences}")
        try:
            return open_sentences(knowledge, self.sentences)
        except KnowledgeError as error:
            raise Unavailable(f"knowledge:{self.sentences}") from error


def _tells(span: Span, subject: Subject, telling: Telling) -> bool:
    """Whether the sentence gives something away, as the judge reads it in its place."""
    _, read = judged(subject)
    tells = telling.tells(read.vectors)
    return any(
        one for one, part in zip(tells, read.spans, strict=True) if span.start <= part.start and part.end <= span.end
    )
