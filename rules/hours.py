"""When an owner is there, and when a stretch of their open time is over: across nights, holidays and clock changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

ALWAYS: Final = "24x7"
FEASTS: Final = {
    "good-friday": -2,
    "easter": 0,
    "easter-monday": 1,
    "ascension": 39,
    "whit-monday": 50,
    "corpus-christi": 60,
}
"""Holidays that move with Easter, and how many days after it they are."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTES = 24 * 60
_WEEK = 7 * _MINUTES
_SOUGHT = 3_653
"""Days that are searched: ten years."""

_TIME = "(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
_WATCH = rf"({'|'.join(_DAYS)})(-({'|'.join(_DAYS)}))? {_TIME}-{_TIME}"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

WrittenHours = Annotated[str, StringConstraints(pattern=rf"^({ALWAYS}|{_WATCH}(, {_WATCH})*)$")]
WrittenHoliday = Annotated[
    str, StringConstraints(pattern=rf"^({_DATE}(\.\.{_DATE})?|[0-9]{{2}}-[0-9]{{2}}|{'|'.join(FEASTS)})$")
]


class NeverOpen(LookupError):
    """There is not that much open time within ten years: the rota never opens, or holidays take all of it."""

    def __init__(self) -> None:
        super().__init__("not that much open time within ten years: look at the owner's `hours` and `holidays`")


@dataclass(frozen=True, slots=True)
class Shift:
    """Minutes from the midnight with which its day begins; one that runs over midnight ends after 1,440."""

    start: int
    end: int
    written: str
    """Its times as the policy has them."""

    @property
    def is_empty(self) -> bool:
        return self.start == self.end


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days off: single ones, those of every year, ranges with both ends, and those that move with Easter."""

    days: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    """Month and day."""
    ranges: tuple[tuple[date, date], ...] = ()
    after_easter: frozenset[int] = frozenset()

    @classmethod
    def of(cls, written: Iterable[str]) -> Self:
        """Raises `ValueError` for a day that no calendar has, such as `02-30`."""
        days, yearly, ranges, moving = set[date](), set[tuple[int, int]](), list[tuple[date, date]](), set[int]()
        for entry in written:
            first, _, last = entry.partition("..")
            if entry in FEASTS:
                moving.add(FEASTS[entry])
            elif last:
                ranges.append((date.fromisoformat(first), date.fromisoformat(last)))
            elif len(entry) == len("12-25"):
                # 2000 was a leap year: every day that there is at all was in it.
                day = date.fromisoformat(f"2000-{entry}")
                yearly.add((day.month, day.day))
            else:
                days.add(date.fromisoformat(entry))
        return cls(frozenset(days), frozenset(yearly), tuple(ranges), frozenset(moving))

    @property
    def are_in_order(self) -> bool:
        """Whether each range ends no earlier than it begins."""
        return all(first <= last for first, last in self.ranges)

    def __contains__(self, day: date) -> bool:
        return (
            day in self.days
            or (day.month, day.day) in self.yearly
            or any(first <= day <= last for first, last in self.ranges)
            or (bool(self.after_easter) and (day - easter(day.year)).days in self.after_easter)
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """One owner's open time. Moments are aware; those that are answered are in UTC.

    A shift belongs to the day on which it begins, also where that or the next is a holiday: the night before one is
    worked to its end. Times that the clocks skip are read as calendars do (RFC 5545); of those that come twice the
    first counts.
    """

    week: tuple[tuple[Shift, ...], ...]
    """Of each day, from Monday on."""
    holidays: Holidays
    zone: ZoneInfo

    @classmethod
    def of(cls, hours: WrittenHours, holidays: Iterable[WrittenHoliday], zone: ZoneInfo) -> Self:
        return cls(_week(hours), Holidays.of(holidays), zone)

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._stretches(at, days=2))

    def opens_after(self, at: datetime) -> datetime:
        """The first moment from `at` on at which the owner is there: `at` itself if they are. Raises `NeverOpen`."""
        for start, _ in self._stretches(at):
            return start
        raise NeverOpen

    def after(self, at: datetime, span: timedelta) -> datetime:
        """The first moment at which `span` of open time has passed since `at`. Raises `NeverOpen`.

        A span that is over when a shift is over ends with it, and not when the next one begins.
        """
        if span < timedelta():
            raise ValueError("a span of time cannot be negative")
        if not span:
            return at.astimezone(UTC)
        for start, end in self._stretches(at):
            if span <= end - start:
                return start + span
            span -= end - start
        raise NeverOpen

    def _stretches(self, at: datetime, *, days: int = _SOUGHT) -> Iterator[tuple[datetime, datetime]]:
        """What is open from `at` on, in order, none over another; one stretch may begin where the last one ends."""
        if at.tzinfo is None:
            raise ValueError("a moment without a time zone")
        reached = at.astimezone(UTC)
        # The night before may not be over.
        first = at.astimezone(self.zone).date() - timedelta(days=1)
        for number in range(days):
            for start, end in self._shifts(first + timedelta(days=number)):
                if reached < end:
                    yield max(start, reached), end
                    reached = end

    def _shifts(self, day: date) -> list[tuple[datetime, datetime]]:
        """Those that begin on `day`, in UTC. Clocks that go forward may leave nothing of one."""
        if day in self.holidays:
            return []
        found = ((self._moment(day, shift.start), self._moment(day, shift.end)) for shift in self.week[day.weekday()])
        return sorted((start, end) for start, end in found if start < end)

    def _moment(self, day: date, minutes: int) -> datetime:
        wall = datetime.combine(day, time.min, self.zone) + timedelta(minutes=minutes)
        return wall.astimezone(UTC)


def span_of(deadline: str, hours: str) -> timedelta:
    """The open time after which the next in line is asked. A day is as long as those of `hours` are on average.

    Only days on which they are there at all count: `2d` of `mon-fri 09:00-18:00` are 18 hours, and so end at the same
    time two working days later.
    """
    number, unit = int(deadline[:-1]), deadline[-1]
    match unit:
        case "m":
            return timedelta(minutes=number)
        case "h":
            return timedelta(hours=number)
        case _:
            week = _week(hours)
            return number * timedelta(minutes=_open_minutes(week)) / sum(bool(shifts) for shifts in week)


def shifts(hours: str) -> Iterator[tuple[int, Shift]]:
    """Each shift of a rota as it is written, with its day, from Monday (0) on; `sat-mon` are three days."""
    if hours == ALWAYS:
        hours = "mon-sun 00:00-24:00"
    for watch in re.finditer(r"(\w{3})(?:-(\w{3}))? ((\d\d):(\d\d)-(\d\d):(\d\d))", hours):
        first = _DAYS.index(watch[1])
        last = _DAYS.index(watch[2] or watch[1])
        start, end = int(watch[4]) * 60 + int(watch[5]), int(watch[6]) * 60 + int(watch[7])
        shift = Shift(start, end + _MINUTES if end < start else end, watch[3])
        for number in range((last - first) % 7 + 1):
            yield (first + number) % 7, shift


def _week(hours: str) -> tuple[tuple[Shift, ...], ...]:
    every = [(day, shift) for day, shift in shifts(hours) if not shift.is_empty]
    return tuple(tuple(shift for at, shift in every if at == day) for day in range(7))


def _open_minutes(week: Iterable[Iterable[Shift]]) -> int:
    """Of a whole week; what two shifts share counts once, and the night to Monday is not lost."""
    total = reached = 0
    days = ((day * _MINUTES, shift) for day, shifts in enumerate(week) for shift in shifts)
    spans = [(midnight + shift.start, midnight + shift.end) for midnight, shift in days]
    # What runs over the end of the week is the beginning of the next one.
    over = [(0, end - _WEEK) for _, end in spans if end > _WEEK]
    for start, end in sorted(over + spans):
        start, end = max(start, reached), min(end, _WEEK)
        total += max(0, end - start)
        reached = max(reached, end)
    return total


@cache
def easter(year: int) -> date:
    """Easter Sunday of the western churches (Meeus, Jones and Butcher)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    leaps, odd = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * odd + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
