"""A stored draft read again, rule by rule: from the scores that were kept of it where they say enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from rules.detectors.base import BaseRule, Subject, reason_of
from rules.detectors.disclosure import Disclosure
from rules.detectors.judge import JudgeRule
from rules.detectors.reading import already_judged, spoken
from rules.detectors.reply import ReplyRule
from rules.detectors.topic import TopicRule
from rules.detectors.toxicity import Toxicity
from rules.draft import Draft, Kind, Span
from rules.folding import Folded, fold
from rules.judges import Judges
from rules.protection import is_opinion
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.detoxified import Detoxified
    from rules.judge import Judge, Scored

_ROUNDED = 0.00005
"""By how much a score may have been more or less before it was stored with four digits."""
_BY_SCORE = (JudgeRule, Toxicity, TopicRule)
"""Rules that go by scores alone: what is masked in the words is not masked in them."""
_NO_WORDS = fold("-")


class NotKept(Exception):
    """The scores that were kept do not say whether the rule finds something."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the record keeps of what models said."""

    scores: Mapping[str, float]
    """Of the whole draft, as `Verdict.scores`."""
    models: Mapping[str, str]
    """Each with its digest."""
    language: str | None
    """For which the scores were calibrated; None: for none in particular."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a rule says of the draft."""

    found: bool
    missed: str | None = None
    """Why it could not run."""
    is_as_written: bool = True
    """Whether it had before it what the draft's author wrote, and not what masking left of it."""


@dataclass(slots=True)
class Rereading:
    """One draft. Not thread-safe."""

    draft: Draft
    """As it was stored."""
    is_whole: bool
    """Whether nothing in it was masked."""
    stored: Stored
    judges: Judges | None
    today: date
    """When it was screened."""
    _folded: Folded | None = None
    _anew: dict[tuple[str, ...], Subject] = field(default_factory=dict)
    _kept: dict[tuple[tuple[str, ...], float, bool], Subject] = field(default_factory=dict)

    def read(
        self, rule: BaseRule, languages: tuple[str, ...], was: BaseRule | None = None, *, anew: bool = True
    ) -> Read:
        """Whether `rule` finds something; `languages` as `Subject` has them, `was`: the rule that left the scores.

        Raises `NotKept` where the scores do not say and it may not be read `anew`.
        """
        if rule.reads_meaning:
            try:
                found, missed = self._by_score(rule, languages, was)
                return Read(found, missed, self.is_whole or isinstance(rule, _BY_SCORE))
            except NotKept:
                if not anew:
                    raise
        elif not anew:
            raise NotKept
        found, missed = _tried(rule, self._subject(languages))
        return Read(found, missed, self.is_whole and not rule.reads_meaning)

    def is_opinion(self, languages: tuple[str, ...]) -> bool:
        """Whether the judge, if it had to read the draft anew, takes it for protected speech."""
        subject = self._anew.get(languages)
        return subject is not None and already_judged(subject) is not None and is_opinion(subject)

    def _by_score(self, rule: BaseRule, languages: tuple[str, ...], was: BaseRule | None) -> tuple[bool, str | None]:
        if isinstance(rule, TopicRule):
            return self._topic(rule, was)
        if not isinstance(rule, JudgeRule | Toxicity | ReplyRule | Disclosure):
            raise NotKept
        # Where a rule compares by itself, with the lowest and the highest score that may have been meant.
        shifts = (-_ROUNDED, _ROUNDED) if isinstance(rule, Disclosure) else (0.0,)
        worded = not isinstance(rule, _BY_SCORE) and (self.draft.kind is Kind.REPLY or not isinstance(rule, ReplyRule))
        low, *others = [_tried(rule, self._scored(languages, shift, worded=worded)) for shift in shifts]
        # Of what a rule lets pass one would have to know which sentence it was.
        if any(other != low for other in others) or (low[0] and rule.excepted):
            raise NotKept
        return low

    def _topic(self, rule: TopicRule, was: BaseRule | None) -> tuple[bool, str | None]:
        if not isinstance(was, TopicRule) or (was.id, was.like, was.unlike) != (rule.id, rule.like, rule.unlike):
            raise NotKept
        judge = self._judge()
        score = self.stored.scores.get(f"topic.{rule.id}")
        if judge is None or not self._is_of(judge) or score is None or abs(score - rule.threshold) <= _ROUNDED:
            raise NotKept
        if (found := score >= rule.threshold) and rule.excepted:
            raise NotKept
        return found, None

    def _subject(self, languages: tuple[str, ...]) -> Subject:
        if languages not in self._anew:
            self._anew[languages] = self._new(languages)
        return self._anew[languages]

    def _new(self, languages: tuple[str, ...]) -> Subject:
        self._folded = self._folded or fold(self.draft.text)
        return Subject(self.draft, self._folded, languages, self.judges, None, self.today)

    def _scored(self, languages: tuple[str, ...], shift: float, *, worded: bool) -> Subject:
        """A subject that holds scores in the place of what models read, each so much more than it was stored.

        Unless it is `worded`, it is for rules that look at nothing else: folding would take longer than all of them.
        """
        key = languages, shift, worded
        if key not in self._kept:
            subject = self._new(languages) if worded else Subject(self.draft, _NO_WORDS, languages, self.judges)
            judge, detoxify = self._judge(), self._detoxify()
            if judge is not None:
                _put(subject, "judged", judge, self._told(judge, judge.labels, subject, shift))
            if detoxify is not None:
                _put(subject, "detoxified", detoxify, self._told(detoxify, detoxify.classes, subject, shift))
            self._kept[key] = subject
        return self._kept[key]

    def _told(self, reader: Judge | Detoxified, labels: tuple[str, ...], subject: Subject, shift: float) -> _Told:
        scores = {
            label: score + shift
            for name, score in self.stored.scores.items()
            for model, _, label in [name.rpartition(".")]
            if model == reader.name
        }
        speaks = spoken(subject) == self.stored.language
        place = Span(0, len(subject.folded.plain.text))
        return _Told(labels, place, scores if speaks and self._is_of(reader) else {})

    def _is_of(self, reader: Judge | Detoxified) -> bool:
        return self.stored.models.get(reader.name) == reader.digest

    def _judge(self) -> Judge | None:
        with suppress(Unavailable):
            return self.judges.judge() if self.judges else None
        return None

    def _detoxify(self) -> Detoxified | None:
        with suppress(Unavailable):
            return self.judges.detoxify() if self.judges else None
        return None


@dataclass(frozen=True, slots=True)
class _Told:
    """A model's scores of a whole draft, where rules expect what it has read. See `rules.judge.Judged`."""

    labels: tuple[str, ...]
    place: Span
    scores: Mapping[str, float]

    def score(self, label: str) -> float:
        if label not in self.scores:
            raise NotKept
        return self.scores[label]

    def over(self, label: str, threshold: float) -> Sequence[Scored]:
        """The score is that of the highest of all places: it reaches the threshold where any of them does."""
        from rules.judge import Scored

        score = self.score(label)
        if abs(score - threshold) <= _ROUNDED:
            raise NotKept
        return [Scored(self.place, score)] if score >= threshold else []


def _put(subject: Subject, key: str, reader: Judge | Detoxified, told: _Told) -> None:
    subject.once(key, lambda: told)
    # Their scores are among the stored ones.
    subject.once(f"undisguised {reader.name}", list)


def _tried(rule: BaseRule, subject: Subject) -> tuple[bool, str | None]:
    """Whether it finds something, or why it cannot tell."""
    try:
        return bool(rule.hits(subject)), None
    except (NotKept, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic in a library of ours written in Rust is no `Exception`.
        return False, reason_of(error)
