"""Screenings as the record would give them back, without a database between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.audit import records
from bot.prescreen import Keepsake, Prescreen, Screening
from bot.proposals.recorded import Recorded
from rules.draft import Draft
from rules.policy import Policy
from rules.screening import Screener

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class _Kept:
    """Keeps what would be recorded."""

    said: Mapping[str, Any] | None = None
    words = b""

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        if screening.is_forgotten:
            return
        facts = json.loads(records.canonical(records.screening_facts(screening)))
        self.said = {"seq": 1, "subject": screening.id, "at": records.timestamp(screening.at), "facts": facts}
        self.words = records.screening_content(keepsake, len(screening.verdict.findings))


def kept(screener: Screener, draft: Draft, at: datetime = NOON) -> tuple[Recorded | None, Mapping[str, Any] | None]:
    """The screening as it is read back, and its facts; None where there is nothing to replay."""
    recorder = _Kept()
    Prescreen(screener, recorder)(draft, at=at)
    if recorder.said is None:
        return None, None
    return Recorded.of(recorder.said, recorder.words), recorder.said["facts"]


def with_rules(policy: Policy, change: Callable[[Any], Any]) -> Policy:
    """The policy with each rule as `change` makes it; None takes it out."""
    rules = tuple(new for rule in policy.rules if (new := change(rule)) is not None)
    return Policy(**{name: getattr(policy, name) for name in Policy.model_fields} | {"rules": rules})


def with_fields(policy: Policy, id: str, **fields: object) -> Policy:
    """The policy with other fields of one rule."""
    return with_rules(policy, lambda rule: made_anew(rule, **fields) if rule.id == id else rule)


def made_anew(rule: Any, **fields: object) -> Any:
    """A copy would go on with what the rule has worked out of its old fields."""
    return type(rule)(**{name: getattr(rule, name) for name in type(rule).model_fields} | fields)
