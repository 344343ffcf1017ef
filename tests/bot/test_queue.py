"""The queue on a real PostgreSQL: whoever is free does it, once, whatever becomes of whoever had it in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import procrastinate
import pytest
from engine_made import PULSE
from postgres import NoServer, Server
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager

from bot.engine import Lost, Patience, Retry
from bot.form import MIGRATIONS
from bot.jobs import Jobs
from bot.queue import Queue
from bot.sole import only_one
from bot.store import Store

pytestmark = pytest.mark.postgres_only("it is about PostgreSQL's queue")

BRISK = Patience(first=0.01, longest=0.05, grace=0.5)


@asynccontextmanager
async def running(*queues: Queue) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(queue.run()) for queue in queues]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.02)


def queue_of(store: Store, workers: int = 2) -> Queue:
    return Queue(store, workers=workers, patience=BRISK, pulse=PULSE)


def put(store: Store, queue: Queue, *ids: str, kind: str = "piece") -> None:
    with store.write() as session:
        queue.put(session, kind, ids)


def rows(store: Store, statement: str) -> list[tuple[object, ...]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def jobs(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT args->>'id', status::text FROM procrastinate_jobs ORDER BY id")


class Doing:
    """Remembers what it was given, and at which try."""

    def __init__(self, *says: Exception | None, lasts: float = 0.0) -> None:
        self.given: list[str] = []
        self.done: list[str] = []
        self._says, self._lasts = list(says), lasts

    async def __call__(self, id: str) -> None:
        self.given.append(id)
        await asyncio.sleep(self._lasts)
        if self._says and (error := self._says.pop(0)):
            raise error
        self.done.append(id)


def test_the_installed_procrastinate_is_the_one_whose_tables_are_made() -> None:
    """A newer one comes with a migration of its own (docs/decisions/queue.md)."""
    (made,) = MIGRATIONS.glob("procrastinate-*.sql")
    assert made.read_text(encoding="utf-8") == SchemaManager.get_schema()
    assert made.stem == "procrastinate-" + ".".join(procrastinate.__version__.split(".")[:2])


def test_what_is_taken_back_leaves_no_job(store: Store) -> None:
    queue = queue_of(store)
    with suppress(ZeroDivisionError), store.write() as session:
        queue.put(session, "piece", ["a"])
        raise ZeroDivisionError
    assert jobs(store) == []
    put(store, queue, "b")
    assert jobs(store) == [("b", "todo")]


async def test_two_workers_never_do_one_piece_at_once(store: Store) -> None:
    queues, doing = [queue_of(store, 4), queue_of(store, 4)], Doing(lasts=0.005)
    for queue in queues:
        queue.on("piece", doing, people_wait=True)
    put(store, queues[0], *map(str, range(60)))
    async with running(*queues):
        await until(lambda: not jobs(store))
    assert sorted(doing.given, key=int) == list(map(str, range(60)))


async def test_a_piece_is_taken_up_at_once(store: Store) -> None:
    queue, doing = queue_of(store), Doing()
    queue.on("piece", doing, people_wait=True)
    async with running(queue):
        await until(lambda: rows(store, "SELECT id FROM procrastinate_workers"))
        await asyncio.to_thread(put, store, queue, "a")
        await until(lambda: doing.done == ["a"] and not jobs(store))


async def test_what_fails_is_tried_again(store: Store) -> None:
    queue, doing = queue_of(store), Doing(ValueError("zibaldone"), Retry(), Retry(0.02))
    queue.on("piece", doing)
    put(store, queue, "a")
    async with running(queue):
        await until(lambda: not jobs(store))
    assert (doing.given, doing.done) == (["a"] * 4, ["a"])


async def test_what_is_in_hand_at_a_stop_is_handed_back_at_once(store: Store) -> None:
    slow, other = Doing(lasts=60), Doing()
    first, second = queue_of(store), queue_of(store)
    first.on("piece", slow, people_wait=True)
    second.on("piece", other, people_wait=True)
    put(store, first, "a")
    async with running(first):
        await until(lambda: slow.given)
    assert (jobs(store), rows(store, "SELECT id FROM procrastinate_workers")) == ([("a", "todo")], [])
    async with running(second):
        await until(lambda: other.done == ["a"] and not jobs(store))


async def test_a_worker_that_was_cut_off_and_comes_back_does_nothing_more(store: Store) -> None:
    """Another has its piece by then; neither goes out twice, nor is the other's job taken from under it."""
    said, begun, back = list[str](), asyncio.Event(), asyncio.Event()
    # It hears of nothing before it comes back, and has no hand free to look for more.
    cut_off = Queue(store, workers=1, patience=BRISK, pulse=replace(PULSE, beat=60))
    other = queue_of(store)

    async def slowly(id: str) -> None:
        begun.set()
        await back.wait()
        with suppress(Lost):
            await cut_off.still_ours()
            said.append("the first")

    async def after(id: str) -> None:
        back.set()
        await asyncio.sleep(0.3)
        await other.still_ours()
        said.append("the other")

    cut_off.on("piece", slowly, people_wait=True)
    other.on("piece", after, people_wait=True)
    put(store, cut_off, "a")
    async with running(cut_off):
        await begun.wait()
        with store.write() as session:  # as if nothing had been heard of it for long
            session.connection().exec_driver_sql("UPDATE procrastinate_workers SET last_heartbeat = '-infinity'")
            session.connection().exec_driver_sql("DELETE FROM procrastinate_workers")
        async with running(other):
            await until(lambda: not jobs(store))
    assert said == ["the other"]


def kill(store: Store, deaths: int = 0) -> None:
    """As who was killed leaves what they had in hand; so many others had been killed with it before."""
    with store.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("UPDATE procrastinate_jobs SET status = 'doing'")
        if deaths:
            connection.exec_driver_sql("UPDATE procrastinate_jobs SET lock = 'alone'")
            blamed = f"INSERT INTO casualty SELECT task_name, args->>'id', {deaths} FROM procrastinate_jobs"
            connection.exec_driver_sql(blamed)


def deaths(store: Store) -> list[tuple[object, ...]]:
    return rows(store, "SELECT id, deaths FROM casualty WHERE deaths > 0 ORDER BY id")


async def rescue(store: Store) -> None:
    """By a worker that does other things."""
    other = queue_of(store)
    other.on("other", Doing())
    async with running(other):
        await until(lambda: {status for _, status in jobs(store)} == {"todo"})


async def test_what_was_in_hand_at_a_death_is_done_one_at_a_time_and_acquitted(store: Store) -> None:
    """By whatever worker: one of them may be what the first one died of, and the others be innocent."""
    most, at_once, blamed = 0, 0, set[object]()

    async def doing(id: str) -> None:
        nonlocal most, at_once
        at_once += 1
        most = max(most, at_once)
        blamed.update(await asyncio.to_thread(deaths, store))
        await asyncio.sleep(0.02)
        at_once -= 1

    queues = [queue_of(store, 4), queue_of(store, 4)]
    for queue in queues:
        queue.on("piece", doing, people_wait=True)
    put(store, queues[0], *"abcdef")
    kill(store)
    async with running(*queues):
        await until(lambda: not jobs(store))
    assert (most, blamed) == (1, {(id, 1) for id in "abcdef"})
    assert deaths(store) == []


async def test_whoever_has_seen_one_death_goes_before_whoever_has_seen_two(store: Store) -> None:
    queue, doing = queue_of(store), Doing()
    queue.on("piece", doing, people_wait=True)
    put(store, queue, "twice", "once")
    kill(store)
    with store.write() as session:
        twice = "UPDATE procrastinate_jobs SET lock = 'alone' WHERE args->>'id' = 'twice'"
        session.connection().exec_driver_sql(twice)
        session.connection().exec_driver_sql("INSERT INTO casualty VALUES ('piece', 'twice', 1)")
    await rescue(store)
    assert deaths(store) == [("once", 1), ("twice", 2)]
    async with running(queue):
        await until(lambda: not jobs(store))
    assert doing.given == ["once", "twice"]


async def test_after_three_deaths_it_is_given_up(store: Store) -> None:
    queue, doing, given_up = queue_of(store), Doing(), list[tuple[str, int]]()

    async def give_up(id: str, deaths: int) -> None:
        given_up.append((id, deaths))

    queue.on("piece", doing, give_up=give_up, people_wait=True)
    put(store, queue, "a")
    kill(store, deaths=2)
    async with running(queue):
        await until(lambda: not jobs(store))
    assert (doing.given, given_up, deaths(store)) == ([], [("a", 3)], [])


async def test_what_was_survived_and_waits_keeps_no_other_suspect_back(store: Store) -> None:
    queue, doing = queue_of(store), Doing(Retry(600))
    queue.on("piece", doing, people_wait=True)
    put(store, queue, "a", "b")
    kill(store)
    await rescue(store)
    async with running(queue):
        await until(lambda: doing.done == ["b"])
    assert doing.given == ["a", "b"]
    assert jobs(store) == [("a", "todo")]
    assert deaths(store) == [("a", 1)]


async def test_who_was_only_cut_off_has_not_died(store: Store) -> None:
    begun, back = asyncio.Event(), asyncio.Event()
    cut_off, other = Queue(store, workers=1, patience=BRISK, pulse=replace(PULSE, beat=60)), queue_of(store)
    blamed = list[object]()

    async def slowly(id: str) -> None:
        begun.set()
        await back.wait()

    async def after(id: str) -> None:
        blamed.extend(await asyncio.to_thread(deaths, store))
        back.set()
        await until(lambda: deaths(store) == [])

    cut_off.on("piece", slowly, people_wait=True)
    other.on("piece", after, people_wait=True)
    put(store, cut_off, "a")
    async with running(cut_off):
        await begun.wait()
        with store.write() as session:  # as if nothing had been heard of it for long
            session.connection().exec_driver_sql("DELETE FROM procrastinate_workers")
        async with running(other):
            await until(lambda: not jobs(store))
    assert blamed == [("a", 1)]


async def test_a_process_that_stood_still_does_not_take_itself_for_dead(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, looked, goes = Queue(store, workers=1, patience=BRISK, pulse=replace(PULSE, beat=60)), list[int](), [False]
    given, rescue = list[str](), Jobs.rescue

    async def looking(self: Jobs, dead: float) -> int:
        looked.append(await rescue(self, dead))
        return looked[-1]

    async def doing(id: str) -> None:
        given.append(id)
        with store.write() as session:
            session.connection().exec_driver_sql("UPDATE procrastinate_workers SET last_heartbeat = '-infinity'")
        await until(lambda: len(looked) > 1)
        await queue.still_ours()
        goes[0] = True

    monkeypatch.setattr(Jobs, "rescue", looking)
    queue.on("piece", doing, people_wait=True)
    put(store, queue, "a")
    async with running(queue):
        await until(lambda: not jobs(store))
    assert (given, goes, set(looked)) == (["a"], [True], {0})


async def test_what_a_worker_could_not_hand_back_its_process_does_later_and_nobody_has_died(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away when the worker ended; the process lives."""
    queue, doing = queue_of(store), Doing(lasts=60)
    left, failures = Jobs._hand_back, [True]

    async def sometimes(self: Jobs, workers: Sequence[int]) -> None:
        if failures and workers:
            failures.pop()
            raise ConnectorException
        await left(self, workers)

    async def never(self: Jobs, *_: object, **__: object) -> bool:
        return False

    queue.on("piece", doing, people_wait=True)
    put(store, queue, "a")
    async with running(queue):
        await until(lambda: doing.given == ["a"])
        with monkeypatch.context() as patch:
            patch.setattr(Jobs, "_hand_back", sometimes)
            patch.setattr(Jobs, "_settle", never)
            doing._lasts = 0.0
            assert queue._jobs is not None
            queue._jobs._give_up()
            await until(lambda: not failures)
        await until(lambda: not jobs(store))
    assert (doing.given, doing.done, deaths(store)) == (["a", "a"], ["a"], [])


async def test_what_waits_and_is_in_no_queue_is_found(store: Store) -> None:
    queue, doing, left = queue_of(store), Doing(), ["a", "b"]
    queue.on("piece", doing, left_over=lambda: [id for id in left if id not in doing.done])
    put(store, queue, "a")
    async with running(queue):
        await until(lambda: len(doing.done) == 2)
    assert sorted(doing.done) == ["a", "b"]


async def test_looking_for_what_is_in_no_queue_keeps_nobody_from_writing(store: Store) -> None:
    queue, doing, looked = queue_of(store), Doing(Retry(60)), list[bool]()

    def left_over() -> list[str]:
        looked.append(store._turn.is_ours)
        return ["a"]

    queue.on("piece", doing, left_over=left_over)
    put(store, queue, "a")
    async with running(queue):
        await until(lambda: len(looked) > 2)
    assert not any(looked)


async def test_drafts_do_not_wait_behind_what_takes_long(store: Store) -> None:
    queue, long, draft = queue_of(store, 1), Doing(lasts=60), Doing()
    queue.on("chunk", long)
    queue.on("piece", draft, people_wait=True)
    put(store, queue, *"abc", kind="chunk")
    async with running(queue):
        await until(lambda: long.given)
        await asyncio.to_thread(put, store, queue, "d")
        await until(lambda: draft.done)
    assert len(long.given) == 1


async def test_what_is_done_again_and_again_is_done_once_over_all_workers(store: Store) -> None:
    done, looked, queues = list[str](), Doing(), [queue_of(store) for _ in range(3)]
    for number, queue in enumerate(queues):

        async def yearly(name: str = str(number)) -> None:
            done.append(name)

        async def often(name: str = str(number)) -> None:
            await looked(name)

        queue.on("piece", Doing())
        queue.every(365 * 86_400, "yearly", yearly)
        # Each has looked at what is due before it does this.
        queue.every(1, f"often {number}", often)
    async with running(*queues):
        await until(lambda: all(looked.given.count(str(number)) > 1 for number in range(3)))
    assert len(done) == 1


async def test_what_is_due_again_is_taken_over_from_whoever_is_gone(store: Store) -> None:
    gone, heir, stuck, done = queue_of(store), queue_of(store), Doing(lasts=60), Doing()
    gone.every(1, "tick", lambda: stuck("gone"))
    heir.every(1, "tick", lambda: done("heir"))
    async with running(gone):
        await until(lambda: stuck.given)
        async with running(heir):
            await until(lambda: rows(store, "SELECT name FROM round WHERE name = 'sweep'"))
            assert done.given == []
            with store.write() as session:  # as if its lease had run out
                session.connection().exec_driver_sql("UPDATE round SET until = 0, due = 0 WHERE name = 'tick'")
            await until(lambda: done.done)


async def test_a_clock_of_the_server_that_is_put_back_stops_nothing(store: Store) -> None:
    queue, ticks = queue_of(store), Doing()
    queue.every(1, "tick", lambda: ticks("tick"))
    with store.write() as session:  # as was written a day ahead of time
        ahead = "extract(epoch FROM clock_timestamp()) + 86400"
        session.connection().exec_driver_sql(f"INSERT INTO round SELECT 'tick', {ahead}, {ahead}, 'another'")
    async with running(queue):
        await until(lambda: ticks.done)


async def test_it_survives_the_loss_of_every_connection(store: Store) -> None:
    queue, doing = queue_of(store), Doing()
    queue.on("piece", doing, people_wait=True)
    async with running(queue) as (task,):
        for name in "abc":
            await until(lambda: rows(store, "SELECT id FROM procrastinate_workers"))
            with suppress(Exception):
                rows(store, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            await asyncio.to_thread(put, store, queue, name)
            await until(lambda name=name: name in doing.done)
        assert not task.done()
    assert doing.done == ["a", "b", "c"]


async def test_a_worker_with_nothing_to_do_finds_out_that_it_was_taken_for_dead(store: Store) -> None:
    """Or nobody hears of it until there is work, and that then waits while it begins anew."""
    queue = queue_of(store)
    queue.on("piece", Doing(), people_wait=True)
    workers = "SELECT id FROM procrastinate_workers"
    async with running(queue):
        await until(lambda: rows(store, workers))
        with store.write() as session:
            session.connection().exec_driver_sql("DELETE FROM procrastinate_workers")
        await until(lambda: rows(store, workers))


async def test_a_worker_that_can_listen_no_more_begins_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would only come and look from time to time, for good."""
    queue, listening = queue_of(store), list[str]()
    queue.on("piece", Doing(), people_wait=True)
    listen = PsycopgConnector.listen_notify

    async def fail_once(self: PsycopgConnector, *given: Any, **more: Any) -> None:
        listening.append("")
        if len(listening) == 1:
            raise ConnectorException
        await listen(self, *given, **more)

    monkeypatch.setattr(PsycopgConnector, "listen_notify", fail_once)
    async with running(queue):
        await until(lambda: len(listening) == 2)


@pytest.fixture
def own_server() -> Iterator[Server]:
    """One that may be restarted, for nobody else is on it."""
    server = Server()
    try:
        server.start()
    except NoServer as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.mark.slow
async def test_it_survives_a_restart_of_the_database(own_server: Server) -> None:
    store = Store(own_server.url(own_server.create()))
    store.migrate()
    queue, doing, ticks = queue_of(store), Doing(lasts=0.3), Doing()
    queue.on("piece", doing, people_wait=True)
    queue.every(1, "tick", lambda: ticks("tick"))
    put(store, queue, "a", "b", "c")
    async with running(queue) as (task,):
        await until(lambda: doing.given)
        await asyncio.to_thread(own_server.restart)
        await asyncio.to_thread(put, store, queue, "d")
        await until(lambda: set(doing.done) == set("abcd") and not jobs(store), 60)
        before = len(ticks.done)
        await until(lambda: len(ticks.done) > before)
        assert not task.done()
    store.close()


async def test_one_at_a_time_holds_the_lock_and_the_next_takes_over(store: Store) -> None:
    at_it = list[str]()

    async def hold(name: str) -> None:
        at_it.append(name)
        try:
            await asyncio.sleep(3_600)
        finally:
            at_it.remove(name)

    first = asyncio.create_task(only_one(store, "x", lambda: hold("first"), 0.05))
    await until(lambda: at_it == ["first"])
    second = asyncio.create_task(only_one(store, "x", lambda: hold("second"), 0.05))
    other = asyncio.create_task(only_one(store, "y", lambda: hold("other"), 0.05))
    await until(lambda: at_it == ["first", "other"])
    # The first one's connection is lost: it lets go, and whoever is next has it.
    rows(
        store, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    )
    await until(lambda: len(at_it) == 2 and set(at_it) & {"first", "second"})
    for task in (first, second, other):
        task.cancel()
    await asyncio.gather(first, second, other, return_exceptions=True)
    assert at_it == []


async def test_what_it_ends_with_is_told(store: Store) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await only_one(store, "x", fail, 0.05)


async def test_a_stop_at_any_moment_ends_it_and_leaves_no_connection(store: Store) -> None:
    """The pool of connections may swallow a stop that comes in the moment in which it gets one."""
    for number in range(40):
        queue = queue_of(store)
        queue.on("piece", Doing(), people_wait=True)
        task = asyncio.create_task(queue.run())
        await asyncio.sleep(number**2 / 8_000)
        task.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait({task})
    idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%%procrastinate%%'"
    await until(lambda: rows(store, idle)[0][0] <= 2)
