"""Time passes: owners are reminded, whoever is next is asked, nothing is approved by it, and nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.audit.erasure import Erasures
from bot.audit.errors import RecordError
from bot.audit.retention import Retention
from bot.clock import Clock
from bot.deeds import Cabinet
from bot.drafts import HeldDraft
from bot.errands import Post
from bot.matter import matter_of
from bot.places import Awaiting, Days
from bot.prescreen import Prescreen
from bot.quizzes import Quizzes
from bot.review import Asked, Ruling
from bot.store import Store
from bot.work import Deferred, Event
from rules.draft import Draft
from rules.policy import Owner, Policy

THURSDAY = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Outbox:
    """What would be sent, each name once, as `Work` has it."""

    def __init__(self) -> None:
        self.sent: dict[str, Event] = {}

    async def defer(self, platform: str, name: str, event: Event) -> Deferred:
        if name in self.sent:
            return Deferred.DUPLICATE
        self.sent[name] = event
        return Deferred.TAKEN

    def told(self) -> list[tuple[str, str]]:
        return [(str(event["what"]), str(event["to"])) for event in self.sent.values()]


@pytest.fixture
def staffed(policy: Policy, changed: Callable[..., Policy]) -> Policy:
    """Legal has four hours, then Communications in office hours, then whoever is on duty."""
    legal = policy.owner("legal").model_copy(update={"slack_channel": "#legal", "next": "comms", "deadline": "4h"})
    comms = policy.owner("comms").model_copy(
        update={"slack_channel": "#comms", "deadline": "2h", "hours": "mon-fri 09:00-18:00"}
    )
    duty = Owner(id="duty", name={"it": "Reperibile", "en": "On duty"}, slack_channel="#duty", deadline="1h")
    return changed(owners=(legal, comms, duty), duty="duty")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def clock(
    cabinet: Cabinet, store: Store, staffed: Policy, outbox: Outbox, prescreen: Prescreen, tmp_path: Path
) -> Clock:
    post = Post(outbox, cabinet.people, lambda: staffed, {"slack"})
    quizzes = Quizzes(store, cabinet.ledger, lambda: prescreen.screener)
    return Clock(
        cabinet,
        post,
        Days(store),
        Awaiting(store, cabinet.people.seals),
        quizzes,
        Retention(store, cabinet.ledger),
        Erasures(store, cabinet.ledger, cabinet.people, tmp_path / "erased"),
        lambda: staffed,
    )


@pytest.fixture
def ask(cabinet: Cabinet, prescreen: Prescreen, staffed: Policy) -> Callable[[], Asked]:
    def asked() -> Asked:
        draft = Draft(text="È un prodotto non ancora annunciato.", author="slack:T1:UANNA")
        held = held_of(cabinet, prescreen, draft)
        return cabinet.reviews.ask(held, matter_of(held), staffed, THURSDAY)[0]

    return asked


def held_of(cabinet: Cabinet, prescreen: Prescreen, draft: Draft) -> HeldDraft:
    return cabinet.drafts.keep(prescreen(draft, at=THURSDAY), cabinet.people.person(draft.author))


async def test_nothing_happens_before_the_deadline(clock: Clock, ask: Callable[[], Asked], outbox: Outbox) -> None:
    ask()
    await clock.tick(THURSDAY + 3.9 * HOUR)
    assert outbox.told() == []


async def test_a_reminder_then_the_next_then_the_duty_officer_and_never_a_yes(
    clock: Clock, ask: Callable[[], Asked], outbox: Outbox, cabinet: Cabinet
) -> None:
    seat, owners, now = ask(), [], THURSDAY
    for _ in range(40):
        now += HOUR
        await clock.tick(now)
        found = cabinet.reviews.seat(seat.id)
        assert found is not None
        owners.append((found.owner, found.step))
        assert found.state is Ruling.OPEN
    assert list(dict.fromkeys(owners)) == [
        ("legal", 0), ("legal", 1), ("comms", 2), ("duty", 3), ("duty", 4),
    ]  # fmt: skip
    assert found.due is None
    # Each change: whoever was asked before sees it, whoever is asked now too, and the writer hears of it.
    assert [told for told in outbox.told() if told[0] != "digest"] == [
        ("card", "#legal"), ("slow", "slack:T1:UANNA"),
        ("card", "#legal"), ("card", "#comms"), ("slow", "slack:T1:UANNA"),
        ("card", "#comms"), ("card", "#duty"), ("slow", "slack:T1:UANNA"),
        ("card", "#duty"), ("slow", "slack:T1:UANNA"),
    ]  # fmt: skip


async def test_the_next_in_line_has_their_own_hours(clock: Clock, ask: Callable[[], Asked], cabinet: Cabinet) -> None:
    seat = ask()
    # Legal is reminded at 13:30 UTC and silent until 15:30; Communications goes home at 18:00 in Rome, 17:00 UTC.
    for hours in (4, 6):
        await clock.tick(THURSDAY + hours * HOUR)
    found = cabinet.reviews.seat(seat.id)
    assert found is not None
    assert found.owner == "comms"
    # An hour and a half of their two is left on Thursday, and half an hour on Friday, from 8:00 UTC.
    assert found.due == datetime(2026, 11, 27, 8, 30, tzinfo=UTC)


async def test_two_clocks_do_it_once(clock: Clock, ask: Callable[[], Asked], outbox: Outbox, cabinet: Cabinet) -> None:
    seat = ask()
    now = THURSDAY + 4 * HOUR
    overdue = [cabinet.reviews.seat(id) for id in cabinet.reviews.overdue(now)]
    for _ in range(2):
        for each in overdue:
            assert each is not None
            await clock._move_on(each, now)
    found = cabinet.reviews.seat(seat.id)
    assert found is not None
    assert found.step == 1
    assert len(outbox.told()) == 2


async def test_a_channel_that_is_lost_is_not_waited_for(
    clock: Clock, ask: Callable[[], Asked], outbox: Outbox, cabinet: Cabinet
) -> None:
    seat = ask()
    await clock.unreachable(seat.id, THURSDAY)
    found = cabinet.reviews.seat(seat.id)
    assert found is not None
    assert found.owner == "comms"
    assert ("card", "#comms") in outbox.told()


async def test_what_a_stop_left_unsaid_is_said_at_the_next_start(
    clock: Clock, ask: Callable[[], Asked], outbox: Outbox
) -> None:
    ask()
    for _ in range(2):
        await clock.catch_up()
    assert outbox.told() == [("card", "#legal")]


async def test_what_could_not_be_caught_up_with_is_tried_at_every_look(
    clock: Clock, ask: Callable[[], Asked], outbox: Outbox, cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask()
    waiting, looks, failures = cabinet.reviews.waiting, list[int](), [RecordError("away", "db")] * 2

    def sometimes() -> tuple[Asked, ...]:
        looks.append(1)
        if failures:
            raise failures.pop()
        return waiting()

    async def nothing(_: datetime) -> None: ...

    monkeypatch.setattr(cabinet.reviews, "waiting", sometimes)
    monkeypatch.setattr(clock, "tick", nothing)
    for _ in range(2):
        await clock.look()
    assert outbox.told() == []
    for _ in range(2):
        await clock.look()
    assert outbox.told() == [("card", "#legal")]
    assert len(looks) == 3


async def test_a_draft_is_checked_again_when_its_writer_asked_for_it(
    clock: Clock, cabinet: Cabinet, prescreen: Prescreen, outbox: Outbox
) -> None:
    held = held_of(cabinet, prescreen, Draft(text="Apriamo alle otto.", author="slack:T1:UANNA"))
    cabinet.reminders.set(held.id, held.person, THURSDAY + HOUR)
    await clock.tick(THURSDAY)
    assert outbox.told() == []
    for _ in range(2):
        await clock.tick(THURSDAY + HOUR)
    assert outbox.told() == [("again", "slack:T1:UANNA")]


async def test_an_owner_has_one_summary_a_day_of_what_has_waited(
    clock: Clock, ask: Callable[[], Asked], outbox: Outbox
) -> None:
    ask()
    friday = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
    for minutes in range(0, 120, 30):
        await clock.tick(friday + timedelta(minutes=minutes))
    assert [what for what, _ in outbox.told()].count("digest") <= 1 + len({to for _, to in outbox.told()})
    days = [name for name in outbox.sent if name.startswith("errand:digest:")]
    assert len(days) == len(set(days)) >= 1


async def test_no_reminder_waits_for_words_whose_time_is_over(
    clock: Clock, cabinet: Cabinet, prescreen: Prescreen, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To let go of a great many takes minutes, and whoever clears the index of them waits for who reads it."""
    held = held_of(cabinet, prescreen, Draft(text="Apriamo alle otto.", author="slack:T1:UANNA"))
    cabinet.reminders.set(held.id, held.person, THURSDAY)
    asked = list[str]()

    def let_go(*_: object) -> int:
        asked.append("words")
        raise RecordError("index", "db")

    monkeypatch.setattr(Retention, "let_go", let_go)
    await clock.tick(THURSDAY + HOUR)
    assert (asked, outbox.told()) == ([], [("again", "slack:T1:UANNA")])
    for _ in range(2):  # what fails is done at the next look
        await clock.let_go()
    monkeypatch.setattr(Retention, "let_go", lambda *_: asked.append("done"))
    for _ in range(2):
        await clock.let_go()
    assert asked == ["words", "words", "done"]


async def test_old_drafts_are_swept(clock: Clock, cabinet: Cabinet, prescreen: Prescreen) -> None:
    held = held_of(cabinet, prescreen, Draft(text="Apriamo alle otto.", author="slack:T1:UANNA"))
    await clock.tick(THURSDAY + timedelta(days=8))
    assert cabinet.drafts.find(held.id) is None


def test_where_no_chat_runs_owners_are_asked_on_the_page(cabinet: Cabinet, staffed: Policy, outbox: Outbox) -> None:
    assert all(Post(outbox, cabinet.people, lambda: staffed, ()).reaches(owner.id) for owner in staffed.owners)
    assert not Post(outbox, cabinet.people, lambda: staffed, {"telegram"}).reaches("legal")
