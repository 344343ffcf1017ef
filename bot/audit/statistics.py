"""What the record says in numbers: counted from the facets of its entries, by team at the least, never by person."""

# ruff: noqa: S608 -- statements are put together from our own pieces; values always go beside them

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import Connection, text

from bot.audit import records
from bot.audit.counts import Counts, Knowing, Missed, OwnerTime, RuleCounts, Statistics, Stretch, TeamMonth
from bot.audit.facets import Part
from bot.audit.filters import day_begins, numbers_within
from bot.audit.groups import grouped, next_month, whole_months
from bot.audit.index import Index
from bot.store import Store
from bot.teams import Members, Teams
from rules.detectors.fields import State
from rules.policy import Policy

_WITHIN = "hit.seq BETWEEN :low AND :high AND hit.at >= :since AND hit.at < :until"
_OUTCOMES = f"""
SELECT quarter, outcome, count(*) FROM hit WHERE kind = 'screening' AND outcome IS NOT NULL AND {_WITHIN}
GROUP BY quarter, outcome"""
_BY_PERSON = f"""
SELECT actor, outcome, count(*) FROM hit
WHERE kind = 'screening' AND outcome IS NOT NULL AND actor IS NOT NULL AND {_WITHIN} GROUP BY actor, outcome"""
# An entry may name a rule under two clauses, and counts once.
_PARTS = f"""
SELECT each.rule, each.part, each.ruling, count(*) FROM (
  SELECT DISTINCT rule.rule, rule.seq, rule.part, coalesce(hit.ruling, '') AS ruling
  FROM rule JOIN hit ON hit.seq = rule.seq WHERE rule.seq BETWEEN :low AND :high AND {_WITHIN}) AS each
GROUP BY each.rule, each.part, each.ruling"""
_MISSED = f"""
SELECT rule.rule, rule.reason, count(DISTINCT rule.seq) FROM rule JOIN hit ON hit.seq = rule.seq
WHERE rule.part = 'unchecked' AND rule.seq BETWEEN :low AND :high AND {_WITHIN}
GROUP BY rule.rule, rule.reason ORDER BY rule.rule, rule.reason"""
_CHECKS = f"SELECT count(*) FROM hit WHERE kind = 'screening' AND {_WITHIN}"
_INCOMPLETE = f"""
SELECT count(DISTINCT rule.seq) FROM rule JOIN hit ON hit.seq = rule.seq
WHERE rule.part = 'unchecked' AND hit.kind = 'screening' AND rule.seq BETWEEN :low AND :high AND {_WITHIN}"""
_DECISIONS = """
SELECT d.owner, d.at, min(r.at), max(p.at) FROM hit AS d
JOIN hit AS r ON r.screening = d.screening AND r.kind = 'review'
LEFT JOIN hit AS p ON p.screening = d.screening AND p.kind = 'passed' AND p.owner = d.owner AND p.seq < d.seq
WHERE d.kind = 'decision' AND d.owner IS NOT NULL AND d.seq BETWEEN :low AND :high AND d.at >= :since AND d.at < :until
GROUP BY d.seq, d.owner, d.at"""
_KNOWING = (
    "SELECT kind, actor, policy FROM hit "
    "WHERE kind IN ('acknowledgement', 'quiz') AND actor IS NOT NULL AND policy IS NOT NULL ORDER BY seq"
)
_TALLIES = "SELECT coalesce(sum(count), 0) FROM tally WHERE day >= :since AND day <= :until"

Bounds = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Period:
    """`since` and `until` as in `bot.audit.filters.Filters`; days begin in `zone`."""

    since: datetime | None
    until: datetime | None
    zone: tzinfo

    def bounds(self, connection: Connection) -> Bounds:
        low, high = numbers_within(connection, self.since, self.until)
        since = records.timestamp(self.since) if self.since else ""
        return {"since": since, "until": records.timestamp(self.until) if self.until else "~", "low": low, "high": high}

    @property
    def days(self) -> dict[str, str]:
        """The days in UTC of which any part lies in it."""
        last = records.timestamp(self.until - timedelta(microseconds=1))[:10] if self.until else "~"
        return {"since": records.timestamp(self.since)[:10] if self.since else "", "until": last}


def statistics_of(index: Index, store: Store, policy: Policy, period: Period, now: datetime) -> Statistics:
    """Counted by the index, caught up first. `policy` is the one in force. Raises `RecordError`."""
    index.catch_up()
    members = Teams(store).members()
    with store.read() as session:
        private = int(session.connection().execute(text(_TALLIES), period.days).scalar_one())
    with index.read() as connection:
        bounds = period.bounds(connection)
        outcomes = _outcomes(connection, bounds, period.zone)
        teams = _teams(connection, period, members, outcomes, now)
        rules = _rules(connection, bounds)
        checks = int(connection.execute(text(_CHECKS), bounds).scalar_one())
        incomplete = int(connection.execute(text(_INCOMPLETE), bounds).scalar_one())
        missed = connection.execute(text(_MISSED), bounds).all()
        acknowledgement, by_team = _knowing(connection, policy.revision, members)
        owners = _owners(connection, bounds)
    fired = {counts.rule for counts in rules if counts.fired or counts.shadow or counts.dismissed}
    return Statistics(
        policy=policy.revision, checks=checks, complete=checks - incomplete, private=private,
        days=_stretches(outcomes, lambda day: day), weeks=_stretches(outcomes, _week),
        months=_stretches(outcomes, _month), teams=teams, rules=rules,
        never_fired=tuple(rule.id for rule in policy.rules if rule.state is not State.DRAFT and rule.id not in fired),
        owners=owners, missed=tuple(Missed(*row) for row in missed), acknowledgement=acknowledgement, by_team=by_team,
    )  # fmt: skip


_Ended = dict[date, list[tuple[str, int]]]
"""How often it ended how, by the reader's days."""


def _outcomes(connection: Connection, bounds: Bounds, zone: tzinfo) -> _Ended:
    found: _Ended = {}
    for quarter, outcome, count in connection.execute(text(_OUTCOMES), bounds):
        day = datetime.fromtimestamp(quarter * 900, UTC).astimezone(zone).date()
        found.setdefault(day, []).append((outcome, count))
    return found


def _stretches(outcomes: _Ended, begins: Callable[[date], date]) -> tuple[Stretch, ...]:
    found: _Ended = {}
    for day, ended in outcomes.items():
        found.setdefault(begins(day), []).extend(ended)
    return tuple(Stretch(day, Counts.of(found[day])) for day in sorted(found))


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _teams(
    connection: Connection, period: Period, members: Members, outcomes: _Ended, now: datetime
) -> tuple[TeamMonth, ...]:
    if not outcomes:
        return ()
    first = period.since.astimezone(period.zone) if period.since else None
    # A day that begins before the period does is not whole.
    later = timedelta(days=1 if first and first.time() != time() else 0)
    last = min(period.until or now, now).astimezone(period.zone).date() - timedelta(days=1)
    rows: list[TeamMonth] = []
    for month in whole_months(first.date() + later if first else _month(min(outcomes)), last):
        whole = Period(day_begins(month, period.zone), day_begins(next_month(month), period.zone), period.zone)
        people: dict[str, list[tuple[str, int]]] = {}
        for actor, outcome, count in connection.execute(text(_BY_PERSON), whole.bounds(connection)):
            people.setdefault(members.person(actor), []).append((outcome, count))
        # What an earlier count has beyond one without somebody who was erased was theirs alone.
        if not members.teams.keys() >= people.keys():
            continue
        groups = grouped({person: members.team(person) for person in people}, members.reachable)
        for team in _in_order(groups.values()):
            own = [person for person in people if groups[person] == team]
            counts = Counts.of(ended for person in own for ended in people[person])
            rows.append(TeamMonth(month, team, len(members.reachable.intersection(own)), counts))
    return tuple(rows)


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
    known = {person: team for person, team in members.teams.items() if person in members.reachable}
    groups = grouped(known, members.reachable)

    def told(team: str | None, people: set[str]) -> Knowing:
        return Knowing(team, len(people), len(people & acknowledged), len(people & quiz))

    by_team = [
        told(team, {person for person in groups if groups[person] == team}) for team in _in_order(groups.values())
    ]
    return told(None, set(known)), tuple(by_team)
