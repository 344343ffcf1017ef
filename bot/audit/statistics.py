"""What the record says in numbers: counted from the facets of its entries, by team at the least, never by person."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import Connection, text

from bot.audit import records
from bot.audit.counts import Counts, Knowing, Missed, OwnerTime, RuleCounts, Statistics, Stretch, TeamMonth
from bot.audit.facets import Part
from bot.audit.groups import grouped, whole_months
from bot.audit.index import Index
from bot.store import Store
from bot.teams import Members, Teams
from rules.detectors.fields import State
from rules.policy import Policy

_WITHIN = "hit.at >= :since AND hit.at < :until"
_OUTCOMES = f"""
SELECT quarter, actor, outcome, count(*) FROM hit WHERE kind = 'screening' AND outcome IS NOT NULL AND {_WITHIN}
GROUP BY quarter, actor, outcome"""  # noqa: S608 -- our own
_PARTS = f"""
SELECT rule.rule, rule.part, coalesce(hit.ruling, ''), count(DISTINCT rule.seq)
FROM rule JOIN hit ON hit.seq = rule.seq WHERE {_WITHIN} GROUP BY rule.rule, rule.part, coalesce(hit.ruling, '')"""  # noqa: S608
_MISSED = f"""
SELECT rule.rule, rule.reason, count(DISTINCT rule.seq) FROM rule JOIN hit ON hit.seq = rule.seq
WHERE rule.part = 'unchecked' AND {_WITHIN} GROUP BY rule.rule, rule.reason ORDER BY rule.rule, rule.reason"""  # noqa: S608
_CHECKS = f"""
SELECT count(*), count(CASE WHEN EXISTS (SELECT 1 FROM rule WHERE rule.seq = hit.seq AND rule.part = 'unchecked')
                            THEN 1 END)
FROM hit WHERE kind = 'screening' AND {_WITHIN}"""  # noqa: S608
_DECISIONS = """
SELECT d.owner, d.at, min(r.at), max(p.at) FROM hit AS d
JOIN hit AS r ON r.screening = d.screening AND r.kind = 'review'
LEFT JOIN hit AS p ON p.screening = d.screening AND p.kind = 'passed' AND p.owner = d.owner AND p.seq < d.seq
WHERE d.kind = 'decision' AND d.owner IS NOT NULL AND d.at >= :since AND d.at < :until
GROUP BY d.seq, d.owner, d.at"""
_KNOWING = (
    "SELECT kind, actor, policy FROM hit "
    "WHERE kind IN ('acknowledgement', 'quiz') AND actor IS NOT NULL AND policy IS NOT NULL ORDER BY seq"
)
_TALLIES = "SELECT coalesce(sum(count), 0) FROM tally WHERE day >= :since AND day <= :until"

Bounds = dict[str, str]


@dataclass(frozen=True, slots=True)
class Period:
    """`since` and `until` as in `bot.audit.filters.Filters`; days begin in `zone`."""

    since: datetime | None
    until: datetime | None
    zone: tzinfo

    @property
    def bounds(self) -> Bounds:
        since = records.timestamp(self.since) if self.since else ""
        return {"since": since, "until": records.timestamp(self.until) if self.until else "~"}

    @property
    def days(self) -> Bounds:
        """The days in UTC of which any part lies in it."""
        last = records.timestamp(self.until - timedelta(microseconds=1))[:10] if self.until else "~"
        return {"since": self.bounds["since"][:10], "until": last}


def statistics_of(index: Index, store: Store, policy: Policy, period: Period, now: datetime) -> Statistics:
    """Counted by the index, caught up first. `policy` is the one in force. Raises `RecordError`."""
    index.catch_up()
    members = Teams(store).members()
    with store.read() as session:
        private = int(session.connection().execute(text(_TALLIES), period.days).scalar_one())
    with index.read() as connection:
        outcomes = _outcomes(connection, period, members)
        rules = _rules(connection, period.bounds)
        checks, incomplete = connection.execute(text(_CHECKS), period.bounds).one()
        missed = connection.execute(text(_MISSED), period.bounds).all()
        acknowledgement, by_team = _knowing(connection, policy.revision, members)
        owners = _owners(connection, period.bounds)
    fired = {counts.rule for counts in rules if counts.fired or counts.shadow or counts.dismissed}
    return Statistics(
        policy=policy.revision, checks=checks, complete=checks - incomplete, private=private,
        days=_stretches(outcomes, lambda day: day), weeks=_stretches(outcomes, _week),
        months=_stretches(outcomes, _month), teams=_teams(outcomes, period, members, now), rules=rules,
        never_fired=tuple(rule.id for rule in policy.rules if rule.state is not State.DRAFT and rule.id not in fired),
        owners=owners, missed=tuple(Missed(*row) for row in missed), acknowledgement=acknowledgement, by_team=by_team,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Some:
    """How often it ended so for one person on one day."""

    day: date
    person: str | None
    outcome: str
    count: int


def _outcomes(connection: Connection, period: Period, members: Members) -> list[_Some]:
    days: dict[int, date] = {}
    found = []
    for quarter, actor, outcome, count in connection.execute(text(_OUTCOMES), period.bounds):
        if quarter not in days:
            days[quarter] = datetime.fromtimestamp(quarter * 900, UTC).astimezone(period.zone).date()
        found.append(_Some(days[quarter], members.person(actor) if actor else None, outcome, count))
    return found


def _stretches(outcomes: Iterable[_Some], begins: Callable[[date], date]) -> tuple[Stretch, ...]:
    found: dict[date, list[tuple[str, int]]] = {}
    for some in outcomes:
        found.setdefault(begins(some.day), []).append((some.outcome, some.count))
    return tuple(Stretch(day, Counts.of(found[day])) for day in sorted(found))


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _teams(outcomes: list[_Some], period: Period, members: Members, now: datetime) -> tuple[TeamMonth, ...]:
    known = [some for some in outcomes if some.person is not None]
    if not known:
        return ()
    first = period.since.astimezone(period.zone) if period.since else None
    # A day that begins within the period and not with it is not whole.
    first_day = (
        (first.date() if first.time() == first.min.time() else first.date() + timedelta(days=1)) if first else None
    )
    last_day = min(period.until or now, now).astimezone(period.zone).date() - timedelta(days=1)
    rows = []
    for month in whole_months(first_day or _month(min(some.day for some in known)), last_day):
        of_month = [some for some in known if _month(some.day) == month]
        groups = grouped({some.person: members.team(some.person) for some in of_month if some.person})
        rows += [_team_month(month, team, of_month, groups) for team in _in_order(groups.values())]
    return tuple(rows)


def _team_month(month: date, team: str | None, outcomes: list[_Some], groups: Mapping[str, str | None]) -> TeamMonth:
    own = [some for some in outcomes if some.person and groups[some.person] == team]
    counts = Counts.of((some.outcome, some.count) for some in own)
    return TeamMonth(month, team, len({some.person for some in own}), counts)


def _in_order(groups: Iterable[str | None]) -> list[str | None]:
    """By name, the others last."""
    return sorted(set(groups), key=lambda team: (team is None, team or ""))


def _rules(connection: Connection, bounds: Bounds) -> tuple[RuleCounts, ...]:
    names = {
        Part.FINDING: "fired", Part.SHADOW: "shadow", Part.DISMISSED: "dismissed", Part.UNCHECKED: "unchecked",
        Part.OVERRIDE: "overridden", Part.APPEAL: "appealed",
    }  # fmt: skip
    found: dict[str, dict[str, int]] = {}
    for rule, part, ruling, count in connection.execute(text(_PARTS), bounds):
        name = ruling if part == Part.HEARD else names[Part(part)]
        if name in RuleCounts.__slots__:
            counts = found.setdefault(rule, {})
            counts[name] = counts.get(name, 0) + count
    return tuple(RuleCounts(rule, **found[rule]) for rule in sorted(found))


def _owners(connection: Connection, bounds: Bounds) -> tuple[OwnerTime, ...]:
    hours: dict[str, list[float]] = {}
    for owner, decided, asked, passed in connection.execute(text(_DECISIONS), bounds):
        waited = datetime.fromisoformat(decided) - datetime.fromisoformat(passed or asked)
        hours.setdefault(owner, []).append(max(0.0, waited / timedelta(hours=1)))
    return tuple(
        OwnerTime(owner, len(each), round(statistics.median(each), 2), round(_p90(each), 2))
        for owner, each in sorted(hours.items())
    )


def _p90(hours: list[float]) -> float:
    """The shortest time within which nine of ten were done."""
    return sorted(hours)[math.ceil(len(hours) * 0.9) - 1]


def _knowing(connection: Connection, revision: str, members: Members) -> tuple[Knowing, tuple[Knowing, ...]]:
    last: dict[str, str] = {}
    quiz = set[str]()
    for kind, actor, policy in connection.execute(text(_KNOWING)):
        person = members.person(actor)
        if kind == "acknowledgement":
            last[person] = policy
        elif policy == revision:
            quiz.add(person)
    acknowledged = {person for person, policy in last.items() if policy == revision}
    groups = grouped(members.teams)

    def told(team: str | None, people: set[str]) -> Knowing:
        return Knowing(team, len(people), len(people & acknowledged), len(people & quiz))

    by_team = [
        told(team, {person for person in groups if groups[person] == team}) for team in _in_order(groups.values())
    ]
    return told(None, set(members.teams)), tuple(by_team)
