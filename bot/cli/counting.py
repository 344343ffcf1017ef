"""`vaglio audit stats`: what the record says in numbers, and of nobody by themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table

from bot.audit.counts import Counts, RuleCounts, Statistics
from bot.audit.index import Index
from bot.audit.statistics import Period, statistics_of
from bot.cli.audit import Json, audit
from bot.cli.build import Record, open_policy, terminal, tongue
from bot.cli.filtering import Days, Since, Until
from bot.naming import outcome_name
from bot.settings import read_settings
from bot.wording import Wording
from rules.verdict import Outcome

_MOST = 10
"""Rules that are shown of each kind; --json has all."""


class By(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@audit.command()
def stats(
    since: Since = None,
    until: Until = None,
    by: Annotated[By, typer.Option(help="How outcomes are shown over time.")] = By.MONTH,
    as_json: Json = False,
) -> int:
    """What the record says in numbers: outcomes, rules, owners, what was not checked, who knows the policy."""
    settings = read_settings()
    days = Days.of(since, until, settings)
    policy = open_policy(settings)
    record = Record.open(settings)
    period = Period(days.since, days.until, policy.zone)
    found = statistics_of(Index(record.store, record.ledger), record.store, policy, period, datetime.now(UTC))
    if as_json:
        sys.stdout.write(found.json() + "\n")
        return 0
    wording = Wording(tongue(settings))
    for title, table, more in _tables(found, by, wording):
        if table.row_count:
            below = wording.count("{number} more: --json", "{number} more: --json", more) + "\n" if more else ""
            terminal().print(f"{title}\n", table, below, sep="")
    for line in _lines(found, wording):
        terminal().print(line)
    return 0


def _tables(found: Statistics, by: By, wording: Wording) -> Iterator[tuple[str, Table, int]]:
    """Each with its title, and how many rows of it are not shown."""
    say = wording.say
    stretches = {By.DAY: found.days, By.WEEK: found.weeks, By.MONTH: found.months}[by]
    rows: Iterable[Sequence[object]] = [(_begins(each.begins, by), *_ended(each.counts)) for each in stretches]
    yield say("Outcomes"), _table([say("From"), *_outcomes(wording)], rows), 0
    rows = [
        (_begins(each.month, By.MONTH), each.team or say("others"), each.people, *_ended(each.counts))
        for each in found.teams
    ]
    yield (
        say("Outcomes by team, in whole months, of five people or more"),
        _table([say("Month"), say("Team"), say("People"), *_outcomes(wording)], rows),
        0,
    )
    yield say("Rules that found something most"), *_top(found.rules, lambda each: each.fired, wording)
    yield say("Rules most published in spite of"), *_top(found.rules, lambda each: each.overridden, wording)
    yield say("Rules most disagreed with"), *_top(found.rules, lambda each: each.appealed, wording)
    yield say("Rules most overturned"), *_top(found.rules, lambda each: each.overturned, wording)
    rows = [(each.owner, each.decisions, each.median_hours, each.p90_hours) for each in found.owners]
    headings = [say("Owner"), say("Decisions"), say("Half within"), say("Nine of ten within")]
    yield say("Hours until an owner decides"), _table(headings, rows), 0
    rows = [(each.rule, each.reason, each.checks) for each in found.missed]
    yield say("Not checked"), _table([say("Rule"), say("Why"), say("Checks")], rows), 0
    known = [(each.team or say("others"), each.people, each.acknowledged, each.quiz) for each in found.by_team]
    yield (
        say("Who knows the policy in force"),
        _table([say("Team"), say("People"), say("Acknowledged"), say("Quiz")], known),
        0,
    )


def _lines(found: Statistics, wording: Wording) -> Iterator[str]:
    say, known = wording.say, found.acknowledgement
    yield say("Checks: {checks}; everything that applied was looked at in {complete}.",
              checks=found.checks, complete=found.complete)  # fmt: skip
    yield say("Private drafts, of which only this count was kept: {count}.", count=found.private)
    yield say("Policy in force: {policy}. Of {people} people {acknowledged} acknowledged it, and {quiz} did its quiz.",
              policy=found.policy, people=known.people, acknowledged=known.acknowledged,
              quiz=known.quiz)  # fmt: skip
    if found.never_fired:
        rest = len(found.never_fired) - _MOST
        more = [wording.count("{number} more: --json", "{number} more: --json", rest)] if rest > 0 else []
        named = ", ".join([*found.never_fired[:_MOST], *more])
        yield wording.count(
            "One rule of it found nothing: {rules}", "{number} rules of it found nothing: {rules}",
            len(found.never_fired), rules=named,
        )  # fmt: skip


def _top(rules: Iterable[RuleCounts], count: Callable[[RuleCounts], int], wording: Wording) -> tuple[Table, int]:
    every = sorted((each for each in rules if count(each)), key=lambda each: (-count(each), each.rule))
    rows = [(each.rule, count(each)) for each in every[:_MOST]]
    return _table([wording.say("Rule"), wording.say("Entries")], rows), max(0, len(every) - _MOST)


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        # Nothing is cut: who reads a rule's name looks for it elsewhere.
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(str, row))
    return table


def _outcomes(wording: Wording) -> list[str]:
    return [outcome_name(outcome, wording) for outcome in Outcome]


def _ended(counts: Counts) -> tuple[int, ...]:
    return counts.clear, counts.revise, counts.review, counts.block


def _begins(day: date, by: By) -> str:
    return day.isoformat()[:7] if by is By.MONTH else day.isoformat()
