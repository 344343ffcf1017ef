"""Least privilege on a server: what the user of a running Vaglio needs in which table, and what it has beyond that."""

# ruff: noqa: S608 -- statements are put together from our own pieces; names are quoted, values go beside them

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from sqlalchemy import Connection

from bot.audit.shelf import SCHEMA, TABLES
from bot.wording import Wording

Right = Literal["SELECT", "INSERT", "UPDATE", "DELETE"]

_READ: Final[tuple[Right, ...]] = ("SELECT",)
_ADD: Final[tuple[Right, ...]] = ("SELECT", "INSERT")
_COUNT: Final[tuple[Right, ...]] = ("SELECT", "INSERT", "UPDATE")
_LET_GO: Final[tuple[Right, ...]] = ("SELECT", "INSERT", "DELETE")
_ALL: Final[tuple[Right, ...]] = ("SELECT", "INSERT", "UPDATE", "DELETE")

RIGHTS: Final[Mapping[str, tuple[Right, ...]]] = {
    "alembic_version": _READ,
    # What is only ever added to: the ledger, what was signed of it, and the policies that were in force.
    **dict.fromkeys(("entry", "checkpoint", "revision"), _ADD),
    # Kept for good, but for what is counted or noted in a row.
    **dict.fromkeys(("tally", "outpost", "masterkey", "client", "proposal", "backtest"), _COUNT),
    # Sealed once, and let go when its time is over or its person is erased.
    **dict.fromkeys(("content", "seen", "linkcode", "collectionpiece", "undertakingpiece"), _LET_GO),
    **dict.fromkeys(
        (
            *("person", "personkey", "identity", "grant", "pending", "held", "receipt", "reminder", "review", "seat"),
            *("appeal", "dismissal", "card", "awaited", "acknowledgement", "quiz", "quizdone", "rate", "digest"),
            *("signedin", "savedsearch", "deadletter", "casualty", "round", "collection", "undertaking"),
            *("backtestpiece", "bulkrun", "bulkchunk"),
        ),
        _ALL,
    ),
}
"""By table. No `TRUNCATE`, `REFERENCES` or `TRIGGER` on any, and nothing on a table that is not here."""
QUEUE: Final = "procrastinate_"
"""How the tables of the queue's engine begin: its jobs come and go, and hold ids only."""

_VERBS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
_MAINTAINS: Final = (17,)
"""The first version of PostgreSQL in which rows can be cleared away by somebody who owns no table."""
_OURS = "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version'))"
_TABLES = f"SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = {_OURS} ORDER BY 1"
_SEQUENCES = f"SELECT relname::text FROM pg_class WHERE relkind = 'S' AND relnamespace = {_OURS} ORDER BY 1"
_GRANTED = """
SELECT DISTINCT g.rolname::text FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles g ON g.oid = a.grantee
WHERE c.oid = to_regclass('entry') AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner ORDER BY 1"""
_OWNER = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = to_regclass('alembic_version')"
_HAS = f"""
SELECT c.relname::text, verb FROM pg_class c, unnest(CAST(%(verbs)s AS text[])) verb
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = {_OURS} AND has_table_privilege(c.oid, verb) ORDER BY 1, 2"""
# "MEMBER": whoever may become somebody else (SET ROLE) can do what they can, also where it is not inherited.
_IS = f"""
SELECT EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(s.oid, 'MEMBER')),
       r.rolcreaterole, r.rolreplication, pg_has_role(c.relowner, 'MEMBER'),
       has_schema_privilege({_OURS}, 'CREATE')
FROM pg_roles r, pg_class c WHERE r.rolname = current_user AND c.oid = to_regclass('entry')"""


class GrantError(Exception):
    """A user may make functions and operators where the owner's own statements look for theirs, and would run them."""

    def __init__(self, role: str, remedy: str) -> None:
        """`remedy`: what the server's administrator says to take it away, and to leave the owner theirs."""
        self.role, self.remedy = role, remedy
        super().__init__(role, remedy)

    def show(self, language: str) -> str:
        """What is wrong, and the remedy."""
        return Wording(language).say(
            "{role}: it may make things of its own in the schema of the tables, which whoever owns them would run, and "
            "their owner cannot take that away: the schema is somebody else’s. Nothing was changed. As the server’s "
            "administrator, in this database: {remedy};",
            role=self.role, remedy=self.remedy,
        )  # fmt: skip


def rights_in(table: str) -> tuple[Right, ...]:
    """What is needed there; nothing in a table that is nobody's here."""
    return _ALL if table.startswith(QUEUE) else RIGHTS.get(table, ())


def statements(connection: Connection, role: str, *, only_adds: bool = False) -> Iterator[str]:
    """What the owner says to the server so that `role` may do what a running Vaglio does, and nothing else.

    `only_adds`: whatever else it may do stays, as processes of the release before may still need it.
    """
    quoted = connection.dialect.identifier_preparer.quote
    to, schema = quoted(role), quoted(_schema(connection))
    maintains = (connection.dialect.server_version_info or ()) >= _MAINTAINS
    if not only_adds:
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {to}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {to}"
    yield _no_making(connection, role)
    yield f"GRANT USAGE ON SCHEMA {schema} TO {to}"
    for table in _names(connection, _TABLES):
        needed = rights_in(table)
        if not needed:
            continue
        # Whoever deletes must be able to clear it out of the files too.
        more = ("MAINTAIN",) if maintains and {"UPDATE", "DELETE"} & set(needed) else ()
        yield f"GRANT {', '.join((*needed, *more))} ON {schema}.{quoted(table)} TO {to}"
    for sequence in _names(connection, _SEQUENCES):
        # To read where it is, as a backup does, is a right of its own.
        yield f"GRANT USAGE, SELECT ON SEQUENCE {schema}.{quoted(sequence)} TO {to}"
    # The index for searching is derived, and the running Vaglio's own: it makes it anew when its form changes.
    yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    if not only_adds and any(_is_anothers(connection, table, role) for table in TABLES):
        yield f"DROP TABLE IF EXISTS {', '.join(f'{SCHEMA}.{table}' for table in TABLES)}"
    yield f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {to}"


def grant(connection: Connection, role: str, *, only_adds: bool = False) -> None:
    """Say so, in the transaction of `connection`, which is the owner's. Raises `GrantError`."""
    for statement in statements(connection, role, only_adds=only_adds):
        connection.exec_driver_sql(statement)
    keep_from_making(connection, role)


def keep_from_making(connection: Connection, role: str) -> None:
    """See that `role` can put nothing in the way of what the owner runs. Raises `GrantError` where the owner may not.

    What somebody may not take away the server passes over with no more than a warning.
    """
    connection.exec_driver_sql(_no_making(connection, role))
    asked = f"SELECT has_schema_privilege(CAST(%(role)s AS name), {_OURS}, 'CREATE')"
    if connection.exec_driver_sql(asked, {"role": role}).scalar():
        raise GrantError(role, f"{_no_making(connection, role)}; {_owners_making(connection)}")


def _no_making(connection: Connection, role: str) -> str:
    quoted = connection.dialect.identifier_preparer.quote
    return f"REVOKE CREATE ON SCHEMA {quoted(_schema(connection))} FROM PUBLIC, {quoted(role)}"


def _owners_making(connection: Connection) -> str:
    """They may have had it as one of everybody only, and the next migration wants it."""
    quoted = connection.dialect.identifier_preparer.quote
    (owner,) = _names(connection, _OWNER)
    return f"GRANT CREATE ON SCHEMA {quoted(_schema(connection))} TO {quoted(owner)}"


def granted(connection: Connection) -> list[str]:
    """The users to which it was said, as the ledger's own table knows them."""
    return _names(connection, _GRANTED)


def excess(connection: Connection) -> list[str]:
    """What the user of this connection can do beyond what it must: `superuser`, `owner`, or verb and table."""
    row = connection.exec_driver_sql(_IS).first()
    if row is None:
        return []
    said = ("superuser", "CREATEROLE", "REPLICATION", "owner", "CREATE")
    found = [name for name, has in zip(said, row, strict=True) if has]
    if {"superuser", "owner"} & set(found):
        return found  # and with it everything else
    has = connection.exec_driver_sql(_HAS, {"verbs": list(_VERBS)})
    return found + [f"{verb} {table}" for table, verb in has if verb not in rights_in(table)]


def lacking(connection: Connection) -> list[str]:
    """What the user of this connection would need, and has not: verb and table."""
    has = {(table, verb) for table, verb in connection.exec_driver_sql(_HAS, {"verbs": list(_VERBS)})}
    tables = _names(connection, _TABLES)
    return [f"{verb} {table}" for table in tables for verb in rights_in(table) if (table, verb) not in has]


def standing(connection: Connection, role: str) -> bool | None:
    """Whether this user can do everything, whatever is granted to it; None: there is no such user."""
    found = connection.exec_driver_sql(
        "SELECT r.rolsuper OR pg_has_role(r.oid, c.relowner, 'MEMBER') FROM pg_roles r, pg_class c "
        "WHERE r.rolname = %(role)s AND c.oid = to_regclass('entry')",
        {"role": role},
    )
    return found.scalar()


def _is_anothers(connection: Connection, table: str, role: str) -> bool:
    found = connection.exec_driver_sql(
        "SELECT tableowner <> %(role)s FROM pg_tables WHERE schemaname = %(schema)s AND tablename = %(table)s",
        {"role": role, "schema": SCHEMA, "table": table},
    )
    return bool(found.scalar())


def _schema(connection: Connection) -> str:
    found = connection.exec_driver_sql(f"SELECT nspname::text FROM pg_namespace WHERE oid = {_OURS}")
    return str(found.scalar_one())


def _names(connection: Connection, statement: str) -> list[str]:
    return [row[0] for row in connection.exec_driver_sql(statement)]
