"""`vaglio models ...`"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from detoxify_checkpoint import write_checkpoint

from bot.cli.commands import run
from bot.cli.exits import EXIT_IO, EXIT_USAGE
from bot.fetching import FetchError
from rules.detoxified import KINDS

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VAGLIO_LANGUAGE", "en")
    monkeypatch.setenv("VAGLIO_MODELS_DIR", str(tmp_path / "models"))


@pytest.mark.slow
def test_a_model_is_installed_from_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source", trained=False).parent
    assert run(["models", "install", "detoxify-multilingual", "--from", str(source)]) == 0
    assert "detoxify-multilingual is ready" in capsys.readouterr().out
    assert run(["models", "list", "--json"]) == 0
    rows = {row["model"]: row["installed"] for row in json.loads(capsys.readouterr().out)}
    assert rows == {
        "vaglio-judge": False,
        "detoxify-multilingual": True,
        "detoxify-original": False,
        "detoxify-unbiased": False,
    }
    assert run(["models", "install", "detoxify-multilingual"]) == 0
    assert "installed already" in capsys.readouterr().out


@pytest.mark.slow
def test_a_checkpoint_that_was_changed_is_never_opened(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    checkpoint = write_checkpoint(tmp_path / "source", trained=False)
    checkpoint.write_bytes(checkpoint.read_bytes() + b"!")
    assert run(["models", "install", "detoxify-multilingual", "--from", str(checkpoint.parent)]) == EXIT_IO
    assert "SHA-256" in capsys.readouterr().err
    assert not (tmp_path / "models" / "detoxify-multilingual").exists()


def test_a_folder_without_checkpoint_says_what_is_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["models", "install", "detoxify-original", "--from", str(tmp_path)]) == EXIT_IO
    assert ".ckpt" in capsys.readouterr().err


def test_without_a_network_the_way_round_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object) -> None:
        raise FetchError("config.json: ConnectError", offline=True)

    monkeypatch.setattr("bot.cli.models.fetch", offline)
    assert run(["models", "install", "detoxify-unbiased"]) == EXIT_IO
    said = capsys.readouterr().err
    assert "--from FOLDER" in said
    assert "detoxify-unbiased" in said


def test_an_unknown_model_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "install", "gpt"]) == EXIT_USAGE
    assert "detoxify-multilingual" in capsys.readouterr().err


@pytest.mark.slow
def test_what_needs_no_network_is_built(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["models", "build"]) == 0
    assert "vaglio-judge" in capsys.readouterr().out
    assert (tmp_path / "models" / "judge" / "judge.onnx").exists()


@pytest.mark.slow
def test_the_list_says_what_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "list", "--json"]) == 0
    judge, *others = json.loads(capsys.readouterr().out)
    assert (judge["model"], judge["installed"]) == ("vaglio-judge", False)
    assert {other["model"] for other in others} == {f"detoxify-{kind}" for kind in KINDS}
    assert run(["models", "build"]) == 0
    capsys.readouterr()
    assert run(["models", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["installed"] is True
