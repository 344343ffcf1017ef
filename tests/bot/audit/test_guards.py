"""The database's own guard over the entries: it holds, and whatever is done to it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.audit.ledger import Fault, Ledger
from bot.audit.reports import told
from bot.store import Store
from bot.wording import Wording

ON_POSTGRESQL = pytest.mark.postgres_only("SQLite's triggers are in test_ledger.py and test_verification.py")


@pytest.fixture
def ledger(store: Store, tmp_path: Path) -> Ledger:
    ledger = Ledger(store, tmp_path / "data" / "ledger.head")
    for number in range(3):
        ledger.append("screening", subject=f"s_{number}", facts={})
    return ledger


@ON_POSTGRESQL
@pytest.mark.parametrize("statement", ["UPDATE entry SET kind = 'x'", "DELETE FROM entry", "TRUNCATE entry CASCADE"])
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_no_session_changes_an_entry(ledger: Ledger, database: str, statement: str, role: str) -> None:
    engine = create_engine(database.replace("postgresql://vaglio@", "postgresql+psycopg://postgres@"))
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SET session_replication_role = {role}")
        with pytest.raises(Exception, match="the ledger only grows"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert ledger.verify().is_sound


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("statement", "altered"),
    [
        ("DROP TRIGGER entry_no_update ON entry", ["update"]),
        ("ALTER TABLE entry DISABLE TRIGGER entry_no_delete", ["delete"]),
        ("ALTER TABLE entry ENABLE TRIGGER entry_no_truncate", ["truncate"]),
        ("ALTER TABLE entry ENABLE REPLICA TRIGGER entry_no_update", ["update"]),
        (
            "DROP TRIGGER entry_no_update ON entry; "
            "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry FOR EACH ROW WHEN (OLD.seq > 9) "
            "EXECUTE FUNCTION entry_only_grows(); ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_update",
            ["update"],
        ),
        (
            "DROP TRIGGER entry_no_delete ON entry; "
            "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry FOR EACH STATEMENT "
            "EXECUTE FUNCTION entry_only_grows(); ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_delete",
            ["delete"],
        ),
        (
            "CREATE OR REPLACE FUNCTION entry_only_grows() RETURNS trigger LANGUAGE plpgsql "
            "AS $$BEGIN RETURN NEW; END$$",
            ["update", "delete", "truncate"],
        ),
        (
            "CREATE SCHEMA other; CREATE FUNCTION other.entry_only_grows() RETURNS trigger LANGUAGE plpgsql "
            "AS $$BEGIN RETURN NEW; END$$; DROP TRIGGER entry_no_update ON entry; "
            "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry "
            "FOR EACH ROW EXECUTE FUNCTION other.entry_only_grows(); "
            "ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_update",
            ["update"],
        ),
        ("ALTER FUNCTION entry_only_grows() SET search_path = other", ["update", "delete", "truncate"]),
    ],
)
def test_a_guard_that_is_gone_asleep_or_altered_is_named(
    ledger: Ledger, store: Store, statement: str, altered: list[str]
) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql(statement)
    assert ledger.verify().faults == tuple(Fault(None, "trigger", f"entry_no_{verb}") for verb in altered)


@pytest.mark.parametrize("table", ["entry", "content", "checkpoint", "personkey"])
def test_a_trigger_of_somebody_elses_is_named(ledger: Ledger, store: Store, table: str) -> None:
    with store.write() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"CREATE TRIGGER quiet AFTER INSERT ON {table} BEGIN SELECT 1; END")
        else:
            connection.exec_driver_sql(
                "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"
            )
            # A name is a table's own there: one of Vaglio's, on another table, is none of Vaglio's.
            name = "quiet" if table == "entry" else "entry_no_update"
            connection.exec_driver_sql(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} EXECUTE FUNCTION quiet()")
    name = "quiet" if store.file or table == "entry" else "entry_no_update"
    function = () if store.file else (Fault(None, "function", "quiet()"),)
    assert ledger.verify().faults == (Fault(None, "trigger", name), *function)


@pytest.mark.sqlite_only("PostgreSQL keeps no text of bad bytes")
def test_the_name_of_a_trigger_steers_no_terminal(ledger: Ledger, store: Store) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql('CREATE TRIGGER "a\x1b[2J" AFTER INSERT ON entry BEGIN SELECT 1; END')
    assert ledger.verify().faults == (Fault(None, "trigger", "a\\x1b[2J"),)


@ON_POSTGRESQL
@pytest.mark.parametrize(
    ("statement", "kind", "name"),
    [
        (
            "CREATE FUNCTION f(a text, integer) RETURNS text LANGUAGE sql AS 'SELECT 1'",
            "function",
            "f(a text, integer)",
        ),
        (
            "CREATE SCHEMA other; CREATE FUNCTION other.f() RETURNS void LANGUAGE sql SECURITY DEFINER "
            "AS 'DELETE FROM public.content'",
            "function",
            "f()",
        ),
        ("ALTER FUNCTION entry_only_grows() SECURITY DEFINER", "function", "entry_only_grows()"),
        (
            "ALTER FUNCTION procrastinate_unlink_periodic_defers_v1() SECURITY DEFINER",
            "function",
            "procrastinate_unlink_periodic_defers_v1()",
        ),
        (
            "CREATE OR REPLACE FUNCTION procrastinate_unregister_worker_v1(worker_id bigint) RETURNS void "
            "LANGUAGE plpgsql AS 'BEGIN DELETE FROM content; END'",
            "function",
            "procrastinate_unregister_worker_v1(worker_id bigint)",
        ),
        (
            "CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = oid, FUNCTION = pg_catalog.oideq)",
            "operator",
            "= (oid, oid)",
        ),
        ("CREATE VIEW entries AS SELECT * FROM entry", "view", "entries"),
        ("CREATE MATERIALIZED VIEW entries AS SELECT * FROM entry", "view", "entries"),
        ("CREATE RULE mine AS ON INSERT TO checkpoint DO INSTEAD NOTHING", "rule", "mine (checkpoint)"),
        ("CREATE POLICY mine ON entry USING (true)", "policy", "mine (entry)"),
        ("ALTER TABLE content ENABLE ROW LEVEL SECURITY", "policy", "content"),
    ],
)
def test_what_no_migration_made_is_named(ledger: Ledger, store: Store, statement: str, kind: str, name: str) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql(statement)
    assert ledger.verify().faults == (Fault(None, kind, name),)
    for language in ("it", "en"):
        assert "Vaglio" in told(ledger.verify(), Wording(language))[0]


@ON_POSTGRESQL
def test_a_function_that_is_somebody_elses_is_named(ledger: Ledger, database: str) -> None:
    """Whose it is may exchange it at any moment."""
    engine = create_engine(database.replace("postgresql://vaglio@", "postgresql+psycopg://postgres@"))
    with engine.begin() as connection:
        connection.exec_driver_sql("GRANT CREATE ON SCHEMA public TO vaglio_app")
        connection.exec_driver_sql("ALTER FUNCTION entry_only_grows() OWNER TO vaglio_app")
    engine.dispose()
    assert ledger.verify().faults == (Fault(None, "function", "entry_only_grows()"),)


@ON_POSTGRESQL
def test_what_an_extension_brings_is_nobodys_fault(ledger: Ledger, store: Store, database: str) -> None:
    engine = create_engine(database.replace("postgresql://vaglio@", "postgresql+psycopg://postgres@"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE EXTENSION pageinspect SCHEMA public")
    assert ledger.verify().is_sound
    # But for what somebody else has put into it.
    with store.write() as session:
        session.connection().exec_driver_sql("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS ''")
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER EXTENSION pageinspect ADD FUNCTION f()")
    engine.dispose()
    assert ledger.verify().faults == (Fault(None, "function", "f()"),)


@pytest.mark.sqlite_only("PostgreSQL's are above")
def test_a_view_in_the_file_is_named(ledger: Ledger, store: Store) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql("CREATE VIEW entries AS SELECT * FROM entry")
    assert ledger.verify().faults == (Fault(None, "view", "entries"),)
