"""A server's tables change their form while others work: nobody is held up, and who is in the way is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from bot import form, migrating
from bot.audit.errors import RecordError
from bot.form import MIGRATIONS
from bot.store import Store
from bot.tables import Tally

pytestmark = [pytest.mark.postgres_only("in a file there is one who writes"), pytest.mark.as_owner]


def go_back(store: Store, to: str) -> None:
    """To the tables of an older release."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = store._writing
    command.downgrade(config, to)


@contextmanager
def reading(database: str, table: str) -> Iterator[psycopg.Connection[Any]]:
    """A backup that goes on and on; but for a test that would wait for it."""
    with psycopg.connect(database, application_name="nightly backup") as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '30s'")
        connection.commit()
        connection.execute(f"SELECT count(*) FROM {table}".encode())
        yield connection


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(migrating, "_LOOK", 0.02)
    for name in ("_TABLE", "_INDEX"):
        monkeypatch.setattr(migrating, name, "400ms")


def indexes(store: Store, table: str) -> dict[str, bool]:
    """And whether each is of use."""
    asked = (
        "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        f"WHERE i.indrelid = '{table}'::regclass"
    )
    with store.read() as session:
        return {name: is_valid for name, is_valid in session.connection().exec_driver_sql(asked)}


@pytest.mark.usefixtures("brisk")
def test_who_holds_a_table_is_named_and_nothing_is_changed(store: Store, database: str) -> None:
    go_back(store, "0009")
    with reading(database, "card"):
        with pytest.raises(RecordError) as refused:
            store.migrate()
        assert refused.value.code == "blocked"
        assert "nightly backup" in refused.value.place
        assert "vaglio db migrate" in str(refused.value)
        with store.write() as session:  # the lock is not kept meanwhile
            session.add(Tally(day="x"))
    assert store.form() == "0009"
    store.migrate()
    assert store.form() == form.newest()


@pytest.mark.usefixtures("brisk")
def test_who_lets_go_in_time_is_waited_for(store: Store, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    go_back(store, "0009")
    paused = list[float]()

    with reading(database, "card") as backup:

        def sleep(seconds: float) -> None:
            paused.append(seconds)
            backup.rollback()

        monkeypatch.setattr(migrating, "time", SimpleNamespace(sleep=sleep))
        store.migrate()
    assert len(paused) == 1
    assert store.form() == form.newest()


@pytest.mark.usefixtures("brisk")
def test_the_writers_lock_is_waited_for_once(store: Store, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has it for a minute is another migration, or does not let go."""
    monkeypatch.setattr("bot.store._PATIENCE", 0.2)
    tried = list[float]()
    monkeypatch.setattr(migrating, "time", SimpleNamespace(sleep=tried.append))
    with closing(Store(database)) as other, other.write() as session:
        session.add(Tally(day="x"))
        session.flush()
        with pytest.raises(RecordError) as refused:
            store.migrate()
    assert (refused.value.code, tried) == ("locked", [])


def test_indexes_of_large_tables_are_there_before_the_migration(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever writes waits until a table is read from end to end."""
    go_back(store, "0012")
    assert "ix_receipt_at" not in indexes(store, "receipt")
    monkeypatch.setattr(migrating, "_LARGE", -1)
    upgrade, before = form.upgrade, dict[str, bool]()

    def look(*given: Any) -> None:
        before.update(indexes(store, "receipt"), **indexes(store, "card"))
        upgrade(*given)

    monkeypatch.setattr(form, "upgrade", look)
    store.migrate()
    assert {name for name, is_valid in before.items() if is_valid} >= {
        "ix_receipt_at", "ix_card_about", "ix_card_place",
    }  # fmt: skip
    assert store.form() == form.newest()


def test_small_tables_wait_for_the_migration_and_so_does_a_database_without_any(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_back(store, "0012")
    built = list[object]()
    monkeypatch.setattr(migrating, "_build", lambda _, index: built.append(index))
    store.migrate()
    monkeypatch.setattr(migrating, "_LARGE", -1)
    store.migrate()  # there is nothing to be done any more
    assert built == []
    assert indexes(store, "receipt")["ix_receipt_at"]


@pytest.mark.usefixtures("brisk")
def test_an_index_that_was_broken_off_is_built_anew(
    store: Store, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_back(store, "0012")
    monkeypatch.setattr(migrating, "_LARGE", -1)
    with psycopg.connect(database.replace("vaglio@", "postgres@")) as holding:
        holding.execute("LOCK TABLE receipt IN ROW EXCLUSIVE MODE")
        with pytest.raises(RecordError) as refused:
            store.migrate()
        assert refused.value.code == "blocked"
        holding.rollback()
    assert store.form() == "0012"
    store.migrate()
    assert indexes(store, "receipt")["ix_receipt_at"]
