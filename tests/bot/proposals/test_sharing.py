"""A backtest in pieces adds up to what one process finds, whoever does them, stops, dies or comes twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select
from structlog.testing import capture_logs

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.engine import Retry
from bot.proposals import results, sharing, stretches
from bot.proposals.backtests import Backtest, Backtests, BusyError
from bot.proposals.tables import BacktestPiece
from bot.revisions import Revisions
from bot.store import Store
from rules.policy import Policy

Write = Callable[[int], None]
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Given:
    """What was put, as an engine is given it."""

    ids: list[str] = field(default_factory=list)

    def put(self, session: Session, kind: str, ids: Sequence[str]) -> None:
        assert kind == sharing.WORK
        self.ids += ids


@pytest.fixture
def given() -> Given:
    return Given()


@pytest.fixture
def shared(store: Store, ledger: Ledger, revisions: Revisions, given: Given, small: None) -> Backtests:
    return Backtests(store, ledger, revisions, put=given.put)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of seven drafts, of which four are replayed at a time."""
    monkeypatch.setattr(sharing, "_LEAST", 7)
    monkeypatch.setattr(stretches, "_MOST", 4)


@pytest.fixture
def begun(shared: Backtests, policy: Policy, stricter: Policy, comms: str) -> Callable[..., str]:
    return lambda **more: shared.begin(policy, stricter, person=comms, at=NOON + timedelta(days=1), **more)


def what(found: Backtest) -> dict[str, Any]:
    plain = replace(found, id="", at=NOON)
    return {name: getattr(plain, name) for name in Backtest.__slots__}


def gone(store: Store) -> bool:
    with store.read() as session:
        return not session.exec(select(BacktestPiece)).all()


async def test_pieces_add_up_to_what_one_process_finds(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(results, "KEPT", 5)
    written(30)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    assert given.ids == [f"{id}/{number:04}" for number in range(5)]
    told = shared.find(id)
    assert told is not None
    assert (told.state, told.is_left, told.done) == ("running", False, 0)
    await asyncio.gather(*map(shared.sharing.do, reversed(given.ids)))
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)
    assert found.state == "done"
    assert gone(store)


async def test_a_piece_that_comes_twice_counts_once(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write
) -> None:
    written(20)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    for piece in [*given.ids, *given.ids]:
        await shared.sharing.do(piece)
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)
    await shared.sharing.do("b_0/0000")
    await shared.sharing.do("b_0")


async def test_a_piece_is_in_one_workers_hands(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write
) -> None:
    written(14)
    id = begun()
    shared.sharing.hand_out(id)
    seen: list[bool] = []

    def meanwhile(done: int, total: int) -> None:
        if done == 4:
            seen.append(shared.sharing.work_on(given.ids[0]))

    assert shared.sharing.work_on(given.ids[0], meanwhile)
    assert seen == [False]


async def test_a_piece_that_somebody_has_is_come_back_to(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have died of it: whoever says that it is done would say that it is nobody's fault."""
    written(14)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    assert sharing._Hold.take(shared.sharing._store, given.ids[0]) is not None
    with pytest.raises(Retry) as again:
        await shared.sharing.do(given.ids[0])
    assert again.value.after is not None
    later = stretches.time.time() + stretches.LEASE + 1
    monkeypatch.setattr(stretches.time, "time", lambda: later)
    for piece in (*given.ids, *given.ids):
        await shared.sharing.do(piece)
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)


def test_a_stop_after_the_very_last_draft_leaves_it_done(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, store: Store
) -> None:
    """It would be at it for good: no piece is left that somebody could do."""
    written(14)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)

    def stop_at_the_end(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    for piece in given.ids:
        with pytest.raises(KeyboardInterrupt):
            shared.sharing.work_on(piece, stop_at_the_end)
    found = shared.find(id)
    assert found is not None
    assert (what(found), found.state) == (what(whole), "done")
    assert gone(store)


async def test_stopped_it_goes_on_where_it_was(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write
) -> None:
    written(30)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    await shared.sharing.do(given.ids[0])
    assert not shared.sharing.work_on(given.ids[1], lambda done, total: shared.stop(id) if done == 4 else None)
    for piece in given.ids[2:]:
        await shared.sharing.do(piece)
    stopped = shared.find(id)
    assert stopped is not None
    assert (stopped.state, stopped.done) == ("stopped", 11)
    assert shared.sharing.left_over() == []
    first = list(given.ids)
    later = stretches.time.time() + stretches.LEASE + 1
    shared.sharing.hand_out(id)
    assert given.ids[len(first) :] == first[1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches.time, "time", lambda: later)
        for piece in given.ids[len(first) :]:
            await shared.sharing.do(piece)
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)


async def test_stopped_pieces_are_finished_by_one_process_too(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, store: Store
) -> None:
    written(30)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    await shared.sharing.do(given.ids[3])
    shared.stop(id)
    assert what(shared.run(id)) == what(whole)
    assert gone(store)


def test_nobody_is_kept_from_writing_while_it_is_planned(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, store: Store
) -> None:
    """Among millions of entries that takes seconds, and every draft would wait for it."""
    written(30)
    id, writes = begun(), list[bool]()

    def looks(_: object, __: object, statement: str, *___: object) -> None:
        if "row_number()" in statement:
            writes.append(store._turn.is_ours)

    event.listen(store.engine, "before_cursor_execute", looks)
    shared.sharing.hand_out(id)
    event.remove(store.engine, "before_cursor_execute", looks)
    assert writes == [False]
    assert len(given.ids) == 5


async def test_what_somebody_does_while_it_is_planned_is_not_done_twice(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(30)
    whole, id = shared.run(begun()), begun()
    plan, plans = sharing.Sharing._planned, list[object]()

    def slowly(self: sharing.Sharing, id: str) -> object:
        plans.append(plan(self, id))
        if len(plans) == 1:
            shared.run(id, lambda done, total: shared.stop(id) if done == 12 else None)
        return plans[-1]

    monkeypatch.setattr(sharing.Sharing, "_planned", slowly)
    shared.sharing.hand_out(id)
    assert len(plans) == 2
    assert len(given.ids) == 3
    for piece in given.ids:
        await shared.sharing.do(piece)
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)


async def test_one_that_workers_die_of_has_failed_until_somebody_goes_on_with_it(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write
) -> None:
    written(14)
    whole, id = shared.run(begun()), begun()
    shared.sharing.hand_out(id)
    await shared.sharing.do(given.ids[0])
    with capture_logs() as logs:
        await shared.sharing.give_up(given.ids[1], 3)
    assert [(log["event"], log["backtest"], log["deaths"]) for log in logs] == [("backtest.deadly", id, 3)]
    await shared.sharing.do(given.ids[1])
    told = shared.find(id)
    assert told is not None
    assert (told.state, told.done, shared.sharing.left_over()) == ("failed", 7, [])
    first = list(given.ids)
    shared.sharing.hand_out(id)
    assert given.ids == [*first, first[1]]
    await shared.sharing.do(first[1])
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)


async def test_what_a_process_left_behind_goes_on_by_itself(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(30)
    whole, id = shared.run(begun()), begun()

    class Killed(BaseException):
        pass

    def dies(done: int, total: int) -> None:
        if done == 12:
            raise Killed

    # As `kill -9` would have it: nothing is written when it ends.
    with monkeypatch.context() as patch:
        write = stretches.Lease.write
        keeps = lambda self, **values: write(self, **values) if "done" in values else True  # noqa: E731
        patch.setattr(stretches.Lease, "write", keeps)
        with pytest.raises(Killed):
            shared.run(id, dies)
    with pytest.raises(BusyError):
        shared.sharing.hand_out(id)
    assert shared.sharing.left_over() == []
    later = stretches.time.time() + stretches.LEASE + 1
    monkeypatch.setattr(stretches.time, "time", lambda: later)
    assert shared.sharing.left_over() == [id]
    await shared.sharing.do(id)
    assert len(given.ids) == 3
    assert shared.sharing.left_over() == given.ids
    for piece in given.ids:
        await shared.sharing.do(piece)
    found = shared.find(id)
    assert found is not None
    assert what(found) == what(whole)


async def test_a_stop_of_the_worker_hands_its_piece_back(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(14)
    id = begun()
    shared.sharing.hand_out(id)
    entered, goes = threading.Event(), threading.Event()
    piece = stretches.Stretch._piece

    def slowly(self: stretches.Stretch) -> bool:
        entered.set()
        goes.wait(20)
        return piece(self)

    monkeypatch.setattr(stretches.Stretch, "_piece", slowly)
    doing = asyncio.create_task(shared.sharing.do(given.ids[0]))
    await asyncio.to_thread(entered.wait, 20)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    goes.set()
    while shared.sharing.left_over() != given.ids or not shared.sharing.work_on(given.ids[0]):
        await asyncio.sleep(0.01)


async def test_what_fails_is_said_and_a_database_away_is_tried_again(
    shared: Backtests, given: Given, begun: Callable[..., str], written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(9)
    id = begun()
    shared.sharing.hand_out(id)

    def fails(error: Exception) -> Callable[..., None]:
        def go_on(*_: object) -> None:
            raise error

        return go_on

    with monkeypatch.context() as patch:
        patch.setattr(stretches.Stretch, "go_on", fails(RecordError("locked", "here")))
        with pytest.raises(RecordError):
            await shared.sharing.do(given.ids[0])
    told = shared.find(id)
    assert told is not None
    assert told.state == "running"
    with monkeypatch.context() as patch:
        patch.setattr(stretches.Stretch, "go_on", fails(ValueError("words of a draft")))
        await shared.sharing.do(given.ids[0])
    told = shared.find(id)
    assert told is not None
    assert told.state == "failed"


def test_nothing_on_record_is_done_at_once(shared: Backtests, begun: Callable[..., str], given: Given) -> None:
    id = begun()
    shared.sharing.hand_out(id)
    found = shared.find(id)
    assert found is not None
    assert (found.state, found.done, given.ids) == ("done", 0, [])
    shared.sharing.hand_out(id)
    with pytest.raises(LookupError):
        shared.sharing.hand_out("b_0")
