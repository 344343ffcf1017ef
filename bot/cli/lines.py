"""Verdicts as lines of JSON."""

from __future__ import annotations

from typing import Any

from bot.reply import Proposal
from rules.localized import say
from rules.policy import Policy
from rules.verdict import Verdict

Line = dict[str, Any]


def line_out(verdict: Verdict, *, id: str | int | None, language: str, proposal: Proposal | None) -> Line:
    """`language` is that of the messages; the draft's own is in the line."""
    return {
        "id": id,
        "outcome": verdict.outcome.value,
        "language": verdict.language,
        "policy": verdict.policy_revision,
        "findings": [
            {
                "rule": finding.rule,
                "category": finding.rule.partition(".")[0],
                "clause": finding.clause,
                "severity": finding.severity.value,
                "start": finding.span.start,
                "end": finding.span.end,
                "message": say(finding.message, language),
                "suggestion": say(finding.suggestion, language) if finding.suggestion else None,
                "replacement": finding.replacement,
                "score": finding.score,
            }
            for finding in verdict.findings
        ],
        "rewrite": {"text": proposal.text, "outcome": proposal.outcome.value} if proposal else None,
        "unchecked": [{"rule": missed.rule, "reason": missed.reason} for missed in verdict.unchecked],
        "scores": dict(verdict.scores),
        "models": dict(verdict.models),
        "timings_ms": dict(verdict.timings),
    }


def writers_language(verdict: Verdict, policy: Policy, asked: str | None, own: str) -> str:
    """The language asked for, else the draft's where the policy speaks it, else the terminal's `own`."""
    return asked or (verdict.language if verdict.language in policy.languages else None) or own
