"""Every figure is what the statistics say, to the last number: in its table, its export and its chart."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audit.cells import Separator, said
from bot.audit.counts import Counts, Knowing, Missed, OwnerTime, RuleCounts, Statistics, Stretch, TeamMonth
from bot.insights.figures import MOST, By, Figure, figures_of
from bot.wording import Wording

COUNT = st.integers(0, 9_999)
NAME = st.sampled_from(["tone.jargon", "=cmd|' /C calc'!A0", "confidential.code", "<b>x</b>", "legal;=1", "@sum", "è"])
DAY = st.dates(date(2020, 1, 1), date(2030, 1, 1))
STRETCHES = st.lists(st.builds(Stretch, DAY, st.builds(Counts, COUNT, COUNT, COUNT, COUNT)), max_size=14).map(tuple)
KNOWING = st.builds(Knowing, st.none() | NAME, COUNT, COUNT, COUNT)


def many(one: Any, most: int = 14) -> Any:
    return st.lists(one, max_size=most).map(tuple)


@st.composite
def statistics(draw: Any) -> Statistics:
    checks = draw(COUNT)
    return Statistics(
        policy="prova@0", checks=checks, complete=draw(st.integers(0, checks)), private=draw(COUNT),
        days=draw(STRETCHES), weeks=draw(STRETCHES), months=draw(STRETCHES),
        teams=draw(many(st.builds(TeamMonth, DAY, st.none() | NAME, COUNT, st.builds(Counts, *[COUNT] * 4)))),
        rules=draw(many(st.builds(RuleCounts, NAME, *[COUNT] * 8))), never_fired=(),
        owners=draw(many(st.builds(OwnerTime, NAME, COUNT, st.floats(0, 99).map(lambda hours: round(hours, 2)),
                                   st.floats(0, 99).map(lambda hours: round(hours, 2))))),
        missed=draw(many(st.builds(Missed, NAME, NAME, COUNT))), acknowledgement=draw(KNOWING),
        by_team=draw(many(KNOWING)),
    )  # fmt: skip


def by_name(found: Statistics, by: By, language: str = "it") -> dict[str, Figure]:
    return {figure.name: figure for figure in figures_of(found, by, Wording(language))}


def counted(figure: Figure) -> list[tuple[object, ...]]:
    return sorted((row for row in figure.rows), key=str)


@settings(deadline=None)
@given(statistics(), st.sampled_from(By))
def test_tables_are_what_the_statistics_say(found: Statistics, by: By) -> None:
    said, figures = json.loads(found.json()), by_name(found, by)
    ended = ("clear", "revise", "review", "block")

    def rows(name: str) -> list[list[object]]:
        return [[cell.isoformat() if isinstance(cell, date) else cell for cell in row] for row in figures[name].rows]

    assert rows("outcomes") == [[one["begins"], *(one["counts"][key] for key in ended)] for one in said[f"{by.value}s"]]
    assert rows("teams") == [
        [one["month"], one["team"] or "gli altri", one["people"], *(one["counts"][key] for key in ended)]
        for one in said["teams"]
    ]
    keys = ("rule", "fired", "shadow", "dismissed", "unchecked", "overridden")
    assert sorted(rows("rules"), key=str) == sorted(([one[key] for key in keys] for one in said["rules"]), key=str)
    heard = ("appealed", "overturned", "upheld")
    assert sorted(rows("appeals"), key=str) == sorted(
        ([one[key] for key in ("rule", *heard)] for one in said["rules"] if any(one[key] for key in heard)), key=str
    )
    coverage = [row[1] for row in rows("coverage")]
    assert coverage == ([said["complete"], said["checks"] - said["complete"]] if said["checks"] else [])
    assert sorted(rows("missed"), key=str) == sorted((list(one.values()) for one in said["missed"]), key=str)
    assert sorted(rows("decisions"), key=str) == sorted((list(one.values()) for one in said["owners"]), key=str)
    everybody = said["acknowledgement"]
    known = [[one["team"] or "gli altri", *list(one.values())[1:]] for one in said["by_team"]]
    known += [["tutti", *list(everybody.values())[1:]]] if everybody["people"] else []
    assert rows("knowing") == known


@settings(deadline=None)
@given(statistics(), st.sampled_from(By), st.sampled_from(["it", "en"]), st.sampled_from(Separator))
def test_an_export_has_the_same_numbers_and_no_formula(
    found: Statistics, by: By, language: str, separator: Separator
) -> None:
    for figure in figures_of(found, by, Wording(language)):
        text = figure.csv(separator)
        assert text.startswith("\ufeff")
        assert not re.search(r"(?:\A|[,;|\t\r\n])[\"\s]*[=+@]", text[1:])
        heading, *rows = csv.reader(io.StringIO(text[1:], newline=""), delimiter=separator.sign)
        assert heading == [column.key for column in figure.columns]
        assert len(rows) == len(figure.rows)
        for written, row in zip(rows, figure.rows, strict=True):
            for cell, told in zip(written, row, strict=True):
                if isinstance(told, int | float):
                    assert float(cell.replace("," if separator is Separator.SEMICOLON else ".", ".")) == told
                elif isinstance(told, str):
                    assert said(cell) == told


@settings(deadline=None)
@given(statistics(), st.sampled_from(By))
def test_what_is_drawn_stands_in_the_table(found: Statistics, by: By) -> None:
    for figure in figures_of(found, by, Wording("en")):
        if figure.chart is None:
            continue
        numbers = [tuple(cell for cell in row if isinstance(cell, int | float)) for row in figure.rows]
        for drawn in figure.chart.values:
            assert any(_follow_one_another(drawn, row) for row in numbers), figure.name
        if not figure.chart.is_upright:
            assert len(figure.chart.names) <= MOST


def _follow_one_another(drawn: tuple[float, ...], row: tuple[float, ...]) -> bool:
    return any(row[at : at + len(drawn)] == drawn for at in range(len(row) - len(drawn) + 1))


@pytest.mark.parametrize("language", ["it", "en"])
def test_of_nothing_there_are_no_rows_and_no_charts(language: str) -> None:
    nobody = Knowing(None, 0, 0, 0)
    empty = Statistics("prova@0", 0, 0, 0, (), (), (), (), (), (), (), (), nobody, ())
    for figure in figures_of(empty, By.WEEK, Wording(language)):
        assert figure.rows == ()
        assert figure.name == "outcomes" or figure.chart is None


def test_numbers_and_days_are_written_as_the_reader_writes_them() -> None:
    hours = Statistics("prova@0", 0, 0, 0, (), (), (), (), (), (), (OwnerTime("legal", 1200, 1.5, 2.25),), (),
                       Knowing(None, 0, 0, 0), ())  # fmt: skip
    figure = by_name(hours, By.DAY)["decisions"]
    assert figure.shown(figure.rows[0], "it") == ["legal", "1.200", "1,5", "2,25"]
    assert figure.shown(figure.rows[0], "en") == ["legal", "1,200", "1.5", "2.25"]
