"""An event that processes die of: whoever waits is told once, an operator finds it, and it can be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from engine_made import engine_of
from sqlmodel import select
from structlog.testing import capture_logs

from bot import casualties
from bot.audit.ledger import Ledger
from bot.audit.vault import Vault
from bot.dead_letters import KIND, DeadLetters, bury
from bot.engine import Engine, ProcessDied
from bot.store import Store
from bot.tables import Pending
from bot.work import Event, Patience, Retry, Undeliverable, Work
from bot.work_tables import Casualty, DeadLetter

BRISK = Patience(first=0.001, longest=0.01, grace=0.5)


class Desk:
    """Remembers what it was given; `says` what to raise at each try."""

    def __init__(self, *says: Exception | None) -> None:
        self.given: list[Any] = []
        self._says = list(says)

    async def __call__(self, id: str, event: Event) -> None:
        self.given.append(event["text"])
        if self._says and (error := self._says.pop(0)):
            raise error


class Place:
    """Work on a database, and the engine that does it."""

    def __init__(self, store: Store, patience: Patience = BRISK) -> None:
        self.store = store
        self.engine: Engine = engine_of(store, workers=2, patience=patience)
        self.work = Work(store, Vault(b"k" * 32), self.engine, backlog=50, patience=patience)
        self.desk, self.apology = Desk(), Desk()

    async def taken(self, text: str = "zibaldone", deaths: int = 0) -> None:
        """An event waits, with which so many processes have died."""
        await self.work.defer("slack", text, {"text": text})
        with self.store.write() as session:
            casualties.suspect(session, KIND, session.exec(select(Pending.id)).all(), deaths)
            if self.store.file is None:  # as a rescue leaves them
                session.connection().exec_driver_sql("UPDATE procrastinate_jobs SET attempts = 1, lock = 'alone'")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.work.on("slack", self.desk, self.apology)
        task = asyncio.create_task(self.work.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def done(self) -> None:
        """Run until nothing is left to do, and nobody is suspected any more."""
        async with self.running():
            await until(lambda: not self.waiting() and not self.suspects())

    def waiting(self) -> list[str]:
        with self.store.read() as session:
            return list(session.exec(select(Pending.id)).all())

    def suspects(self) -> list[int]:
        with self.store.read() as session:
            return list(session.exec(select(Casualty.deaths)).all())

    def buried(self) -> list[tuple[str, str, int]]:
        with self.store.read() as session:
            rows = session.exec(select(DeadLetter)).all()
        return [(row.platform, row.error, row.attempts) for row in rows]


@pytest.fixture
def place(store: Store) -> Any:
    place = Place(store)
    yield place
    place.work.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not await asyncio.to_thread(holds):
            await asyncio.sleep(0.005)


async def test_it_is_said_and_given_up_and_not_done_again(place: Place) -> None:
    await place.taken(deaths=3)
    with capture_logs() as logs:
        await place.done()
    assert (place.desk.given, place.apology.given) == ([], ["zibaldone"])
    assert place.buried() == [("slack", "ProcessDied", 3)]
    told = [log for log in logs if log["event"] == "work.deadly"]
    assert [(log["platform"], log["deaths"]) for log in told] == [("slack", 3)]
    assert "zibaldone" not in str(logs)


@pytest.mark.parametrize("deaths", [1, 2])
async def test_up_to_then_it_is_done_as_any_other(place: Place, deaths: int) -> None:
    await place.taken(deaths=deaths)
    await place.done()
    assert (place.desk.given, place.apology.given, place.buried()) == (["zibaldone"], [], [])


async def test_an_apology_that_is_not_taken_is_tried_again(place: Place) -> None:
    place.apology = Desk(Retry(0.0), OSError(), None)
    await place.taken(deaths=3)
    await place.done()
    assert (len(place.apology.given), place.desk.given) == (3, [])
    assert place.buried() == [("slack", "ProcessDied", 5)]


async def test_an_apology_for_which_nobody_is_left_ends(place: Place) -> None:
    place.apology = Desk(Undeliverable("user_not_found"))
    await place.taken(deaths=3)
    await place.done()
    assert (len(place.apology.given), len(place.buried())) == (1, 1)


async def test_an_apology_that_nobody_takes_for_too_long_ends(store: Store) -> None:
    place = Place(store, Patience(first=0.001, longest=0.001, whole=0.0, tries=3))
    place.apology = Desk(*[OSError()] * 50)
    await place.taken(deaths=3)
    await place.done()
    place.work.close()
    assert (len(place.apology.given), [error for _, error, _ in place.buried()]) == (3, ["ProcessDied"])


async def test_where_they_die_of_the_apology_too_it_ends(place: Place) -> None:
    await place.taken(deaths=6)
    await place.done()
    assert (place.desk.given, place.apology.given) == ([], [])
    assert place.buried() == [("slack", "ProcessDied", 6)]


async def test_a_platform_without_apologies_gives_up_all_the_same(place: Place) -> None:
    await place.taken(deaths=3)
    place.work.on("slack", place.desk)
    task = asyncio.create_task(place.work.run())
    await until(lambda: place.buried() and not place.suspects())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert place.desk.given == []


async def test_others_are_answered_beside_it(place: Place) -> None:
    await place.taken("a", deaths=3)
    for text in "bcd":
        await place.work.defer("slack", text, {"text": text})
    await place.done()
    assert (sorted(place.desk.given), place.apology.given) == (["b", "c", "d"], ["a"])


async def test_replayed_it_is_tried_once_more_and_apart(place: Place, store: Store, ledger: Ledger) -> None:
    await place.taken("a", deaths=3)
    await place.done()
    (letter,) = DeadLetters(store, place.engine, ledger).all()
    assert (letter.error, letter.attempts) == (ProcessDied.__name__, 3)
    with store.write() as session:  # another one, for another reason
        session.add(other := Pending(id="s_0", at=0.0, wrapped=b"", sealed=b""))
        session.flush()
        bury(session, other, "", OSError())
    again = Place(store)
    letters = DeadLetters(store, again.engine, ledger)
    letters.replay([letter.id], "p_0", datetime.now(UTC))
    with store.read() as session:
        assert dict(casualties.deaths(session)) == {(KIND, letter.id): 2}
        if store.file is None:
            locks = session.connection().exec_driver_sql("SELECT lock FROM procrastinate_jobs").scalars().all()
            assert locks == ["alone"]
    await again.done()
    again.work.close()
    assert (again.desk.given, again.buried()) == (["a"], [("", "OSError", 1)])
    assert letters.replay(["s_0"], "p_0", datetime.now(UTC)) == ["s_0"]
    assert again.suspects() == []
