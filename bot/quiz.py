"""Questions about the policy, made of its own examples and put to the test before anybody is asked."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from bot.policy_page import Paragraph, chapter_of, paragraph
from bot.wording import Wording
from rules.detectors.base import BaseRule
from rules.detectors.fields import Example, State
from rules.detectors.judge import JudgeRule
from rules.detectors.metric import Metric
from rules.detectors.platform import Platform
from rules.detectors.toxicity import Toxicity
from rules.draft import Account, Channel, Draft, DraftRefused, Kind
from rules.labels import TOXICITY
from rules.language import detect
from rules.localized import say
from rules.screening import Screener
from rules.trial import subject_for
from rules.verdict import Finding, Outcome, Severity

COUNT = 5
"""Questions of a quiz, where the policy has examples enough."""
LONGEST = 400
"""Characters of an example that is still read with pleasure."""
OPTIONS = 3
"""Clauses to choose among."""
_COUNTED = (Metric, Platform)
"""What these find is counted, and nobody has to know it."""
_PUBLISHABLE = 2
"""Questions at least whose right answer is yes: a policy is no list of what is forbidden."""
_TRIES = 100
"""Examples that are screened in vain before the quiz goes without."""


@dataclass(frozen=True, slots=True)
class Question:
    """An example of the policy, what is asked about it, and all that explains the answer."""

    text: str
    place: str
    """Whose profile it is for and whether it is a reply, in words."""
    channel: Channel
    in_reply_to: str | None
    asks: str
    options: tuple[str, ...]
    right: int
    """The position of the right option."""
    why: str
    todo: str | None
    clause: Paragraph

    @property
    def answer(self) -> str:
        return self.options[self.right]


def questions(
    screener: Screener, seed: str, language: str, *, count: int = COUNT, at: datetime | None = None
) -> tuple[Question, ...]:
    """Up to `count` questions, the same ones for the same policy, models, seed, language and day (of `at`, or today).

    Fewer, or none, where the policy has too few examples in `language` that behave: what is shown as fit to be
    published screens clear as a whole, and what is shown as a breach is found by its own rule. Screens as it goes: to
    be called on a thread.
    """
    draw = _Draw(screener, seed, language, at)
    one_more = count > 2 * _PUBLISHABLE and draw.of("yes") < "8"
    taken = draw.take(allowed=True, most=min(count, _PUBLISHABLE + one_more))
    taken += draw.take(allowed=False, most=count - len(taken))
    taken += draw.take(allowed=True, most=count - len(taken))
    faults = [specimen for specimen in taken if specimen.finding]
    by_clause = {specimen.text for specimen in faults[: (len(faults) + 1) // 2]}
    taken.sort(key=lambda specimen: draw.of("order", specimen.text))
    return tuple(draw.question(specimen, by_clause=specimen.text in by_clause) for specimen in taken)


@dataclass(frozen=True, slots=True)
class _Specimen:
    """An example that behaves. `finding` is what its rule says of it; None: nothing is found in it."""

    rule: BaseRule
    draft: Draft
    finding: Finding | None
    breached: frozenset[str]
    """Every clause of which something was found in it."""

    @property
    def text(self) -> str:
        return self.draft.text


class _Draw:
    """Draws examples by lot, from clauses and rules of which none was drawn yet while there are such."""

    def __init__(self, screener: Screener, seed: str, language: str, at: datetime | None) -> None:
        self._screener, self._policy, self._seed, self._at = screener, screener.policy, seed, at
        self._wording = Wording(language)
        # Somebody whose language the policy does not speak reads its examples in the policy's own.
        self._spoken = language if language in self._policy.languages else self._policy.languages[0]
        self._hurtful = {rule.id for rule in self._policy.rules if _hurts(rule)}
        self._drawn: Counter[str] = Counter()
        self._texts: set[str] = set()

    def of(self, *names: str) -> str:
        """The lot of something, in hexadecimal: no interpreter and no version of one draws another."""
        return hashlib.sha256("\n".join((self._seed, *names)).encode()).hexdigest()

    def take(self, *, allowed: bool, most: int) -> list[_Specimen]:
        """Up to `most` examples that are let pass, or that are not."""
        taken: list[_Specimen] = []
        left, tries = self._candidates(allowed), 0
        while left and len(taken) < most and tries < _TRIES:
            rule, example = left.pop(min(range(len(left)), key=lambda place: self._drawn_before(left[place][0])))
            if not self._may_be_shown(example):
                continue
            tries += 1
            if specimen := self._specimen(rule, example, allowed=allowed):
                taken.append(specimen)
                self._texts.add(specimen.text)
                self._drawn.update(_names(rule))
                tries = 0
        return taken

    def question(self, specimen: _Specimen, *, by_clause: bool) -> Question:
        wording, rule, finding = self._wording, specimen.rule, specimen.finding
        clauses = self._clauses(specimen) if by_clause else []
        if clauses:
            asks = wording.say("Which clause of the policy speaks about this?")
            options = tuple(paragraph(self._policy, id, wording.language).heading for id in clauses)
            right = clauses.index(rule.clause)
        else:
            asks = wording.say("May this be published as it is?")
            options, right = (wording.say("Yes"), wording.say("No")), 1 if finding else 0
        allowed = wording.say("Nothing in it goes against the policy, clause {clause} included.", clause=rule.clause)
        suggestion = finding.suggestion if finding else None
        return Question(
            text=specimen.text,
            place=_place(specimen.draft, wording),
            channel=specimen.draft.channel,
            in_reply_to=specimen.draft.in_reply_to,
            asks=asks,
            options=options,
            right=right,
            why=say(finding.message, wording.language) if finding else allowed,
            todo=say(suggestion, wording.language) if suggestion else None,
            clause=paragraph(self._policy, rule.clause, wording.language),
        )

    def _candidates(self, allowed: bool) -> list[tuple[BaseRule, Example]]:
        """In the order of their lots, of rules in force: every clause has the same chance, then every rule of it.

        What a rule would blank must not be shown, and neither may what it lets pass: that looks nearly like it.
        """
        rules: list[BaseRule] = [
            rule
            for rule in self._policy.rules
            if rule.state is State.LIVE
            and not rule.may_hide
            and not isinstance(rule, _COUNTED)
            and (allowed or rule.severity is not Severity.NOTE)
        ]
        rules.sort(key=lambda rule: [self.of(name) for name in _names(rule)])
        return [
            (rule, example)
            for rule in rules
            for example in sorted(
                rule.examples.allow if allowed else rule.examples.flag, key=lambda one: self.of(_words(one)[0])
            )
        ]

    def _drawn_before(self, rule: BaseRule) -> list[int]:
        return [self._drawn[name] for name in _names(rule)]

    def _may_be_shown(self, example: Example) -> bool:
        text, answered = _words(example)
        is_short = max(len(text), len(answered)) <= min(LONGEST, self._screener.limit)
        has_more = not isinstance(example, str) and example.attachments
        if not is_short or has_more or text in self._texts or self._language(text) != self._spoken:
            return False
        if not answered:
            return True
        return self._language(answered) in (None, self._spoken) and self._screener.hidden(answered) == []

    def _language(self, text: str) -> str | None:
        return detect(text, self._policy.languages).code

    def _specimen(self, rule: BaseRule, example: Example, *, allowed: bool) -> _Specimen | None:
        """The example if it is what it is shown as, in the first context that its rule is for."""
        draft = subject_for(rule, example, self._policy).draft
        try:
            verdict = self._screener.screen(draft, self._at)
        except DraftRefused:
            return None
        seen = (*verdict.findings, *verdict.shadow)
        # What would hurt its reader is no way to be taught courtesy.
        if any(finding.rule in self._hurtful for finding in seen):
            return None
        if any(finding.hides for finding in seen) or any(missed.hides for missed in verdict.unchecked):
            return None
        breached = frozenset(finding.clause for finding in seen)
        if allowed:
            is_clear = verdict.outcome is Outcome.CLEAR and not verdict.findings
            return _Specimen(rule, draft, None, breached) if is_clear else None
        own = (one for one in verdict.findings if one.rule == rule.id and one.severity is not Severity.NOTE)
        finding = next(own, None)
        return _Specimen(rule, draft, finding, breached) if finding else None

    def _clauses(self, specimen: _Specimen) -> list[str]:
        """The right clause among others that say nothing of it; none where there are too few of them."""
        right = specimen.rule.clause
        others = [clause.id for clause in self._policy.clauses if clause.id not in specimen.breached | {right}]
        # Those of the same chapter may well be near enough to be right too.
        others.sort(key=lambda id: (chapter_of(id) == chapter_of(right), self.of("option", specimen.text, id)))
        chosen = [right, *others[: OPTIONS - 1]]
        return sorted(chosen, key=lambda id: self.of("place", specimen.text, id)) if len(chosen) == OPTIONS else []


def _hurts(rule: BaseRule) -> bool:
    """Whether what it finds hurts its reader: by its category, or by what it asks of the models."""
    is_of_models = isinstance(rule, Toxicity) or (isinstance(rule, JudgeRule) and rule.label in TOXICITY)
    return is_of_models or rule.id.startswith("toxicity.")


def _names(rule: BaseRule) -> tuple[str, str]:
    return f"clause {rule.clause}", f"rule {rule.id}"


def _words(example: Example) -> tuple[str, str]:
    """What it says, and what it answers."""
    return (example, "") if isinstance(example, str) else (example.text, example.in_reply_to or "")


def _place(draft: Draft, wording: Wording) -> str:
    match draft.account:
        case Account.INSTITUTIONAL:
            whose = wording.say("On one of the company's profiles")
        case Account.SUPPORT:
            whose = wording.say("On customer care's profile")
        case Account.PERSONAL:
            whose = wording.say("On a profile of yours where people see that you work here")
        case Account.PRIVATE:
            whose = wording.say("On a private profile of yours")
    return wording.say("{place}, as a reply", place=whose) if draft.kind is Kind.REPLY else whose
