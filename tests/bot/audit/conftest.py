"""Somebody with the database and without scruples, on either kind of database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from bot.audit.ledger import Ledger
from bot.store import Store

Damage = Callable[..., None]

_ON_POSTGRESQL = {
    r"x'([0-9a-f]*)'": r"'\\x\1'::bytea",
    r"replace\((\w+), ('\w+'), ('\w+')\)": r"convert_to(replace(convert_from(\1, 'UTF8'), \2, \3), 'UTF8')",
    r"zeroblob\((\d+)\)": r"decode(repeat('00', \1), 'hex')",
}
_GUARDS = ("entry_no_update", "entry_no_delete", "entry_no_truncate")


@pytest.fixture
def damage(database: str) -> Damage:
    """Run statements, written as for SQLite, behind Vaglio's back; the triggers are there again afterwards."""
    return lambda *statements: (_on_sqlite if database.startswith("sqlite") else _on_postgresql)(database, statements)


@pytest.fixture
def reader(database: str, tmp_path: Path) -> Iterator[Callable[[], Ledger]]:
    """The ledger as `vaglio audit` opens it."""
    opened: list[Store] = []

    def read() -> Ledger:
        opened.append(Store(database, read_only=True))
        return Ledger(opened[-1], tmp_path / "data" / "ledger.head")

    yield read
    for store in opened:
        store.close()


def _on_sqlite(database: str, statements: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(str(make_url(database).database), isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        # Whoever knows how to drop them knows how to put them back.
        for _, trigger in triggers:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entry'").fetchone():
                connection.execute(trigger)


def _on_postgresql(database: str, statements: tuple[str, ...]) -> None:
    with psycopg.connect(database.replace("vaglio@", "postgres@"), autocommit=True) as connection:
        for table in ("entry", "content"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
        for statement in statements:
            for written, meant in _ON_POSTGRESQL.items():
                statement = re.sub(written, meant, statement)
            connection.execute(statement.encode())
        for table in ("entry", "content"):
            if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,):
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL".encode())
        if connection.execute("SELECT to_regclass('entry')").fetchone() != (None,):
            for guard in _GUARDS:
                connection.execute(f"ALTER TABLE entry ENABLE ALWAYS TRIGGER {guard}".encode())
