"""Of all who would do the same, in whatever process, one does it at a time; and words are one message's alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from bot import postgres, sole
from bot.audit.errors import RecordError
from bot.audit.seals import Seals
from bot.chat.telegram_waiting import Waiting, Waits
from bot.places import Awaiting, Cards
from bot.store import Store
from bot.tables import Pending
from bot.turns import Turns

NOW = datetime(2027, 1, 10, tzinfo=UTC)


@pytest.fixture
def elsewhere(database: str, store: Store) -> Iterator[Store]:
    """Another process's way to the same database."""
    other = Store(database)
    yield other
    other.close()


async def test_turns_are_taken_here(store: Store) -> None:
    turns, inside, most = Turns(store), 0, 0

    async def one() -> None:
        nonlocal inside, most
        async with turns.of("card"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(one() for _ in range(5)))
    assert most == 1


@pytest.mark.postgres_only("a file has one process")
async def test_turns_are_taken_with_other_processes(store: Store, elsewhere: Store) -> None:
    ours, theirs, events = Turns(store), Turns(elsewhere), list[str]()

    async def wait() -> None:
        async with theirs.of("card"):
            events.append("theirs")

    async with ours.of("card"):
        waiting = asyncio.create_task(wait())
        async with theirs.of("another card"):  # nobody waits for what is about something else
            await asyncio.sleep(0.2)
        events.append("ours")
    await waiting
    assert events == ["ours", "theirs"]


@pytest.mark.postgres_only("a file has one process")
async def test_whoever_is_cancelled_while_waiting_holds_nothing(store: Store, elsewhere: Store) -> None:
    async with Turns(store).of("card"):
        waiting = asyncio.create_task(_once(Turns(elsewhere)))
        await asyncio.sleep(0.2)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(20):
        await _once(Turns(store))


@pytest.mark.postgres_only("a file has one process")
async def test_many_turns_at_once_leave_connections_for_what_is_done_in_them(store: Store) -> None:
    turns, most = Turns(store), 20

    async def one(number: int) -> None:
        async with turns.of(f"card {number}"):
            inside.append(number)
            await everybody.wait()
            with store.read() as session:
                session.exec(select(Pending)).all()

    inside, everybody = list[int](), asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number in range(most):
            group.create_task(one(number))
        while len(inside) < most:
            await asyncio.sleep(0.01)
        everybody.set()


@pytest.mark.postgres_only("a file has one process")
async def test_many_turns_at_once_are_one_connection_and_none_when_they_are_over(store: Store) -> None:
    turns, inside, everybody = Turns(store), list[int](), asyncio.Event()

    def connections() -> int:
        with store.engine.connect() as connection:
            return postgres.others(connection)

    async def one(number: int) -> None:
        async with turns.of(f"card {number}"):
            inside.append(number)
            await everybody.wait()

    before = connections()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(one(number))
        while len(inside) < 20:
            await asyncio.sleep(0.01)
        assert connections() == before + 1
        everybody.set()
    async with asyncio.timeout(20):
        while connections() > before:
            await asyncio.sleep(0.01)


@pytest.mark.postgres_only("a file has one process")
async def test_whoever_waits_for_a_turn_keeps_no_thread_from_whoever_has_it(store: Store, elsewhere: Store) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    async with asyncio.timeout(20):
        async with Turns(store).of("card"):
            waiting = [asyncio.create_task(_once(Turns(elsewhere))) for _ in range(3)]
            await asyncio.sleep(0.2)
            await asyncio.to_thread(lambda: None)
        await asyncio.gather(*waiting)


@pytest.mark.postgres_only("a file has one process")
async def test_nobody_is_waited_for_without_end(
    store: Store, elsewhere: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.turns._PATIENCE", 0.1)
    async with Turns(store).of("card"):
        with pytest.raises(RecordError, match="another program holds the database"):
            await _once(Turns(elsewhere))
        async with Turns(elsewhere).of("another card"):
            pass
    await _once(Turns(elsewhere))


@pytest.mark.postgres_only("a file has one process")
async def test_turns_are_taken_again_after_a_server_has_let_everybody_go(store: Store) -> None:
    turns = Turns(store)
    async with turns.of("card"), turns.of("another card"):
        with store.engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
            ).all()
        with pytest.raises(RecordError):
            async with turns.of("a third card"):
                pass
        async with turns.of("a third card"):
            pass
    async with turns.of("card"):
        pass


@pytest.mark.postgres_only("a file has one process")
def test_the_server_asks_by_itself_whether_a_host_that_holds_a_lock_is_still_there(store: Store) -> None:
    """Of one that lost its power it would hear nothing for two hours, and neither would whoever waits."""
    source = "SELECT source FROM pg_settings WHERE name LIKE 'tcp_keepalives%%' ORDER BY name"
    connection = store.apart()
    assert list(connection.exec_driver_sql(source).scalars()) == ["session"] * 3
    postgres.end(connection)
    with closing(sole._taken(store, "x")) as lock:
        assert lock.execute(source).fetchall() == [("session",)] * 3


async def _once(turns: Turns) -> None:
    async with turns.of("card"):
        pass


def test_of_two_messages_at_once_one_is_the_answer(store: Store, elsewhere: Store, seals: Seals) -> None:
    both = [Waits(Awaiting(each, seals), seals.vault) for each in (store, elsewhere)]
    both[0].ask("telegram:1", Waiting(word="why", chat=1), NOW)
    found = list[Waiting | None]()
    threads = [
        threading.Thread(target=lambda n=n, waits=waits: found.append(waits.claim("telegram:1", n, 1, n, None, NOW)))
        for n, waits in enumerate(both)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each is None for each in found) == [False, True]


def test_how_far_an_answer_is_out_is_known_to_whoever_tries_next(store: Store, elsewhere: Store) -> None:
    with store.write() as session:
        session.add(Pending(id="e_1", at=0.0, wrapped=b"", sealed=b""))
    Cards(store).are_out("e_1", 2)
    assert (Cards(elsewhere).out("e_1"), Cards(elsewhere).out("e_2")) == (2, 0)
