"""PostgreSQL: its address without a driver's name, and what a transaction of Vaglio's is there."""

# ruff: noqa: S608 -- statements are put together from our own pieces; values go beside them

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import URL, Engine, event, make_url

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.abc import Buffer

_DRIVER = "postgresql+psycopg"
_NAMES = ("postgres", "postgresql")

_LOCK = 0x5661676C696F  # "Vaglio", as a number; advisory locks are of one database
_ABANDONED = "60s"

# libpq waits for ever by itself. What the address says itself counts more.
_USUAL = {
    "application_name": "vaglio",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}

ATTENTIVE = """
SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false)"""
"""For every connection: of a host that has gone without a word the server hears by itself after two hours, as a rule,
and would keep for as long whatever locks it held. Now it is half a minute."""

_SECRET = ("password", "sslpassword")

# One statement, and so one journey. Its parts are worked off from left to right: the patience counts for the lock.
#
# Every writer takes the lock, not the ledger's alone. All that is written here was looked up a moment before, in the
# same transaction: whether a row is there, what a counter says, who has decided. Two writers at once would each see
# what was there before the other, and count one thing once or do it twice. On SQLite there was only ever one, all of
# it is written for one, and one is fast enough.
_BEGIN_WRITING = """
SELECT set_config('lock_timeout', %(patience)s, true),
       set_config('idle_in_transaction_session_timeout', %(abandoned)s, true),
       CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END,
       pg_advisory_xact_lock(%(lock)s)"""


# Whatever a user may make where names are looked up, others run in its place. With this nothing is found but in the
# server's own catalog, which comes first by itself, and in the one schema in which the tables are, or are to be; a
# temporary table of that name comes after it. This very statement looks up nothing anywhere but in the catalog.
_LOOK_NOWHERE_ELSE = """
SELECT pg_catalog.set_config('search_path', pg_catalog.format('%I, pg_temp', place.name), false)
FROM (SELECT COALESCE(
  (SELECT n.nspname FROM pg_catalog.pg_class c
   JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
   WHERE c.oid OPERATOR(pg_catalog.=) CAST(pg_catalog.to_regclass('alembic_version') AS pg_catalog.oid)),
  pg_catalog.current_schema()) AS name) place WHERE place.name IS NOT NULL"""


# Of another user's connection not everybody is told what it is; the server's own helpers are nobody's.
_OTHERS = (
    "datname = current_database() AND pid <> pg_backend_pid() "
    "AND (backend_type = 'client backend' OR (backend_type IS NULL AND usesysid IS NOT NULL))"
)


_WHO = (
    "concat_ws(', ', usename, nullif(application_name, ''), "
    "CASE WHEN backend_type IS NOT NULL THEN coalesce(host(client_addr), 'local') END, "
    "to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"'))"
)


def is_postgres(address: URL) -> bool:
    return address.drivername == _DRIVER


def with_driver(address: URL) -> URL:
    """`postgresql://` and `postgres://`, whatever driver they name, with ours; any other address as it is."""
    return address.set(drivername=_DRIVER) if address.drivername.partition("+")[0] in _NAMES else address


def connecting(address: URL) -> tuple[URL, dict[str, object]]:
    """What an engine is told of how to connect: the address, and apart from it what must not be shown with it.

    A server that has vanished is given up after a while, and its connections with it.
    """
    usual = {name: value for name, value in _USUAL.items() if name not in address.query}
    apart: dict[str, object] = {name: address.query[name] for name in _SECRET if name in address.query}
    return address.difference_update_query(_SECRET).update_query_dict(usual), apart


def others(connection: sqlalchemy.Connection) -> int:
    """How many more are connected to this database."""
    found = connection.exec_driver_sql(f"SELECT count(*) FROM pg_stat_activity WHERE {_OTHERS}")
    return int(found.scalar_one())


def may_change_tables(connection: sqlalchemy.Connection) -> bool:
    """Whether this user is their owner; where there are none yet, whether it may make some."""
    found = connection.exec_driver_sql(
        "SELECT COALESCE((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class "
        "WHERE oid = to_regclass('alembic_version')), has_schema_privilege(current_schema(), 'CREATE'))"
    )
    return bool(found.scalar_one())


def size(connection: sqlalchemy.Connection) -> int:
    """Of the whole database, in bytes."""
    return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def people(connection: sqlalchemy.Connection) -> list[str]:
    """Who else is connected: user, program, from where and since when. Not all of it is told to everybody."""
    found = connection.exec_driver_sql(f"SELECT {_WHO} FROM pg_stat_activity WHERE {_OTHERS} ORDER BY 1")
    return [row[0] for row in found]


def in_the_way(connection: sqlalchemy.Connection, of: int) -> list[str]:
    """For whom the connection of that process waits, told in the same way; the server's own have no name."""
    found = connection.exec_driver_sql(
        f"SELECT coalesce(nullif({_WHO}, ''), 'PostgreSQL') FROM pg_stat_activity "
        "WHERE pid = ANY(pg_blocking_pids(%(of)s)) ORDER BY 1",
        {"of": of},
    )
    return [row[0] for row in found]


def attend(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql(ATTENTIVE)


def take(connection: sqlalchemy.Connection, name: str) -> bool:
    """Take the lock of that name for as long as the connection lives; False where somebody else has it."""
    return bool(_about_lock(connection, "pg_try_advisory_lock", name))


def let_go(connection: sqlalchemy.Connection, name: str) -> None:
    """Give back the lock that this connection has taken."""
    _about_lock(connection, "pg_advisory_unlock", name)


def _about_lock(connection: sqlalchemy.Connection, function: str, name: str) -> object:
    found = connection.exec_driver_sql(f"SELECT {function}(hashtextextended(%(name)s, 0))", {"name": f"vaglio {name}"})
    return found.scalar_one()


def end(connection: sqlalchemy.Connection) -> None:
    """Close it, and with it go its locks; the server need not be there to be told."""
    connection.invalidate()
    connection.close()


def for_tools(address: URL, folder: Path) -> tuple[str, dict[str, str]]:
    """The address as PostgreSQL's own programs take it, and their environment with what nobody may see beside it.

    What has no place there lies in a file in `folder`, which is this user's alone.
    """
    from psycopg.conninfo import make_conninfo

    given = {
        "host": address.host, "port": address.port, "user": address.username, "dbname": address.database,
        **{name: value if isinstance(value, str) else ",".join(value) for name, value in address.query.items()},
    }  # fmt: skip
    secret = given.pop("password", None) or address.password
    apart = {"PGPASSWORD": str(secret)} if secret else {}
    phrase = given.pop("sslpassword", None)
    if phrase and "service" not in given:  # else it stands in that service's own file
        (folder / "pg_service.conf").write_text(f"[vaglio]\nsslpassword={phrase}\n", encoding="utf-8")
        given["service"], apart["PGSERVICEFILE"] = "vaglio", str(folder / "pg_service.conf")
    return make_conninfo("", **given), apart


def conninfo(url: str) -> str:
    """The same for libpq, with the password in it: for whoever connects without an engine, and never to be shown."""
    from psycopg.conninfo import make_conninfo

    address, apart = connecting(with_driver(make_url(url)))
    given: dict[str, Any] = {
        "host": address.host, "port": address.port, "user": address.username, "dbname": address.database,
        "password": address.password,
        **{name: value if isinstance(value, str) else ",".join(value) for name, value in address.query.items()},
    }  # fmt: skip
    return make_conninfo("", **{**given, **apart})


def names_database(address: URL) -> bool:
    """Without a name, libpq would take the user's for it, and the record would be wherever that leads."""
    return bool(address.database) or not {"dbname", "service"}.isdisjoint(address.query)


def shown(address: URL) -> str:
    """Where the database is: neither user nor password, nor the options, which may hold one too."""
    hosts = address.host or address.query.get("host") or address.query.get("service") or ""
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    port = f":{address.port}" if address.port else ""
    name = address.database or address.query.get("dbname") or ""
    return f"postgresql://{host}{port}/{name if isinstance(name, str) else ''}"


def reading(engine: Engine) -> Engine:
    """For who reads: one state of the database from the first question to the last, as on SQLite."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def prepare(engine: Engine) -> None:
    """Have every connection behave as the code expects of both databases."""
    _attend(engine)
    _take_any_text(engine)
    _look_nowhere_else(engine)
    _lock_to_write(engine)


def take_in_transaction(connection: sqlalchemy.Connection, lock: int, patience: float) -> None:
    """Take an advisory lock for a transaction that has begun: it goes with it, or after a minute of silence.

    For `patience` seconds this waits for whatever another has locked, here and later in the transaction.
    """
    values = {"patience": f"{patience * 1000:.0f}ms", "abandoned": _ABANDONED, "lock": lock}
    connection.exec_driver_sql(_BEGIN_WRITING, values)


def _attend(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Connection[Any], _: object) -> None:
        # What is set in a transaction is gone with it, where that is rolled back.
        with _closed_on_failure(connection):
            before, connection.autocommit = connection.autocommit, True
            connection.execute(ATTENTIVE)
            connection.autocommit = before


def _look_nowhere_else(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Connection[Any], _: object) -> None:
        with _closed_on_failure(connection):
            connection.execute(_LOOK_NOWHERE_ELSE)
            connection.commit()


@contextmanager
def _closed_on_failure(connection: Connection[Any]) -> Iterator[None]:
    """A connection that is not ready yet is in no pool, and nobody else would close it."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _take_any_text(engine: Engine) -> None:
    """PostgreSQL's text holds no NUL, and a statement with one fails. People send them, also in place of ids.

    The sign that shows one goes in its place: what is asked for by it is not found, as on SQLite.
    """
    from psycopg.types.string import StrDumperUnknown

    class Shown(StrDumperUnknown):
        def dump(self, obj: str) -> Buffer | None:
            return super().dump(obj.replace("\0", "\N{SYMBOL FOR NULL}"))

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Connection[Any], _: object) -> None:
        connection.adapters.register_dumper(str, Shown)


def _lock_to_write(engine: Engine) -> None:
    """Have transactions that write begin with the lock.

    They are "read committed" whatever the server's default is: each statement sees what was committed before it, and so
    the one after the lock sees all that the writers before have done. A "repeatable read" would go on seeing the
    database as it was when the lock was asked for, and number the next entry by that.

    Whoever holds the lock and is heard of no more for a minute is thrown out by the server. What is committed is on the
    disk, also on a server that was told not to wait for it.
    """

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sqlalchemy.Connection) -> None:
        patience = connection.get_execution_options().get("vaglio_writes")
        if patience is not None:
            take_in_transaction(connection, _LOCK, patience)


def encoding(connection: sqlalchemy.Connection) -> str:
    """In which the database keeps its text."""
    return str(connection.exec_driver_sql("SHOW server_encoding").scalar_one())
