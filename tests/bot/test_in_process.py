"""In one process on SQLite: what that died of is done apart from the rest at the next start, and given up in time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from sqlmodel import select

from bot import casualties
from bot.engine import Patience
from bot.in_process import InProcess
from bot.store import Store
from bot.work_tables import Casualty

pytestmark = pytest.mark.sqlite_only("on a server the work is any process's")


@asynccontextmanager
async def running(engine: InProcess) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(engine.run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


def engine_of(store: Store, grace: float = 0.02) -> InProcess:
    return InProcess(store, workers=4, patience=Patience(first=0.001, longest=0.01, grace=grace))


def deaths(store: Store) -> dict[str, int]:
    with store.read() as session:
        return {id: count for (_, id), count in casualties.deaths(session).items()}


def die(engine: InProcess) -> None:
    """As `kill -9` leaves it: nothing is cleared away any more."""
    marks = engine._in_hand
    assert marks._handle is not None
    os.close(marks._handle)
    marks._handle = None


class Pieces:
    """What is left to be done; remembers what was in hand at once."""

    def __init__(self, *ids: str) -> None:
        self.left, self.given, self.given_up = list(ids), list[str](), list[tuple[str, int]]()
        self.at_once, self.most = 0, 0
        self.goes = asyncio.Event()

    def attach(self, engine: InProcess) -> None:
        engine.on("piece", self.do, give_up=self.give_up, left_over=lambda: list(self.left), people_wait=True)

    async def do(self, id: str) -> None:
        self.given.append(id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.goes.wait()
            await asyncio.sleep(0.01)
        finally:
            self.at_once -= 1
        self.left.remove(id)

    async def give_up(self, id: str, deaths: int) -> None:
        self.given_up.append((id, deaths))
        self.left.remove(id)


async def died_with(store: Store, pieces: Pieces, ids: Sequence[str]) -> None:
    """A process begins these, and dies."""
    engine = engine_of(store)
    pieces.attach(engine)
    async with running(engine):
        await until(lambda: set(ids) <= set(pieces.given))
        die(engine)
    pieces.given.clear()
    pieces.most = 0


async def test_what_was_in_hand_at_a_death_is_done_one_at_a_time_and_acquitted(store: Store) -> None:
    pieces = Pieces(*"abc")
    await died_with(store, pieces, "abc")
    engine = engine_of(store)
    pieces.attach(engine)
    pieces.goes.set()
    async with running(engine):
        await until(lambda: deaths(store) == {} and not pieces.left)
    assert (sorted(pieces.given), pieces.most) == (["a", "b", "c"], 1)
    assert pieces.given_up == []


async def test_whoever_was_blamed_holds_up_nobody_who_comes_later(store: Store) -> None:
    pieces = Pieces("a")
    await died_with(store, pieces, "a")
    pieces.left += ["b", "c"]
    engine = engine_of(store)
    pieces.attach(engine)
    async with running(engine):
        await until(lambda: sorted(pieces.given) == ["a", "b", "c"])
        assert deaths(store) == {"a": 1}
        with store.read() as session:
            assert engine.waiting(session, "piece") == 0


async def test_whoever_has_seen_one_death_goes_before_whoever_has_seen_two(store: Store) -> None:
    pieces = Pieces(*"abc")
    with store.write() as session:
        for id, count in (("a", 2), ("b", 1)):
            session.add(Casualty(kind="piece", id=id, deaths=count))
    engine = engine_of(store)
    pieces.attach(engine)
    pieces.goes.set()
    async with running(engine):
        await until(lambda: not pieces.left)
    assert [id for id in pieces.given if id != "c"] == ["b", "a"]


async def test_after_three_deaths_it_is_given_up(store: Store) -> None:
    pieces = Pieces("a")
    for number in (1, 2, 3):
        await died_with(store, pieces, "a")
        assert deaths(store).get("a", 0) == number - 1
    engine = engine_of(store)
    pieces.attach(engine)
    async with running(engine):
        await until(lambda: pieces.given_up and deaths(store) == {})
    assert (pieces.given, pieces.given_up) == ([], [("a", 3)])


async def test_an_orderly_stop_is_no_death(store: Store) -> None:
    pieces = Pieces("a")
    for _ in range(2):
        engine = engine_of(store)
        pieces.attach(engine)
        async with running(engine):
            await until(lambda: pieces.given)
        pieces.given.clear()
        assert pieces.at_once == 0
    assert deaths(store) == {}


async def test_who_is_killed_while_it_stops_has_not_died_of_what_was_in_hand(store: Store) -> None:
    """Whoever told it to stop may not wait for the grace to be over."""
    pieces, engine = Pieces("a"), engine_of(store, grace=5.0)
    pieces.attach(engine)
    async with running(engine) as task:
        await until(lambda: pieces.given)
        assert store.file is not None
        file = store.file.with_name("vaglio.db.in-hand")
        assert json.loads(file.read_bytes()) == [["piece", "a"]]
        task.cancel()
        await until(lambda: json.loads(file.read_bytes()) == [])
        assert pieces.at_once == 1
        pieces.goes.set()


async def test_what_is_given_up_by_nobody_is_done_for_ever(store: Store) -> None:
    """A kind of work that has no end of its own, as before."""
    with store.write() as session:
        session.add(Casualty(kind="piece", id="a", deaths=9))
    done, engine = list[str](), engine_of(store)

    async def do(id: str) -> None:
        done.append(id)

    engine.on("piece", do, left_over=lambda: [id for id in ["a"] if id not in done])
    async with running(engine):
        await until(lambda: done == ["a"] and not deaths(store))
    with store.read() as session:
        assert session.exec(select(Casualty)).all() == []
