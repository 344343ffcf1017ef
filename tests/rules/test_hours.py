"""Open time: when owners are there, when their deadlines end, and who is asked next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.escalation import line
from rules.hours import FEASTS, Holidays, Hours, NeverOpen, easter, span_of
from rules.policy import Owner, Policy

Make = Callable[..., Policy]

OFFICE = "mon-fri 09:00-18:00"
ROME = ZoneInfo("Europe/Rome")


def an_owner(hours: str = "24x7", id: str = "comms", **fields: object) -> Owner:
    return Owner.model_validate({"id": id, "name": "Comms", "hours": hours, **fields})


@pytest.fixture
def hours_of(make_policy: Make) -> Callable[..., Hours]:
    """An owner's hours under a policy in Rome, with the policy's own holidays."""

    def make(hours: str, common: Sequence[str] = (), **fields: object) -> Hours:
        policy = make_policy().model_copy(update={"holidays": tuple(common)})
        return policy.hours_of(an_owner(hours, **fields))

    return make


def rome(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=ROME)


def in_rome(at: datetime) -> str:
    return f"{at.astimezone(ROME):%Y-%m-%dT%H:%M}"


# --- When they are there ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "at", "is_open"),
    [
        ("24x7", "2026-07-05T03:00", True),
        (OFFICE, "2026-07-03T08:59", False),  # a Friday
        (OFFICE, "2026-07-03T09:00", True),
        (OFFICE, "2026-07-03T17:59", True),
        (OFFICE, "2026-07-03T18:00", False),
        (OFFICE, "2026-07-04T12:00", False),
        ("mon-fri 09:00-18:00, sat 09:00-13:00", "2026-07-04T12:00", True),
        ("mon-fri 09:00-13:00, mon-fri 14:00-18:00", "2026-07-03T13:30", False),
        ("sat-mon 09:00-18:00", "2026-07-05T12:00", True),
        ("sat-mon 09:00-18:00", "2026-07-03T12:00", False),
        ("fri 22:00-06:00", "2026-07-03T23:00", True),
        ("fri 22:00-06:00", "2026-07-04T05:59", True),
        ("fri 22:00-06:00", "2026-07-04T06:00", False),
        ("fri 22:00-06:00", "2026-07-03T05:00", False),
        ("sun 22:00-06:00", "2026-07-06T05:00", True),
        ("fri 18:00-00:00", "2026-07-03T23:59", True),
        ("fri 18:00-24:00", "2026-07-04T00:00", False),
    ],
)
def test_owners_are_there_when_their_rota_says(
    hours_of: Callable[..., Hours], hours: str, at: str, is_open: bool
) -> None:
    assert hours_of(hours).is_open(rome(at)) is is_open


def test_an_owner_may_be_in_another_time_zone(hours_of: Callable[..., Hours]) -> None:
    lisbon = hours_of(OFFICE, timezone="Europe/Lisbon")
    assert not lisbon.is_open(rome("2026-07-03T09:30"))
    assert lisbon.is_open(rome("2026-07-03T18:30"))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-07-03T12:00", "2026-07-03T12:00"),
        ("2026-07-03T07:00", "2026-07-03T09:00"),
        ("2026-07-03T18:00", "2026-07-06T09:00"),
        ("2026-12-24T20:00", "2026-12-28T09:00"),  # Christmas, Saint Stephen's and a Sunday
    ],
)
def test_it_is_known_when_they_are_there_again(hours_of: Callable[..., Hours], at: str, opens: str) -> None:
    office = hours_of("mon-sat 09:00-18:00" if "12-24" in at else OFFICE, common=["12-25", "12-26"])
    assert in_rome(office.opens_after(rome(at))) == opens


# --- Holidays -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "off", "on"),
    [
        ("2026-12-25", ["2026-12-25"], ["2027-12-25", "2026-12-24"]),
        ("12-25", ["2026-12-25", "2031-12-25"], ["2026-12-26"]),
        ("02-29", ["2028-02-29"], ["2027-02-28", "2027-03-01"]),
        ("2026-08-10..2026-08-21", ["2026-08-10", "2026-08-15", "2026-08-21"], ["2026-08-09", "2026-08-22"]),
        ("2026-12-30..2027-01-02", ["2026-12-31", "2027-01-01"], ["2027-12-31"]),
        ("good-friday", ["2026-04-03"], ["2026-04-04"]),
        ("easter", ["2026-04-05", "2027-03-28"], ["2026-04-06"]),
        ("easter-monday", ["2026-04-06", "2027-03-29", "2028-04-17"], ["2026-04-05", "2027-04-06"]),
        ("ascension", ["2026-05-14"], ["2026-05-15"]),
        ("whit-monday", ["2026-05-25"], ["2026-05-24"]),
        ("corpus-christi", ["2026-06-04"], ["2026-06-05"]),
    ],
)
def test_a_holiday_is_what_it_says(written: str, off: list[str], on: list[str]) -> None:
    holidays = Holidays.of([written])
    assert all(date.fromisoformat(day) in holidays for day in off)
    assert not any(date.fromisoformat(day) in holidays for day in on)


@pytest.mark.parametrize("written", ["2026-02-30", "02-30", "13-01", "0000-01-01", "2026-01-01..2026-02-30"])
def test_a_day_that_there_is_not_is_no_holiday(written: str) -> None:
    with pytest.raises(ValueError, match=r"day|month|year"):
        Holidays.of([written])


@pytest.mark.parametrize(
    "day",
    ["1818-03-22", "1943-04-25", "1954-04-18", "1981-04-19", "2024-03-31", "2026-04-05", "2038-04-25", "2285-03-22"],
)
def test_easter_is_when_the_churches_keep_it(day: str) -> None:
    assert easter(int(day[:4])) == date.fromisoformat(day)


@given(st.integers(1583, 9000))
def test_easter_is_a_sunday_of_spring(year: int) -> None:
    day = easter(year)
    assert day.weekday() == 6
    assert date(year, 3, 22) <= day <= date(year, 4, 25)


def test_every_feast_can_be_written_in_a_policy() -> None:
    assert an_owner(holidays=list(FEASTS)).holidays == tuple(FEASTS)


@pytest.mark.parametrize(
    ("hours", "common", "own", "is_open"),
    [
        (OFFICE, ["12-25"], [], False),
        (OFFICE, [], ["12-25"], False),
        (OFFICE, ["12-25"], ["12-24"], False),
        (OFFICE, ["12-24"], [], True),
        ("24x7", ["12-25"], [], True),  # always is always
        ("24x7", [], ["12-25"], False),  # but who says that they are away is away
    ],
)
def test_holidays_are_the_policy_s_and_the_owner_s_own(
    hours_of: Callable[..., Hours], hours: str, common: list[str], own: list[str], is_open: bool
) -> None:
    assert hours_of(hours, common, holidays=own).is_open(rome("2026-12-25T12:00")) is is_open


def test_a_night_belongs_to_the_day_on_which_it_begins(hours_of: Callable[..., Hours]) -> None:
    nights = hours_of("mon-sun 22:00-06:00", holidays=["2026-12-25"])
    assert nights.is_open(rome("2026-12-25T05:00"))
    assert not nights.is_open(rome("2026-12-25T23:00"))
    assert not nights.is_open(rome("2026-12-26T05:00"))


# --- When a stretch of open time is over --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "at", "span", "over"),
    [
        ("24x7", "2026-07-03T16:00", 4.0, "2026-07-03T20:00"),
        (OFFICE, "2026-07-03T10:00", 4.0, "2026-07-03T14:00"),
        (OFFICE, "2026-07-03T16:00", 4.0, "2026-07-06T11:00"),
        (OFFICE, "2026-07-03T16:00", 2.0, "2026-07-03T18:00"),  # ends with the shift
        (OFFICE, "2026-07-04T16:00", 0.5, "2026-07-06T09:30"),
        (OFFICE, "2026-07-04T16:00", 0.0, "2026-07-04T16:00"),
        (OFFICE, "2026-12-24T17:00", 2.0, "2026-12-28T10:00"),
        ("mon-fri 09:00-12:00, mon-fri 10:00-18:00", "2026-07-03T09:00", 9.0, "2026-07-03T18:00"),  # nothing twice
        ("mon-sun 22:00-06:00", "2026-07-03T05:00", 2.0, "2026-07-03T23:00"),
        # The night from 28 to 29 March has an hour less, that from 24 to 25 October one more.
        ("24x7", "2026-03-29T01:00", 2.0, "2026-03-29T04:00"),
        ("24x7", "2026-10-25T01:00", 3.0, "2026-10-25T03:00"),
        ("sat 22:00-06:00", "2026-03-28T22:00", 7.0, "2026-03-29T06:00"),
        ("sat 22:00-06:00", "2026-10-24T22:00", 9.0, "2026-10-25T06:00"),
        ("sun 02:30-03:15", "2026-03-29T00:00", 0.5, "2026-04-05T03:00"),  # the clocks leave nothing of it
        (OFFICE, "2026-03-27T17:00", 2.0, "2026-03-30T10:00"),
    ],
)
def test_only_open_time_counts(hours_of: Callable[..., Hours], hours: str, at: str, span: float, over: str) -> None:
    found = hours_of(hours, common=["12-25", "12-26"]).after(rome(at), timedelta(hours=span))
    assert in_rome(found) == over
    assert found.tzinfo is UTC


@pytest.mark.parametrize("hours", ["24x7", OFFICE])
def test_a_rota_that_never_opens_is_said_so(hours_of: Callable[..., Hours], hours: str) -> None:
    away = hours_of(hours, holidays=["2020-01-01..2099-12-31"])
    at = rome("2026-07-03T10:00")
    assert not away.is_open(at)
    with pytest.raises(NeverOpen, match="holidays"):
        away.opens_after(at)
    with pytest.raises(NeverOpen):
        away.after(at, timedelta(minutes=1))


def test_more_open_time_than_ten_years_have_is_not_waited_for(hours_of: Callable[..., Hours]) -> None:
    with pytest.raises(NeverOpen):
        hours_of("mon 09:00-09:01").after(rome("2026-07-03T10:00"), timedelta(hours=9_999))


def test_a_moment_has_a_time_zone_and_a_span_is_not_negative(hours_of: Callable[..., Hours]) -> None:
    with pytest.raises(ValueError, match="time zone"):
        hours_of(OFFICE).is_open(datetime(2026, 7, 3))  # noqa: DTZ001 -- that is the fault
    with pytest.raises(ValueError, match="negative"):
        hours_of(OFFICE).after(rome("2026-07-03T10:00"), timedelta(minutes=-1))


@pytest.mark.parametrize(
    ("hours", "deadline", "span"),
    [
        ("24x7", "30m", 0.5),
        (OFFICE, "4h", 4),
        ("24x7", "2d", 48),
        (OFFICE, "2d", 18),
        ("mon-fri 09:00-18:00, sat 09:00-12:00", "2d", 16),  # 48 hours in six days
        ("mon-fri 09:00-13:00, mon-fri 14:00-18:00", "1d", 8),
        ("mon-fri 09:00-13:00, mon-fri 12:00-18:00", "1d", 9),
        ("sun 22:00-06:00", "1d", 8),
        ("sun 22:00-06:00, mon 00:00-09:00", "1d", 5.5),  # the hours to six count once
    ],
)
def test_a_day_of_a_deadline_is_as_long_as_the_owner_s_days(hours: str, deadline: str, span: float) -> None:
    assert span_of(deadline, hours) == timedelta(hours=span)


def test_a_deadline_of_days_ends_at_the_same_time_so_many_working_days_later(hours_of: Callable[..., Hours]) -> None:
    span = span_of("2d", OFFICE)
    assert in_rome(hours_of(OFFICE).after(rome("2026-07-02T15:00"), span)) == "2026-07-06T15:00"


# --- What always holds --------------------------------------------------------------------------------------------

STEP = timedelta(minutes=15)


@dataclass(frozen=True)
class Watch:
    """One line of a rota, as the oracle reads it: whole hours, and none that a clock change touches."""

    days: frozenset[int]
    start: int
    end: int

    @property
    def written(self) -> str:
        names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        return ", ".join(f"{names[day]} {self.start:02}:00-{self.end:02}:00" for day in sorted(self.days))

    def holds(self, wall: datetime, holidays: frozenset[date]) -> bool:
        def works(day: date) -> bool:
            return day.weekday() in self.days and day not in holidays

        today = wall.date()
        if self.start < self.end:
            return works(today) and self.start <= wall.hour < self.end
        late = works(today) and wall.hour >= self.start
        return late or (works(today - timedelta(days=1)) and wall.hour < self.end)


hour = st.sampled_from([0, *range(5, 24)])
watches = st.builds(Watch, st.frozensets(st.integers(0, 6), min_size=1), hour, hour).filter(lambda w: w.start != w.end)
zones = st.sampled_from(["Europe/Rome", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"])
# Around where clocks change in one of these zones, and anywhere.
around = st.sampled_from(
    [date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 10, 3), date(2026, 10, 24), date(2026, 10, 31)]
)
days_of_2026 = st.one_of(around, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
moments = st.builds(
    lambda day, steps: datetime.combine(day, time.min, UTC) + steps * STEP, days_of_2026, st.integers(0, 95)
)
spans = st.integers(0, 4 * 24).map(lambda steps: steps * STEP)


@dataclass(frozen=True)
class Rota:
    """An owner's rota twice over: as the policy writes it, and as the oracle reads it."""

    watches: tuple[Watch, ...]
    holidays: frozenset[date]
    zone: str

    @property
    def hours(self) -> Hours:
        owner = an_owner(
            ", ".join(watch.written for watch in self.watches),
            timezone=self.zone,
            holidays=[day.isoformat() for day in sorted(self.holidays)],
        )
        empty = Policy(name="x", languages=("it",), timezone="Europe/Rome", owners=(owner,), clauses=(), rules=())
        return empty.hours_of(owner)

    def is_open(self, at: datetime) -> bool:
        wall = at.astimezone(ZoneInfo(self.zone))
        return any(watch.holds(wall, self.holidays) for watch in self.watches)


rotas = st.builds(
    Rota,
    st.lists(watches, min_size=1, max_size=3).map(tuple),
    st.frozensets(days_of_2026, max_size=4),
    zones,
)


@given(rota=rotas, at=moments)
def test_an_owner_is_there_when_the_clock_on_their_wall_says_so(rota: Rota, at: datetime) -> None:
    assert rota.hours.is_open(at) is rota.is_open(at)
    opens = rota.hours.opens_after(at)
    assert opens >= at
    assert rota.is_open(opens)
    assert not any(rota.is_open(at + number * STEP) for number in range((opens - at) // STEP))


@settings(max_examples=60)
@given(rota=rotas, at=moments, span=spans)
def test_the_open_time_in_between_is_the_span_and_not_a_minute_more(rota: Rota, at: datetime, span: timedelta) -> None:
    over = rota.hours.after(at, span)
    assert over >= at
    assume(over - at < timedelta(days=60))  # the oracle walks it step by step
    steps = [at + number * STEP for number in range((over - at) // STEP)]
    assert sum((STEP for moment in steps if rota.is_open(moment)), timedelta()) == span
    # The first such moment: just before it, there is somebody.
    assert not steps or rota.is_open(steps[-1])


@given(rota=rotas, moments=st.lists(moments, min_size=2, max_size=2), spans=st.lists(spans, min_size=2, max_size=2))
def test_later_and_longer_never_end_sooner(rota: Rota, moments: list[datetime], spans: list[timedelta]) -> None:
    (early, late), (short, long) = sorted(moments), sorted(spans)
    hours = rota.hours
    assert hours.after(early, short) <= hours.after(late, short)
    assert hours.after(early, short) <= hours.after(early, long)


@given(at=moments.map(lambda at: at.astimezone(ROME)), minutes=st.integers(0, 9_999))
def test_of_whoever_is_always_there_all_time_is_open(at: datetime, minutes: int) -> None:
    owner = an_owner("24x7")
    policy = Policy(name="x", languages=("it",), timezone="Europe/Rome", owners=(owner,), clauses=(), rules=())
    span = timedelta(minutes=minutes)
    assert policy.hours_of(owner).after(at, span) == at.astimezone(UTC) + span


# --- Who is next --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duty", "first", "asked"),
    [
        (None, "a", ["a", "b", "c"]),
        (None, "c", ["c"]),
        ("d", "a", ["a", "b", "c", "d"]),
        ("d", "d", ["d"]),
        ("b", "a", ["a", "b", "c"]),  # asked already
        ("a", "b", ["b", "c", "a"]),  # its own line is not gone down again
    ],
)
def test_the_line_ends_with_the_duty_officer_and_asks_each_once(
    make_policy: Make, duty: str | None, first: str, asked: list[str]
) -> None:
    owners = tuple(an_owner(id=id, next=after) for id, after in (("a", "b"), ("b", "c"), ("c", None), ("d", None)))
    policy = Policy.model_validate({**make_policy().model_dump(), "owners": owners, "duty": duty})
    assert [owner.id for owner in line(policy.owner(first), policy)] == asked
