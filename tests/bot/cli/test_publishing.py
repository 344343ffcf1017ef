"""`vaglio policy publish|diff|history`: what they print, what they return, and what is then in force."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.cli.build import Record
from bot.cli.commands import run
from bot.cli.exits import EXIT_POLICY, EXIT_USAGE
from bot.cli.publishing import existing_revisions
from bot.settings import PREFIX, read_settings
from rules.assembly import load_policy


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")


@pytest.fixture
def stricter(policy_path: Path) -> Path:
    path = policy_path.with_name("stricter.yaml")
    text = policy_path.read_text(encoding="utf-8")
    path.write_text(text.replace("severity: warn", "severity: review"), encoding="utf-8")
    return path


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def _in_force() -> str | None:
    revisions = existing_revisions(read_settings())
    newest = revisions.newest() if revisions else None
    return newest.revision if newest else None


def test_what_is_published_is_in_force_and_its_difference_is_told(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    assert run(["policy", "publish", "--note", "The first one"]) == 0
    assert capsys.readouterr().out == (
        f"{first} is published and on record. Every Vaglio that runs on this record uses it within five seconds.\n"
    )
    assert _in_force() == first
    assert run(["policy", "publish", "stricter.yaml"]) == 0
    assert capsys.readouterr().out == (
        f"Compared with {first}, which was in force:\n"
        "Stricter:\n"
        "  toxicity.insult: counts as «needs a yes» (before: «to mend»)\n"
        f"{second} is published and on record. Every Vaglio that runs on this record uses it within five seconds.\n"
    )
    assert _in_force() == second


def test_the_first_is_compared_with_the_file_that_was_in_force(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    run(["policy", "publish", "stricter.yaml"])
    assert capsys.readouterr().out.startswith(f"Compared with {load_policy(policy_path).revision}, which was in force:")


def test_it_is_on_record_under_a_pseudonym(capsys: pytest.CaptureFixture[str]) -> None:
    run(["policy", "publish", "--note", "For Anna"])
    capsys.readouterr()
    run(["audit", "list", "--json"])
    (entry,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert entry["kind"] == "publication"
    assert re.fullmatch("p_[0-9a-f]{16}", entry["actor"])
    assert "Anna" not in json.dumps(entry)
    assert run(["audit", "verify"]) == 0
    assert run(["audit", "show", entry["subject"]]) == 0


def test_a_policy_that_does_not_behave_is_refused(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    text = policy_path.read_text(encoding="utf-8")
    policy_path.write_text(text.replace("flag: [Sei un cretino]", "flag: [Sei un tesoro]"), encoding="utf-8")
    assert run(["policy", "publish"]) == EXIT_POLICY
    said = capsys.readouterr()
    assert said.out == "toxicity.insult: it should flag, and does not: «Sei un tesoro»\n"
    assert said.err == "Nothing was published. Mend this first, then publish again.\n"
    assert run(["policy", "publish", "--json"]) == EXIT_POLICY
    told = _json(capsys)
    assert told["ok"] is False
    assert [(one["rule"], one["kind"]) for one in told["misbehaviours"]] == [("toxicity.insult", "silent")]
    assert _in_force() is None
    assert not Path("data").exists()


def test_a_policy_with_a_fault_is_refused_with_its_place(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    text = policy_path.read_text(encoding="utf-8")
    policy_path.write_text(text.replace("severity: warn", "severity: huge"), encoding="utf-8")
    assert run(["policy", "publish"]) == EXIT_POLICY
    assert "prova.yaml:20:15" in capsys.readouterr().err


def test_what_is_in_force_is_not_published_again(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    revision = load_policy(policy_path).revision
    run(["policy", "publish"])
    capsys.readouterr()
    assert run(["policy", "publish"]) == EXIT_POLICY
    assert capsys.readouterr().err == f"{revision} is in force already: there is nothing to publish.\n"
    assert run(["policy", "publish", "--json"]) == EXIT_POLICY
    assert _json(capsys) == {"ok": False, "revision": revision, "reason": "in_force"}


def test_for_programs(capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    run(["policy", "publish", "--json"])
    assert _json(capsys) == {"ok": True, "seq": 1, "revision": first, "differences": []}
    run(["policy", "publish", "stricter.yaml", "--json", "--note", "Più severa"])
    (row,) = _json(capsys)["differences"]
    assert row == {
        "kind": "stricter",
        "what": "rule",
        "id": "toxicity.insult",
        "details": [{"field": "severity", "before": "warn", "after": "review", "direction": "stricter"}],
    }
    run(["policy", "diff", first, second, "--json"])
    assert _json(capsys) == {"before": first, "after": second, "differences": [row]}
    run(["policy", "history", "--json"])
    newest, oldest = _json(capsys)
    assert (newest["seq"], newest["revision"], newest["note"]) == (2, second, "Più severa")
    assert (oldest["seq"], oldest["revision"], set(oldest)) == (1, first, {"seq", "revision", "at", "person", "note"})


def test_a_broken_policy_in_force_does_not_keep_a_better_one_out(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    policy_path.write_text("name: x\n", encoding="utf-8")
    assert run(["policy", "publish", "stricter.yaml"]) == 0
    assert "cannot be read any more, so the two are not compared" in capsys.readouterr().out


# --- The difference ---------------------------------------------------------------------------------------------------


def test_by_default_it_is_what_publishing_would_change(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    run(["policy", "publish"])
    policy_path.write_text(stricter.read_text(encoding="utf-8"), encoding="utf-8")
    capsys.readouterr()
    assert run(["policy", "diff"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"From {first} to {second}:", "Stricter:"]
    assert _in_force() == first


def test_files_and_revisions_may_be_compared(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    run(["policy", "publish", "stricter.yaml"])
    run(["policy", "publish"])
    capsys.readouterr()
    for arguments, expected in (
        ([second], f"From {first} to {second}:\nStricter:"),
        (["stricter.yaml"], f"From {first} to {second}:\nStricter:"),
        ([first, "stricter.yaml"], f"From {first} to {second}:\nStricter:"),
        ([first, first], f"From {first} to {first}:\nNothing is different."),
    ):
        assert run(["policy", "diff", *arguments]) == 0
        assert capsys.readouterr().out.startswith(expected)


def test_files_are_compared_without_any_record(stricter: Path, policy_path: Path, tmp_path: Path) -> None:
    assert run(["policy", "diff", "prova.yaml", "stricter.yaml"]) == 0
    assert run(["policy", "diff"]) == 0
    assert run(["policy", "history"]) == 0
    assert not (tmp_path / "data").exists()


def test_a_revision_that_nobody_published(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert run(["policy", "diff", "prova@000000000000"]) == EXIT_USAGE
        assert capsys.readouterr().err == (
            "There is no revision prova@000000000000. vaglio policy history lists them.\n"
        )
        run(["policy", "publish"])
        capsys.readouterr()


def test_a_publication_that_was_altered_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run(["policy", "publish"])
    store = Record.open(read_settings()).store
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE revision SET bundle = x'00'")
    store.close()
    capsys.readouterr()
    assert run(["policy", "diff"]) == EXIT_POLICY
    assert "is not what was published" in capsys.readouterr().err


# --- The history ------------------------------------------------------------------------------------------------------


def test_before_anything_is_published(capsys: pytest.CaptureFixture[str], policy_path: Path) -> None:
    assert run(["policy", "history"]) == 0
    assert capsys.readouterr().out == (
        f"Nothing has been published yet: the file {policy_path} is in force. "
        "vaglio policy publish puts it on record.\n"
    )
    run(["policy", "history", "--json"])
    assert _json(capsys) == []


def test_the_newest_comes_first_with_its_note(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    run(["policy", "publish", "--note", "The [first] one"])
    run(["policy", "publish", "stricter.yaml", "--note", "Legal\x1b[2J asked"])
    capsys.readouterr()
    assert run(["policy", "history"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    heading, second, first = said.splitlines()
    assert heading.split() == ["#", "When", "Revision", "Who", "Note"]
    assert (second.split()[0], "Legal" in second) == ("2", True)
    assert (first.split()[0], first.rstrip().endswith("The [first] one")) == ("1", True)


def test_a_record_from_before_there_were_publications_has_none(policy_path: Path) -> None:
    """Whoever only reads brings no table to its newest form."""
    settings = read_settings()
    store = Record.open(settings).store
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE revision")
    store.close()
    assert existing_revisions(settings) is None
    assert run(["policy", "diff"]) == 0


# --- Going back -------------------------------------------------------------------------------------------------------


def test_going_back_has_to_be_meant(capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    run(["policy", "publish"])
    run(["policy", "publish", "stricter.yaml"])
    capsys.readouterr()
    assert run(["policy", "publish"]) == EXIT_POLICY
    assert f"vaglio policy publish {first}" in capsys.readouterr().err
    assert _in_force() == second
    assert run(["policy", "publish", "--json"]) == EXIT_POLICY
    assert _json(capsys)["reason"] == "goes_back"


def test_an_earlier_revision_is_in_force_again_though_its_file_has_changed(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    run(["policy", "publish"])
    run(["policy", "publish", "stricter.yaml"])
    policy_path.unlink()
    assert run(["policy", "publish", first, "--note", "Meglio prima"]) == 0
    assert _in_force() == first
    assert run(["policy", "publish", first]) == EXIT_POLICY
    assert run(["policy", "publish", "prova@000000000000"]) == EXIT_USAGE
    assert run(["policy", "publish", second]) == 0
    assert run(["audit", "verify"]) == 0
