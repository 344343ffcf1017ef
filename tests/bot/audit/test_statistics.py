"""Statistics are what the bodies of the entries say, and of no group of fewer than five people."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bot.audit.counts import Counts, Knowing, Statistics, TeamMonth
from bot.audit.groups import FEWEST, grouped, whole_months
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.statistics import Period, statistics_of
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from bot.teams import Members, NoTeam, Teams
from rules.draft import Account, Draft
from rules.policy import Policy

ROME = ZoneInfo("Europe/Rome")
START, NOW = datetime(2026, 1, 20, 12, tzinfo=UTC), datetime(2026, 6, 15, 9, tzinfo=UTC)
ALWAYS = Period(None, None, ROME)
RULES = ("tone.jargon", "toxicity.insult", "confidential.embargo")
OUTCOMES = ("clear", "revise", "review", "block")
OWNERS = ("comms", "legal")
NUMBERS = itertools.count(1)

Event = tuple[str, int, float, int]
Say = Callable[[Event], None]


@pytest.fixture
def persons(people: People) -> list[str]:
    return [people.person(f"slack:T1:U{number}") for number in range(14)]


@pytest.fixture
def say(ledger: Ledger, persons: list[str], policy: Policy) -> Say:
    def say(event: Event) -> None:
        kind, who, days, dice = event
        rule, other = RULES[dice % 3], RULES[dice // 3 % 3]
        about = {"screening": f"s_{dice % 7}", "policy": policy.revision if dice % 5 else "acme@old"}
        facts: dict[str, Any] = {
            "screening": {
                "outcome": OUTCOMES[dice % 4], "policy": about["policy"], "draft": {},
                "findings": [{"rule": rule, "clause": "3.1"}] * (dice % 3), "shadow": [{"rule": other}] * (dice % 2),
                "unchecked": [{"rule": other, "reason": ("timeout", "busy")[dice % 2]}] * (dice % 5 == 0),
            },
            "review": {**about, "owners": list(OWNERS)},
            "passed": {**about, "from": "comms", "to": OWNERS[dice % 2]},
            "decision": {**about, "owner": OWNERS[dice % 2], "ruling": "approved"},
            "override": {**about, "rules": [rule, rule, other]},
            "appeal": {**about, "rule": rule},
            "appeal_decision": {**about, "rule": rule, "ruling": ("upheld", "overturned")[dice % 2]},
        }.get(kind, about)  # fmt: skip
        # There is one review of a draft.
        number = f"{kind}_{dice % 7}" if kind == "review" else f"{kind}_{next(NUMBERS)}"
        ledger.append(kind, subject=number, facts=facts, actor=persons[who], at=START + timedelta(days=days))

    return say


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["screening"] * 6 + ["review", "passed", "decision", "override", "appeal", "appeal_decision",
                                             "acknowledgement", "quiz"]),
        st.integers(0, 13), st.floats(0, 120).map(lambda days: round(days, 4)), st.integers(0, 10_000),
    ),
    min_size=5, max_size=40,
)  # fmt: skip
LABELS = st.lists(st.sampled_from(["nord", "nord", "sud", "est", None]), min_size=14, max_size=14)
MOMENTS = st.none() | st.integers(0, 150).map(lambda day: datetime(2026, 1, 10, tzinfo=ROME) + timedelta(days=day))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, LABELS, MOMENTS, MOMENTS)
def test_they_are_what_the_bodies_say(
    index: Index, store: Store, ledger: Ledger, policy: Policy, persons: list[str], say: Say,
    events: list[Event], labels: list[str | None], since: datetime | None, until: datetime | None,
) -> None:  # fmt: skip
    for event in events:  # each history goes on where the one before it ended
        say(event)
    teams = Teams(store)
    for person, label in zip(persons, labels, strict=True):
        teams.label(person, label)
    period = Period(since, until, ROME)
    bodies = [json.loads(entry.body) for entry in reversed(ledger.entries())]
    found = statistics_of(index, store, policy, period, NOW)
    _hold(found, bodies, period, policy, teams.members())


def _hold(found: Statistics, bodies: list[dict[str, Any]], period: Period, policy: Policy, members: Members) -> None:
    within = [body for body in bodies if _is_within(body, period)]
    checks = [body for body in within if body["kind"] == "screening"]
    assert found.checks == len(checks)
    assert found.complete == sum(not body["facts"]["unchecked"] for body in checks)
    for stretches, begins in (
        (found.days, lambda day: day),
        (found.weeks, lambda day: day - timedelta(days=day.weekday())),
        (found.months, lambda day: day.replace(day=1)),
    ):
        counted = Counter((begins(_day(body)), body["facts"]["outcome"]) for body in checks)
        told = {(each.begins, name): getattr(each.counts, name) for each in stretches for name in OUTCOMES}
        assert {key: count for key, count in told.items() if count} == counted
    _hold_rules(found, within, policy)
    _hold_owners(found, within, bodies)
    _hold_knowing(found, bodies, policy, members)
    _hold_teams(found, checks, period, members)


def _is_within(body: dict[str, Any], period: Period) -> bool:
    at = datetime.fromisoformat(body["at"])
    return (period.since is None or at >= period.since) and (period.until is None or at < period.until)


def _day(body: dict[str, Any]) -> date:
    return datetime.fromisoformat(body["at"]).astimezone(ROME).date()


def _hold_rules(found: Statistics, within: list[dict[str, Any]], policy: Policy) -> None:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for body in within:
        facts, kind = body["facts"], body["kind"]
        for key, name in (("findings", "fired"), ("shadow", "shadow"), ("unchecked", "unchecked")):
            for rule in {each["rule"] for each in facts.get(key, [])}:
                counted[rule][name] += 1
        for rule in set(facts["rules"]) if kind == "override" else ():
            counted[rule]["overridden"] += 1
        if kind in ("appeal", "appeal_decision"):
            counted[facts["rule"]]["appealed" if kind == "appeal" else facts["ruling"]] += 1
    told = {
        each.rule: {name: count for name in each.__slots__ if name != "rule" and (count := getattr(each, name))}
        for each in found.rules
    }
    assert told == {rule: dict(counts) for rule, counts in counted.items()}
    fired = {rule for rule, counts in counted.items() if counts["fired"] or counts["shadow"]}
    assert set(found.never_fired) == {rule.id for rule in policy.rules} - fired
    missed = Counter((each["rule"], each["reason"]) for body in within for each in body["facts"].get("unchecked", []))
    assert {(each.rule, each.reason): each.checks for each in found.missed} == missed


def _hold_owners(found: Statistics, within: list[dict[str, Any]], bodies: list[dict[str, Any]]) -> None:
    hours = defaultdict(list)
    for body in within:
        if body["kind"] != "decision":
            continue
        same = [each for each in bodies if each["facts"].get("screening") == body["facts"]["screening"]]
        asked = [_at(each) for each in same if each["kind"] == "review"]
        owner = body["facts"]["owner"]
        passed = [_at(each) for each in same if each["kind"] == "passed" and each["facts"]["to"] == owner
                  and each["seq"] < body["seq"]]  # fmt: skip
        if asked:
            waited = _at(body) - (max(passed) if passed else asked[0])
            hours[owner].append(max(0.0, waited.total_seconds() / 3600))
    assert {each.owner: each.decisions for each in found.owners} == {owner: len(all_) for owner, all_ in hours.items()}
    assert [each.owner for each in found.owners] == sorted(hours)
    for each in found.owners:
        ordered = sorted(hours[each.owner])
        middle = len(ordered) // 2
        median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
        assert each.median_hours == pytest.approx(median, abs=0.01)
        assert each.p90_hours == pytest.approx(ordered[math.ceil(0.9 * len(ordered)) - 1], abs=0.01)


def _at(body: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(body["at"])


def _hold_knowing(found: Statistics, bodies: list[dict[str, Any]], policy: Policy, members: Members) -> None:
    last = {body["actor"]: body["facts"]["policy"] for body in bodies if body["kind"] == "acknowledgement"}
    knows = {person for person, revision in last.items() if revision == policy.revision}
    quiz = {body["actor"] for body in bodies if body["kind"] == "quiz" and body["facts"]["policy"] == policy.revision}
    assert found.acknowledgement == Knowing(None, len(members.teams), len(knows), len(quiz))
    assert all(each.people >= FEWEST for each in found.by_team)
    for each in found.by_team:
        if each.team is not None:
            own = {person for person, team in members.teams.items() if team == each.team}
            assert (each.people, each.acknowledged, each.quiz) == (len(own), len(own & knows), len(own & quiz))
    if found.by_team:
        assert sum(each.people for each in found.by_team) == len(members.teams)
        assert sum(each.acknowledged for each in found.by_team) == len(knows)


def _hold_teams(found: Statistics, checks: list[dict[str, Any]], period: Period, members: Members) -> None:
    by_month: dict[date, list[TeamMonth]] = defaultdict(list)
    for cell in found.teams:
        by_month[cell.month].append(cell)
    for month, cells in by_month.items():
        after = (month + timedelta(days=32)).replace(day=1)
        begins, ends = (datetime(day.year, day.month, 1, tzinfo=ROME) for day in (month, after))
        assert period.since is None or period.since <= begins
        assert ends <= min(period.until or NOW, NOW)
        own = [body for body in checks if _day(body).replace(day=1) == month]
        for cell in cells:
            writers = {body["actor"] for body in own if members.team(body["actor"]) == cell.team}
            assert cell.people >= FEWEST
            if cell.team is not None:
                assert cell.people == len(writers)
                ended = Counter(body["facts"]["outcome"] for body in own if body["actor"] in writers)
                assert {name: getattr(cell.counts, name) for name in OUTCOMES} == {n: ended[n] for n in OUTCOMES}
        # Nothing can be told by taking what is shown from the whole.
        assert sum(cell.people for cell in cells) == len({body["actor"] for body in own})
        assert sum(sum(getattr(cell.counts, name) for name in OUTCOMES) for cell in cells) == len(own)


# --- Small groups ----------------------------------------------------------------------------------------------------


def _people(**sizes: int) -> dict[str, str | None]:
    return {f"{team}{each}": None if team == "none" else team for team, size in sizes.items() for each in range(size)}


@pytest.mark.parametrize(
    ("teams", "shown"),
    [
        (_people(nord=5, sud=7), {"nord": 5, "sud": 7}),
        (_people(nord=6, sud=3, est=2), {"nord": 6, None: 5}),
        (_people(nord=6, sud=3, est=1), {}),
        (_people(nord=6, none=1), {}),
        (_people(nord=6, none=4, sud=4), {"nord": 6, None: 8}),
        (_people(nord=4), {}),
        (_people(nord=3, sud=3), {None: 6}),
        ({}, {}),
    ],
)
def test_small_groups_are_merged_or_nothing_is_shown(
    teams: dict[str, str | None], shown: dict[str | None, int]
) -> None:
    assert Counter(grouped(teams, teams.keys()).values()) == shown


@given(st.dictionaries(st.integers(0, 60).map(str), st.sampled_from(["a", "b", "c", "d", None]), max_size=40))
def test_no_group_and_no_difference_is_small(teams: dict[str, str | None]) -> None:
    groups = grouped(teams, teams.keys())
    sizes = Counter(groups.values())
    assert all(size >= FEWEST for size in sizes.values())
    # Of whatever is shown, what the whole leaves beside it is nothing at all or at least as many.
    assert not groups or len(groups) == len(teams)


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), [1, 2, 3]),
        (date(2026, 1, 2), date(2026, 3, 31), [2, 3]),
        (date(2026, 1, 1), date(2026, 3, 30), [1, 2]),
        (date(2026, 2, 1), date(2026, 2, 28), [2]),
        (date(2026, 2, 2), date(2026, 2, 28), []),
        (date(2026, 12, 1), date(2026, 12, 31), [12]),
    ],
)
def test_months_are_whole(first: date, last: date, months: list[int]) -> None:
    assert [month.month for month in whole_months(first, last)] == months
    assert all(month.day == 1 for month in whole_months(first, last))


def test_a_month_under_way_is_not_told_by_team(index: Index, store: Store, policy: Policy, say: Say) -> None:
    for who in range(6):
        say(("screening", who, 15.0, 4))  # in February
    february = Period(None, None, ROME)
    during, after = datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert statistics_of(index, store, policy, february, during).teams == ()
    told = statistics_of(index, store, policy, february, after).teams
    assert told == (TeamMonth(date(2026, 2, 1), None, 6, Counts(clear=6)),)
    since = Period(datetime(2026, 2, 1, 1, tzinfo=ROME), None, ROME)
    assert statistics_of(index, store, policy, since, after).teams == ()


@pytest.mark.parametrize("table", ["person", "identity"])
def test_whoever_is_gone_is_neither_a_difference_nor_another_one_of_five(
    index: Index, store: Store, policy: Policy, say: Say, persons: list[str], table: str
) -> None:
    for who in range(5):
        Teams(store).label(persons[who], "nord")
        say(("screening", who, 15.0, 4))  # in February
    [month] = statistics_of(index, store, policy, ALWAYS, NOW).teams
    assert (month.team, month.people) == ("nord", 5)
    with store.write() as session:
        column = "id" if table == "person" else "person"
        session.connection().execute(text("DELETE FROM identity WHERE person = :who"), {"who": persons[0]})
        session.connection().execute(text(f"DELETE FROM {table} WHERE {column} = :who"), {"who": persons[0]})
    assert statistics_of(index, store, policy, ALWAYS, NOW).teams == ()


def test_an_account_taken_away_does_not_change_what_is_told_of_a_month(
    index: Index, store: Store, policy: Policy, say: Say, persons: list[str]
) -> None:
    for who in range(6):
        say(("screening", who, 15.0, 4))
    with store.write() as session:
        session.connection().execute(text("DELETE FROM identity WHERE person = :who"), {"who": persons[0]})
    assert statistics_of(index, store, policy, ALWAYS, NOW).teams == (
        TeamMonth(date(2026, 2, 1), None, 5, Counts(clear=6)),
    )


def test_private_drafts_are_a_count(index: Index, store: Store, policy: Policy, prescreen: Prescreen) -> None:
    prescreen(Draft(text="Cretino", author="slack:T1:U1", account=Account.PRIVATE), at=START)
    assert statistics_of(index, store, policy, ALWAYS, NOW).private == 1
    assert statistics_of(index, store, policy, Period(START + timedelta(days=1), None, ROME), NOW).private == 0
    assert statistics_of(index, store, policy, Period(None, datetime(2026, 1, 20, tzinfo=UTC), ROME), NOW).private == 0
    assert statistics_of(index, store, policy, ALWAYS, NOW).checks == 0


def test_whoever_linked_an_account_is_one_person(
    index: Index, store: Store, policy: Policy, people: People, ledger: Ledger
) -> None:
    before, anna = people.person("telegram:1"), people.person("slack:T1:ANNA")
    ledger.append("acknowledgement", subject="k_1", facts={"policy": policy.revision}, actor=before)
    people.link("telegram:1", people.new_code(anna, NOW), NOW)
    assert statistics_of(index, store, policy, ALWAYS, NOW).acknowledgement == Knowing(None, 1, 1, 0)


# --- Labels ----------------------------------------------------------------------------------------------------------


def test_a_label_lies_with_the_person_and_goes_with_them(store: Store, people: People) -> None:
    teams, anna = Teams(store), people.person("slack:T1:ANNA")
    teams.label(anna, "  Vendite   Nord ")
    assert teams.members().team(anna) == "Vendite Nord"
    teams.label(anna, None)
    assert teams.members().team(anna) is None
    with store.write() as session:
        session.connection().execute(text("DELETE FROM identity"))
        session.connection().execute(text("DELETE FROM person"))
    assert teams.members().teams == {}


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x07b"])
def test_what_is_no_label(store: Store, people: People, name: str) -> None:
    with pytest.raises(NoTeam):
        Teams(store).label(people.person("slack:T1:ANNA"), name)


def test_nobody_has_no_label(store: Store) -> None:
    with pytest.raises(LookupError):
        Teams(store).label("p_nobody", "Nord")
