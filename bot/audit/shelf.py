"""Where the search index lies: apart from the record, and never in a backup of it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DatabaseError, TimeoutError

from bot import postgres, vacuuming
from bot.audit.errors import Code, RecordError, why
from bot.store import Store

FILE: Final = "search.db"
"""Beside an SQLite database; SQLite puts `-wal` and `-shm` beside it."""
SCHEMA: Final = "search"
"""In a database of PostgreSQL's."""
FORM: Final = 3
"""Of the tables below, and of what is taken in. An index of another form is made anew."""

_LOCK: Final = 0x56616753
"""An advisory lock of PostgreSQL's: the record's own writers do not wait for whoever follows it."""
_PATIENCE: Final = 5.0
"""Seconds for which whoever reads or writes it waits for others, and with them a connection of those for everything."""
_ERASES_AT_ONCE = sqlite3.sqlite_version_info >= (3, 42)
"""Whether FTS5 takes words out of its index with the text. Older ones leave all of them there until they merge; newer
ones too leave those with which a page of the index begins."""

_TABLES = (
    """CREATE TABLE IF NOT EXISTS state (
         id INTEGER PRIMARY KEY, form INTEGER NOT NULL, seen INTEGER NOT NULL, hash TEXT NOT NULL,
         unclean INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS hit (
         seq INTEGER PRIMARY KEY, at TEXT NOT NULL, quarter INTEGER NOT NULL, kind TEXT NOT NULL,
         subject TEXT NOT NULL, actor TEXT, holder TEXT, outcome TEXT, draft TEXT, account TEXT, channel TEXT,
         language TEXT, policy TEXT, ruling TEXT, screening TEXT, thread TEXT, owner TEXT)""",
    """CREATE TABLE IF NOT EXISTS rule (
         rule TEXT NOT NULL, seq INTEGER NOT NULL, part TEXT NOT NULL, clause TEXT NOT NULL, severity TEXT NOT NULL,
         reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (rule, seq, part, clause, severity, reason))""",
    "CREATE TABLE IF NOT EXISTS party (owner TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (owner, seq))",
    # Between which numbers the entries of a day lie: a stretch of time is a stretch of numbers, but for late writers.
    "CREATE TABLE IF NOT EXISTS span (day TEXT PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL)",
    # Which entries looked at, or let go, the words of which others; by the size of the range: see `bot.audit.rows`.
    """CREATE TABLE IF NOT EXISTS reach (
         size BIGINT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, seq INTEGER NOT NULL,
         PRIMARY KEY (size, first, last, seq))""",
    # What customers wrote: see `bot.insights.hearing`. A vector tells nearly as much as the words it is made of.
    """CREATE TABLE IF NOT EXISTS heard (
         seq INTEGER PRIMARY KEY, model TEXT NOT NULL, words TEXT NOT NULL, language TEXT, asks INTEGER NOT NULL,
         vector BLOB)""",
    *(
        f"CREATE INDEX IF NOT EXISTS hit_{name} ON hit ({name}, seq)"
        for name in ("kind", "actor", "holder", "outcome", "account", "channel", "policy", "ruling", "screening")
    ),
    "CREATE INDEX IF NOT EXISTS hit_thread ON hit (thread, seq) WHERE thread IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS rule_clause ON rule (clause, seq)",
    "CREATE INDEX IF NOT EXISTS rule_seq ON rule (seq)",
    "CREATE INDEX IF NOT EXISTS party_seq ON party (seq)",
)
_SQLITE = (
    # What it is given is folded and parted already (see `bot.audit.terms`), so that PostgreSQL answers alike: of all
    # tokenizers this one is the only that leaves that as it is.
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (body, tokenize = 'ascii', prefix = '2 3')",
)
_POSTGRES = (
    "CREATE TABLE IF NOT EXISTS words (rowid INTEGER PRIMARY KEY, body tsvector NOT NULL)",
    "CREATE INDEX IF NOT EXISTS words_body ON words USING gin (body)",
)
_NO_SCHEMA: Final = f"SELECT to_regnamespace('{SCHEMA}') IS NULL"
_SAMPLED: Final = (("words", "body", "tsvector"), ("heard", "words", 'TEXT COLLATE "C"'), ("heard", "vector", "BYTEA"))
TABLES: Final = ("state", "hit", "rule", "party", "span", "reach", "words", "heard")


class Shelf:
    """`read` and `write` give connections on which the index's tables have their plain names."""

    def __init__(self, store: Store) -> None:
        self._main = store
        self.is_sqlite = store.engine.dialect.name == "sqlite"
        self.file = Path(store.place).with_name(FILE) if self.is_sqlite else None
        self._own = Store(f"sqlite:///{self.file}") if self.file else None
        if self._own:
            # Looking things up all over a million entries wants more than SQLite's two megabytes.
            @event.listens_for(self._own.engine, "connect")
            def _on_connect(connection: sqlite3.Connection, _: object) -> None:
                connection.execute("PRAGMA cache_size=-65536")

        self.place = str(self.file or f"{store.place} ({SCHEMA})")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of the index from the first question to the last.

        Raises `RecordError`: "index" where others keep it for too long.
        """
        if self._own:
            with self._said(), self._own.read() as session:
                yield session.connection()
            return
        with self._said(), self._main.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}")
            # A table of words that is being written anew keeps everybody out.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One at a time, of all processes; committed on leaving.

        Raises `RecordError`: "index" where others keep it for too long. Of this process one comes to the server at a
        time: whoever writes needs a second connection, for what is taken in, and would wait for those who wait for it.
        """
        if self._own:
            with self._said(), self._own.write() as session:
                yield session.connection()
            return
        with self._main.indexing.held(_PATIENCE), self._said(), self._main.engine.begin() as connection:
            postgres.take_in_transaction(connection, _LOCK, _PATIENCE)
            connection.exec_driver_sql(f"SET LOCAL search_path = {SCHEMA}")
            yield connection

    def is_there(self) -> bool:
        """Whether an index was ever made."""
        if self.file:
            return self.file.exists()
        with self._said(), self._main.engine.connect() as connection:
            found = connection.execute(text("SELECT to_regnamespace(:schema)"), {"schema": SCHEMA}).scalar()
        return found is not None

    def make(self) -> None:
        """The tables, where they are missing; a file for its owner alone. Raises `RecordError`."""
        if self.file:
            self._make_file(self.file)
        with self.write() as connection:
            # "IF NOT EXISTS" asks for the right to make one all the same, and whoever runs may not have it.
            if not self.is_sqlite and connection.exec_driver_sql(_NO_SCHEMA).scalar():
                connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
            if self._is_of_another_form(connection):
                self.empty(connection)
            else:
                self._make_tables(connection)

    def _is_of_another_form(self, connection: Connection) -> bool:
        there = "SELECT 1 FROM sqlite_master WHERE name = 'state'"
        if not self.is_sqlite:
            there = f"SELECT 1 WHERE to_regclass('{SCHEMA}.state') IS NOT NULL"
        if connection.exec_driver_sql(there).first() is None:
            return False
        return connection.execute(text("SELECT form FROM state")).scalar() not in (None, FORM)

    def _make_tables(self, connection: Connection) -> None:
        for statement in _TABLES:
            connection.exec_driver_sql(_for(statement, is_sqlite=self.is_sqlite))
        for statement in _SQLITE if self.is_sqlite else _POSTGRES:
            connection.exec_driver_sql(statement)
        if self.is_sqlite and _ERASES_AT_ONCE:
            connection.exec_driver_sql("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
        connection.execute(
            text("INSERT INTO state VALUES (1, :form, 0, '', 0) ON CONFLICT (id) DO NOTHING"), {"form": FORM}
        )

    def empty(self, connection: Connection) -> None:
        """All of it anew, inside a transaction of `write`. What lay there is gone for good after `clean`."""
        for table in TABLES:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        self._make_tables(connection)
        connection.execute(text("UPDATE state SET unclean = 1"))

    def throw_away(self) -> None:
        """A file that is no database any more. Raises `RecordError` where it may not be removed."""
        if self._own is None or self.file is None:
            return
        self._own.close()
        try:
            for beside in ("", "-wal", "-shm"):
                Path(f"{self.file}{beside}").unlink(missing_ok=True)
        except OSError:
            raise RecordError("rights", self.place) from None

    def count_values(self) -> None:
        """Have PostgreSQL learn how common each value is: it goes by that, and may not have looked for long."""
        if self.is_sqlite:
            return
        with self.write() as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"ANALYZE {table}")

    def clean(self) -> bool:
        """See that what was deleted is nowhere any more: not in a free page, not in the log of what was written.

        False: somebody is reading, and the log cannot be cut now. Raises `RecordError`.
        """
        with self.read() as connection:
            before = connection.execute(text("SELECT unclean FROM state")).scalar_one()
        if not before:
            return True
        if not (self._clean_sqlite() if self._own else self._clean_postgres()):
            return False
        with self.write() as connection:
            # Whoever deleted something meanwhile cleans up after themselves.
            connection.execute(text("UPDATE state SET unclean = 0 WHERE unclean = :before"), {"before": before})
        return True

    def _clean_sqlite(self) -> bool:
        assert self._own is not None  # noqa: S101 -- for the types
        with self._own.write() as session:
            # All segments into one, in which nothing is left of what was deleted.
            session.connection().exec_driver_sql("INSERT INTO words (words) VALUES ('optimize')")
        with self._own.read() as session:
            connection = session.connection()
            connection.exec_driver_sql("COMMIT")  # neither of the two can be part of anything
            connection.exec_driver_sql("VACUUM")
            until = time.monotonic() + _PATIENCE
            while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                if time.monotonic() > until:
                    return False
                time.sleep(0.05)
        return True

    def _clean_postgres(self) -> bool:
        # A plain VACUUM leaves the bytes in the page, and GIN never lets go of a word that it has known.
        try:
            with self._said(), vacuuming.alone(self._main.engine) as connection:
                connection.exec_driver_sql(f"SET lock_timeout = '{_PATIENCE}s'")
                for table, column, kind in _SAMPLED:
                    # Samples of the words, which the server keeps for its planner, go with it: of a table that has
                    # become empty it would take no new ones.
                    connection.exec_driver_sql(f"ALTER TABLE {SCHEMA}.{table} ALTER COLUMN {column} TYPE {kind}")
                for table in ("words", "heard"):
                    connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {SCHEMA}.{table}")
        except RecordError as error:
            if error.code != "index":
                raise
            return False
        return True

    def close(self) -> None:
        if self._own:
            self._own.close()

    def _make_file(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):
                os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            raise RecordError("rights", self.place) from None

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:  # all connections of this process are in hand
            raise RecordError("index", self.place) from None
        except DatabaseError as error:
            raise self._error(why(error) or "other") from None
        except RecordError as error:
            if error.place != self.place:
                raise
            raise self._error(error.code) from None

    def _error(self, code: Code) -> RecordError:
        """Whoever holds the index does not hold the record: nothing else waits for it."""
        return RecordError("index" if code == "locked" else code, self.place, self._main.named)


def _for(statement: str, *, is_sqlite: bool) -> str:
    if is_sqlite:
        by_key = "PRIMARY KEY (" in statement
        return f"{statement} WITHOUT ROWID" if by_key else statement
    # Texts are compared byte by byte, as SQLite does, whatever the server's own order is.
    return statement.replace(" TEXT", ' TEXT COLLATE "C"').replace(" BLOB", " BYTEA")
