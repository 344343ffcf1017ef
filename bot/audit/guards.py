"""What the database itself holds against a change: the triggers on the entries, and the form that its tables are of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection

from bot.form import MIGRATIONS, known

_ON_SQLITE = {
    verb: f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry "
    "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
    for verb in ("update", "delete")
}
_ON_POSTGRESQL = {
    verb: f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry "
    f"FOR EACH {each} EXECUTE FUNCTION entry_only_grows()"
    for verb, each in {"update": "ROW", "delete": "ROW", "truncate": "STATEMENT"}.items()
}
_FUNCTION = "BEGIN RAISE EXCEPTION 'the ledger only grows'; END"

# The function is the one that the trigger calls, whatever else goes by its name. "A": always enabled.
_MADE_ON_POSTGRESQL = """
SELECT pg_get_triggerdef(t.oid, true), t.tgenabled::text, p.prosrc, l.lanname::text, p.proconfig IS NULL
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
WHERE t.tgrelid = to_regclass('entry') AND NOT t.tgisinternal"""


# The queue's own triggers are known by what they do. They touch none but its tables.
_QUEUE = b"procrastinate_jobs"
_TRIGGER_FUNCTION = re.compile(
    rb"CREATE FUNCTION (\w+)\(\)\s+RETURNS trigger\s+LANGUAGE plpgsql\s+AS \$\$(.*?)\$\$;", re.DOTALL
)

# Of every table that lies where the entries do.
_ANY_ON_POSTGRESQL = """
SELECT convert_to(c.relname::text, 'UTF8'), convert_to(t.tgname::text, 'UTF8'),
       convert_to(p.proname::text, 'UTF8'), convert_to(p.prosrc, 'UTF8'), p.proconfig IS NULL
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('entry'))
ORDER BY 1, 2"""
_ANY_ON_SQLITE = """
SELECT CAST(tbl_name AS BLOB), CAST(name AS BLOB) FROM sqlite_master WHERE type = 'trigger' ORDER BY 1, 2"""


def altered_triggers(connection: Connection) -> Iterator[str]:
    """The triggers that are missing, asleep, or not as the migration made them, by their names; then those that no
    migration made, on whichever table: what they do, nobody sees in the record.
    """
    if connection.dialect.name == "postgresql":
        found = {tuple(row) for row in connection.exec_driver_sql(_MADE_ON_POSTGRESQL)}
        sound = {verb: (sql, "A", _FUNCTION, "plpgsql", True) in found for verb, sql in _ON_POSTGRESQL.items()}
        queues = _of_the_queue()
        there = [
            (table, name)
            for table, name, *function in connection.exec_driver_sql(_ANY_ON_POSTGRESQL)
            if not (table == _QUEUE and tuple(function) in queues)
        ]
    else:
        made = "SELECT CAST(sql AS BLOB) FROM sqlite_master WHERE type='trigger'"
        kept = {row[0] for row in connection.exec_driver_sql(made)}
        sound = {verb: sql.encode() in kept for verb, sql in _ON_SQLITE.items()}
        there = [(table, name) for table, name in connection.exec_driver_sql(_ANY_ON_SQLITE)]
    yield from (f"entry_no_{verb}" for verb, is_sound in sound.items() if not is_sound)
    ours = {(b"entry", f"entry_no_{verb}".encode()) for verb in sound}
    yield from (_shown(name) for table, name in there if (table, name) not in ours)


def _of_the_queue() -> frozenset[tuple[bytes, bytes, bool]]:
    """The functions that triggers on the queue's jobs may call: name, source, and that nothing is set for them."""
    schema = next(MIGRATIONS.glob("procrastinate-*.sql")).read_bytes()
    return frozenset((name, source, True) for name, source in _TRIGGER_FUNCTION.findall(schema))


def _shown(name: bytes) -> str:
    """Somebody else gave it, and it may be anything."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]


def is_known_form(connection: Connection) -> bool:
    """Whether the tables say of themselves that they have a form which this Vaglio knows."""
    ours = {form.encode() for form in known()}
    # SQLite keeps text of bad bytes, which Python refuses.
    kind = "bytea" if connection.dialect.name == "postgresql" else "BLOB"
    rows = connection.exec_driver_sql(f"SELECT CAST(version_num AS {kind}) FROM alembic_version")  # noqa: S608 -- ours
    found: list[object] = [row[0] for row in rows]
    return len(found) == 1 and found[0] in ours
