"""`vaglio db ...`: from one file to a server, under a user who may do no more than it must."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from every_table import fill_all
from postgres import Server
from records_made import Made, fill

from bot import form
from bot.audit.errors import RecordError
from bot.audit.head import HeadFile
from bot.audit.ledger import Ledger
from bot.audit.manifests import Count
from bot.audit.moved import Note, read_note, write_note
from bot.audit.presence import alone
from bot.audit.verification import verify
from bot.cli.build import Record
from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_POLICY, EXIT_SETTINGS, EXIT_USAGE
from bot.settings import PREFIX, read_settings
from bot.store import Store

ROOT = Path(__file__).parents[3]
Said = Callable[..., str]


@pytest.fixture
def to(postgres_server: Server) -> Iterator[str]:
    """An empty database on a server, of the user `vaglio`."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def said(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """What a command says; it must end with this code."""
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")

    def told(*arguments: str, code: int = 0) -> str:
        capsys.readouterr()
        ended = run(arguments)
        out = "".join(capsys.readouterr())
        assert ended == code, out
        return out

    return told


def test_from_one_file_to_a_server_and_on_there(
    said: Said, to: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("check", "--record", "Ciao")
    assert "Nobody is at work on it" in said("db", "status")
    out = said("db", "move", to)
    assert "2 entries" in out
    assert f"VAGLIO_DATABASE_URL={Store(to).place}" in out
    # By mistake nothing goes on here, and nothing is done to it; what is here can still be read.
    for command in (["check", "--record", "Ciao"], ["db", "migrate"], ["keys", "rotate", "master"], ["db", "move", to]):
        assert "goes on on PostgreSQL" in said(*command, code=EXIT_IO)
    assert "goes on on PostgreSQL" in said("db", "restore", "x", "--replace", code=EXIT_IO)
    assert "goes on there" in said("db", "status")
    assert "goes on on PostgreSQL" in said("doctor", code=1)
    monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", to)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to.replace("vaglio@", "vaglio_app@"))
    assert "Database user: it lacks SELECT" in said("doctor", code=1)
    said("db", "grant", "vaglio_app")
    said("check", "--record", "Ciao")
    assert "Database user: it can do what a running Vaglio does" in (out := said("doctor"))
    # No erasure reaches the file: that is not forgotten as long as it lies there.
    assert "vaglio.db: the record went on from there" in out
    assert "vaglio.db: the record went on from there" in said("audit", "purge")
    assert "3 entries" in said("audit", "verify")
    assert "3 entries" in said("db", "status")
    (home / "data" / "vaglio.db").unlink()
    assert "went on from there" not in said("doctor")


def test_what_was_left_is_still_read_and_borne_out(said: Said, to: str, home: Path) -> None:
    """The head in the data folder is the server's by then: the note of the move says where the file ended."""
    said("check", "--record", "Ciao")
    said("db", "move", to)
    out = said("audit", "verify")
    assert f"The record went on from here on {Store(to).place}, from entry 2" in out
    assert json.loads(said("audit", "verify", "--json"))["moved"]["entry"] == 2
    out = said("doctor", code=1)
    assert "1 entry, sound" in out
    assert "it does not verify" not in out
    before = (home / "data" / "vaglio.db").read_bytes()
    assert "on record nowhere" in said("audit", "export", "out")
    assert (home / "data" / "vaglio.db").read_bytes() == before
    manifest = json.loads((home / "out" / "manifest.json").read_bytes())
    assert (manifest["ledger"]["count"], manifest["moved"]["entry"]["count"]) == (1, 2)
    assert "goes on elsewhere" in (home / "out" / "README.txt").read_text(encoding="utf-8")
    checked = subprocess.run([sys.executable, "out/verify.py"], cwd=home, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    # A look at words, and a search, would have to be written down.
    for more in (["--words"], ["--kind", "screening"]):
        assert "For those export it there" in said("audit", "export", "more", *more, code=EXIT_USAGE)
    assert not (home / "more").exists()


def test_a_truncation_is_not_hidden_by_a_note(said: Said, to: str, home: Path) -> None:
    """Whoever has the data and not the keys cannot seal one, and what lies there is held against the head as ever."""
    for _ in range(3):
        said("check", "--record", "Ciao")
    said("db", "move", to)
    file = home / "data" / "vaglio.db"
    with_seal = read_note(file)
    assert with_seal is not None
    assert with_seal.head is not None
    _remove_newest(file)
    # The real note knows the entry that is gone.
    assert "the newest entries were removed" in said("audit", "verify", code=EXIT_POLICY)
    with closing(Store(f"sqlite:///{file}", read_only=True)) as store:
        newest = Ledger(store, home / "data" / "ledger.head").entries(newest=1)[0]
    ended = Count(count=newest.seq, head=newest.hash)
    went_on = Count(count=newest.seq + 1, head="0" * 64)
    for seal in (None, with_seal.seal):
        write_note(file, with_seal.model_copy(update={"entry": went_on, "head": ended, "seal": seal}))
        out = said("audit", "verify", code=EXIT_POLICY)
        assert "the newest entries were removed" in out
        assert "no key here bears that out" in out
        said("audit", "export", "out", code=EXIT_IO)


def test_what_was_put_in_after_the_move_is_named(said: Said, to: str, home: Path) -> None:
    said("check", "--record", "Ciao")
    said("db", "move", to)
    with closing(Store(f"sqlite:///{home / 'data' / 'vaglio.db'}")) as store:
        Ledger(store, home / "elsewhere" / "ledger.head").append("note", subject="n_1", facts={})
    assert "this was put in here afterwards" in said("audit", "verify", code=EXIT_POLICY)


def test_checkpoints_of_what_went_on_are_not_held_against_the_file(
    said: Said, to: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "evidence").mkdir()
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", str(home / "evidence"))
    said("check", "--record", "Ciao")
    said("audit", "checkpoint")
    said("db", "move", to)
    with monkeypatch.context() as there:
        there.setenv(f"{PREFIX}DATABASE_URL", to)
        said("audit", "checkpoint")
        said("check", "--record", "Ciao")
        said("audit", "checkpoint")
    out = said("audit", "verify")
    assert "What was signed of entry 2 and those after it is of the record elsewhere" in out
    _remove_newest(home / "data" / "vaglio.db")
    assert "the newest entries were removed" in said("audit", "verify", code=EXIT_POLICY)


def _remove_newest(file: Path) -> None:
    """The newest entry with its words, behind Vaglio's back."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in found:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM content WHERE seq = (SELECT max(seq) FROM entry)")
        connection.execute("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)")
        for _, trigger in found:
            connection.execute(trigger)


def test_taken_back(said: Said, to: str) -> None:
    said("check", "--record", "Ciao")
    said("db", "move", to)
    assert "goes on in the file" in said("db", "move", "--undo", "--yes")
    said("check", "--record", "Ciao")
    assert "3 entries" in said("audit", "verify")
    # Nobody is asked about what cannot be.
    said("db", "move", "--undo", code=EXIT_POLICY)
    # What lies there is not written over.
    said("db", "move", to, code=EXIT_POLICY)
    said("db", "move", code=EXIT_USAGE)


@pytest.mark.parametrize("way", ["environment", "file"])
def test_the_address_comes_from_where_nobody_else_sees_it(
    said: Said, to: str, home: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("check", "--record", "Ciao")
    with_password = to.replace("vaglio@", "vaglio:SEGRETA@")
    if way == "file":
        (home / "owner").write_text(f"{with_password}\n", encoding="utf-8")
        (home / "owner").chmod(0o600)
        monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL_FILE", str(home / "owner"))
    else:
        monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", with_password)
    out = said("db", "move")
    assert "the same on both sides" in out
    assert "SEGRETA" not in out
    assert "can be seen" not in out
    # Whoever takes the move back goes to the file, whatever else is set.
    said("db", "move", "--undo", to, code=EXIT_USAGE)
    assert "goes on in the file" in said("db", "move", "--undo", "--yes")


def test_a_password_in_the_command_does_and_is_told(said: Said, to: str) -> None:
    said("check", "--record", "Ciao")
    out = said("db", "move", to.replace("vaglio@", "vaglio:SEGRETA@"))
    assert "the same on both sides" in out
    assert "can be seen by every user of this machine" in out
    assert "VAGLIO_DATABASE_OWNER_URL_FILE" in out
    assert "SEGRETA" not in out


def _with_wrong_user(to: str) -> str:
    return to.replace("vaglio@", "nobody-knows:SEGRETA@")


_WRONG: list[tuple[Callable[[str], str], str, int]] = [
    (lambda _: "postgresql//vaglio:SEGRETA@h/d", "{named} is not an address", EXIT_SETTINGS),
    (lambda _: "oracle://vaglio:SEGRETA@h/d", "{named}: no database is known by the name oracle", EXIT_SETTINGS),
    (lambda _: "postgresql://vaglio:SEGRETA@h", "{named} names no database", EXIT_SETTINGS),
    (_with_wrong_user, "Look at {named}.", EXIT_IO),
    (lambda to: to.replace("vaglio@/", "vaglio:SEGRETA@/no"), "correct {named}.", EXIT_IO),
]


@pytest.mark.parametrize(("wrong", "told", "code"), _WRONG)
@pytest.mark.parametrize("way", ["typed", "set"])
def test_what_is_wrong_with_an_address_is_told_by_where_it_was_given(
    said: Said, to: str, wrong: Callable[[str], str], told: str, code: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("check", "--record", "Ciao")
    if way == "set":
        monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", wrong(to))
    out = said("db", "move", *([wrong(to)] if way == "typed" else []), code=code)
    assert told.format(named="ADDRESS (vaglio db move)" if way == "typed" else f"{PREFIX}DATABASE_OWNER_URL") in out
    assert f"{PREFIX}DATABASE_URL" not in out
    assert "SEGRETA" not in out


@pytest.mark.parametrize(
    "command", [["migrate"], ["grant", "vaglio_app"], ["restore", "none"]], ids=lambda command: command[0]
)
def test_an_owners_address_that_is_wrong_is_told_as_the_owners(
    said: Said, to: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "migrate")
    monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", "postgresql//vaglio:SEGRETA@h/d")
    assert f"{PREFIX}DATABASE_OWNER_URL is not an address" in (out := said("db", *command, code=EXIT_SETTINGS))
    assert "SEGRETA" not in out
    if command[0] != "restore":  # which first looks for the backup
        monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", _with_wrong_user(to))
        assert f"Look at {PREFIX}DATABASE_OWNER_URL." in (out := said("db", *command, code=EXIT_IO))
        assert "SEGRETA" not in out


def test_an_address_in_the_wrong_place_is_not_repeated(said: Said) -> None:
    address = "postgresql://vaglio:SEGRE@TA@h/d?password=SEGRETA"
    for command in (
        ["db", "migrate", address],
        ["db", "move", "x", address],
        ["audit", "show", "1", "--nosuch", address],
    ):
        assert "SEGRE" not in said(*command, code=EXIT_USAGE)
    assert "SEGRE" not in (out := said("db", "grant", address, code=EXIT_SETTINGS))
    assert "this is an address" in out


def test_while_somebody_is_at_work_nothing_is_moved(said: Said, to: str, home: Path) -> None:
    from bot.audit.presence import present

    said("check", "--record", "Ciao")
    presence = present(home / "data")
    assert "at work" in said("db", "move", to, code=EXIT_IO)
    assert "Vaglio is at work on it." in said("db", "status")
    presence.leave()


def test_whoever_waited_for_the_move_does_not_go_on_with_the_file(said: Said, home: Path) -> None:
    """Between a look and the turn to work the record may have moved away."""
    said("check", "--record", "Ciao")
    file, entry = home / "data" / "vaglio.db", Count(count=2, head="0" * 64)
    with ThreadPoolExecutor() as pool:
        with alone(home / "data"):
            waiting = pool.submit(Record.open, read_settings())
            time.sleep(1)
            write_note(file, Note(state="moved", to="postgresql://db/vaglio", at="", entry=entry))
        with pytest.raises(RecordError) as caught:
            waiting.result(60)
    assert caught.value.code == "moved"


def test_the_form_is_told_and_brought_to_the_newest(said: Said, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    assert "no tables yet" in said("db", "migrate", "--check", code=1)
    assert f"had form –, and have form {form.newest()}" in said("db", "migrate")
    assert form.newest() in said("db", "migrate", "--check")
    said("db", "grant", "vaglio_app")
    _back_to(to, "0005")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to.replace("vaglio@", "vaglio_app@"))
    assert "vaglio db migrate" in said("db", "migrate", "--check", code=1)
    for command in (["check", "--record", "Ciao"], ["db", "migrate"]):
        assert "VAGLIO_DATABASE_OWNER_URL" in said(*command, code=EXIT_IO)
    monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", to)
    out = said("db", "migrate")
    assert f"had form 0005, and have form {form.newest()}" in out
    assert "vaglio_app" in out
    # Tables that are new are the lesser user's too.
    assert "no more" in said("doctor")
    said("check", "--record", "Ciao")


def test_samples_from_before_are_gone_with_the_newer_form(said: Said, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a column of which none are taken any more the server would keep the old ones for ever."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "migrate")
    _back_to(to, "0009")
    with closing(Store(to, keeps_open=False)) as store:
        with store.write() as session:
            session.connection().exec_driver_sql(
                "INSERT INTO personkey (person, wrapped) SELECT n, 'SEALED-404' FROM generate_series(1, 99) n"
            )
            session.connection().exec_driver_sql("ANALYZE personkey")
        assert _is_sampled(store)
        _forward(to)
        assert not _is_sampled(store)


def _is_sampled(store: Store) -> bool:
    asked = "SELECT 1 FROM pg_stats WHERE tablename = 'personkey' AND attname = 'wrapped'"
    with store.read() as session:
        return session.connection().exec_driver_sql(asked).first() is not None


def _forward(address: str) -> None:
    with closing(Store(address, keeps_open=False)) as store:
        store.migrate()


def test_others_go_on_while_the_form_becomes_a_newer_one(said: Said, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a newer form only adds to the older one, which is what a release may do."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "migrate")
    said("db", "grant", "vaglio_app")
    _back_to(to, form.known()[-2])
    stop = threading.Event()

    def work() -> int:
        with closing(Store(to.replace("vaglio@", "vaglio_app@"))) as store:
            ledger, number = Ledger(store, Path("data/ledger.head")), 0
            while not stop.is_set() or number < 5:
                number += 1
                ledger.append("note", subject=f"n_{number}", facts={})
        return number

    with ThreadPoolExecutor() as pool:
        working = pool.submit(work)
        for version in (form.known()[-2], form.newest()):
            assert f"had form {version}" in said("db", "migrate")
        stop.set()
        number = working.result(60)
    assert f"{number} entries, all as they were written" in said("audit", "verify")


def _back_to(address: str, version: str) -> None:
    from alembic import command
    from alembic.config import Config

    with closing(Store(address, keeps_open=False)) as store:
        config = Config()
        config.set_main_option("script_location", str(form.MIGRATIONS))
        config.attributes["engine"] = store.engine
        command.downgrade(config, version)


def test_rights_are_given_to_whom_they_bind_and_to_nobody_else(
    said: Said, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "only PostgreSQL" in said("db", "grant", "vaglio_app", code=EXIT_SETTINGS)
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "grant", "vaglio_app", code=EXIT_IO)
    said("db", "migrate")
    assert "no such user" in said("db", "grant", "nobody", code=EXIT_SETTINGS)
    for owner in ("vaglio", "postgres"):
        assert "superuser" in said("db", "grant", owner, code=EXIT_SETTINGS)
    lines = said("db", "grant", "vaglio_app", "--sql").splitlines()
    assert "GRANT SELECT, INSERT ON public.entry TO vaglio_app;" in lines
    assert all(line.endswith(";") for line in lines)
    monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", to.replace("?", "2?"))
    assert "another database" in said("db", "grant", "vaglio_app", code=EXIT_SETTINGS)


def test_nothing_is_migrated_where_somebody_could_put_things_in_the_owners_way(
    said: Said, to: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "migrate")
    said("db", "grant", "vaglio_app")
    _back_to(to, form.known()[-2])
    with postgres_server.admin(to.split("/")[3].split("?")[0]) as admin:
        admin.execute("ALTER SCHEMA public OWNER TO postgres")
        admin.execute("GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC")
        remedy = "REVOKE CREATE ON SCHEMA public FROM PUBLIC, vaglio_app; GRANT CREATE ON SCHEMA public TO vaglio"
        for command in ("migrate", "grant vaglio_app"):
            assert f"{remedy};" in said("db", *command.split(), code=EXIT_SETTINGS)
        assert form.known()[-2] in said("db", "migrate", "--check", code=1)
        admin.execute(remedy.encode())
    assert f"have form {form.newest()}" in said("db", "migrate")


def test_migrating_takes_no_right_away(
    said: Said, to: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of the release before still run."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", to)
    said("db", "migrate")
    said("db", "grant", "vaglio_app")
    _back_to(to, form.known()[-2])
    with postgres_server.admin(to.split("/")[3].split("?")[0]) as admin:
        admin.execute("GRANT TRUNCATE ON tally TO vaglio_app")
        has = "SELECT has_table_privilege('vaglio_app', 'tally', 'TRUNCATE')"
        for command, kept in (("migrate", True), ("grant vaglio_app", False)):
            said("db", *command.split())
            assert admin.execute(has).fetchone() == (kept,)


@pytest.mark.slow
def test_killed_anywhere_there_is_one_record(home: Path, to: str) -> None:
    """The server has nothing of it, or all; and the same command, given again, ends with all of it."""
    made = Made.open(home, is_new=True)
    fill(made, rounds=250)
    fill_all(made.store)
    before = made.ledger.verify().count
    made.store.close()
    command = [sys.executable, "-m", "bot", "db", "move", to]
    env = {**os.environ, "PYTHONPATH": str(ROOT), f"{PREFIX}LANGUAGE": "en"}
    seen = set[str]()
    for pause in (0.3, 0.6, 0.9, 1.2, 1.6, 2.0, 2.4, 2.8, 3.4, 4.0, 5.0):
        process = subprocess.Popen(command, env=env, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        _wait_for_traffic(to, process, pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        note = read_note(home / "data" / "vaglio.db")
        seen.add(note.state if note else "nothing")
        with closing(Store(to, keeps_open=False)) as store:
            found = store.form()
            # While the note is not there, nothing is there.
            assert note is not None or found is None
        if note and note.state == "moved":
            break
    else:
        done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "nothing" in seen
    with closing(Store(to, keeps_open=False)) as store:
        walked = verify(store, HeadFile(home / "data" / "ledger.head"))
    assert (walked.faults, walked.count) == ((), before + 1)


def _wait_for_traffic(to: str, process: subprocess.Popen[bytes], pause: float) -> None:
    """Until the command has come to the server, and so long after that."""
    import psycopg

    until = time.monotonic() + 60
    with psycopg.connect(to, autocommit=True) as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        while process.poll() is None and time.monotonic() < until:
            row = connection.execute(asked).fetchone()
            if row and row[0]:
                break
            time.sleep(0.02)
    time.sleep(pause)
