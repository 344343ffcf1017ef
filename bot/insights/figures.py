"""The record's numbers as figures: each a table, and what of it is drawn; as many as `vaglio audit stats` prints."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal

from bot.audit.cells import Separator, inert
from bot.audit.counts import Counts, Knowing, RuleCounts, Statistics
from bot.insights.drawing import Chart
from bot.naming import outcome_name
from bot.wording import Wording
from rules.verdict import Outcome

MOST: Final = 10
"""Rows of a list that are drawn: the table has all."""

Cell = str | int | float | date
Row = tuple[Cell, ...]


class By(StrEnum):
    """By which stretches outcomes are counted."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is what an export calls it, in every language; `name` is what a page does."""

    key: str
    name: str
    is_month: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A table, and its chart; no rows: there is nothing to be counted yet."""

    name: str
    """As in the address of its export."""
    title: str
    says: str
    """One sentence for whoever reads it for the first time."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    chart: Chart | None

    def shown(self, row: Sequence[Cell], language: str) -> list[str]:
        """A row's cells as a page shows them."""
        return [_shown(cell, column, language) for cell, column in zip(row, self.columns, strict=True)]

    def csv(self, separator: Separator = Separator.COMMA) -> str:
        """With the keys as its heading, and the mark by which Excel knows UTF-8; no piece of it is a formula."""
        written = io.StringIO("\ufeff")
        written.seek(1)
        writer = csv.writer(written, delimiter=separator.sign)
        writer.writerow([column.key for column in self.columns])
        writer.writerows([[_plain(cell, separator) for cell in row] for row in self.rows])
        return written.getvalue()


def figures_of(
    found: Statistics, by: By, wording: Wording, owners: Mapping[str, str] | None = None
) -> tuple[Figure, ...]:
    """In the order in which a page has them. `owners`: what each is called; one that is gone goes by its id."""
    return (
        _outcomes(found, by, wording),
        _teams(found, wording),
        _rules(found, wording),
        _appeals(found, wording),
        _coverage(found, wording),
        _missed(found, wording),
        _decisions(found, wording, owners or {}),
        _knowing(found, wording),
    )


def _outcomes(found: Statistics, by: By, wording: Wording) -> Figure:
    say = wording.say
    stretches = {By.DAY: found.days, By.WEEK: found.weeks, By.MONTH: found.months}[by]
    columns = (Column("from", say("From"), is_month=by is By.MONTH), *_ends(wording))
    rows: tuple[Row, ...] = tuple((each.begins, *_ended(each.counts)) for each in stretches)
    title = say("Outcomes over time")
    form = "LLL yy" if by is By.MONTH else "d MMM"
    names = tuple(format_date(each.begins, form, wording.language) for each in stretches)
    chart = Chart("outcomes", title, _named(columns[1:]), names, _values(rows, 1), is_upright=True, is_stacked=True)
    return Figure("outcomes", title, say("How the checks of each stretch ended."), columns, rows, chart)


def _teams(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (
        Column("month", say("Month"), is_month=True), Column("team", say("Team")), Column("people", say("People")),
        *_ends(wording),
    )  # fmt: skip
    rows: tuple[Row, ...] = tuple(
        (each.month, each.team or say("others"), each.people, *_ended(each.counts)) for each in found.teams
    )
    title = say("Outcomes by team")
    month = max((each.month for each in found.teams), default=date.min)
    drawn = say("Outcomes by team, {month}", month=format_date(month, "LLLL y", wording.language))
    last = [row for row in rows if row[0] == month]
    chart = _listed("teams", drawn, columns[3:], last, 1, wording, skip=3, is_stacked=True)
    says = say("Whole months that are over, and only groups of five people or more. The chart has the last month.")
    return Figure("teams", title, says, columns, rows, chart)


def _rules(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (
        Column("rule", say("Rule")), Column("fired", say("Found")), Column("shadow", say("On trial")),
        Column("dismissed", say("Dismissed")), Column("unchecked", say("Not checked")),
        Column("overridden", say("Published anyway")),
    )  # fmt: skip
    every = sorted(found.rules, key=lambda each: (-each.fired, each.rule))
    rows = tuple(
        (each.rule, each.fired, each.shadow, each.dismissed, each.unchecked, each.overridden) for each in every
    )
    title = say("Rules")
    chart = _listed("rules", title, columns[1:2], [row for row in rows if row[1]], 0, wording)
    return Figure("rules", title, say("In how many checks each rule found something."), columns, rows, chart)


def _appeals(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (
        Column("rule", say("Rule")), Column("appealed", say("Appeals")), Column("overturned", say("Writer was right")),
        Column("upheld", say("Rule was right")),
    )  # fmt: skip

    def total(each: RuleCounts) -> int:
        return each.appealed + each.overturned + each.upheld

    every = sorted((each for each in found.rules if total(each)), key=lambda each: (-total(each), each.rule))
    rows = tuple((each.rule, each.appealed, each.overturned, each.upheld) for each in every)
    title = say("Appeals")
    says = say("Where writers disagreed, and what was decided: in this period, also of older appeals.")
    return Figure("appeals", title, says, columns, rows, _listed("appeals", title, columns[1:], rows, 0, wording))


def _coverage(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (Column("state", say("Checks")), Column("checks", say("How many")))
    rows = (
        ((say("everything was looked at"), found.complete), (say("something was not"), found.checks - found.complete))
        if found.checks
        else ()
    )
    title = say("Coverage")
    says = say("Checks in which every rule that applied could run.")
    return Figure("coverage", title, says, columns, rows, _listed("coverage", title, columns[1:], rows, 0, wording))


def _missed(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (Column("rule", say("Rule")), Column("reason", say("Why")), Column("checks", say("Checks")))
    every = sorted(found.missed, key=lambda each: (-each.checks, each.rule, each.reason))
    rows = tuple((each.rule, each.reason, each.checks) for each in every)
    title = say("Not checked")
    drawn = tuple((f"{rule} ({reason})", checks) for rule, reason, checks in rows)
    says = say("Rules that applied and could not run.")
    return Figure("missed", title, says, columns, rows, _listed("missed", title, columns[2:], drawn, 0, wording))


def _decisions(found: Statistics, wording: Wording, names: Mapping[str, str]) -> Figure:
    say = wording.say
    columns = (
        Column("owner", say("Owner")), Column("decisions", say("Decisions")),
        Column("median_hours", say("Half within, hours")), Column("p90_hours", say("Nine of ten within, hours")),
    )  # fmt: skip
    every = sorted(found.owners, key=lambda each: (-each.median_hours, each.owner))
    rows = tuple(
        (names.get(each.owner, each.owner), each.decisions, each.median_hours, each.p90_hours) for each in every
    )
    title = say("Time to decision")
    chart = _listed("decisions", title, columns[2:], rows, 0, wording, skip=2)
    says = say("Hours by the clock, nights and holidays among them, from when an owner was asked.")
    return Figure("decisions", title, says, columns, rows, chart)


def _knowing(found: Statistics, wording: Wording) -> Figure:
    say = wording.say
    columns = (
        Column("team", say("Team")), Column("people", say("People")), Column("acknowledged", say("Acknowledged")),
        Column("quiz", say("Quiz")),
    )  # fmt: skip

    def row(each: Knowing, name: str) -> Row:
        return name, each.people, each.acknowledged, each.quiz

    everybody = found.acknowledgement
    rows = (
        *(row(each, each.team or say("others")) for each in found.by_team),
        *([row(everybody, say("everybody"))] if everybody.people else []),
    )
    title = say("Who knows the policy in force")
    chart = _listed("knowing", title, columns[1:], rows, 0, wording)
    says = say("As it stands now, whatever the period; of groups of five people or more.")
    return Figure("knowing", title, says, columns, rows, chart)


def _listed(
    id: str, title: str, series: Sequence[Column], rows: Iterable[Sequence[Cell]], name: int, wording: Wording,
    *, skip: int = 1, is_stacked: bool = False,
) -> Chart | None:  # fmt: skip
    """A row of bars for each of the first rows; `skip`: cells before the numbers that are drawn."""
    drawn = list(rows)[:MOST]
    values = tuple(row[: len(series)] for row in _values(drawn, skip))
    if not any(any(row) for row in values):
        return None
    told = tuple(" · ".join(format_decimal(value, locale=wording.language) for value in row) for row in values)
    return Chart(id, title, _named(series), tuple(str(row[name]) for row in drawn), values, told, is_stacked=is_stacked)


def _values(rows: Iterable[Sequence[Cell]], skip: int) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(cell for cell in row[skip:] if isinstance(cell, int | float)) for row in rows)


def _named(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _ends(wording: Wording) -> Sequence[Column]:
    return [Column(outcome.value, outcome_name(outcome, wording)) for outcome in Outcome]


def _ended(counts: Counts) -> tuple[int, ...]:
    return counts.clear, counts.revise, counts.review, counts.block


def _shown(cell: Cell, column: Column, language: str) -> str:
    if isinstance(cell, date):
        return format_date(cell, "LLLL y" if column.is_month else "d MMM y", language)
    return cell if isinstance(cell, str) else format_decimal(cell, locale=language)


def _plain(cell: Cell, separator: Separator) -> str:
    return cell.isoformat() if isinstance(cell, date) else inert(cell, separator)
