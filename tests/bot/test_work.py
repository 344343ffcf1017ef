"""Work: every event is taken in once, tried until it is done, and survives whatever stops it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from engine_made import engine_of
from sqlmodel import select
from structlog.testing import capture_logs

from bot.audit.vault import Vault, VaultError
from bot.dead_letters import bury
from bot.store import Store
from bot.tables import Pending, Seen
from bot.work import SINCE, Deferred, Event, Patience, Retry, Undeliverable, Work

BRISK = Patience(first=0.001, longest=0.01, grace=0.5)


@pytest.fixture
def make(store: Store) -> Any:
    """Work on the same database; made again, it is a restart."""
    made: list[Work] = []

    def make(*, workers: int = 1, backlog: int = 50, patience: Patience = BRISK, key: bytes = b"k" * 32) -> Work:
        made.append(
            Work(
                store,
                Vault(key),
                engine_of(store, workers=workers, patience=patience),
                backlog=backlog,
                patience=patience,
            )
        )
        return made[-1]

    yield make
    for work in made:
        work.close()


Make = Callable[..., Work]


@asynccontextmanager
async def running(work: Work) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work.run())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def pending(store: Store) -> list[tuple[str, int]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT id, attempts FROM pending")]


def buried(store: Store) -> list[tuple[str, str]]:
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT platform, error FROM deadletter")]


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.002)


class Desk:
    """Remembers what it was given; `says` what to raise at each try."""

    def __init__(self, *says: Exception | None) -> None:
        self.given: list[Any] = []
        self.ids: list[str] = []
        self._says = list(says)

    async def __call__(self, id: str, event: Event) -> None:
        self.given.append(event["text"])
        self.ids.append(id)
        if self._says and (error := self._says.pop(0)):
            raise error


async def test_an_event_is_handed_over_and_forgotten(make: Make, store: Store) -> None:
    work, desk = make(), Desk()
    work.on("slack", desk)
    odd = "è 🎉 \ud800 \x00"
    async with running(work):
        assert await work.defer("slack", "1", {"text": odd}) is Deferred.TAKEN
        await until(lambda: not pending(store))
    assert desk.given == [odd]
    assert desk.ids[0].startswith("s_")


async def test_each_platform_has_its_own_handler_and_its_own_names(make: Make, store: Store) -> None:
    work, one, other = make(), Desk(), Desk()
    work.on("slack", one)
    work.on("telegram", other)
    assert await work.defer("slack", "1", {"text": "a"}) is Deferred.TAKEN
    assert await work.defer("telegram", "1", {"text": "b"}) is Deferred.TAKEN
    async with running(work):
        await until(lambda: not pending(store))
    assert (one.given, other.given) == (["a"], ["b"])


async def test_order_is_kept(make: Make, store: Store) -> None:
    work, desk = make(), Desk()
    work.on("slack", desk)
    for number in range(20):
        await work.defer("slack", str(number), {"text": number})
    async with running(work):
        for number in range(20, 40):
            await work.defer("slack", str(number), {"text": number})
        await until(lambda: not pending(store))
    assert desk.given == list(range(40))


async def test_order_is_kept_over_a_restart(make: Make, store: Store) -> None:
    before, work, desk = make(), make(), Desk()
    for number in range(20):
        await before.defer("slack", str(number), {"text": number})
    work.on("slack", desk)
    async with running(work):
        await until(lambda: not pending(store))
    assert desk.given == list(range(20))


async def test_what_is_left_over_and_queued_at_once_is_done_once(make: Make, store: Store) -> None:
    work, desk = make(workers=8), Desk()
    work.on("slack", desk)
    for number in range(30):
        await work.defer("slack", str(number), {"text": number})
    async with running(work):
        await until(lambda: not pending(store))
    assert sorted(desk.given) == list(range(30))


async def test_of_many_at_once_with_one_name_one_is_taken(make: Make, store: Store) -> None:
    work, other = make(), make()
    taken = await asyncio.gather(*(each.defer("slack", "1", {"text": "a"}) for each in (work, other) * 20))
    assert sorted(each.name for each in taken) == ["DUPLICATE"] * 39 + ["TAKEN"]
    assert len(pending(store)) == 1


async def test_a_name_is_known_again_after_the_answer_and_after_a_restart(make: Make, store: Store) -> None:
    work, desk = make(), Desk()
    work.on("slack", desk)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await until(lambda: not pending(store))
        assert await work.defer("slack", "1", {"text": "a"}) is Deferred.DUPLICATE
    assert await make().defer("slack", "1", {"text": "a"}) is Deferred.DUPLICATE
    assert desk.given == ["a"]


async def test_names_are_forgotten_in_the_end(make: Make, store: Store) -> None:
    work = make()
    await work.defer("slack", "1", {"text": "a"})
    with store.write() as session:
        (seen,) = session.exec(select(Seen)).all()
        session.delete(seen)
        session.flush()
        session.add(Seen(key=seen.key, at=seen.at - 49 * 3600))
    await work.defer("slack", "2", {"text": "b"})
    assert await work.defer("slack", "1", {"text": "a"}) is Deferred.TAKEN


async def test_many_waiting_is_said(make: Make) -> None:
    work = make(backlog=2)
    said = [await work.defer("slack", str(number), {"text": "a"}) for number in range(4)]
    assert said == [Deferred.TAKEN, Deferred.TAKEN, Deferred.QUEUED, Deferred.QUEUED]
    assert work.waiting == 4


@pytest.mark.parametrize("error", [Retry(), Retry(0.001), ValueError("zibaldone"), asyncio.CancelledError()], ids=repr)
async def test_what_fails_is_tried_again(make: Make, store: Store, error: Exception) -> None:
    work, desk = make(), Desk(error, error, error)
    work.on("slack", desk)
    with capture_logs() as logs:
        async with running(work):
            await work.defer("slack", "1", {"text": "a"})
            await until(lambda: len(desk.given) == 4 and not pending(store))
    assert len(set(desk.ids)) == 1
    assert "zibaldone" not in str(logs)


async def test_attempts_are_counted_and_each_pause_is_longer(make: Make, store: Store) -> None:
    work = make(patience=Patience(first=1.0, longest=5.0))
    assert [work._pause(ValueError(), attempts) for attempts in range(5)] == [1, 2, 4, 5, 5]
    assert work._pause(Retry(), 1) == 2
    # What a platform asks for counts, however long it is.
    assert [work._pause(Retry(after), 3) for after in (0.0, 300.0)] == [0, 300]
    work.on("slack", Desk(Retry(60.0)))
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await until(lambda: pending(store)[0][1] == 1)


async def test_one_that_waits_does_not_hold_up_others(make: Make, store: Store) -> None:
    work, desk = make(), Desk(Retry(60.0), None)
    work.on("slack", desk)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await work.defer("slack", "2", {"text": "b"})
        await until(lambda: len(pending(store)) == 1 and len(desk.given) == 2)
    assert desk.given == ["a", "b"]


async def test_where_nobody_is_left_it_ends(make: Make, store: Store) -> None:
    work, desk = make(), Desk(Undeliverable("user_not_found"))
    work.on("slack", desk)
    with capture_logs() as logs:
        async with running(work):
            await work.defer("slack", "1", {"text": "zibaldone"})
            await until(lambda: not pending(store))
    assert desk.given == ["zibaldone"]
    assert [(log["event"], log["reason"]) for log in logs] == [("work.undeliverable", "user_not_found")]


async def test_what_came_from_a_platform_that_is_not_set_up_waits_for_it(make: Make, store: Store) -> None:
    work = make()
    await work.defer("a", "1", {"n": 1})
    with capture_logs() as logged:
        async with running(work):
            while not logged:
                await asyncio.sleep(0.01)
    assert {(line["event"], line["platform"], line["error"]) for line in logged} == {("work.retry", "a", "NotSetUp")}
    done = asyncio.Event()

    async def handle(id: str, event: Event) -> None:
        done.set()

    again = make()
    again.on("a", handle)
    async with running(again):
        await asyncio.wait_for(done.wait(), 10)


async def test_it_is_given_up_in_the_end(make: Make, store: Store) -> None:
    work = make(patience=Patience(first=0.001, longest=0.01, whole=1.0))
    desk = Desk(*[ValueError("zibaldone")] * 1000)
    work.on("slack", desk)
    with capture_logs() as logs:
        async with running(work):
            await work.defer("slack", "1", {"text": "zibaldone"})
            await until(lambda: not pending(store))
    assert len(desk.given) > 1
    assert (logs[-1]["event"], logs[-1]["error"]) == ("work.given_up", "ValueError")
    assert buried(store) == [("slack", "ValueError")]
    assert "zibaldone" not in str(logs)


async def test_what_nobody_has_tried_yet_is_not_given_up_at_the_first_try(make: Make, store: Store) -> None:
    """After a night without workers Slack takes only some of all that has waited, and asks for patience."""
    work, desk = make(patience=Patience(first=0.001, longest=0.01, whole=0.0)), Desk(*[Retry(0.0)] * 9)
    work.on("slack", desk)
    async with running(work):
        await work.defer("slack", "1", {"text": "zibaldone"})
        await until(lambda: not pending(store))
    assert len(desk.given) == 10
    assert buried(store) == []


async def test_however_many_were_given_up_their_words_go_in_time(make: Make, store: Store) -> None:
    """An hour without Slack leaves more of them than a statement may name one by one."""
    many = (
        "INSERT INTO deadletter (id, at, died, platform, attempts, error, wrapped, sealed) "
        "WITH RECURSIVE one(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < 70000) "
        "SELECT 'e_' || n, 0, 0, 'slack', 1, 'OSError', {0}, {0} FROM one"
    )
    with store.write() as session:
        session.connection().exec_driver_sql(many.format("x''" if store.file else "''::bytea"))
    async with running(make()):
        await until(lambda: not buried(store))


async def test_dead_letters_that_nobody_can_read_keep_nobody_from_writing(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked at once a minute, and where a key is lost there may be thousands of them."""
    lost = make(key=b"x" * 32)
    await lost.defer("slack", "1", {"text": "zibaldone"})
    with store.write() as session:
        bury(session, session.exec(select(Pending)).one(), "", VaultError())
    work = make()

    def nobody() -> None:
        raise AssertionError("somebody writes")

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", nobody)
        work._look_at_the_dead()
    assert buried(store) == [("", "VaultError")]
    lost._look_at_the_dead()
    assert buried(store) == []


async def test_names_of_long_ago_are_let_go_of_in_portions(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.work._OVER", 4)
    with store.write() as session:
        session.add_all([Seen(key=f"{number}", at=0.0) for number in range(10)])
    work, left = make(), list[int]()
    for number in range(3):
        await work.defer("slack", f"{number}", {"text": "a"})
        with store.read() as session:
            left.append(len(session.exec(select(Seen).where(Seen.at == 0.0)).all()))
    assert left == [6, 2, 0]


async def test_what_is_in_hand_is_finished_at_a_stop(make: Make, store: Store) -> None:
    work, begun, done = make(), asyncio.Event(), list[str]()

    async def slow(id: str, _: Event) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        done.append(id)

    work.on("slack", slow)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await work.defer("slack", "2", {"text": "b"})
        await begun.wait()
    assert len(done) == 1
    assert len(pending(store)) == 1


async def test_what_takes_longer_is_left_for_the_next_start(make: Make, store: Store) -> None:
    work, begun, cut = make(patience=Patience(grace=0.01)), asyncio.Event(), list[str]()

    async def endless(id: str, _: Event) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cut.append(id)
            raise

    work.on("slack", endless)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await begun.wait()
    assert [id for id, _ in pending(store)] == cut
    after, desk = make(), Desk()
    after.on("slack", desk)
    async with running(after):
        await until(lambda: not pending(store))
    assert desk.given == ["a"]


async def test_whoever_tries_again_is_told_since_when_some_of_it_may_be_out(make: Make, store: Store) -> None:
    """In this process, and after one that was cut short in the middle."""
    work, told, taken = make(patience=Patience(first=0.001, grace=0.01)), list[Any](), list[float]()

    async def unlucky(_: str, event: Event) -> None:
        told.append(event.get(SINCE))
        with store.engine.connect() as connection:
            taken.append(connection.exec_driver_sql("SELECT at FROM pending").scalar_one())
        if len(told) == 1:
            raise Retry(0.001)
        if len(told) == 2:
            await asyncio.sleep(60)

    work.on("slack", unlucky)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await until(lambda: len(told) == 2)
    after = make()
    after.on("slack", unlucky)
    async with running(after):
        await until(lambda: not pending(store))
    assert told == [None, *taken[1:]]
    assert len(told) == 3


async def test_another_key_leaves_the_entry_and_says_how_to_go_on(make: Make, store: Store) -> None:
    await make().defer("slack", "1", {"text": "zibaldone"})
    wrong, desk = make(key=b"w" * 32), Desk()
    wrong.on("slack", desk)
    with capture_logs() as logs:
        async with running(wrong):
            await until(lambda: logs and buried(store))
    assert (logs[0]["event"], desk.given, buried(store)) == ("work.unreadable", [], [("", "VaultError")])
    assert "zibaldone" not in str(logs)
    right, desk = make(), Desk()
    right.on("slack", desk)
    async with running(right):
        await until(lambda: desk.given and not pending(store))
    assert (desk.given, buried(store)) == (["zibaldone"], [])


async def test_what_its_handler_cannot_read_is_given_up_for_good(make: Make, store: Store) -> None:
    """A damaged row, say: its own envelope opens, and no key that comes back would help."""
    work = make(patience=Patience(first=0.001, longest=0.01, whole=0.0, tries=2))
    work.on("slack", Desk(*[VaultError("a row is damaged")] * 9))
    async with running(work):
        await work.defer("slack", "1", {"text": "zibaldone"})
        await until(lambda: buried(store))
    await work._look()
    assert (buried(store), pending(store)) == ([("slack", "VaultError")], [])


async def test_what_is_put_within_a_transaction_stands_or_falls_with_it(make: Make, store: Store) -> None:
    work, desk = make(), Desk()
    work.on("slack", desk)
    async with running(work):
        with suppress(OSError), store.write() as session:
            work.put(session, "slack", "1", {"text": "a"})
            raise OSError
        with store.write() as session:
            for text in ("b", "c"):
                work.put(session, "slack", "1", {"text": text})
        assert await work.defer("slack", "1", {"text": "d"}) is Deferred.DUPLICATE
        await until(lambda: not pending(store))
    assert desk.given == ["b"]


async def test_a_database_that_fails_for_a_while(make: Make, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    work, desk, read = make(), Desk(), Work._read
    work.on("slack", desk)
    failures = [OSError("zibaldone")] * 3

    def sometimes(self: Work, id: str) -> Any:
        if failures:
            raise failures.pop()
        return read(self, id)

    monkeypatch.setattr(Work, "_read", sometimes)
    with capture_logs() as logs:
        async with running(work):
            await work.defer("slack", "1", {"text": "a"})
            await until(lambda: desk.given and not pending(store))
    assert [log["event"] for log in logs] == ["work.failed"] * 3
    assert "zibaldone" not in str(logs)


async def test_a_database_that_fails_right_after_the_answer(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is answered twice for that."""
    work, desk, forget = make(), Desk(), Work._forget
    work.on("slack", desk)
    failures = [OSError("zibaldone")] * 3

    def sometimes(self: Work, id: str) -> None:
        if failures:
            raise failures.pop()
        forget(self, id)

    monkeypatch.setattr(Work, "_forget", sometimes)
    async with running(work):
        await work.defer("slack", "1", {"text": "a"})
        await until(lambda: not pending(store))
    assert (desk.given, failures) == (["a"], [])


async def test_nothing_is_written_in_plain(make: Make, store: Store, tmp_path: Path) -> None:
    await make().defer("slack", "trigger:zibaldone", {"text": "zibaldone", "user": "U0MARIAROSSI"})
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("vaglio.db*"))
    assert b"zibaldone" not in written
    assert b"U0MARIAROSSI" not in written
    assert json.dumps("slack").encode() not in written


async def test_nothing_is_taken_in_after_the_end(make: Make) -> None:
    work = make()
    work.close()
    with pytest.raises(RuntimeError):
        await work.defer("slack", "1", {"text": "a"})
