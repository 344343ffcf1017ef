"""Whatever is done to the record behind Vaglio's back is named, and nothing makes the walk fall over."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from bot.audit import head as heads
from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.following import BATCH
from bot.audit.head import LAG
from bot.audit.ledger import Fault, Ledger
from bot.audit.reports import told
from bot.prescreen import Prescreen
from bot.store import Store
from bot.wording import Wording
from rules.draft import Draft

Damage, Reader = Callable[..., None], Callable[[], Ledger]
DEEP = "x'" + "5b" * 200_000 + "'"

MOST = LAG - BATCH + 1
"""Entries that are added while the head cannot be moved, before a transaction might leave it too far behind."""


@pytest.fixture
def data(prescreen: Prescreen, store: Store, tmp_path: Path) -> Path:
    for number in range(5):
        prescreen(Draft(text=f"Ciao SEGRETO-{number}", author="slack:T1:U1"), id=f"s_{number}")
    store.close()
    return tmp_path / "data"


def _forged(first: int, number: int, previous: str) -> Iterator[str]:
    for seq in range(first, first + number):
        at = "2026-01-01T00:00:00.000000Z"
        said = {"seq": seq, "at": at, "kind": "x", "subject": f"x{seq}", "previous": previous}
        nothing = {"commitment": None, "holder": None, "sealed": None, "actor": None, "facts": {}}
        body = records.canonical({"v": 2, **said, **nothing})
        previous = records.digest(body)
        yield f"INSERT INTO entry VALUES ({seq}, '{at}', 'x', 'x{seq}', x'{body.hex()}', '{previous}')"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE content SET sealed = x'' WHERE seq = 2", Fault(2, "content")),
        ("INSERT INTO content VALUES (9, 'house', x'7b7d')", Fault(9, "orphan")),
        ("INSERT INTO content VALUES (-1, 'house', x'7b7d')", Fault(-1, "orphan")),
        ("INSERT INTO entry SELECT 0, at, kind, 'other', body, hash FROM entry WHERE seq = 1", Fault(0, "number")),
        ("INSERT INTO entry SELECT -7, at, kind, 'other', body, hash FROM entry WHERE seq = 1", Fault(-7, "number")),
        (f"UPDATE entry SET body = {DEEP} WHERE seq = 3", Fault(3, "hash")),
        (f"UPDATE entry SET body = {DEEP}, hash = '{records.digest(b'[' * 200_000)}' WHERE seq = 3", Fault(3, "body")),
        (f"UPDATE content SET sealed = {DEEP} WHERE seq = 3", Fault(3, "content")),
        ("UPDATE entry SET body = x'5b5d' WHERE seq = 3", Fault(3, "hash")),
        ("DROP TABLE content", Fault(None, "table", "content")),
        ("ALTER TABLE entry RENAME TO other", Fault(None, "table", "entry")),
        ("ALTER TABLE entry RENAME COLUMN hash TO other", Fault(None, "table", "entry")),
        ("DROP TABLE alembic_version", Fault(None, "version", "alembic_version")),
        ("UPDATE alembic_version SET version_num = 'x'", Fault(None, "version", "alembic_version")),
        ("DELETE FROM alembic_version", Fault(None, "version", "alembic_version")),
    ],
)
def test_what_was_done_to_a_table_is_named(
    data: Path, damage: Damage, reader: Reader, statement: str, fault: Fault
) -> None:
    damage(statement)
    assert fault in reader().verify().faults


@pytest.mark.sqlite_only("only SQLite keeps another kind of value than its column is of, or text that is none")
@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE content SET sealed = sealed || x'00' WHERE seq = 2", Fault(2, "content")),
        ("UPDATE content SET sealed = CAST(sealed AS TEXT) WHERE seq = 2", Fault(2, "content")),
        ("UPDATE content SET sealed = CAST(x'5b5b' AS TEXT) WHERE seq = 3", Fault(3, "content")),
        ("UPDATE entry SET body = CAST(body AS TEXT) WHERE seq = 3", Fault(3, "type")),
        ("UPDATE entry SET hash = CAST(hash AS BLOB) WHERE seq = 3", Fault(3, "type")),
        ("UPDATE entry SET at = CAST(x'ff' AS TEXT) WHERE seq = 3", Fault(3, "body")),
        ("UPDATE entry SET body = CAST(x'ff7b' AS TEXT) WHERE seq = 3", Fault(3, "hash")),
        ("UPDATE alembic_version SET version_num = CAST(x'ff' AS TEXT)", Fault(None, "version", "alembic_version")),
    ],
)
def test_a_value_of_another_kind_is_named(
    data: Path, damage: Damage, reader: Reader, statement: str, fault: Fault
) -> None:
    damage(statement)
    assert fault in reader().verify().faults


@pytest.mark.postgres_only("SQLite has no columns of one kind")
@pytest.mark.parametrize("column", ["seq", "body", "hash"])
def test_columns_of_another_kind_are_named(store: Store, ledger: Ledger, column: str) -> None:
    for number in range(3):
        ledger.append("screening", subject=f"s_{number}", facts={})
    with store.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("ALTER TABLE content DROP CONSTRAINT content_seq_fkey")
        kind = "bytea USING convert_to(hash, 'UTF8')" if column == "hash" else f"text USING {column}::text"
        connection.exec_driver_sql(f"ALTER TABLE entry ALTER COLUMN {column} TYPE {kind}")
    assert {fault.what for fault in ledger.verify().faults} & {"unreadable", "hash", "type"}


@pytest.mark.sqlite_only("see above")
def test_numbers_that_are_text_are_named(data: Path, damage: Damage, reader: Reader) -> None:
    damage(
        "CREATE TABLE copy (seq TEXT, at TEXT, kind TEXT, subject TEXT, body BLOB, hash TEXT)",
        "INSERT INTO copy SELECT * FROM entry",
        "DROP TABLE entry",
        "ALTER TABLE copy RENAME TO entry",
    )
    assert Fault(None, "unreadable", "entry") in reader().verify().faults


@pytest.mark.sqlite_only("PostgreSQL's triggers are in test_guards.py")
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER entry_no_update",
        "DROP TRIGGER entry_no_update; CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT 1; END",
    ],
)
def test_a_trigger_that_is_gone_or_does_nothing_is_named(data: Path, reader: Reader, statement: str) -> None:
    with closing(sqlite3.connect(data / "vaglio.db")) as connection:
        connection.executescript(statement)
    found = reader().verify()
    assert found.faults == (Fault(None, "trigger", "entry_no_update"),)
    assert "trigger" in told(found, Wording("it"))[0]


@pytest.mark.sqlite_only("the file is damaged")
@pytest.mark.parametrize("garbage", [b"This is no database." * 300, b""])
def test_a_file_that_is_no_database_is_named(data: Path, garbage: bytes, reader: Reader) -> None:
    (data / "vaglio.db").write_bytes(garbage)
    for name in ("vaglio.db-wal", "vaglio.db-shm"):
        (data / name).unlink(missing_ok=True)
    assert {fault.what for fault in reader().verify().faults} & {"unreadable", "table"}


@pytest.mark.parametrize(
    "said",
    ['{"count": 1e999, "hash": ""}', "[" * 4_000, '{"count": -1, "hash": ""}', '{"count": true, "hash": ""}', "\xff",
     '{"count": 1' + "0" * 30 + ', "hash": ""}', '{"count": 0, "hash": "x"}', "[]", '{"count": 5, "hash": 5}'],
)  # fmt: skip
def test_a_head_that_says_nonsense_is_named_and_stays(data: Path, said: str, reader: Reader) -> None:
    (data / "ledger.head").write_text(said, encoding="latin-1")
    assert reader().catch_up() == 0
    assert [fault.what for fault in reader().verify().faults] == ["head"]
    assert (data / "ledger.head").read_text(encoding="latin-1") == said


@pytest.mark.sqlite_only("the file is removed")
def test_a_database_that_was_removed_from_beside_its_head_is_named(data: Path, reader: Reader) -> None:
    for path in data.glob("vaglio.db*"):
        path.unlink()
    assert [fault.what for fault in reader().verify().faults] == ["gone"]


@pytest.mark.sqlite_only("on a server other machines may have written them: test_machines.py")
@pytest.mark.parametrize(("number", "faults"), [(LAG, []), (LAG + 1, ["lag"])])
def test_a_head_further_behind_than_a_stop_leaves_it_is_named_and_stays(
    data: Path, number: int, faults: list[str], damage: Damage, reader: Reader
) -> None:
    known = json.loads((data / "ledger.head").read_bytes())
    damage(*_forged(6, number, known["hash"]))
    assert [fault.what for fault in reader().verify().faults] == faults
    assert reader().catch_up() == (0 if faults else number)
    assert [fault.what for fault in reader().verify().faults] == faults


@pytest.mark.sqlite_only("see above")
def test_a_head_of_nothing_over_a_long_ledger_is_named(data: Path, damage: Damage, reader: Reader) -> None:
    known = json.loads((data / "ledger.head").read_bytes())
    damage(*_forged(6, LAG, known["hash"]))
    (data / "ledger.head").write_text(json.dumps({"count": 0, "hash": records.GENESIS}), encoding="utf-8")
    assert [fault.what for fault in reader().verify().faults] == ["lag"]


def test_while_somebody_holds_the_heads_lock_entries_go_on_up_to_the_bound(
    prescreen: Prescreen, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "_PATIENCE", 0.001)
    with FileLock(tmp_path / "data" / "ledger.lock"):
        for _ in range(MOST):
            prescreen(Draft(text="Ciao"))
        with pytest.raises(RecordError) as refused:
            prescreen(Draft(text="Ciao"))
        assert refused.value.code == "head"
    assert (ledger.verify().lag, ledger.verify().is_sound) == (MOST, True)
    prescreen(Draft(text="Ciao"))
    assert (ledger.verify().lag, ledger.verify().count) == (0, MOST + 1)


def test_the_head_is_there_before_the_first_entry(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store, tmp_path / "data" / "ledger.head")
    ledger.append("screening", subject="s_1", facts={})
    assert (ledger.verify().is_sound, ledger.verify().lag) == (True, 0)


@pytest.mark.sqlite_only("rights of files")
def test_only_the_owner_may_read_what_is_made(data: Path, store: Store, prescreen: Prescreen) -> None:
    with store.read() as session:
        session.connection()  # somebody reads: the files beside the database stay
        prescreen(Draft(text="Ciao"))
        found = {path.name: path.stat().st_mode & 0o777 for path in [data, *data.iterdir()]}
    assert found.pop("data") == 0o700
    assert set(found) >= {"vaglio.db", "vaglio.db-wal", "vaglio.db-shm", "ledger.head", "ledger.lock"}
    assert set(found.values()) == {0o600}


@pytest.mark.parametrize("name", ["9" * 30, "9" * 5_000, "²", "\ud800", "", "-1", "0", "\x00", "s_\U0001f600"])
def test_a_name_that_nothing_has_finds_nothing(data: Path, name: str, reader: Reader) -> None:
    assert reader().entry(name) is None


def test_the_newest_of_very_many_are_all(data: Path, reader: Reader) -> None:
    assert len(reader().entries(newest=10**30)) == 5


@pytest.mark.sqlite_only("the file is copied")
def test_a_reader_changes_nothing_and_reads_a_copy(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    store = Store(f"sqlite:///{copy / 'vaglio.db'}", read_only=True)
    assert Ledger(store, copy / "ledger.head").verify().count == 5
    assert {path.name: path.read_bytes() for path in copy.iterdir() if path.name in before} == before
    store.close()


@pytest.mark.sqlite_only("the file is missing")
def test_a_reader_says_that_there_is_no_record_yet_and_makes_none(reader: Reader, tmp_path: Path) -> None:
    for read in (Ledger.verify, Ledger.entries):
        with pytest.raises(RecordError) as refused:
            read(reader())
        assert refused.value.code == "none"
    assert not (tmp_path / "data").exists()


@pytest.mark.sqlite_only("PostgreSQL's locks are in test_postgres.py")
def test_a_database_that_somebody_holds_is_no_fault_of_ours(data: Path, prescreen: Prescreen, store: Store) -> None:
    with closing(sqlite3.connect(data / "vaglio.db", isolation_level=None)) as holder, store.read() as session:
        session.connection().exec_driver_sql("PRAGMA busy_timeout=1")
        session.close()  # the connection goes back to the pool, and is the next one taken
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordError) as refused:
            prescreen(Draft(text="Zanzibar"))
    assert refused.value.code == "locked"
    assert "Zanzibar" not in str(refused.value)
    assert "occupato" in refused.value.show("it")
