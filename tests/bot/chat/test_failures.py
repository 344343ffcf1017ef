"""Whatever keeps the record from being written, in the chats there is no verdict, and the log says what to mend."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.actions import Action, Verb
from bot.audit.following import BATCH
from bot.audit.head import LAG
from bot.deeds import Act
from bot.reply import Notice, Reply, failure
from rules.draft import Draft

IDIOT = Draft(text="Uno zibaldone idiota", author="slack:T1:U1")


@contextmanager
def _with_pragma(house: Any, pragma: str) -> Iterator[None]:
    engine: Engine = house.store.engine

    def on_connect(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA {pragma}")

    engine.dispose()
    event.listen(engine, "connect", on_connect)
    yield
    event.remove(engine, "connect", on_connect)
    engine.dispose()


@contextmanager
def _full(house: Any) -> Iterator[None]:
    with house.store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    with _with_pragma(house, f"max_page_count={pages}"):
        yield


@contextmanager
def _read_only(house: Any) -> Iterator[None]:
    with _with_pragma(house, "query_only=ON"):
        yield


@contextmanager
def _held(house: Any) -> Iterator[None]:
    with closing(sqlite3.connect(house.store.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _damaged(house: Any) -> Iterator[None]:
    """The page in which entries begin is half another."""
    house.store.engine.dispose()
    with closing(sqlite3.connect(house.store.file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").fetchone()
        (size,) = other.execute("PRAGMA page_size").fetchone()
    whole = house.store.file.read_bytes()
    at = (page - 1) * size
    house.store.file.write_bytes(whole[:at] + b"\xff" * size + whole[at + size :])
    yield
    house.store.engine.dispose()
    with closing(sqlite3.connect(house.store.file)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    house.store.file.write_bytes(whole)


@contextmanager
def _head_away(house: Any) -> Iterator[None]:
    """It may not be written, and lies as far behind as a stop can leave it."""
    following = house.ledger._following
    real = following._head
    following._head = type(real)(real.path)
    following._head.lock = _busy
    for number in range(LAG - BATCH + 1):
        house.ledger.append("role", subject=f"r_{number}", facts={})
    yield
    following._head = real
    house.ledger.catch_up()


def _busy() -> Any:
    raise OSError("no space left for zibaldone")


FAILURES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "full": (_full, "full"),
    "read only": (_read_only, "rights"),
    "held": (_held, "locked"),
    "damaged": (_damaged, "broken"),
    "head": (_head_away, "head"),
}


@pytest.mark.sqlite_only("conditions of a file")
@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("language", ["it", "en"])
async def test_no_verdict_without_a_record(house: Any, logged: Any, name: str, language: str) -> None:
    await house.desk.answer("s_0", Draft(text="Uno zibaldone", author="slack:T1:U1"), language)
    condition, code = FAILURES[name]
    with condition(house):
        count = 0
        # What fits into a page that is there already is on record, and so may be shown.
        while isinstance(said := await house.desk.answer(f"s_{count + 1}", IDIOT, language), Reply):
            count += 1
        assert said == Notice(failure(language))
    assert f'"code": "{code}"' in logged()
    assert "zibaldone" not in logged()
    assert isinstance(await house.desk.answer("s_99", IDIOT, language), Reply)
    kinds = [entry.kind for entry in house.ledger.entries()]
    assert kinds.count("screening") == count + 2
    assert house.ledger.verify().is_sound


async def test_deadlines_wait_for_a_clock_that_was_put_back(house: Any) -> None:
    house.platforms.add("slack")
    now, draft = datetime.now(UTC), Draft(text="Uno zibaldone: un trimestre record", author="slack:T1:U1")
    held = house.conversation.check("e1", draft, "it").said.screening
    house.conversation.act(Act("e2", "slack:T1:U1", Action(Verb.ASK, held), "it", now, name="Anna"))
    (seat,) = house.cabinet.reviews.waiting()
    for days in (-30, -29, -30):
        await house.clock.tick(now + timedelta(days=days))
    (after,) = house.cabinet.reviews.waiting()
    assert (after.step, after.due) == (0, seat.due)
    for _ in range(3):
        # Once it is right again, what is due is done once.
        await house.clock.tick(seat.due + timedelta(seconds=1))
    (after,) = house.cabinet.reviews.waiting()
    assert after.step == 1
