"""What the database itself holds against a change: the triggers on the entries, and the form that its tables are of.

And what somebody has put beside them that is run or read in their place: functions, operators, views, rules, policies.
"""

# ruff: noqa: S608 -- statements are put together from our own pieces

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import Connection, text

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
_LEDGERS = b"entry_only_grows()"
_QUEUES_FUNCTION = re.compile(rb"CREATE FUNCTION (\w+)\(.*?\bAS \$\$(.*?)\$\$;", re.DOTALL)

# Of every table that lies where the entries do.
_ANY_ON_POSTGRESQL = """
SELECT convert_to(c.relname::text, 'UTF8'), convert_to(t.tgname::text, 'UTF8'),
       convert_to(p.proname::text, 'UTF8'), convert_to(p.prosrc, 'UTF8'), p.proconfig IS NULL
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('entry'))
ORDER BY 1, 2"""
# An extension's own things are its makers'. Whoever can add one to it can do so under their own name only.
_NO_EXTENSIONS = """NOT EXISTS (
  SELECT FROM pg_depend d JOIN pg_roles s ON s.oid = {owner} AND s.rolsuper
  WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} AND d.deptype = 'e')"""
# Those of the schema; and wherever one lies by which others do something in the name of the tables' owner.
_FUNCTIONS_ON_POSTGRESQL = f"""
SELECT convert_to(format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), 'UTF8'),
       p.pronamespace = e.relnamespace, convert_to(p.proname::text, 'UTF8'), convert_to(p.prosrc, 'UTF8'),
       p.proconfig IS NULL, l.lanname = 'plpgsql' AND NOT p.prosecdef AND pg_has_role(p.proowner, e.relowner, 'MEMBER')
FROM pg_class e JOIN pg_roles o ON o.oid = e.relowner, pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE e.oid = to_regclass('entry') AND {_NO_EXTENSIONS.format(owner="p.proowner", catalog="pg_proc", oid="p.oid")}
AND (p.pronamespace = e.relnamespace OR (p.prosecdef AND p.proowner = e.relowner AND NOT o.rolsuper)) ORDER BY 1"""
_FOREIGN_ON_POSTGRESQL = f"""
WITH ours AS (SELECT relnamespace AS schema FROM pg_class WHERE oid = to_regclass('entry'))
SELECT kind, convert_to(name, 'UTF8') FROM (
  SELECT 'operator' AS kind, format('%s (%s, %s)', o.oprname, o.oprleft::regtype, o.oprright::regtype) AS name
  FROM pg_operator o, ours WHERE o.oprnamespace = ours.schema
  AND {_NO_EXTENSIONS.format(owner="o.oprowner", catalog="pg_operator", oid="o.oid")}
  UNION ALL SELECT 'view', c.relname FROM pg_class c, ours
  WHERE c.relkind IN ('v', 'm', 'f') AND c.relnamespace = ours.schema
  AND {_NO_EXTENSIONS.format(owner="c.relowner", catalog="pg_class", oid="c.oid")}
  UNION ALL SELECT 'rule', format('%s (%s)', r.rulename, c.relname)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class, ours
  WHERE c.relnamespace = ours.schema AND c.relkind NOT IN ('v', 'm')
  UNION ALL SELECT 'policy', format('%s (%s)', p.polname, c.relname)
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid, ours WHERE c.relnamespace = ours.schema
  UNION ALL SELECT 'policy', c.relname FROM pg_class c, ours
  WHERE c.relnamespace = ours.schema AND (c.relrowsecurity OR c.relforcerowsecurity)
) found ORDER BY 1, 2"""
_VIEWS_ON_SQLITE = "SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'view' ORDER BY 1"
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
            if not (table == _QUEUE and function[-1] and tuple(function[:-1]) in queues)
        ]
    else:
        made = "SELECT CAST(sql AS BLOB) FROM sqlite_master WHERE type='trigger'"
        kept = {row[0] for row in connection.exec_driver_sql(made)}
        sound = {verb: sql.encode() in kept for verb, sql in _ON_SQLITE.items()}
        there = [(table, name) for table, name in connection.exec_driver_sql(_ANY_ON_SQLITE)]
    yield from (f"entry_no_{verb}" for verb, is_sound in sound.items() if not is_sound)
    ours = {(b"entry", f"entry_no_{verb}".encode()) for verb in sound}
    yield from (_shown(name) for table, name in there if (table, name) not in ours)


def foreign(connection: Connection) -> Iterator[tuple[str, str]]:
    """What no migration made and is run or read all the same: of which kind, and its name.

    `function`, `operator`, `view`, `rule` or `policy`; of a table alone, that it hides rows. Functions also where they
    were altered, run in their owner's name, or belong to somebody who is not the tables' owner.
    """
    if connection.dialect.name != "postgresql":
        yield from (("view", _shown(name)) for (name,) in connection.exec_driver_sql(_VIEWS_ON_SQLITE))
        return
    queues = _of_the_queue()
    for shown, is_in_schema, name, source, is_unset, is_plain in connection.execute(text(_FUNCTIONS_ON_POSTGRESQL)):
        # Of the ledger's own the rest is held against the triggers that call it.
        is_made = shown == _LEDGERS or (is_unset and (name, source) in queues)
        if not (is_in_schema and is_made and is_plain):
            yield "function", _shown(shown)
    for kind, name in connection.execute(text(_FOREIGN_ON_POSTGRESQL)):
        yield kind, _shown(name)


def _of_the_queue() -> frozenset[tuple[bytes, bytes]]:
    """The functions of the queue's engine: name and source."""
    schema = next(MIGRATIONS.glob("procrastinate-*.sql")).read_bytes()
    return frozenset(_QUEUES_FUNCTION.findall(schema))


def _shown(name: bytes) -> str:
    """Somebody else gave it, and it may be anything."""
    text = name.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]


def is_known_form(connection: Connection) -> bool:
    """Whether the tables say of themselves that they have a form which this Vaglio knows."""
    ours = {form.encode() for form in known()}
    # SQLite keeps text of bad bytes, which Python refuses.
    kind = "bytea" if connection.dialect.name == "postgresql" else "BLOB"
    rows = connection.exec_driver_sql(f"SELECT CAST(version_num AS {kind}) FROM alembic_version")
    found: list[object] = [row[0] for row in rows]
    return len(found) == 1 and found[0] in ours
