"""Sessions on the database, whose tables are in `bot/tables.py`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import URL, ColumnElement, Connection, Engine, event, func, inspect
from sqlalchemy.exc import ArgumentError, DatabaseError, TimeoutError
from sqlalchemy.orm import Mapped
from sqlalchemy.pool import NullPool
from sqlmodel import Session, SQLModel, create_engine

from bot import form, migrating, postgres, sqlite, vacuuming
from bot.addresses import StoreError, read_address
from bot.audit.errors import ADDRESS, RecordError, why, without_values
from bot.exclusion import Exclusion
from bot.wording.saying import saying
from rules.durable import make_folder

if TYPE_CHECKING:
    from bot.audit.seals import Seals

_PATIENCE = 60.0
"""Seconds for which a writer waits for the others of this process, and a migration for another's."""
_LOCKED = 5.0
"""Seconds for which the writer whose turn it is waits for those of other processes."""
_PURGE = 30.0
"""Seconds for which a purge of a file waits for whoever reads."""


class Store:
    """One database. `read` and `write` give sessions; only one writer is inside `write` at a time.

    Opening raises `StoreError`; using it raises `RecordError` when the database is locked, full, damaged or out of
    reach. With `read_only` nothing is made, migrated or switched: a copy on a disk that cannot be written will do.
    """

    def __init__(self, url: str, *, read_only: bool = False, keeps_open: bool = True, named: str = ADDRESS) -> None:
        """`keeps_open`: connections to a server stay open for the next who needs one, as befits who runs for long.

        `named`: where the address was given, for whoever has to correct it.
        """
        self.url, self.named = url, named
        self.read_only = read_only
        address = read_address(url, named)
        self.file = Path(str(address.database)).absolute() if address.get_backend_name() == "sqlite" else None
        """None on a server."""
        self.place = str(self.file or postgres.shown(address))
        """Where the database is, to be shown to people: never with a user or a password."""
        self.kind = "SQLite" if self.file else "PostgreSQL"
        self.engine = self._reading = _engine(
            sqlite.reading(self.file) if read_only and self.file else address,
            # Who only reads a file cannot tidy its log away, and must not be the last to leave.
            keeps_open=not read_only if self.file else keeps_open,
            named=named,
        )
        if self.file:
            sqlite.prepare(self.engine, read_only=read_only)
        else:
            postgres.prepare(self.engine)
            self._reading = postgres.reading(self.engine)
            # Not of one pool with what is done under locks: with all of it in hand, each would wait for another.
            self._holding = _engine(address, keeps_open=False, named=named)
        self._writing = (self._reading if read_only else self.engine).execution_options(vaglio_writes=_LOCKED)
        # SQLite has whoever waits for its lock ask again after ever longer pauses, and under load some never get it:
        # those of this process take turns instead.
        self._turn = Exclusion("locked", self.place)
        self.indexing = Exclusion("index", self.place)
        """Turns of those who write the search index: see `bot.audit.shelf`."""

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.told(), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its first statement; committed on leaving."""
        turn, writing = self._turn.held(_PATIENCE), Session(self._writing, expire_on_commit=False)
        with turn, self.told(), writing as session, session.begin():
            yield session

    def has(self, table: type[SQLModel]) -> bool:
        """Whether it has been made: a database of an older form may be read without being brought to the newest."""
        with self.read() as session:
            return inspect(session.connection()).has_table(str(table.__tablename__))

    def is_made(self, connection: Connection) -> bool:
        """Whether any table of Vaglio's is there. PostgreSQL's databases are made empty, before Vaglio comes."""
        if self.file:
            return os.path.lexists(self.file)
        return not {*SQLModel.metadata.tables, "alembic_version"}.isdisjoint(inspect(connection).get_table_names())

    def migrate(self, seals: Seals | None = None) -> None:
        """Bring the tables to the newest form; the file and its folder are made for their owner alone.

        All of it is one transaction under the writers' lock: of two who come at once, the second finds it done.
        `seals`: with which words of an older form are sealed. Raises `RecordError` where there are some and no seals,
        and where a user of the database who may not change the tables finds them in another form; "blocked" where
        somebody holds a table for too long.
        """
        from alembic.util import CommandError

        engine = self._writing.execution_options(vaglio_writes=_PATIENCE)
        with self.told(absent="absent"):
            self._make_file()
            self.look_at_encoding()
            if self._is_as_it_should_be():
                return
            try:
                if self.file:
                    form.upgrade(engine, seals)
                else:
                    migrating.upgrade(engine, self._holding, seals, self.place)
            except CommandError:
                raise RecordError("newer" if form.is_newer(self.form()) else "tables", self.place) from None

    def form(self) -> str | None:
        """Of the tables, as they say it themselves; None where there are none."""
        with self.read() as session:
            return form.form_of(session.connection())

    def _is_as_it_should_be(self) -> bool:
        """For a user who may not change the tables. Raises `RecordError` ("behind", "newer") where somebody has to."""
        if self.file is not None:
            return False
        with self.engine.connect() as connection:
            if postgres.may_change_tables(connection):
                return False
            found = form.form_of(connection)
        if found != form.newest():
            raise RecordError("newer" if form.is_newer(found) else "behind", self.place)
        return True

    def apart(self) -> Connection:
        """On a server, a connection of nobody else's and without a transaction, for locks that live as long as it does.

        To be ended by `postgres.end`.
        """
        with self.told():
            connection = self._holding.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                postgres.attend(connection)
            except BaseException:
                postgres.end(connection)
                raise
        return connection

    def holds(self, column: Mapped[bytes], part: bytes) -> ColumnElement[bool]:
        """Whether the bytes of `column` hold `part`."""
        if self.file is None:
            return func.strpos(func.encode(column, "escape"), part.decode("ascii")) > 0
        return func.instr(column, part) > 0

    def purge(self) -> None:
        """Clear from the files what is no longer in the tables: free pages and the write-ahead log.

        On a server each table is written anew, one after the other, and nobody can use it meanwhile: for as long as
        that takes whoever needs it waits, or gives up. Raises `RecordError`: "locked" while others read or write, and
        then it is to be done again; "purge" where this user of the database may not.
        """
        if self.file is None:
            with self.told():
                left = vacuuming.purge(self.engine)
            if left is None:
                raise RecordError("purge", self.place)
            if left:
                raise RecordError("locked", f"{self.place} ({', '.join(left)})")
            return
        with self._turn.held(_PATIENCE):
            sqlite.purge(self.file, _PURGE)

    def make_room(self) -> None:
        """On a server, have the room of what was deleted used again, as far as that goes in seconds. Nobody waits."""
        if self.file is None:
            with self.told():
                vacuuming.make_room(self.engine)

    def look_that_nobody_else_is_here(self) -> None:
        """On a server, whose users may run on other machines. Raises `RecordError` ("in_use")."""
        if self.file is None:
            with self.told(), self.engine.connect() as connection:
                if postgres.others(connection):
                    raise RecordError("in_use", self.place)

    def close(self) -> None:
        pool = self.engine.pool
        self.engine.dispose()
        # What a thread still has in hand is closed when it comes back: it would lie open in a pool that is gone.
        event.listen(pool, "checkin", lambda _, record: record.close())

    def look_at_encoding(self) -> None:
        if self.file is not None:
            return
        with self.engine.connect() as connection:
            found = postgres.encoding(connection)
        if found != "UTF8":
            raise StoreError(
                saying(
                    "{named}: the database keeps text as {encoding}, which has no room for every language. Make one "
                    "with: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
                    named=self.named, encoding=found,
                )
            )  # fmt: skip

    def _make_file(self) -> None:
        if self.file is None:
            return
        try:
            make_folder(self.file.parent)
            # An empty file is an empty database; SQLite gives the files that it puts beside it the same rights.
            with suppress(FileExistsError):
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            raise RecordError("rights", self.place) from None

    @contextmanager
    def told(self, absent: Literal["none", "absent"] = "none") -> Iterator[None]:
        """What the database refuses, as something that says the remedy, without the statement and its values."""
        try:
            yield
        except TimeoutError:
            raise RecordError("locked", self.place) from None
        except DatabaseError as error:
            code = why(error)
            if code is None:
                raise without_values(error) from None
            if code == "none" or (code == "tables" and not self.file and self._is_empty()):
                code = absent
            elif self.file and not os.path.lexists(self.file):
                code = "none"
            raise RecordError(code, self.place, self.named) from None

    def _is_empty(self) -> bool:
        with suppress(DatabaseError), self.engine.connect() as connection:
            return not self.is_made(connection)
        return False


def _engine(address: URL, *, keeps_open: bool, named: str) -> Engine:
    try:
        # What is stored is masked, and even so no error may carry it into a log.
        if address.get_backend_name() == "sqlite":
            return create_engine(address, hide_parameters=True, poolclass=None if keeps_open else NullPool)
        address, apart = postgres.connecting(address)
        return create_engine(
            address,
            connect_args=apart,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            **({"pool_pre_ping": True} if keeps_open else {"poolclass": NullPool}),
        )
    except ImportError as error:
        driver = error.name or address.drivername
        raise StoreError(
            saying("{named}: its driver is not installed ({driver}). Install it.", named=named, driver=driver)
        ) from None
    except (ArgumentError, TypeError, ValueError):
        raise StoreError(
            saying(
                "{named}: it cannot be read as an address of {driver}. Correct it.",
                named=named, driver=address.drivername,
            )
        ) from None  # fmt: skip
