"""A server's tables brought to the newest form while others work: nobody waits long, and who is in the way is named.

Whatever alters a table waits for all who read it, and whoever comes later waits behind it. So it waits for a moment
only, and then all of it is done again. Indexes of large tables, for which a table has to be read from end to end, are
built before, in no transaction, while others write; a migration makes those that it finds missing
(`if_not_exists=True`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, Index, Table, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateIndex
from sqlmodel import SQLModel

import bot.tables  # noqa: F401 -- fills the metadata
from bot import form, postgres
from bot.audit.errors import RecordError, why

if TYPE_CHECKING:
    from bot.audit.seals import Seals

_TABLE: Final = "2s"
"""For which a migration waits for a table, with the writers' lock in hand: a writer gives up after five."""
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two attempts."""
_INDEX: Final = "60s"
"""For which an index that is built beside others waits for transactions that began before it. Nobody waits for it."""
_LARGE: Final = 32_000_000
"""Bytes of a table whose indexes are built beside others: a smaller one is read in a blink."""
_LOOK: Final = 0.5
"""Seconds between two looks at who is in the way."""

_SOUND: Final = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass(%(table)s) AND i.indisvalid"""


def upgrade(engine: Engine, aside: Engine, seals: Seals | None, place: str) -> None:
    """As `form.upgrade`, in a transaction of `engine`'s; `aside` has connections of its own. `place` is for people.

    Raises `RecordError` ("blocked"), which names whoever held a table all the time, and what `form.upgrade` raises.
    """
    _build_indexes(aside, place)
    for pause in (*_PAUSES, None):
        blockers, has_begun = list[str](), False
        try:
            with engine.connect() as connection, connection.begin():
                has_begun = True
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_TABLE}'")
                with _watched(connection, aside, blockers):
                    form.upgrade(connection, seals)
            return
        except DatabaseError as error:
            # Else it was the writers' lock, for which it has waited long enough.
            if not has_begun or why(error) != "locked":
                raise
        if pause is not None:
            time.sleep(pause)
    raise _blocked(place, blockers)


def _blocked(place: str, blockers: list[str]) -> RecordError:
    return RecordError("blocked", f"{place} ({'; '.join(blockers)})") if blockers else RecordError("locked", place)


@contextmanager
def _watched(connection: Connection, aside: Engine, blockers: list[str]) -> Iterator[None]:
    """Note for whom that connection waits, as long as it waits for anybody: afterwards nobody can tell."""
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 -- for the types
    over, process = threading.Event(), driver.info.backend_pid

    def look() -> None:
        # A migration that is over in a blink needs none of this.
        if over.wait(_LOOK):
            return
        with suppress(DatabaseError), aside.connect() as beside:
            beside.execution_options(isolation_level="AUTOCOMMIT")
            while not over.is_set():
                if found := postgres.in_the_way(beside, process):
                    blockers[:] = found
                over.wait(_LOOK)

    watching = threading.Thread(target=look, name="vaglio-migration", daemon=True)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()


def _build_indexes(aside: Engine, place: str) -> None:
    """Those that large tables lack, while others work."""
    blockers = list[str]()
    with aside.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        if form.form_of(connection) in (None, form.newest()):
            return
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql(f"SET lock_timeout = '{_INDEX}'")
        for index in [*_missing(connection)]:
            try:
                with _watched(connection, aside, blockers):
                    _build(connection, index)
            except DatabaseError as error:
                if why(error) != "locked":
                    raise
                raise _blocked(place, blockers) from None


def _missing(connection: Connection) -> Iterator[Index]:
    """Indexes that Vaglio declares for what there is already, and that are not there, or were broken off."""
    there = inspect(connection)
    for table in SQLModel.metadata.sorted_tables:
        if table.indexes and there.has_table(table.name) and _size(connection, table) > _LARGE:
            columns = {column["name"] for column in there.get_columns(table.name)}
            sound = {*connection.exec_driver_sql(_SOUND, {"table": table.name}).scalars()}
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                if index.name not in sound and not index.unique and columns.issuperset(index.columns.keys()):
                    yield index


def _size(connection: Connection, table: Table) -> int:
    found = connection.exec_driver_sql("SELECT pg_relation_size(to_regclass(%(table)s))", {"table": table.name})
    return int(found.scalar_one())


def _build(connection: Connection, index: Index) -> None:
    """One that was broken off is there, and of no use; so is that of another process which is at it just now."""
    statement = CreateIndex(index)
    made = str(statement.compile(dialect=connection.dialect))
    connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}")
    connection.exec_driver_sql(made.replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
