"""Whole copies of the database: SQLite's by its own online backup, PostgreSQL's by its own programs."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, inspect, make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from bot import form, postgres
from bot.audit import archives, copying, guards
from bot.audit.archives import Rows
from bot.audit.errors import RecordError, code_of
from bot.audit.transfers import TransferError
from bot.inside import Inside
from bot.store import Store

_DERIVED: Final = "search"
"""The schema that holds what is derived from opened words: it is in no backup."""
# The queue begins empty: of what is still to be done it is told by the tables that hold it.
_COLUMNS: Final = """
SELECT c.relname::text, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version'))
AND c.relname <> 'alembic_version' AND NOT starts_with(c.relname::text, 'procrastinate_') GROUP BY 1"""
_BAD_ROWS: Final = ("22", "23")
"""Classes of SQLSTATE: a value that is none of its column's, or one that contradicts another."""


def copy_file(source: Path, target: Path) -> None:
    """The database as it is at one moment, while others go on writing, as one file for its owner alone.

    Raises `RecordError`.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target, isolation_level=None)) as new,
        ):
            old.backup(new)
            # So that nothing of it lies in a log beside it.
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise RecordError(code_of(error), str(source)) from None


def dump(store: Store, session: Session, target: Path) -> None:
    """What `session`, which reads, sees of a server's database, as a file of `pg_dump`. Raises `TransferError`."""
    snapshot = session.connection().exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _run(
        "pg_dump", store, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={_DERIVED}",
        f"--snapshot={snapshot}", f"--file={target}",
    )  # fmt: skip


def load(store: Store, source: Path, tables: str) -> None:
    """Put the rows of such a file into an empty database, all of them or none; `tables` is the form that they are of.

    The tables, triggers and functions are those that Vaglio's own migrations make, whatever the file says of them.
    Raises `TransferError`, `RecordError`.
    """
    if form.is_newer(tables):
        raise RecordError("newer", store.place)
    if tables not in form.known():
        raise TransferError("no_backup", str(source))
    with Inside.begun(store) as inside, inside.told():
        inside.migrate(to=tables)
        if next(guards.foreign(inside.connection), None):
            raise TransferError("not_empty", store.place)
        columns = _columns(inside.connection)
        with closing(archives.rows_in(source, list(columns))) as found:
            for rows in found:
                if not archives.fits(rows, columns.pop(rows.table, ())):
                    raise TransferError("file", str(source))
                _copy(inside.connection, rows, source)
        if columns:
            raise TransferError("file", str(source))
        copying.set_sequences(inside.connection)


def _columns(connection: Connection) -> dict[str, Sequence[str]]:
    """Of each table that holds Vaglio's own rows, in an order in which each comes after those that it refers to."""
    found: Mapping[str, Sequence[str]] = {name: names for name, names in connection.exec_driver_sql(_COLUMNS)}
    ordered = [name for name, _ in inspect(connection).get_sorted_table_and_fkc_names() if name in found]
    return {str(name): found[str(name)] for name in ordered}


def _copy(connection: Connection, rows: Rows, source: Path) -> None:
    import psycopg

    quote_name = connection.dialect.identifier_preparer.quote_identifier
    columns = ", ".join(map(quote_name, rows.columns))
    with closing(connection.connection.cursor()) as cursor:  # psycopg's own
        try:
            with cursor.copy(f"COPY {quote_name(rows.table)} ({columns}) FROM STDIN") as copying_in:
                for piece in rows.pieces:
                    copying_in.write(piece)
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] in _BAD_ROWS:
                raise TransferError("file", str(source)) from None
            raise OperationalError("COPY", None, error, hide_parameters=True) from None


def is_empty(store: Store) -> bool:
    """Whether a server's database has none of Vaglio's tables. Raises `RecordError`."""
    with store.read() as session:
        return not store.is_made(session.connection())


def _run(name: str, store: Store, *arguments: str) -> None:
    path = archives.tool(name)
    with tempfile.TemporaryDirectory(prefix="vaglio-") as folder:
        told, secret = postgres.for_tools(postgres.with_driver(make_url(store.url)), Path(folder))
        done = subprocess.run(  # noqa: S603 -- PostgreSQL's own program, told only what Vaglio itself says
            [path, *arguments, f"--dbname={told}"],
            env={**archives.environment(), **secret}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    archives.look_at(done.returncode, name)
