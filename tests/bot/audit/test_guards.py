"""PostgreSQL's own guard over the entries: it holds, and whatever is done to it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.audit.ledger import Fault, Ledger
from bot.store import Store

pytestmark = pytest.mark.postgres_only("SQLite's triggers are in test_ledger.py and test_verification.py")


@pytest.fixture
def ledger(store: Store, tmp_path: Path) -> Ledger:
    ledger = Ledger(store, tmp_path / "data" / "ledger.head")
    for number in range(3):
        ledger.append("screening", subject=f"s_{number}", facts={})
    return ledger


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


@pytest.mark.parametrize(
    ("statement", "altered"),
    [
        ("DROP TRIGGER entry_no_update ON entry", ["update"]),
        ("ALTER TABLE entry DISABLE TRIGGER entry_no_delete", ["delete"]),
        ("ALTER TABLE entry ENABLE TRIGGER entry_no_truncate", ["truncate"]),
        ("ALTER TABLE entry ENABLE REPLICA TRIGGER entry_no_update", ["update"]),
        (
            "CREATE OR REPLACE TRIGGER entry_no_update BEFORE UPDATE ON entry FOR EACH ROW WHEN (OLD.seq > 9) "
            "EXECUTE FUNCTION entry_only_grows(); ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_update",
            ["update"],
        ),
        (
            "CREATE OR REPLACE TRIGGER entry_no_delete BEFORE DELETE ON entry FOR EACH STATEMENT "
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
            "AS $$BEGIN RETURN NEW; END$$; CREATE OR REPLACE TRIGGER entry_no_update BEFORE UPDATE ON entry "
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
