"""Each failure as it happens: no verdict without a record, an alarm, and the way back that docs/operations.md tells."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from docs.operations import section, steps
from sqlalchemy import event

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_POLICY
from bot.people import People
from bot.settings import PREFIX, Settings
from bot.store import Store

ROOT = Path(__file__).parents[3]
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
CHECK = ["check", "--record", "Sei un cretino"]
VERDICT = "Somebody may be hurt"
Run = Callable[..., str]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy_path: Path) -> Path:
    """A folder in which somebody works, with three entries on record and backups beside it."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}POLICY", str(policy_path))
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    home = tmp_path / "vaglio"
    home.mkdir()
    monkeypatch.chdir(home)
    for _ in range(3):
        assert run(CHECK) == 1
    return home


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command; what it says."""

    def said(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        found = run(list(arguments))
        told = "".join(capsys.readouterr())
        assert found == code, told
        return told

    return said


@pytest.fixture
def refused(out: Run) -> Run:
    """A draft is handed in: there is no verdict, and the reason is said."""

    def said(code: int = EXIT_IO) -> str:
        told = out(*CHECK, code=code)
        assert VERDICT not in told
        return told

    return said


@pytest.fixture
def doctor(out: Run) -> Callable[[str], str]:
    """What the doctor finds wrong of something."""

    def said(name: str) -> str:
        parts = json.loads(out("doctor", "--json", code=1).splitlines()[-1])
        (found,) = (part["detail"] for part in parts if part["name"] == name and part["state"] == "wrong")
        return str(found)

    return said


@pytest.fixture
def follow(out: Run) -> Callable[[str], str]:
    """Do what the page says under a heading; what the last command said."""

    def follow(heading: str) -> str:
        said = ""
        for command in steps(heading):
            said = out(*command, *(["--yes"] if command[:2] == ["keys", "forget"] else []))
        return said

    return follow


@pytest.fixture
def log() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def _entries() -> int:
    with closing(sqlite3.connect("data/vaglio.db")) as database:
        return int(database.execute("SELECT count(*) FROM entry").fetchone()[0])


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as filling, suppress(OSError):
        while filling.write(bytes(512)):
            pass


def test_a_full_disk(home: Path, refused: Run, out: Run, follow: Callable[[str], str], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        shutil.copytree("data", disk / "data")
        shutil.rmtree("data")
        Path("data").symlink_to(disk / "data")
        _fill(disk / "filling")
        assert "the disk is full" in refused()
        assert "3 entries, all as they were written" in out("audit", "verify")
        assert "MB are left" in out("doctor", code=1)
        (disk / "filling").unlink()
        follow("A full disk")
        assert VERDICT in out(*CHECK, code=1)
        assert _entries() == 4
        assert out("audit", "verify")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.slow
def test_a_file_that_may_not_grow(home: Path, out: Run) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *CHECK], capture_output=True, env=environment, preexec_fn=limit, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == EXIT_IO, done.stderr
    assert VERDICT not in done.stdout + done.stderr
    assert "3 entries" in out("audit", "verify")


def test_a_record_that_may_not_be_written(
    home: Path, refused: Run, out: Run, doctor: Callable[[str], str], follow: Callable[[str], str]
) -> None:
    folder = Path("data")
    fixed = subprocess.run(["chattr", "+i", *folder.iterdir(), folder], capture_output=True, check=False)
    if fixed.returncode:
        if os.geteuid() == 0:
            pytest.skip("root may write everything here")
        for path in (*folder.iterdir(), folder):
            path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        assert "may not read or write here" in refused()
        assert "3 entries, all as they were written" in out("audit", "verify")
    finally:
        subprocess.run(["chattr", "-i", folder, *folder.iterdir()], capture_output=True, check=False)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o700 if path.is_dir() else 0o600)
    follow("A record that may not be written")
    assert VERDICT in out(*CHECK, code=1)


def test_a_database_that_is_held(home: Path, refused: Run, out: Run) -> None:
    holding = "import sqlite3, sys; c = sqlite3.connect('data/vaglio.db', isolation_level=None); " \
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        assert "another program holds the database" in refused()
        other.communicate()
    assert VERDICT in out(*CHECK, code=1)
    assert "4 entries" in out("audit", "verify")


def test_a_clock_that_goes_backwards(ledger: Ledger, people: People, log: list[dict[str, object]]) -> None:
    person = people.person("slack:T1:U1")
    for number, days in enumerate((0, 1, -30, -30, 1)):
        at = NOON + timedelta(days=days)
        ledger.append("appeal", subject=f"a_{number}", facts={}, actor=person, at=at, content=b"{}")
    assert [entry.subject for entry in reversed(ledger.entries())] == [f"a_{number}" for number in range(5)]
    found = ledger.verify()
    assert (found.faults, found.count) == ((), 5)
    assert [line["entry"] for line in log if line["event"] == "ledger.clock_backwards"] == [3]
    assert "ledger.clock_backwards" in section("A clock that goes backwards")


@pytest.mark.parametrize("how", ["lost", "exchanged", "cut short"])
def test_a_master_key_that_is_lost_or_exchanged(
    home: Path, refused: Run, out: Run, doctor: Callable[[str], str], follow: Callable[[str], str], how: str
) -> None:
    key = Path("keys/master.key")
    right = key.read_bytes()
    key.unlink()
    if how != "lost":
        key.write_bytes(b"x" * (32 if how == "exchanged" else 9))
    assert "Put it back" in refused()
    assert key.exists() == (how != "lost")
    assert ("9 bytes" if how == "cut short" else "Put it back") in doctor("Master key")
    assert "3 entries, all as they were written" in out("audit", "verify")
    shown = Path("shown")
    shown.write_bytes(right)
    shown.replace(key)
    assert VERDICT in out(*CHECK, code=1)
    key.unlink()
    follow("A lost or exchanged master key")
    assert "5 entries, all as they were written" in out("audit", "verify")
    assert VERDICT in out(*CHECK, code=1)
    assert '"words": null' in out("audit", "show", "1", "--words", "--json")


def test_a_page_that_was_half_written(home: Path, out: Run, follow: Callable[[str], str]) -> None:
    assert steps("Backup") == [["db", "backup", "backups/monday"]]
    follow("Backup")
    for _ in range(30):
        run(CHECK)
    database = Path("data/vaglio.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entry'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    raw = bytearray(database.read_bytes())
    raw[(page - 1) * size : (page - 1) * size + size // 2] = os.urandom(size // 2)
    database.write_bytes(raw)
    told = out("audit", "verify", code=EXIT_POLICY)
    assert "cannot be read" in told or "missing" in told
    said = follow("A damaged database")
    assert "all as they were written" in said
    assert list(Path.cwd().glob("data.before-*"))
    assert VERDICT in out(*CHECK, code=1)
    restored = json.loads(out("audit", "list", "--json", "-n", "2").splitlines()[1])
    # The head beside the damaged database was still there, and knew how far it went.
    assert (restored["kind"], restored["facts"]["lost"]) == ("restore", [5, 34])


@pytest.mark.parametrize("how", ["lost", "damaged", "put back"])
def test_a_head_that_is_lost_damaged_or_put_back(home: Path, out: Run, follow: Callable[[str], str], how: str) -> None:
    head = Path("data/ledger.head")
    if how == "lost":
        head.unlink()
    elif how == "damaged":
        head.write_bytes(b"\0" * 40)
    else:
        old = head.read_bytes()
        store = Store("sqlite:///data/vaglio.db")
        for number in range(70):
            Ledger(store, head).append("role", subject=f"r_{number}", facts={})
        store.close()
        head.write_bytes(old)
    out("audit", "verify", code=EXIT_POLICY)
    assert "all as they were written" in follow("A head that is lost, damaged or old")
    assert VERDICT in out(*CHECK, code=1)
    assert "all as they were written" in out("audit", "verify")


def test_a_restore_that_was_broken_off(home: Path, out: Run, refused: Run, doctor: Callable[[str], str]) -> None:
    out("db", "backup", "../monday")
    stage = Path("data/restoring")
    (stage / "files").mkdir(parents=True)
    said = {"count": 0, "head": "0" * 64, "lost": None, "erased": [], "conflict": False}
    (stage / "journal.json").write_text(json.dumps({"moves": [], "aside": None, "said": said}), "utf-8")
    assert "broken off" in refused()
    assert "broken off" in doctor("Record")
    out("keys", "rotate", "master", code=EXIT_IO)
    out("db", "restore", "../monday")
    assert VERDICT in out(*CHECK, code=1)


def test_a_backup_that_was_copied_by_hand_forgets_who_was_erased(
    home: Path, out: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("../evidence").mkdir()
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", str(home.parent / "evidence"))
    out("audit", "checkpoint")
    out("people", "grant", "slack:T1:UANNA", "admin")
    shutil.copytree("data", "../copied")
    out("audit", "erase", "slack:T1:UANNA", "--reason", "art. 17", "--yes")
    out("audit", "checkpoint")
    Path("keys/erased").unlink()
    shutil.rmtree("data")
    Path("../copied").rename("data")
    assert "UANNA" not in out("people", "list")
    erased = [json.loads(line) for line in out("audit", "list", "--json").splitlines()]
    assert [entry["facts"].get("again") for entry in erased if entry["kind"] == "erasure"] == [True]


@pytest.mark.postgres_only("a server's own way to fail")
def test_postgresql_that_is_gone_in_the_middle(store: Store, ledger: Ledger, people: People) -> None:
    person = people.person("slack:T1:U1")
    ledger.append("appeal", subject="a_1", facts={}, actor=person, content=b"{}")
    name = store.engine.url.database
    server = Store(store.url.replace("vaglio@", "postgres@").replace(f"/{name}?", "/postgres?"))

    def throw_out(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("INSERT INTO content"):
            with server.engine.connect() as admin:
                admin.exec_driver_sql(
                    f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                )

    event.listen(store.engine, "before_cursor_execute", throw_out)
    with pytest.raises(RecordError) as refused:
        ledger.append("appeal", subject="a_2", facts={}, actor=person, content=b"{}")
    event.remove(store.engine, "before_cursor_execute", throw_out)
    server.close()
    assert refused.value.code == "away"
    ledger.append("appeal", subject="a_3", facts={}, actor=person, content=b"{}")
    assert [entry.subject for entry in ledger.entries()] == ["a_3", "a_1"]
    assert ledger.verify().is_sound
    assert "`code: away`" in section("PostgreSQL is gone")
