"""Checkpoints from the command line: made, delivered, held against the record, and missed by the doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import col, delete

from bot.audit.deliveries import Deliveries
from bot.audit.errors import RecordError
from bot.audit.presence import alone
from bot.audit.statements import file_name, is_public_key
from bot.audit.tables import Checkpoint, Outpost
from bot.audit.targets import read_targets
from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_POLICY, EXIT_SETTINGS, EXIT_USAGE
from bot.settings import PREFIX
from bot.store import Store
from bot.tables import Content, Entry


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is set as the place for checkpoints, beside a record of three entries."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", str(folder))
    for _ in range(3):
        run(["check", "--record", "Buongiorno"])
    return folder


@pytest.fixture
def altered() -> Callable[..., None]:
    """Do something in the database behind Vaglio's back."""

    def alter(*statements: object) -> None:
        store = Store("sqlite:///data/vaglio.db")
        with store.write() as session:
            session.connection().exec_driver_sql("DROP TRIGGER entry_no_delete")
            for statement in statements:
                session.exec(statement)  # type: ignore[call-overload]
            session.connection().exec_driver_sql(
                "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry "
                "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
            )
            last = session.get(Entry, 2)
            assert last
        Path("data/ledger.head").write_text(json.dumps({"count": 2, "hash": last.hash}), "utf-8")
        store.close()

    return alter


CUT = (delete(Content).where(col(Content.seq) > 2), delete(Entry).where(col(Entry.seq) > 2))


def _out(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(list(arguments)) == code
    return capsys.readouterr().out


def test_the_public_key_is_made_once_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    public = _out(capsys, "audit", "key").strip()
    assert is_public_key(public)
    assert _out(capsys, "audit", "key").strip() == public


def test_without_a_place_a_checkpoint_is_printed_and_it_says_what_that_means(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(["check", "--record", "Buongiorno"])
    capsys.readouterr()
    assert run(["audit", "checkpoint"]) == 0
    printed = capsys.readouterr()
    assert "could rewrite both" in printed.err
    Path("kept.jsonl").write_text(printed.out, "utf-8")
    assert "Held against 1 checkpoint." in _out(capsys, "audit", "verify", "--checkpoints", "kept.jsonl")
    assert _out(capsys, "audit", "checkpoint") != printed.out


def test_a_place_gets_it_or_the_exit_code_says_that_it_did_not(
    capsys: pytest.CaptureFixture[str], evidence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = _out(capsys, "audit", "checkpoint")
    assert (evidence / file_name(1)).read_text("utf-8") == line
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", f"{evidence} /nowhere/ABC git:/nowhere/ZANZIBAR")
    assert run(["audit", "checkpoint"]) == EXIT_IO
    said = capsys.readouterr().err
    assert f"{evidence}: it has it." in said
    assert "/nowhere/ABC: it is not there." in said
    assert "ZANZIBAR" not in said
    assert (evidence / file_name(2)).exists()


def test_a_place_that_lost_them_is_brought_all_again(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    run(["audit", "checkpoint"])
    (evidence / file_name(1)).unlink()
    assert "had taken" in _out(capsys, "audit", "verify", code=EXIT_POLICY)
    run(["audit", "checkpoint", "--again"])
    assert sorted(path.name for path in evidence.iterdir()) == [file_name(1), file_name(2)]
    assert "Held against 2 checkpoints." in _out(capsys, "audit", "verify")


@pytest.mark.parametrize("with_table", [False, True])
def test_entries_that_were_dropped_are_found(
    capsys: pytest.CaptureFixture[str], evidence: Path, altered: Callable[..., None], with_table: bool
) -> None:
    run(["audit", "checkpoint"])
    altered(*CUT, *([delete(Checkpoint)] if with_table else []))
    assert "Entry 3: a signed checkpoint knows it" in _out(capsys, "audit", "verify", code=EXIT_POLICY)
    report = json.loads(_out(capsys, "audit", "verify", "--json", code=EXIT_POLICY))
    assert report["faults"] == [{"entry": 3, "what": "removed"}]
    assert (report["ok"], report["checkpoints"], report["notes"]) == (False, 1, [])
    said = _out(capsys, "audit", "verify", "--checkpoints", str(evidence), code=EXIT_POLICY)
    assert "Entry 3" in said


def test_a_folder_that_is_not_mounted_is_said_and_is_no_fault(
    capsys: pytest.CaptureFixture[str], evidence: Path
) -> None:
    run(["audit", "checkpoint"])
    evidence.rename("away")
    said = _out(capsys, "audit", "verify")
    assert "cannot be read now" in said
    assert "Held against 1 checkpoint." in said, "of the database's own table"


def test_a_place_that_is_named_and_not_there_is_an_error(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    assert run(["audit", "verify", "--checkpoints", "nowhere"]) == EXIT_IO
    assert "nowhere" in capsys.readouterr().err


def test_an_auditor_without_the_key_gives_the_public_one(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    public = _out(capsys, "audit", "key").strip()
    run(["audit", "checkpoint"])
    Path("keys/signing.key").rename("elsewhere.key")
    assert "anybody may have signed" in _out(capsys, "audit", "verify")
    assert "anybody" not in _out(capsys, "audit", "verify", "--key", public)
    assert not Path("keys/signing.key").exists(), "a reader makes no key"
    said = _out(capsys, "audit", "verify", "--key", "0" * 64, code=EXIT_POLICY)
    assert "nothing vouches" in said


def test_what_is_no_public_key_is_refused(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    assert run(["audit", "verify", "--key", "ABC"]) == EXIT_USAGE
    assert "64 digits" in capsys.readouterr().err


def test_a_new_key_is_followed_from_the_old_one(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    old = _out(capsys, "audit", "key").strip()
    new = _out(capsys, "keys", "rotate", "signing").strip()
    run(["audit", "checkpoint"])
    assert _out(capsys, "audit", "key").strip() == new != old
    for known in (old, new):
        said = _out(capsys, "audit", "verify", "--checkpoints", str(evidence), "--key", known)
        assert "Held against 3 checkpoints." in said


def test_a_lost_key_is_an_error_that_names_the_way_out(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    run(["audit", "checkpoint"])
    Path("keys/signing.key").unlink()
    assert run(["audit", "checkpoint"]) == EXIT_SETTINGS
    assert "--lost" in capsys.readouterr().err
    _out(capsys, "keys", "rotate", "signing", "--lost")
    assert run(["audit", "checkpoint"]) == 0


def test_a_place_that_is_none_is_an_error_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", "http://acme.example/ZANZIBAR")
    assert run(["audit", "checkpoint"]) == EXIT_SETTINGS
    said = capsys.readouterr().err
    assert f"{PREFIX}CHECKPOINTS" in said
    assert "ZANZIBAR" not in said


# --- The doctor ----------------------------------------------------------------------------------------------------


def _part(capsys: pytest.CaptureFixture[str], name: str) -> list[tuple[str, str]]:
    capsys.readouterr()
    run(["doctor", "--json"])
    parts = json.loads(capsys.readouterr().out)
    return [(part["state"], part["detail"]) for part in parts if part["name"] == name]


def test_the_doctor_says_what_no_place_means_and_whose_key_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert state == "missing"
    assert "could rewrite both" in detail
    assert _part(capsys, "Signing key")[0][0] == "missing"
    public = _out(capsys, "audit", "key").strip()
    assert _part(capsys, "Signing key") == [("active", f"its public half is {public}")]


def test_the_doctor_says_where_they_go_and_what_does_not_fit(
    capsys: pytest.CaptureFixture[str], evidence: Path, altered: Callable[..., None]
) -> None:
    run(["audit", "checkpoint"])
    assert _part(capsys, "Checkpoints") == [("active", str(evidence))]
    altered(*CUT)
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert state == "wrong"
    assert "vaglio audit verify" in detail


def test_the_doctor_says_which_place_could_take_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Path, evidence: Path
) -> None:
    for written in (home / "nowhere", f"git:{home / 'nowhere'}"):
        monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", f"{written} {evidence}")
        (state, detail), well = _part(capsys, "Checkpoints")
        assert (state, well) == ("wrong", ("active", str(evidence)))
        assert "it is not there. Make or mount it" in detail
        assert not (home / "nowhere").exists()
    # One that is no folder by its whole path is told by it.
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", "some/where")
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert (state, str(home / "some" / "where") in detail) == ("wrong", True)
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", f"git:{evidence}")
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert (state, "not the top folder of a clone" in detail) == ("wrong", True)
    # Whoever runs the tests may write anywhere.
    monkeypatch.setattr("bot.audit.reachable.os.access", lambda path, _: path != evidence)
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", str(evidence))
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert (state, detail) == ("wrong", f"{evidence}: Vaglio may not write there.")


def test_the_doctor_says_what_was_never_delivered_and_what_failed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, evidence: Path
) -> None:
    address = "https://127.0.0.1:1/ZANZIBAR"
    monkeypatch.setenv(f"{PREFIX}CHECKPOINTS", f"{evidence} {address}")
    place = read_targets(address)[0].shown
    remote, here = _part(capsys, "Checkpoints")
    assert remote == (
        "missing",
        f"{place}: nothing was ever delivered there, and it was not tried now: vaglio audit checkpoint does.",
    )
    assert here == ("active", str(evidence))
    for said in ("the last delivery failed", "the last 2 deliveries failed"):
        assert run(["audit", "checkpoint"]) == EXIT_IO
        remote, here = _part(capsys, "Checkpoints")
        assert (remote[0], remote[1].startswith(f"{place}: {said}")) == ("wrong", True)
        assert here == ("active", str(evidence))


def test_the_doctor_says_which_place_is_late(capsys: pytest.CaptureFixture[str], evidence: Path) -> None:
    run(["audit", "checkpoint"])
    (target,) = read_targets(str(evidence))
    store = Store("sqlite:///data/vaglio.db")
    with store.write() as session:
        row = session.get(Outpost, target.digest)
        assert row
        row.has, row.since = 0, row.since - timedelta(hours=3).total_seconds()
    store.close()
    ((state, detail),) = _part(capsys, "Checkpoints")
    assert state == "wrong"
    assert detail.startswith(f"{evidence}: ")


def test_while_one_is_delivered_nobody_replaces_the_record(
    evidence: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deliver(*_: object, **__: object) -> dict[str, object]:
        with pytest.raises(RecordError) as caught, alone(home / "data"):
            pass
        assert caught.value.code == "in_use"
        return {}

    monkeypatch.setattr(Deliveries, "deliver_all", deliver)
    assert run(["audit", "checkpoint"]) == 0
    assert run(["keys", "rotate", "signing"]) == 0
