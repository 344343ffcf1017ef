"""`vaglio policy backtest|rollback|export`: what they print, what they return, and what is then in force."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.build import Record, existing_revisions, open_revisions
from bot.cli.commands import run
from bot.cli.exits import EXIT_ABORT, EXIT_POLICY, EXIT_USAGE
from bot.proposals.replaying import Replayer
from bot.settings import PREFIX, read_settings
from rules.assembly import load_policy


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")


@pytest.fixture
def stricter(policy_path: Path) -> Path:
    path = policy_path.with_name("stricter.yaml")
    text = policy_path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("severity: warn", "severity: review").replace("[cretino, idiot]", "[cretino, idiot, ciao]"),
        encoding="utf-8",
    )
    return path


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("Sei un cretino: scrivi a SEGRETO-1", "Sei un cretino", "Ciao a tutti", "Buongiorno"):
        run(["check", "--record", text])
    capsys.readouterr()


def _in_force() -> str:
    revisions = existing_revisions(read_settings())
    newest = revisions.newest() if revisions else None
    return newest.revision if newest else ""


@pytest.mark.usefixtures("written")
def test_what_would_end_differently(capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path) -> None:
    before, after = load_policy(policy_path).revision, load_policy(stricter).revision
    assert run(["policy", "backtest", "stricter.yaml", "--samples", "5"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"From {before} to {after}:",
        "2 drafts of 4 would end differently.",
        "  1  good to go → needs a yes",
        "  1  something to mend → needs a yes",
        "  toxicity.insult: finds something in 1 more, counts differently in 2",
        "",
        "#3  good to go → needs a yes",
        "  «Ciao a tutti»",
        "",
        "#2  something to mend → needs a yes",
        "  «Sei un cretino»",
    ]
    assert err == ""


@pytest.mark.usefixtures("written", "stricter")
def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "backtest", "stricter.yaml", "--last", "2", "--samples", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["drafts"], found["replayed"], found["flipped"]) == (2, 2, 1)
    assert {"before": "clear", "after": "review", "drafts": 1} in found["outcomes"]
    assert found["rules"] == [{"rule": "toxicity.insult", "newly": 1, "no_longer": 0, "otherwise": 0, "unchecked": 0}]
    assert found["left_out"] == {"erased": 0, "no_words": 0, "private": 0}
    (sample,) = found["samples"]
    assert (sample["flip"], sample["text"]) == (found["flips"][0], "Ciao a tutti")
    assert "author" not in json.dumps(found)


def test_without_drafts_and_in_italian(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stricter: Path
) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "it")
    assert run(["policy", "backtest", "stricter.yaml"]) == 0
    assert "A registro non c’è nessuna bozza da rileggere." in capsys.readouterr().out


@pytest.mark.usefixtures("written", "stricter")
def test_ctrl_c_stops_it_and_says_how_to_go_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Replayer, "replay", interrupted)
        assert run(["policy", "backtest", "stricter.yaml"]) == EXIT_ABORT
    out, err = capsys.readouterr()
    command = err.strip().removeprefix("Stopped; nothing is lost. To go on: vaglio ").split()
    assert (out, command[:3]) == ("", ["policy", "backtest", "--resume"])
    assert run(command) == 0
    assert "2 drafts of 4 would end differently." in capsys.readouterr().out


def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "backtest", "--resume", "b_0"]) == EXIT_USAGE
    assert capsys.readouterr().err == "There is no backtest b_0.\n"
    assert run(["policy", "backtest", "prova@000000000000"]) == EXIT_USAGE
    assert "There is no revision prova@000000000000" in capsys.readouterr().err
    assert run(["policy", "backtest", "prova.yaml", "--resume", "b_0"]) == EXIT_USAGE
    assert run(["policy", "backtest", "nowhere.yaml"]) == EXIT_POLICY


# --- Back -------------------------------------------------------------------------------------------------------------


def test_back_to_the_one_before_and_forth(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path
) -> None:
    first, second = load_policy(policy_path).revision, load_policy(stricter).revision
    assert run(["policy", "rollback"]) == EXIT_USAGE
    run(["policy", "publish"])
    assert run(["policy", "rollback"]) == EXIT_USAGE
    assert "there is nothing to go back to" in capsys.readouterr().err
    run(["policy", "publish", "stricter.yaml"])
    capsys.readouterr()
    assert run(["policy", "rollback", "--note", "Too loud"]) == 0
    assert f"Compared with {second}, which was in force:\nLooser:" in capsys.readouterr().out
    assert _in_force() == first
    assert run(["policy", "rollback", second, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["revision"] == _in_force() == second
    assert run(["policy", "rollback", second]) == EXIT_POLICY
    assert run(["policy", "rollback", "prova@000000000000"]) == EXIT_USAGE
    run(["policy", "history", "--json"])
    assert [one["note"] for one in json.loads(capsys.readouterr().out)] == ["", "Too loud", "", ""]


# --- As files ---------------------------------------------------------------------------------------------------------


def test_the_files_are_those_that_were_published(
    capsys: pytest.CaptureFixture[str], policy_path: Path, stricter: Path, tmp_path: Path
) -> None:
    written, first = policy_path.read_bytes(), load_policy(policy_path).revision
    assert run(["policy", "export", "out"]) == EXIT_USAGE
    run(["policy", "publish"])
    policy_path.write_bytes(stricter.read_bytes())
    run(["policy", "publish"])
    capsys.readouterr()
    assert run(["policy", "export", first, "out"]) == 0
    assert capsys.readouterr().out == f"1 file of {first} written. The policy is out/prova.yaml.\n"
    assert (tmp_path / "out" / "prova.yaml").read_bytes() == written
    assert run(["policy", "export", "newest", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert load_policy(Path(told["policy"])).revision == told["revision"] == _in_force()


def test_the_files_come_with_the_packs(policy_path: Path, tmp_path: Path) -> None:
    text = policy_path.read_text(encoding="utf-8")
    policy_path.write_text(text.replace("owners:", "include: [packs/toxicity.yaml]\nowners:", 1), encoding="utf-8")
    settings = read_settings()
    record = Record.open(settings)
    open_revisions(settings, record.store, record.ledger).publish(
        policy_path, person=None, note="", at=datetime(2027, 3, 1, tzinfo=UTC)
    )
    assert run(["policy", "export", "out"]) == 0
    assert (tmp_path / "out" / "packs" / "toxicity.yaml").is_file()
    assert load_policy(tmp_path / "out" / "prova.yaml").revision == _in_force()


def test_nothing_is_written_over(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(["policy", "publish"])
    (tmp_path / "out").mkdir()
    assert run(["policy", "export", "out"]) == 0
    capsys.readouterr()
    assert run(["policy", "export", "out"]) == EXIT_USAGE
    assert capsys.readouterr().err == "out is there already: name a new one.\n"
    assert run(["policy", "export", "prova@000000000000", "other"]) == EXIT_USAGE
    assert run(["policy", "export", "a", "b", "c"]) == EXIT_USAGE
