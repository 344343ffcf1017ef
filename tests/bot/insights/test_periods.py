"""Months, quarters and days are whole ones of the reader's, whatever was typed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.insights.periods import (
    NoPeriod,
    chosen,
    quarter_of,
    recent_months,
    recent_quarters,
    today_in,
    week_of,
    weeks_until,
)

ROME = ZoneInfo("Europe/Rome")
TODAY = date(2026, 11, 26)
DAYS = st.dates(date(2000, 1, 1), date(2999, 12, 31))


def days(name: str, since: str = "", until: str = "") -> tuple[date, date]:
    found = chosen(name, since, until, TODAY, ROME)
    return found.first, found.last


def test_each_is_its_days() -> None:
    assert days("2026-02") == (date(2026, 2, 1), date(2026, 2, 28))
    assert days("2026-12") == (date(2026, 12, 1), date(2026, 12, 31))
    assert days("2026-Q1") == (date(2026, 1, 1), date(2026, 3, 31))
    assert days("") == (date(2026, 10, 1), date(2026, 12, 31))
    assert days("dates", "2025-01-01", "2026-01-01") == (date(2025, 1, 1), date(2026, 1, 1))
    assert days("dates", "2026-11-02", "2026-11-02") == (date(2026, 11, 2), date(2026, 11, 2))


def test_a_day_is_one_of_the_readers() -> None:
    period = chosen("2026-10", "", "", TODAY, ROME).period
    assert period.since == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert period.until == datetime(2026, 10, 31, 23, tzinfo=UTC)


@settings(deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_what_is_no_period_is_said_to_be_none(name: str, since: str, until: str) -> None:
    try:
        found = chosen(name, since, until, TODAY, ROME)
    except NoPeriod:
        return
    assert found.first <= found.last


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("", ""),
        ("2026-11-05", "2026-11-01"),
        ("0001-01-01", "2026-01-01"),
        ("2026-01-01", "9999-12-31"),
        ("x", "y"),
        ("2025-01-01", "2026-01-02"),
    ],
)
def test_days_that_make_no_stretch_are_refused(since: str, until: str) -> None:
    with pytest.raises(NoPeriod):
        chosen("dates", since, until, TODAY, ROME)


@settings(deadline=None)
@given(DAYS)
def test_what_can_be_chosen_is_recent_and_ends_with_today(today: date) -> None:
    if today.year < 2003:
        return
    months, quarters = recent_months(today), recent_quarters(today)
    assert quarters[0] == quarter_of(today)
    assert months[0] == f"{today:%Y-%m}"
    for name in (*months, *quarters):
        assert chosen(name, "", "", today, ROME).first <= today


@settings(deadline=None)
@given(DAYS, st.integers(1, 20))
def test_weeks_begin_on_mondays_and_follow_one_another(today: date, count: int) -> None:
    mondays = weeks_until(today, count)
    assert len(mondays) == count
    assert all(monday.weekday() == 0 for monday in mondays)
    assert mondays[-1] <= today < mondays[-1] + timedelta(weeks=1)
    assert {later - sooner for sooner, later in pairwise(mondays)} <= {timedelta(weeks=1)}


def test_a_week_has_an_hour_more_when_the_clock_is_turned_back() -> None:
    week = week_of(date(2026, 10, 19), ROME)
    assert week.since is not None
    assert week.until is not None
    assert week.until - week.since == timedelta(weeks=1, hours=1)
    assert today_in(ROME, datetime(2026, 10, 25, 23, 30, tzinfo=UTC)) == date(2026, 10, 26)
