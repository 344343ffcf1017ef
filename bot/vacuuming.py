"""What PostgreSQL leaves of deleted rows in its files: room made of it while others work, or all of it cleared away."""

# ruff: noqa: S608 -- statements are put together from our own pieces and the server's own names

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from bot import postgres
from bot.audit.errors import why

_KEYS: Final = "personkey"
"""Whose leavings go first: without them nobody opens those of the others."""
_TABLE: Final = "2s"
"""For which a purge waits for a table. Whoever comes later waits behind it, a writer for five seconds at the most."""
_PAUSES: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each round over the tables that others held in the round before."""
_ROOM: Final = "20s"
"""For which whoever erases somebody waits until there is room; the server's own sweeping does the rest."""

_IN_ORDER: Final = f"ORDER BY c.relname <> '{_KEYS}', pg_table_size(c.oid), 1"
_OWNED: Final = f"""
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND pg_has_role(c.relowner, 'USAGE') {_IN_ORDER}"""
_MAINTAINED: Final = f"""
SELECT c.oid::regclass::text, has_table_privilege(c.oid, 'MAINTAIN') FROM pg_class c WHERE c.relkind = 'r'
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version'))
  AND has_table_privilege(c.oid, 'UPDATE, DELETE') {_IN_ORDER}"""
_SAMPLES: Final = "pg_catalog.pg_statistic"
"""Rows of samples that were replaced lie in there. Whoever may not have it rewritten is only warned."""


def purge(engine: Engine) -> list[str] | None:
    """Write the tables anew, one by one, without what was deleted; samples of their values are taken anew too.

    Returns the tables that others held all the time; None where this user may not clear all that it leaves behind.
    The owner clears all that is theirs. Somebody else may, since PostgreSQL 17, the tables whose `MAINTAIN` they were
    granted: before that the server passes over what is not theirs with no more than a warning.
    """
    with alone(engine) as connection:
        left = _clearable(connection)
        if not left:
            return None
        if postgres.may_change_tables(connection):
            left.append(_SAMPLES)
        connection.exec_driver_sql(f"SET lock_timeout = '{_TABLE}'")
        connection.exec_driver_sql("SET statement_timeout = 0")
        for pause in _PAUSES:
            time.sleep(pause)
            left = [table for table in left if not _did(connection, f"VACUUM (FULL, ANALYZE) {table}")]
            if not left:
                break
        return left


def make_room(engine: Engine) -> None:
    """Have the room of what was deleted used again, for which nobody waits. The bytes lie there until then."""
    with alone(engine) as connection:
        if tables := _clearable(connection):
            connection.exec_driver_sql(f"SET statement_timeout = '{_ROOM}'")
            # A table's end is cut off only by keeping everybody from it.
            _did(connection, f"VACUUM (SKIP_LOCKED, TRUNCATE false, ANALYZE) {', '.join(tables)}")


def _clearable(connection: Connection) -> list[str]:
    """The tables in which this user leaves something behind; none where it may not clear all of them."""
    if postgres.may_change_tables(connection):
        return [*connection.exec_driver_sql(_OWNED).scalars()]
    if connection.dialect.server_version_info < (17,):  # type: ignore[operator]
        return []
    found = connection.exec_driver_sql(_MAINTAINED).all()
    return [name for name, _ in found] if all(may for _, may in found) else []


def _did(connection: Connection, statement: str) -> bool:
    """False: somebody holds the table, or it took too long."""
    try:
        connection.exec_driver_sql(statement)
    except DatabaseError as error:
        if why(error) != "locked":
            raise
        return False
    return True


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection for what stands in no transaction; what is set on it goes with it."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield connection
        finally:
            connection.invalidate()
