"""A backup is whole or not there; put back, it says what it misses, and forgets again whoever was forgotten."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from engine_made import engine_of
from postgres import Server
from sqlmodel import delete, select

from bot import form
from bot.audit import records, switching
from bot.audit.backup import Backups
from bot.audit.checkpoints import Checkpoints
from bot.audit.comparison import compare
from bot.audit.erasure import Erasures
from bot.audit.errors import RecordError
from bot.audit.evidence import read_own, read_place
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.recipients import put
from bot.audit.restore import Restored, Restoring
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.audit.switching import broken_off
from bot.audit.transfers import TransferError
from bot.dead_letters import KIND as EVENT
from bot.dead_letters import DeadLetters
from bot.engine import USUAL
from bot.people import People
from bot.store import Store
from bot.tables import Pending

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO = "slack:T1:UANNA", "slack:T1:UBRUNO"


@dataclass
class Site:
    """An installation in a folder: what runs there, and what may be done to it."""

    folder: Path
    url: str

    def __post_init__(self) -> None:
        self.data, self.keys, self.evidence = (self.folder / each for each in ("data", "keys", "evidence"))
        self.evidence.mkdir(exist_ok=True)
        self.open()

    def open(self) -> None:
        self.store = Store(self.url)
        self.seals = Seals.open(self.keys)
        self.store.migrate(self.seals)
        self.people = People(self.store, self.seals)
        self.ledger = Ledger(self.store, self.data / "ledger.head", self.people)
        self.ledger.catch_up()
        self.erasures = Erasures(self.store, self.ledger, self.people, self.keys / "erased")
        self.checkpoints = Checkpoints(self.store, SigningKeys(self.keys))

    def write(self, account: str, number: int) -> str:
        person = self.people.person(account)
        for _ in range(number):
            at = self.ledger.verify().count + 1
            self.ledger.append("appeal", subject=f"a_{at}", facts={}, actor=person, at=NOON, content=b'{"text":"Ciao"}')
        return person

    def sign(self, days: int = 0) -> None:
        """A checkpoint, which the place off the machine takes."""
        signed = self.checkpoints.make(NOON + timedelta(days=days))
        put(self.evidence, signed.statement().number, signed)

    def back_up(self, name: str = "backup") -> Path:
        folder = self.folder / name
        backups = Backups(self.store, self.ledger, self.data, [self.data, self.keys])
        backups.make(folder, by=self.people.person("local:owner"), at=NOON)
        return folder

    def restore(self, folder: Path, *, replace: bool = True, url: str | None = None, **more: bool) -> Restored:
        self.store.close()
        places = [read_place(self.evidence)] if any(self.evidence.iterdir()) else []
        restoring = Restoring(url or self.url, self.data, self.keys, places, "local:owner", **more)
        return restoring.put_back(folder, NOON + timedelta(days=9), replace=replace)

    def faults(self) -> list[tuple[int | None, str]]:
        """Of the record, also beside what was signed."""
        beside = compare(self.store, [read_own(self.store), read_place(self.evidence)], self._keys())
        faults = (*self.ledger.verify().faults, *beside.faults)
        return [(fault.seq, fault.what) for fault in faults if fault.what != "empty"]

    def _keys(self) -> list[str]:
        public = SigningKeys(self.keys).public()
        return [public] if public else []

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(entry.body)["facts"] for entry in self.ledger.entries() if entry.kind == kind]


@pytest.fixture
def site(tmp_path: Path, database: str) -> Iterator[Site]:
    site = Site(tmp_path, database)
    yield site
    site.store.close()


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """PostgreSQL's own programs, as an operator has them."""
    if "database" in request.fixturenames and request.node.callspec.params["database"] == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("PATH", f"{server.tools}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(database: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a backup is put back: in place of what is there, or on a server in an empty database."""
    if database.startswith("sqlite"):
        yield database
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def test_a_backup_is_whole_and_holds_no_key(site: Site) -> None:
    site.write(ANNA, 3)
    (site.data / "search.db").write_bytes(b"derived")
    folder = site.back_up()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["ledger"] == {"count": 4, "head": site.ledger.verify().head}
    assert [json.loads(entry.body)["kind"] for entry in site.ledger.entries(newest=1)] == ["backup"]
    dump = "vaglio.db" if site.store.file else "vaglio.dump"
    assert {path.name for path in folder.rglob("*")} == {"manifest.json", "ledger.head", dump}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*")} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    keys = [path.read_bytes() for path in site.keys.iterdir()]
    assert not any(key in path.read_bytes() for path in folder.rglob("*") for key in keys)


@pytest.mark.sqlite_only("the same on both")
def test_what_the_company_knows_is_in_it(site: Site) -> None:
    made = site.data / "knowledge" / "customers@1"
    made.mkdir(parents=True)
    (made / "rows.bin").write_bytes(b"hashes")
    (made.parent / "customers.json").write_text('{"folder": "customers@1"}', "utf-8")
    (made.parent / "half@2").mkdir()
    folder = site.back_up()
    assert (folder / "knowledge" / "customers@1" / "rows.bin").read_bytes() == b"hashes"
    assert not (folder / "knowledge" / "half@2").exists()
    shutil.rmtree(made.parent)
    site.restore(folder)
    assert (made / "rows.bin").read_bytes() == b"hashes"


@pytest.mark.sqlite_only("the same on both")
@pytest.mark.parametrize("where", ["data/backup", "keys/backup", "there"])
def test_a_folder_that_is_none_for_it_is_refused(site: Site, where: str) -> None:
    (site.folder / "there").mkdir()
    with pytest.raises(TransferError):
        site.back_up(where)
    assert site.said("backup") == []


@pytest.mark.sqlite_only("a page of a file")
def test_of_a_record_with_a_fault_no_backup_is_made(site: Site, damage: Callable[..., None]) -> None:
    site.write(ANNA, 2)
    damage("UPDATE entry SET body = replace(body, 'appeal', 'appeel') WHERE seq = 1")
    with pytest.raises(TransferError) as refused:
        site.back_up()
    assert refused.value.code == "fault"
    assert [path.name for path in site.folder.iterdir() if "backup" in path.name] == []


def test_others_go_on_while_it_is_made(site: Site) -> None:
    site.write(ANNA, 1)
    other = Store(site.url)
    person = site.people.person(ANNA)
    ledger = Ledger(other, site.data / "ledger.head", People(other, site.seals))
    folders = []
    for number in range(3):
        folders.append(site.back_up(f"backup-{number}"))
        ledger.append("appeal", subject=f"x_{number}", facts={}, actor=person, content=b"{}")
    other.close()
    counts = [json.loads((each / "manifest.json").read_bytes())["ledger"]["count"] for each in folders]
    assert counts == [2, 4, 6]
    assert site.faults() == []


def test_what_is_put_back_is_as_it_was_and_misses_nothing(site: Site, elsewhere: str) -> None:
    person = site.write(ANNA, 3)
    site.sign()
    folder = site.back_up()
    if site.store.file:
        site.store.close()
        shutil.rmtree(site.data)
    else:
        (site.data / "ledger.head").unlink()
    restored = site.restore(folder, replace=False, url=elsewhere)
    site.url = elsewhere
    site.open()
    assert (restored.count, restored.lost, restored.erased) == (4, None, ())
    assert site.faults() == []
    assert set(site.ledger.words(range(9)).values()) == {b'{"text":"Ciao"}'}
    assert site.people.person(ANNA) == person
    assert site.said("restore") == [{"count": 4, "head": restored.head, "lost": None, "erased": []}]


@pytest.mark.parametrize("known_by", ["the place", "the database"])
def test_what_a_backup_misses_is_noticed_and_on_record(site: Site, elsewhere: str, known_by: str) -> None:
    if known_by == "the database" and not site.store.file:
        pytest.skip("on a server nothing is replaced")
    site.write(ANNA, 3)
    site.sign()
    folder = site.back_up()
    site.write(ANNA, 2)
    if known_by == "the place":
        site.sign(1)
        site.store.close()
        shutil.rmtree(site.data) if site.store.file else (site.data / "ledger.head").unlink()
    restored = site.restore(folder, url=elsewhere)
    site.url = elsewhere
    site.open()
    assert restored.lost == (5, 6)
    assert site.said("restore")[0]["lost"] == [5, 6]
    assert site.faults() == []
    # The next checkpoint has a number of its own, and the place takes it.
    site.write(BRUNO, 2)
    site.sign(10)
    assert site.faults() == []
    newest = max(path.name for path in site.evidence.iterdir())
    assert newest == f"checkpoint-{3 if known_by == 'the place' else 2:08d}.json"


@pytest.mark.parametrize("told_by", ["the list", "the place", "the database"])
def test_whoever_was_erased_since_is_erased_before_anybody_reads(site: Site, elsewhere: str, told_by: str) -> None:
    if told_by == "the database" and not site.store.file:
        pytest.skip("on a server nothing is replaced")
    person, other = site.write(ANNA, 2), site.write(BRUNO, 1)
    folder = site.back_up()
    site.erasures.erase(person, by=other, reason="art. 17", at=NOON)
    if told_by == "the place":
        site.sign(1)
    if told_by != "the list":
        (site.keys / "erased").unlink()
    if not site.store.file:
        (site.data / "ledger.head").unlink()
    restored = site.restore(folder, url=elsewhere)
    site.url = elsewhere
    site.open()
    assert restored.erased == (person,)
    assert site.said("restore")[0]["erased"] == [person]
    assert site.people.accounts(person) == ()
    assert len(site.ledger.words(range(20))) == 1
    assert (site.keys / "erased").read_text("ascii").split() == [person]
    assert site.faults() == []


@pytest.mark.sqlite_only("a server's database must be empty")
def test_nothing_is_written_over_unless_it_is_said_and_then_it_is_kept(site: Site) -> None:
    site.write(ANNA, 1)
    folder = site.back_up()
    site.write(ANNA, 4)
    with pytest.raises(TransferError) as refused:
        site.restore(folder, replace=False)
    assert refused.value.code == "present"
    restored = site.restore(folder)
    assert restored.aside is not None
    kept = Path(restored.aside)
    assert kept.name.startswith("data.before-")
    with closing(sqlite3.connect(kept / "vaglio.db")) as old:
        assert old.execute("SELECT count(*) FROM entry").fetchone() == (6,)


def test_exports_that_wait_to_be_fetched_are_not_kept_aside(site: Site, elsewhere: str) -> None:
    """Words stand in them in clear."""
    site.write(ANNA, 1)
    folder = site.back_up()
    waiting = site.data / "exports" / "x"
    waiting.mkdir(parents=True)
    (waiting / "words.jsonl").write_text("words in clear", encoding="utf-8")
    if not site.store.file:
        (site.data / "ledger.head").unlink()
    site.restore(folder, url=elsewhere)
    assert not list(site.folder.rglob("words.jsonl"))


@pytest.mark.sqlite_only("a server has no such file")
@pytest.mark.parametrize("where", ["beside", "apart"])
def test_what_was_derived_is_not_kept_aside(tmp_path: Path, database: str, where: str) -> None:
    site = Site(tmp_path, database if where == "beside" else f"sqlite:///{tmp_path / 'base' / 'vaglio.db'}")
    site.write(ANNA, 1)
    folder = site.back_up()
    for place in (site.data, tmp_path / "base"):
        for suffix in ("", "-wal", "-shm"):
            if place.is_dir():
                (place / f"search.db{suffix}").write_bytes(b"words in clear")
    site.restore(folder)
    site.store.close()
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("search.db")]


@pytest.mark.postgres_only("a file is replaced")
def test_a_servers_database_must_be_empty(site: Site) -> None:
    site.write(ANNA, 1)
    folder = site.back_up()
    with pytest.raises(TransferError) as refused:
        site.restore(folder)
    assert refused.value.code == "not_empty"


@pytest.mark.parametrize("damage", ["changed", "missing", "more", "manifest", "elsewhere", "ledger", "link"])
@pytest.mark.sqlite_only("the same on both")
def test_a_damaged_backup_touches_nothing(site: Site, damage: str) -> None:
    site.write(ANNA, 2)
    folder = site.back_up()
    path, manifest = folder / "vaglio.db", folder / "manifest.json"
    said = json.loads(manifest.read_bytes())
    match damage:
        case "changed":
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        case "missing":
            (folder / "ledger.head").unlink()
        case "more":
            (folder / "more").write_bytes(b"")
        case "manifest":
            manifest.write_bytes(manifest.read_bytes()[:-9])
        case "elsewhere":
            said["files"]["../keys/master.key"] = said["files"]["ledger.head"]
        case "ledger":
            said["ledger"]["count"] = 2
        case "link":
            (folder / "ledger.head").rename(folder.parent / "head")
            (folder / "ledger.head").symlink_to(folder.parent / "head")
    if damage in ("elsewhere", "ledger"):
        manifest.write_text(json.dumps(said), "utf-8")
    before = sorted(site.data.rglob("*.db"))
    with pytest.raises(TransferError):
        site.restore(folder)
    assert broken_off(site.data) is None
    assert sorted(site.data.glob("*.db")) == before
    site.open()
    assert site.faults() == [] or not any(site.evidence.iterdir())
    assert site.ledger.verify().count == 3


@pytest.mark.sqlite_only("the same on both")
def test_a_backup_of_another_record_is_not_put_in_place(site: Site, tmp_path: Path) -> None:
    site.write(ANNA, 2)
    site.sign()
    (tmp_path / "other").mkdir()
    other = Site(tmp_path / "other", f"sqlite:///{tmp_path / 'other' / 'data' / 'vaglio.db'}")
    other.write(ANNA, 5)
    folder = other.back_up()
    other.store.close()
    shutil.copy(other.keys / "master.key", site.keys / "master-other.old")
    with pytest.raises(TransferError) as refused:
        site.restore(folder)
    assert (refused.value.code, refused.value.place) == ("contradicts", str(folder))
    with pytest.raises(TransferError) as refused:
        site.restore(folder, may_contradict=True)
    assert refused.value.code == "history"
    assert refused.value.place == str(folder)


def _forged(folder: Path, first: int) -> None:
    """A backup whose entries were rewritten from that number on, and everything else made to fit them."""
    with closing(sqlite3.connect(folder / "vaglio.db", isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM checkpoint")
        previous, rows = None, connection.execute("SELECT seq, body FROM entry WHERE seq >= ? ORDER BY seq", (first,))
        for seq, body in rows.fetchall():
            said = json.loads(body) | ({"previous": previous} if previous else {"facts": {"forged": True}})
            new = records.canonical(said)
            previous = records.digest(new)
            connection.execute("UPDATE entry SET body = ?, hash = ? WHERE seq = ?", (new, previous, seq))
        for _, sql in triggers:
            connection.execute(sql)
        count, head = connection.execute("SELECT seq, hash FROM entry ORDER BY seq DESC").fetchone()
    HeadFile(folder / "ledger.head").write(Head(count, head))
    (folder / "ledger.lock").unlink(missing_ok=True)
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_bytes())
    said["ledger"] = {"count": count, "head": head}
    for name in said["files"]:
        raw = (folder / name).read_bytes()
        said["files"][name] |= {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    manifest.write_bytes(records.canonical(said))


@pytest.mark.sqlite_only("a server's database must be empty")
@pytest.mark.parametrize("more", [0, 4])
@pytest.mark.parametrize("is_signed", [True, False])
def test_a_forged_backup_does_not_replace_the_record(site: Site, is_signed: bool, more: int) -> None:
    site.write(ANNA, 9)
    if is_signed:
        site.checkpoints.make(NOON)  # only the database knows it
    folder = site.back_up()
    site.write(ANNA, more)
    _forged(folder, 5)
    with pytest.raises(TransferError) as refused:
        site.restore(folder)
    assert (refused.value.code, refused.value.place) == ("contradicts", str(folder))
    site.open()
    assert site.ledger.verify().count == 10 + more
    if is_signed:
        with pytest.raises(TransferError) as refused:
            site.restore(folder, may_contradict=True)
        assert refused.value.code == "history"
        assert refused.value.place == str(folder)
        return
    assert site.restore(folder, may_contradict=True).count == 10
    site.open()
    assert site.ledger.verify().is_sound


@pytest.mark.sqlite_only("a server's database must be empty")
def test_a_backup_of_a_history_that_was_given_up_is_refused_too(site: Site) -> None:
    site.write(ANNA, 9)
    early = site.back_up("early")
    site.write(ANNA, 9)
    folder = site.back_up()
    assert site.restore(early).lost == (11, 20)
    site.open()
    with pytest.raises(TransferError) as refused:
        site.restore(folder)
    assert (refused.value.code, refused.value.place) == ("contradicts", str(folder))


@pytest.mark.sqlite_only("the same on both")
def test_without_its_key_nothing_is_put_in_place(site: Site) -> None:
    site.write(ANNA, 2)
    folder = site.back_up()
    (site.keys / "master.key").unlink()
    with pytest.raises(RecordError) as refused:
        site.restore(folder)
    assert refused.value.code == "master"
    assert not (site.keys / "master.key").exists()


class _Stopped(BaseException):
    """In place of a kill: nothing catches it."""


@pytest.mark.postgres_only("a file is made ready beside the one in use")
@pytest.mark.parametrize(
    "where", ["bot.audit.dumps.load", "bot.audit.restore.take_over", "bot.audit.erasure.Erasures.again"]
)
def test_on_a_server_a_stop_keeps_everybody_out_until_it_is_through(
    site: Site, elsewhere: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    person, other = site.write(ANNA, 2), site.write(BRUNO, 1)
    folder = site.back_up()
    site.erasures.erase(person, by=other, reason="art. 17", at=NOON)
    site.sign(1)
    (site.data / "ledger.head").unlink()

    def stop(*_: object, **__: object) -> None:
        raise _Stopped

    with monkeypatch.context() as patch:
        patch.setattr(where, stop)
        with pytest.raises(_Stopped):
            site.restore(folder, url=elsewhere)
    assert broken_off(site.data) is not None
    restored = site.restore(folder, url=elsewhere)
    assert broken_off(site.data) is None
    assert (restored.lost, restored.erased) == ((5, 5), (person,))
    site.url = elsewhere
    site.open()
    assert [each["lost"] for each in site.said("restore")] == [[5, 5]]
    assert site.people.accounts(person) == ()
    assert site.faults() == []


@pytest.mark.postgres_only("a file is made ready beside the one in use")
def test_what_was_begun_with_one_backup_is_not_finished_with_another(
    site: Site, elsewhere: str, monkeypatch: pytest.MonkeyPatch, postgres_server: Server
) -> None:
    site.write(ANNA, 2)
    first = site.back_up("first")
    site.write(ANNA, 1)
    second = site.back_up("second")
    (site.data / "ledger.head").unlink()

    def stop(*_: object, **__: object) -> None:
        raise _Stopped

    with monkeypatch.context() as patch:
        patch.setattr("bot.audit.restore.take_over", stop)
        with pytest.raises(_Stopped):
            site.restore(first, url=elsewhere)
    with pytest.raises(TransferError) as refused:
        site.restore(second, url=elsewhere)
    assert refused.value.code == "begun"
    assert "VAGLIO_DATABASE_URL" in str(refused.value)
    assert site.restore(first, url=elsewhere).count == 3
    # In another database that is empty nothing was begun.
    (site.data / "ledger.head").unlink()
    another = postgres_server.create()
    with monkeypatch.context() as patch:
        patch.setattr("bot.audit.dumps.load", stop)
        with pytest.raises(_Stopped):
            site.restore(first, url=postgres_server.url(another))
    assert site.restore(second, url=postgres_server.url(another)).count == 5
    postgres_server.drop(another)


def test_what_waited_for_its_answer_is_not_answered_days_later(site: Site, elsewhere: str) -> None:
    with site.store.write() as session:
        engine = engine_of(site.store, workers=1, patience=USUAL)
        engine.on(EVENT, _nobody)
        for id, words in (("e_1", b'{"platform": "slack", "text": "Ciao"}'), ("e_2", b"?")):
            wrapped, sealed = site.seals.vault.seal(words, id.encode())
            session.add(Pending(id=id, at=NOON.timestamp(), wrapped=wrapped, sealed=sealed, attempts=2))
        session.flush()
        engine.put(session, EVENT, ["e_1", "e_2"])
    site.write(ANNA, 1)
    folder = site.back_up()
    with site.store.write() as session:
        session.exec(delete(Pending))
    if not site.store.file:
        (site.data / "ledger.head").unlink()
    assert site.restore(folder, url=elsewhere).waited == 2
    site.url = elsewhere
    site.open()
    engine = engine_of(site.store, workers=1, patience=USUAL)
    engine.on(EVENT, _nobody)
    letters = DeadLetters(site.store, engine, site.ledger)
    found = [(each.id, each.platform, each.attempts, each.error) for each in letters.all()]
    assert found == [("e_1", "slack", 2, "BackupRestored"), ("e_2", "", 2, "BackupRestored")]
    with site.store.read() as session:
        assert session.exec(select(Pending)).all() == []
        assert engine.waiting(session, EVENT) == 0
    # Only if somebody wants it.
    assert letters.replay(["e_1"], site.people.person("local:owner"), NOON) == ["e_1"]
    with site.store.read() as session:
        assert [row.id for row in session.exec(select(Pending)).all()] == ["e_1"]
        assert engine.waiting(session, EVENT) == 1
    assert site.faults() == []


async def _nobody(_: str) -> None:
    raise AssertionError("nobody works here")


@pytest.mark.parametrize("tables", ["0005", form.known()[-2]])
def test_a_backup_of_an_older_form_is_put_back(site: Site, elsewhere: str, tables: str) -> None:
    site.write(ANNA, 3)
    config = Config()
    config.set_main_option("script_location", str(form.MIGRATIONS))
    config.attributes["engine"] = site.store._writing
    command.downgrade(config, tables)
    folder = site.back_up()
    assert json.loads((folder / "manifest.json").read_bytes())["tables"] == tables
    if not site.store.file:
        (site.data / "ledger.head").unlink()
    assert site.restore(folder, url=elsewhere).count == 4
    site.url = elsewhere
    site.open()
    assert site.store.form() == form.newest()
    assert set(site.ledger.words(range(9)).values()) == {b'{"text":"Ciao"}'}
    assert site.faults() == []


@pytest.mark.sqlite_only("renames of files")
@pytest.mark.parametrize("where", ["beside", "apart"])
def test_a_stop_anywhere_leaves_the_old_or_the_new(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    url = database if where == "beside" else f"sqlite:///{tmp_path / 'base' / 'vaglio.db'}"
    site = Site(tmp_path, url)
    site.write(ANNA, 1)
    folder = site.back_up()
    site.write(ANNA, 3)
    site.sign()
    steps, seen = 0, set[str]()
    while True:
        with monkeypatch.context() as patch:
            done = _count_to(patch, steps)
            with suppress(_Stopped):
                site.restore(folder)
        stopped, steps = done["stopped"], steps + 1
        if broken_off(site.data) is not None:
            seen.add("between")
            # Whoever comes next finishes it, whatever backup they name.
            site.restore(tmp_path / "nothing")
        site.open()
        count = site.ledger.verify().count
        assert site.faults() == []
        seen.add({5: "old", 3: "new"}[count])
        if not stopped:
            break
        if count == 3:
            _put_old_back(site, url)
    site.store.close()
    assert seen == {"old", "between", "new"}
    assert steps > 6


def _count_to(patch: pytest.MonkeyPatch, steps: int) -> dict[str, bool]:
    """Stop at the rename, or what else is done to a name, after so many."""
    done, count = {"stopped": False}, [0]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **more: Any) -> Any:
            if count[0] == steps:
                done["stopped"] = True
                raise _Stopped
            count[0] += 1
            return real(*given, **more)

        return act

    for name in ("rename", "replace", "unlink"):
        patch.setattr(switching.Path, name, counted(getattr(Path, name)))
    patch.setattr(switching, "sync", counted(switching.sync))
    return done


def _put_old_back(site: Site, url: str) -> None:
    """As an operator would who has thought better of it."""
    site.store.close()
    (aside,) = site.folder.glob("data.before-*")
    for path in site.data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in aside.iterdir():
        path.rename(site.data / path.name)
    aside.rmdir()
    database = Path(url.removeprefix("sqlite:///"))
    for kept in database.parent.glob("vaglio.db.before-*Z*"):
        ending = next((each for each in ("-wal", "-shm") if kept.name.endswith(each)), "")
        kept.replace(database.with_name(database.name + ending))
    site.open()
