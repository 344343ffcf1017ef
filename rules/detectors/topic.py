"""What only this company knows to be delicate, told by example: like these, unlike those, in any of its languages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.detectors.reading import judges, topical, vectors_of
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.e5 import Floats
    from rules.judges import Judges
    from rules.topics import Topic

_SURE = 0.5
_APART = 0.75
"""How well the examples must tell like from unlike, each judged by the others, for the rule to be of use."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An example, judged by the rule as all the other examples would teach it."""

    text: str
    is_like: bool
    score: float
    """From 0 to 1."""
    is_right: bool
    """Found if it is `like`, let pass if it is `unlike`."""


class TopicRule(BaseRule):
    finds: ClassVar[str] = "a subject that only this company knows, by examples of what is like it and what is not"
    fills: ClassVar[frozenset[str]] = frozenset({"example"})
    reads_meaning: ClassVar[bool] = True

    detector: Literal["topic"]
    like: tuple[Phrase, ...] = Field(min_length=3, max_length=200)
    """Sentences on the subject, ten or more, as different from one another as drafts will be."""
    unlike: tuple[Phrase, ...] = Field(default=(), max_length=200)
    """Sentences near it that are fine."""
    threshold: float = Field(default=_SURE, gt=0, lt=1)
    """The score from which it counts; one half is where ordinary posts end."""

    def load(self, judges: Judges | None = None) -> None:
        if judges is None:
            raise Unavailable("model:vaglio-judge")
        self._topic(judges)

    def find(self, subject: Subject) -> Iterator[Hit]:
        topic = self._topic(judges(subject))
        read = topical(subject)
        scores = topic.scores(read.vectors)
        subject.scores[f"topic.{self.id}"] = round(float(scores.max(initial=0.0)), 4)
        for scored, vector in read.over(scores, self.threshold):
            span = subject.folded.plain.span(scored.span.start, scored.span.end)
            yield Hit(span, score=round(scored.score, 3), fills={"example": self.like[topic.nearest(vector)]})

    def is_told_apart(self, judges: Judges) -> bool:
        """Whether the examples tell like from unlike, each judged by the others. Raises `Unavailable`."""
        return self._topic(judges).tells_apart() >= _APART

    def left_out(self, judges: Judges) -> tuple[LeftOut, ...]:
        """Each example as the rule would judge it had it learned from all the others. Raises `Unavailable`."""
        from rules.topics import left_out

        background = judges.background()
        scores = left_out(self._placed(self.like, judges), self._placed(self.unlike, judges), background)
        sides = (True, self.like, scores[0]), (False, self.unlike, scores[1])
        return tuple(
            LeftOut(text, is_like, round(float(score), 3), bool(score >= self.threshold) == is_like)
            for is_like, texts, scored in sides
            for text, score in zip(texts, scored, strict=True)
        )

    def _topic(self, judges: Judges) -> Topic:
        digest = judges.judge().digest
        with self._lock:
            if digest not in self._learned:
                self._learned[digest] = self._learn(judges)
            return self._learned[digest]

    def _learn(self, judges: Judges) -> Topic:
        from rules.topics import Topic

        return Topic(self._placed(self.like, judges), self._placed(self.unlike, judges), judges.background())

    def _placed(self, texts: tuple[str, ...], judges: Judges) -> Floats:
        from rules.topics import placed

        background = judges.background()
        if not texts:
            return np.empty((0, background.posts.shape[1]), np.float32)
        pairs = [vectors_of(text, judges) for text in texts]
        encoded, judged = (np.stack(some) for some in zip(*pairs, strict=True))
        return placed(encoded, judged, background.middle)

    @cached_property
    def _lock(self) -> threading.Lock:
        return threading.Lock()

    @cached_property
    def _learned(self) -> dict[str, Topic]:
        """By the judge's digest."""
        return {}
