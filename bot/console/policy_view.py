"""What the policy's page shows: clauses with their rules, as their reader may see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bot.audit.counts import RuleCounts
from bot.naming import account_told, channel_name, kind_name, override_name, severity_name, state_name
from bot.policy_page import page
from bot.wording import Wording
from rules.detectors.base import BaseRule
from rules.detectors.fields import Example, State
from rules.localized import say
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Sought:
    """What the reader looks for among the rules; nothing: all of them."""

    words: str = ""
    owner: str = ""
    severity: str = ""
    state: str = ""

    @property
    def is_any(self) -> bool:
        return bool(self.words or self.owner or self.severity or self.state)

    def meets(self, rule: BaseRule, owner: str, language: str) -> bool:
        said = f"{rule.id} {say(rule.message, language)}".casefold()
        return (
            (not self.owner or owner == self.owner)
            and (not self.severity or rule.severity == self.severity)
            and (not self.state or rule.state == self.state)
            and all(word in said for word in self.words.casefold().split())
        )


@dataclass(frozen=True, slots=True)
class RuleView:
    id: str
    message: str
    severity: str
    severity_name: str
    state: str
    state_name: str
    override_name: str
    counts: RuleCounts | None
    """None: not for this reader."""

    @classmethod
    def of(cls, rule: BaseRule, wording: Wording, counts: RuleCounts | None) -> Self:
        return cls(
            id=rule.id,
            message=say(rule.message, wording.language),
            severity=rule.severity.value,
            severity_name=severity_name(rule.severity, wording),
            state=rule.state.value,
            state_name=state_name(rule.state, wording),
            override_name=override_name(rule.override, wording),
            counts=counts,
        )


@dataclass(frozen=True, slots=True)
class ClauseView:
    id: str
    title: str
    text: str
    owner: str
    rules: tuple[RuleView, ...]


def clauses_of(
    policy: Policy, wording: Wording, sought: Sought, counts: Mapping[str, RuleCounts] | None
) -> Sequence[ClauseView]:
    """By number. `counts` None: an employee reads, who sees the rules that are in force and nobody's numbers."""
    language = wording.language
    shown: dict[str, list[RuleView]] = {}
    for rule in policy.rules:
        owner = policy.clause(rule.clause).owner
        if (counts is not None or rule.state is State.LIVE) and sought.meets(rule, owner, language):
            own = None if counts is None else counts.get(rule.id, RuleCounts(rule.id))
            shown.setdefault(rule.clause, []).append(RuleView.of(rule, wording, own))
    found = [
        ClauseView(part.number, part.title, part.text, part.owner, tuple(shown.get(part.number, ())))
        for chapter in page(policy, language).chapters
        for part in chapter.paragraphs
    ]
    return [clause for clause in found if clause.rules or not sought.is_any]


def scope_of(rule: BaseRule, wording: Wording) -> str:
    """Which drafts it is for, in words; empty where for all."""
    applies = rule.applies
    names = [
        *(kind_name(kind, wording) for kind in applies.kinds),
        *(account_told(account, wording) for account in applies.accounts),
        *(channel_name(channel, wording) for channel in applies.channels),
        *(str(audience) for audience in applies.audience),
        *applies.languages,
    ]
    if applies.since:
        names.append(wording.say("from {day}", day=applies.since.isoformat()))
    if applies.until:
        names.append(wording.say("until {day}", day=applies.until.isoformat()))
    return " · ".join(names)


def examples_of(examples: Sequence[Example]) -> list[str]:
    return [one if isinstance(one, str) else f"«{one.in_reply_to or '…'}» → «{one.text}»" for one in examples]
