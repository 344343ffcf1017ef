"""From a screening, and from what the record says of one, to what a program is sent. Pure."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast, get_args

from bot.api import shapes
from bot.people import Language
from bot.prescreen import Screening
from bot.reply import reply_to
from bot.tables import Entry
from rules.draft import Account, Draft, Kind, Span
from rules.localized import say
from rules.policy import Policy
from rules.verdict import Finding

_REASONS: Final = frozenset(get_args(shapes.Reason))
_BEYOND: Final = 0xFFFF
"""Characters beyond it are two UTF-16 units."""


def draft_of(asked: shapes.Draft, author: str) -> Draft:
    """What replies to something is held against it; of a post that is nobody's business."""
    answered = asked.in_reply_to or ""
    return Draft(
        text=asked.text,
        author=author,
        kind=asked.kind,
        account=asked.account,
        channel=asked.channel,
        audience=asked.audience,
        in_reply_to=answered if asked.kind is Kind.REPLY and answered.strip() else None,
        attachments=asked.attachments,
    )


def screening_shape(screening: Screening, policy: Policy, language: Language) -> shapes.Screening:
    """The whole answer, worded in `language`.

    What a draft tells of its writer's opinions is told to writers, and to no program: those findings are notes, so the
    outcome is the same without.
    """
    told = tuple(finding for finding in screening.verdict.findings if not finding.tells_opinion)
    verdict = replace(screening.verdict, findings=told)
    reply = reply_to(replace(screening, verdict=verdict), policy, language)
    far = _Utf16(screening.draft.text)
    better, proposal = screening.rewrite, reply.proposal
    return shapes.Screening(
        id=None if screening.draft.account is Account.PRIVATE else screening.id,
        at=screening.at,
        outcome=verdict.outcome,
        title=reply.title,
        summary=reply.summary,
        policy=verdict.policy_revision,
        language=verdict.language,
        findings=[_finding(finding, policy, language, far) for finding in told],
        unchecked=[
            shapes.Unchecked(rule=missed.rule, severity=missed.severity, reason=reason_class(missed.reason))
            for missed in verdict.unchecked
        ],
        not_checked=list(reply.unchecked),
        rewrite=shapes.Rewrite(text=proposal.text, outcome=proposal.outcome) if better and proposal else None,
    )


def policy_shape(policy: Policy, language: Language) -> shapes.Policy:
    clauses = [clause_shape(clause.id, policy, language) for clause in policy.clauses]
    return shapes.Policy(revision=policy.revision, languages=list(policy.languages), clauses=clauses)


def clause_shape(id: str, policy: Policy, language: Language) -> shapes.Clause:
    clause = policy.clause(id)
    return shapes.Clause(
        id=clause.id,
        title=say(clause.title, language),
        text=say(clause.text, language),
        owner=say(policy.owner(clause.owner).name, language),
    )


def recorded_shape(entry: Entry) -> shapes.Recorded:
    """Of an entry of the kind `screening`."""
    facts = json.loads(entry.body)["facts"]
    draft = facts["draft"]
    return shapes.Recorded(
        id=entry.subject,
        at=datetime.fromisoformat(entry.at),
        outcome=facts["outcome"],
        policy=facts["policy"],
        kind=draft["kind"],
        account=draft["account"],
        channel=draft["channel"],
        language=facts["language"],
        findings=[_recorded(finding) for finding in facts["findings"]],
        unchecked=[
            shapes.Unchecked(rule=missed["rule"], severity=missed["severity"], reason=reason_class(missed["reason"]))
            for missed in facts["unchecked"]
        ],
    )


def reason_class(reason: str) -> shapes.Reason:
    """What comes before the colon: what follows it may name a file or a model."""
    kind = reason.partition(":")[0]
    return cast(shapes.Reason, kind if kind in _REASONS else "other")


def _finding(finding: Finding, policy: Policy, language: Language, far: _Utf16) -> shapes.Finding:
    return shapes.Finding(
        rule=finding.rule,
        clause=clause_shape(finding.clause, policy, language),
        severity=finding.severity,
        span=shapes.Place(start=finding.span.start, end=finding.span.end),
        utf16=far.place(finding.span),
        message=say(finding.message, language),
        suggestion=say(finding.suggestion, language) if finding.suggestion else None,
        replacement=finding.replacement,
    )


def _recorded(finding: Mapping[str, Any]) -> shapes.RecordedFinding:
    return shapes.RecordedFinding(
        rule=finding["rule"],
        clause=finding["clause"],
        severity=finding["severity"],
        span=shapes.Place(start=finding["start"], end=finding["end"]),
    )


class _Utf16:
    """Places of one text in UTF-16 units: those before a character are as many as it and the wide ones before it."""

    def __init__(self, text: str) -> None:
        self._wide = [number for number, character in enumerate(text) if ord(character) > _BEYOND]

    def place(self, span: Span) -> shapes.Place:
        return shapes.Place(start=self._units(span.start), end=self._units(span.end))

    def _units(self, offset: int) -> int:
        return offset + bisect_right(self._wide, offset - 1)
