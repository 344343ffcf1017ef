"""Drafts as lines of JSON in, verdicts as lines of JSON out."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.reply import Proposal
from rules.draft import Account, Audience, Channel, Draft, Kind, Words
from rules.localized import say
from rules.policy import Policy
from rules.verdict import Verdict

Line = dict[str, Any]


class BadLine(ValueError):
    """A line that is no draft. Says which key is wrong, never what stands there."""


class LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Words | Annotated[int, Field(strict=True)] | None = None
    text: Words = Field(repr=False)
    kind: Kind = Kind.POST
    account: Account = Account.INSTITUTIONAL
    channel: Channel = Channel.OTHER
    audience: Audience = Audience.PUBLIC
    in_reply_to: Words | None = Field(default=None, repr=False)
    language: str | None = Field(default=None, pattern="^[a-z]{2}$")

    def draft(self, author: str = "") -> Draft:
        return Draft(author=author, **self.model_dump(exclude={"id"}))


def read_line(raw: bytes) -> LineIn:
    """Raises `BadLine`."""
    try:
        return LineIn.model_validate(json.loads(raw.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise BadLine("not UTF-8") from None
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc'])) or 'line'}: {fault['msg']}" for fault in error.errors())
        raise BadLine("; ".join(faults)) from None
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadLine(f"not JSON{where}") from None


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
