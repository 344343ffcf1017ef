"""What SQLite needs that PostgreSQL does not: files beside its own, and transactions that begin when we say so."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, event

from bot.audit.errors import RecordError, code_of

_TRUNCATE = "PRAGMA wal_checkpoint(TRUNCATE)"


def reading(file: Path) -> URL:
    """The address by which nothing is written. Raises nothing: what is wrong is said when it is used."""
    query = {"mode": "ro", "uri": "true"}
    # Even a reader of a WAL database makes files beside it. Where that cannot be, and nobody has it open, it is still.
    beside = any(os.path.lexists(f"{file}{suffix}") for suffix in ("-wal", "-shm"))
    if _is_cramped(file) or (not beside and not os.access(file.parent, os.W_OK)):
        query["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(file))}", query=query)


def prepare(engine: Engine, *, read_only: bool) -> None:
    """Every connection durable, with its transactions begun by us; `vaglio_writes` takes the write lock at once."""
    pragmas = ["busy_timeout=5000", "foreign_keys=ON"]
    if not read_only:
        pragmas += ["journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"]

    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves, below
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("vaglio_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def purge(file: Path, patience: float) -> None:
    """Write the file anew without what was deleted, and cut its log; `patience` is in seconds.

    Raises `RecordError`: "locked" while another program reads or writes.
    """
    # Beside SQLAlchemy, which would begin a transaction, and neither statement may stand in one.
    with closing(sqlite3.connect(file, isolation_level=None, timeout=patience)) as connection:
        try:
            for statement in (_TRUNCATE, "PRAGMA secure_delete=ON", "VACUUM", _TRUNCATE):
                row = connection.execute(statement).fetchone()
                # Somebody holds a snapshot that still needs the log.
                if statement is _TRUNCATE and row[0]:
                    raise RecordError("locked", str(file))
        except sqlite3.Error as error:
            raise RecordError(code_of(error), str(file)) from None


def _is_cramped(file: Path) -> bool:
    """Whether the disk has no room for what a reader puts beside the file, while all that was written is in the file.

    Whoever has it open made that room before the disk was full, and then there is nothing to make.
    """
    log = Path(f"{file}-wal")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT 1 FROM sqlite_schema")
    except sqlite3.Error as error:
        return code_of(error) == "full" and not (log.exists() and log.stat().st_size)
    return False
