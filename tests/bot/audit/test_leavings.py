"""What an erasure leaves in the files: told as it is, and on a server cleared away when it is due, table by table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from bot import vacuuming
from bot.audit.errors import RecordError
from bot.audit.index import Index
from bot.audit.leavings import clear_leavings
from bot.audit.ledger import Ledger
from bot.store import Store
from bot.wording import Wording

on_server = pytest.mark.postgres_only("a file is cleared at once")


@pytest.fixture
def index(store: Store, ledger: Ledger) -> Iterator[Index]:
    with closing(Index(store, ledger)) as index:
        yield index


@contextmanager
def reading(database: str, table: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who reads it, but for a test that would wait for them."""
    with psycopg.connect(database) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '30s'")
        connection.commit()
        connection.execute(f"SELECT count(*) FROM {table}".encode())
        yield connection
        connection.rollback()


def files(store: Store, *tables: str) -> list[int]:
    """In which each lies: written anew, it lies in another."""
    with store.read() as session:
        found = session.connection().exec_driver_sql
        return [found(f"SELECT pg_relation_filenode('{table}')").scalar_one() for table in tables]


def test_on_a_file_nothing_is_left(store: Store, index: Index) -> None:
    told = " ".join(clear_leavings(store, index).told(Wording("it")))
    assert ("non resta traccia" in told) == (store.file is not None)


@on_server
def test_on_a_server_an_erasure_keeps_nobody_from_a_table(store: Store, index: Index, database: str) -> None:
    """Who writes the words anew keeps every draft from being checked meanwhile."""
    index.catch_up()
    asked, before = list[str](), files(store, "content", "personkey")

    @event.listens_for(store.engine, "before_cursor_execute")
    def _on_execute(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    with reading(database, "content"), reading(database, "personkey"):
        leavings = clear_leavings(store, index)
    told = " ".join(leavings.told(Wording("en")))
    assert "vaglio audit purge" in told
    assert "sealed words and their key" in told
    assert not leavings.is_held
    assert files(store, "content", "personkey") == before
    (vacuum,) = (statement for statement in asked if statement.startswith("VACUUM"))
    assert "FULL" not in vacuum
    assert "personkey" in vacuum


@on_server
def test_what_somebody_searches_just_now_is_told(
    store: Store, index: Index, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.shelf._PATIENCE", 0.2)
    index.catch_up()
    index.rebuild()
    with index.write() as connection:
        connection.exec_driver_sql("UPDATE state SET unclean = 1")
    with reading(database, "search.words"):
        leavings = clear_leavings(store, index)
    assert leavings.is_held
    assert "the next search" in " ".join(leavings.told(Wording("en")))
    assert not clear_leavings(store, index).is_held


@on_server
def test_a_purge_comes_back_to_what_was_held_and_names_what_it_could_not_have(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vacuuming, "_TABLE", "100ms")
    monkeypatch.setattr(vacuuming, "_PAUSES", (0.0, 0.0))
    before = files(store, "personkey", "content", "card")
    with reading(database, "card"), pytest.raises(RecordError) as refused:
        store.purge()
    assert refused.value.code == "locked"
    assert refused.value.place.endswith(" (card)")
    after = files(store, "personkey", "content", "card")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]
    store.purge()
    assert files(store, "card") != before[2:]


@on_server
def test_a_purge_takes_the_keys_first_and_the_largest_last(store: Store) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO card SELECT n, 'slack:C', repeat('x', 500) FROM generate_series(1, 2000) n"
        )
    asked = list[str]()

    @event.listens_for(store.engine, "before_cursor_execute")
    def _on_execute(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("VACUUM (FULL"):
            asked.append(statement.split()[-1])

    store.purge()
    assert asked[0] == "personkey"
    assert asked[-2:] == ["card", "pg_catalog.pg_statistic"]
    assert {"content", "entry", "identity", "alembic_version", "procrastinate_jobs"} <= {*asked}


@on_server
def test_a_purge_is_not_cut_short_by_a_time_for_statements(store: Store, database: str) -> None:
    with closing(Store(f"{database}&options=-c%20statement_timeout%3D20000")) as limited:
        shown = list[str]()

        @event.listens_for(limited.engine, "before_cursor_execute")
        def _on_execute(connection: Any, _: object, statement: str, *__: object) -> None:
            if statement.endswith(" personkey"):
                with connection.connection.cursor() as cursor:
                    shown.append(cursor.execute("SHOW statement_timeout").fetchone()[0])

        limited.purge()
        # The connection goes with what was set on it.
        with limited.read() as session:
            assert session.connection().exec_driver_sql("SHOW statement_timeout").scalar_one() == "20s"
    assert shown == ["0"]
