"""What is said of each draft, and of all of them together. Of a draft's words nothing, unless they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from bot.bulk.posts import BadLine, Row, line_of
from bot.wording.saying import Saying, read_saying, saying
from rules.draft import DraftRefused, encodable
from rules.screening import Screener
from rules.verdict import Outcome, Verdict

Result = dict[str, Any]
"""One line of the results."""


def screened(row: Row, screener: Screener, at: datetime, *, words: bool = False) -> Result:
    """The result of one row, by the policy as it is on that day; of what is no draft, the reason. It raises nothing.

    The reason is a `Saying` taken apart, for it comes from other processes: see `told`.
    """
    if row.fault is not None:
        return {"line": row.line, "id": None, "error": asdict(row.fault)}
    try:
        line = line_of(row.fields)
        verdict = screener.screen(line.draft(), at)
    except (BadLine, DraftRefused) as error:
        return {"line": row.line, "id": _id(row.fields), "error": asdict(_why(error))}
    result = {"line": row.line, "id": line.id, **_told(verdict)}
    return {**result, "text": line.text} if words else result


def told(result: Result, language: str) -> Result:
    """As it is written down: with the reason in the language of whoever began the run."""
    return {**result, "error": read_saying(result["error"]).show(language)} if "error" in result else result


def _why(error: BadLine | DraftRefused) -> Saying:
    if isinstance(error, BadLine):
        return error.said[0]
    if error.is_empty:
        return saying("no text to read")
    return saying("{length} characters, and the limit is {limit}", length=error.length, limit=error.limit)


def _id(fields: object) -> str | int | None:
    found = fields.get("id") if isinstance(fields, Mapping) else None
    return encodable(found) if isinstance(found, str) else found if isinstance(found, int) else None


def _told(verdict: Verdict) -> Result:
    return {
        "outcome": verdict.outcome.value,
        "policy": verdict.policy_revision,
        "language": verdict.language,
        "findings": [
            {
                "rule": finding.rule,
                "clause": finding.clause,
                "severity": finding.severity.value,
                "start": finding.span.start,
                "end": finding.span.end,
                "score": finding.score,
            }
            for finding in verdict.findings
            if not finding.tells_opinion  # what somebody thinks of their work is written down nowhere
        ],
        "unchecked": [{"rule": missed.rule, "reason": missed.reason} for missed in verdict.unchecked],
    }


@dataclass(slots=True)
class Summary:
    """All results together, while they come in."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    """In how many drafts each of them found something."""
    unchecked: Counter[str] = field(default_factory=Counter)
    """For how many drafts each of them could not run."""
    faulty: int = 0
    """Lines that are no drafts."""

    def add(self, result: Mapping[str, Any]) -> None:
        if "error" in result:
            self.faulty += 1
            return
        self.outcomes[Outcome(result["outcome"])] += 1
        self.rules.update({finding["rule"] for finding in result["findings"]})
        self.unchecked.update({missed["rule"] for missed in result["unchecked"]})

    @property
    def drafts(self) -> int:
        return self.outcomes.total()

    def facts(self) -> dict[str, Any]:
        """For the record and for programs: every outcome, also where there is none."""
        return {
            "count": self.drafts,
            "faulty": self.faulty,
            "outcomes": {outcome.value: self.outcomes[outcome] for outcome in Outcome},
        }
