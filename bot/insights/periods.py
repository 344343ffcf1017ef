"""The stretches of time that can be chosen: a month, a quarter, days from and to; and weeks that are over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from bot.audit.filters import day_begins
from bot.audit.groups import next_month
from bot.audit.statistics import Period

MONTHS: Final = 12
QUARTERS: Final = 8
DAYS: Final = "dates"
LONGEST: Final = timedelta(days=366)
"""Of days from and to: whoever waits for a page is not to count years of a large record. The command does."""

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_YEARS = range(2000, 3000)
"""In which a day has a day after it, and one before, in every zone."""


class NoPeriod(ValueError):
    """What was asked for is no stretch of time."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whole days in `zone`, both included."""

    name: str
    """`2026-11`, `2026-Q4`, or `dates`."""
    first: date
    last: date
    zone: tzinfo

    @property
    def period(self) -> Period:
        return Period(
            day_begins(self.first, self.zone), day_begins(self.last + timedelta(days=1), self.zone), self.zone
        )


def chosen(name: str, since: str, until: str, today: date, zone: tzinfo) -> Chosen:
    """What was asked for; nothing at all means the quarter that it is. Raises `NoPeriod`."""
    name = name or quarter_of(today)
    if found := _MONTH.fullmatch(name):
        return _months(name, _day(int(found[1]), int(found[2])), 1, zone)
    if found := _QUARTER.fullmatch(name):
        return _months(name, _day(int(found[1]), 3 * int(found[2]) - 2), 3, zone)
    if name != DAYS:
        raise NoPeriod
    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        raise NoPeriod from None
    if first > last or last - first >= LONGEST or first.year not in _YEARS or last.year not in _YEARS:
        raise NoPeriod
    return Chosen(DAYS, first, last, zone)


def quarter_of(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def recent_months(today: date) -> Sequence[str]:
    """The newest first."""
    days = [today.replace(day=1)]
    while len(days) < MONTHS:
        days.append((days[-1] - timedelta(days=1)).replace(day=1))
    return [f"{day:%Y-%m}" for day in days]


def recent_quarters(today: date) -> Sequence[str]:
    """The newest first."""
    whole = today.year * 4 + (today.month - 1) // 3
    return [f"{each // 4}-Q{each % 4 + 1}" for each in range(whole, whole - QUARTERS, -1)]


def weeks_until(today: date, count: int) -> Sequence[date]:
    """The Mondays of the `count` last weeks, the one that it is included; the oldest first."""
    monday = today - timedelta(days=today.weekday())
    return [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]


def week_of(monday: date, zone: tzinfo) -> Period:
    return Period(day_begins(monday, zone), day_begins(monday + timedelta(weeks=1), zone), zone)


def today_in(zone: tzinfo, now: datetime) -> date:
    return now.astimezone(zone).date()


def _months(name: str, first: date, count: int, zone: tzinfo) -> Chosen:
    after = first
    for _ in range(count):
        after = next_month(after)
    return Chosen(name, first, after - timedelta(days=1), zone)


def _day(year: int, month: int) -> date:
    if year not in _YEARS:
        raise NoPeriod
    return date(year, month, 1)
