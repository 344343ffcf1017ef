"""A draft held against a policy: every rule that applies is tried, and none that fails goes unsaid."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from rules.attempts import Attempt, Outcome, milliseconds
from rules.detectors.base import BaseRule, Hit, Subject, reason_of
from rules.detectors.fields import State
from rules.detectors.secret import SECRET
from rules.draft import LIMIT, Draft, DraftRefused
from rules.folding import Folded, fold
from rules.judges import Judges
from rules.knowledge.store import Knowledge
from rules.language import Language, detect, prepare
from rules.policy import Policy
from rules.protection import gives_way, is_opinion, is_own
from rules.verdict import Finding, Severity, Unchecked, Verdict

Said = TypeVar("Said", Finding, Unchecked)

PATIENCE = 2.0
"""Seconds that one rule may take before it is given up."""

_GIVEN_UP = 3
"""So many times that is all a draft may take: the rules that are left go unchecked too, since somebody is waiting."""


class Screener:
    """One policy, ready to screen. Thread-safe; holds nothing of the drafts that it has seen."""

    def __init__(
        self,
        policy: Policy,
        judges: Judges | None = None,
        knowledge: Knowledge | None = None,
        *,
        limit: int = LIMIT,
        patience: float = PATIENCE,
    ) -> None:
        """`judges`: the models that read meaning; `knowledge`: the company's own. Without, rules are unchecked."""
        self.policy = policy
        self.limit = limit
        self.judges = judges
        self._knowledge = knowledge
        self._patience = patience
        self._rules = tuple(rule for rule in policy.rules if rule.state is not State.DRAFT)
        self._stuck: dict[str, threading.Thread] = {}
        self._opened = False
        self._reads_meaning = any(rule.reads_meaning for rule in self._rules)

    def load(self) -> dict[str, str]:
        """Get every rule's heavy things ready now. Returns the reason for each rule that cannot run."""
        prepare()
        missing = {}
        for rule in self._rules:
            try:
                rule.load(self.judges)
                rule.ready(self._knowledge)
            except Exception as error:
                missing[rule.id] = reason_of(error)
        return missing

    @property
    def means(self) -> tuple[Judges | None, Knowledge | None]:
        """What it reads with, for who tries another policy by the same."""
        return self.judges, self._knowledge

    def open_judges(self) -> None:
        """Open, and build where they are missing, the models that the policy needs, if any: that takes seconds, once.

        What cannot be opened is no error here: the rules that need it say so.
        """
        if self.judges is not None and self._reads_meaning:
            self.judges.open()
        if not self._opened:
            for rule in self._rules:
                with suppress(Exception):
                    if rule.opens:
                        rule.load(self.judges)
            self._opened = True

    def screen(self, draft: Draft, at: datetime | None = None) -> Verdict:
        """Hold `draft` against every rule that applies to it at that moment (now by default).

        Raises `DraftRefused` for a draft with no text or over the limit, and nothing else: what fails is `Unchecked`.
        """
        started = time.perf_counter()
        folded = self._read(draft)
        language = self._language(draft, folded)
        today = (at or datetime.now(UTC)).astimezone(self.policy.zone).date()
        spoken = tuple(code for code in self.policy.languages if code == language.code) or self.policy.languages
        subject = Subject(draft, folded, spoken, self.judges, self._knowledge, today)
        self.open_judges()
        ready = time.perf_counter()
        applicable = [rule for rule in self._rules if rule.applies.to(draft, today)]
        able = [rule for rule in applicable if speaks(rule, language)]
        tried = self._try([rule for rule in able if not rule.reads_meaning], subject)
        # Those that read meaning last, and with the time of several: the first of them waits for the models for all.
        tried.add(
            self._try([rule for rule in able if rule.reads_meaning], subject, patience=_GIVEN_UP * self._patience)
        )
        tried.missed += [
            Unchecked(rule.id, f"language:{language.code}", rule.severity, rule.may_hide)
            for rule in applicable
            if is_foreign_to(rule, language, self.policy)
        ]
        tried.missed += [Unchecked("attachment", f"attachment:{kind}", Severity.WARN) for kind in draft.attachments]
        now = time.perf_counter()
        timings = {
            "reading": milliseconds(started, ready),
            **{name: round(ms, 3) for name, ms in tried.timings.items()},
            "total": milliseconds(started, now),
        }
        return self._verdict(tried, subject, language, timings)

    def hidden(self, text: str) -> list[Finding] | None:
        """What must be blanked before `text` is stored or shown, whatever the rules' own scope.

        None if a rule that hides could not run: such a text is not safe to keep at all.
        """
        self.open_judges()
        draft = Draft(text=text)
        subject = Subject(draft, fold(draft.text), self.policy.languages, self.judges, self._knowledge)
        tried = self._try([rule for rule in self._rules if rule.may_hide], subject)
        return None if tried.missed else tried.found

    def _read(self, draft: Draft) -> Folded:
        for words in (draft.text, draft.in_reply_to or ""):
            if len(words) > self.limit:
                raise DraftRefused(len(words), self.limit)
        folded = fold(draft.text)
        if not folded.plain.text.strip():
            raise DraftRefused(0, self.limit)
        return folded

    def _language(self, draft: Draft, folded: Folded) -> Language:
        if draft.language:
            return Language(draft.language, 1.0)
        try:
            return detect(folded.plain.text, self.policy.languages)
        except Exception:
            # Undecided is the careful answer: the rules of every language run.
            return Language(None, 0.0)

    def _verdict(self, tried: _Tried, subject: Subject, language: Language, timings: Mapping[str, float]) -> Verdict:
        opinion = is_opinion(subject)
        if protected := opinion and is_own(subject.draft):
            yielding = {rule.id for rule in self._rules if gives_way(rule)}
            tried.found = [_as_note(one) if one.rule in yielding else one for one in tried.found]
            tried.missed = [_as_note(one) if one.rule in yielding else one for one in tried.missed]
        found = sorted(_discreet(tried.found), key=lambda finding: (finding.span, -finding.severity.rank, finding.rule))
        on_trial = {rule.id for rule in self._rules if rule.state is State.SHADOW}
        return Verdict(
            policy_revision=self.policy.revision,
            findings=tuple(finding for finding in found if finding.rule not in on_trial),
            shadow=tuple(finding for finding in found if finding.rule in on_trial),
            unchecked=tuple(missed for missed in tried.missed if missed.rule not in on_trial),
            is_protected=protected,
            is_opinion=opinion,
            language=language.code,
            scores=dict(subject.scores),
            models=dict(subject.models),
            timings=timings,
        )

    def _try(self, rules: Sequence[BaseRule], subject: Subject, patience: float | None = None) -> _Tried:
        """Every rule in turn, in a thread of its own, so that one that never ends can be left behind."""
        tried, patience = _Tried(), patience or self._patience
        for rule in rules:
            if (thread := self._stuck.get(rule.id)) and thread.is_alive():
                tried.miss(rule, "busy")
        busy = {missed.rule for missed in tried.missed}
        left = [rule for rule in rules if rule.id not in busy]
        deadline = time.monotonic() + _GIVEN_UP * self._patience
        while left and time.monotonic() < deadline:
            attempt = Attempt(left, subject)
            finished = attempt.run(patience, deadline)
            for rule, outcome in zip(left, finished, strict=False):
                tried.take(rule, outcome)
            left = left[len(finished) :]
            if left:
                self._stuck[left[0].id] = attempt.thread
                tried.miss(left.pop(0), "timeout")
        for rule in left:
            tried.miss(rule, "timeout")
        return tried


@dataclass(slots=True)
class _Tried:
    found: list[Finding] = field(default_factory=list)
    missed: list[Unchecked] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, other: _Tried) -> None:
        self.found += other.found
        self.missed += other.missed
        for detector, spent in other.timings.items():
            self.timings[detector] += spent

    def take(self, rule: BaseRule, outcome: Outcome) -> None:
        self.timings[_detector(rule)] += outcome.milliseconds
        if outcome.reason is not None:
            self.miss(rule, outcome.reason)
        self.found += [_finding(rule, hit) for hit in outcome.hits]

    def miss(self, rule: BaseRule, reason: str) -> None:
        self.missed.append(Unchecked(rule.id, reason, rule.severity, rule.may_hide))


def _finding(rule: BaseRule, hit: Hit) -> Finding:
    return Finding(
        rule=rule.id,
        clause=rule.clause,
        severity=rule.severity,
        span=hit.span,
        message=_filled(rule.message, hit.fills),
        suggestion=_filled(rule.suggest, hit.fills) if rule.suggest else None,
        replacement=hit.replacement,
        score=hit.score,
        hides=hit.hides or rule.hides,
        tells_opinion=rule.tells_opinion,
    )


def _discreet(found: Sequence[Finding]) -> list[Finding]:
    """Without another wording for a place that holds a secret: it would say the secret."""
    secrets = [finding.span for finding in found if finding.hides == SECRET]
    return [
        replace(finding, replacement=None) if any(finding.span.overlaps(secret) for secret in secrets) else finding
        for finding in found
    ]


def _as_note(said: Said) -> Said:
    return replace(said, severity=Severity.NOTE)


def _filled(texts: Mapping[str, str], fills: Mapping[str, str]) -> Mapping[str, str]:
    if not fills:
        return texts
    result = dict(texts)
    for name, value in fills.items():
        result = {language: text.replace(f"{{{name}}}", value) for language, text in result.items()}
    return result


def speaks(rule: BaseRule, language: Language) -> bool:
    """Whether the rule is for drafts in this language; in doubt it is."""
    bound = rule.tongues
    return not bound or language.code is None or language.code in bound


def is_foreign_to(rule: BaseRule, language: Language, policy: Policy) -> bool:
    """Whether a rule bound to languages cannot judge, since the policy does not speak the draft's."""
    strange = language.code not in policy.languages or (rule.reads_meaning and not rule.applies.languages)
    return not speaks(rule, language) and strange


def _detector(rule: BaseRule) -> str:
    return str(getattr(rule, "detector", ""))
