"""What statistics are made of: plain rows, which charts and exports take as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date

from rules.verdict import Outcome


@dataclass(frozen=True, slots=True)
class Counts:
    """How many checks ended how."""

    clear: int = 0
    revise: int = 0
    review: int = 0
    block: int = 0

    @classmethod
    def of(cls, outcomes: Iterable[tuple[str, int]]) -> Counts:
        found = dict.fromkeys((outcome.value for outcome in Outcome), 0)
        for outcome, count in outcomes:
            if outcome in found:
                found[outcome] += count
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day, a week or a month of the reader's, by its first day."""

    begins: date
    counts: Counts


@dataclass(frozen=True, slots=True)
class TeamMonth:
    """One month of at least five people who wrote something in it. `team` None: the others, together."""

    month: date
    team: str | None
    people: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """In how many entries: checks in which it found something, publications in spite of it, appeals."""

    rule: str
    fired: int = 0
    shadow: int = 0
    dismissed: int = 0
    unchecked: int = 0
    overridden: int = 0
    appealed: int = 0
    overturned: int = 0
    upheld: int = 0


@dataclass(frozen=True, slots=True)
class OwnerTime:
    """Hours by the clock, nights and holidays among them, from when an owner was asked to their decision."""

    owner: str
    decisions: int
    median_hours: float
    p90_hours: float


@dataclass(frozen=True, slots=True)
class Missed:
    """In how many checks a rule that applied could not run, and why."""

    rule: str
    reason: str
    checks: int


@dataclass(frozen=True, slots=True)
class Knowing:
    """How many of a team's people acknowledged the policy in force, and did its quiz. None: the others, or all."""

    team: str | None
    people: int
    acknowledged: int
    quiz: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of one stretch of time; acknowledgement is as it stands now."""

    policy: str
    checks: int
    complete: int
    """Checks in which everything that applied was looked at."""
    private: int
    """Drafts of which only a count was kept, by days in UTC."""
    days: tuple[Stretch, ...]
    weeks: tuple[Stretch, ...]
    months: tuple[Stretch, ...]
    teams: tuple[TeamMonth, ...]
    rules: tuple[RuleCounts, ...]
    never_fired: tuple[str, ...]
    """Rules of the policy in force."""
    owners: tuple[OwnerTime, ...]
    missed: tuple[Missed, ...]
    acknowledgement: Knowing
    by_team: tuple[Knowing, ...]

    def json(self) -> str:
        """All of it in one line; days in ISO 8601."""
        return json.dumps(asdict(self), default=_day, ensure_ascii=False)


def _day(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
