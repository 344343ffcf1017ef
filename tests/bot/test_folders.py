"""No file of root's among another user's: whoever runs as that user could not read it, and would give no verdict."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.commands import run
from bot.cli.exits import EXIT_SETTINGS
from bot.folders import refuse_root
from bot.settings import PREFIX, Settings

_OTHER = 12_345
Given = Callable[[Path], int]


@pytest.fixture
def to_another(monkeypatch: pytest.MonkeyPatch) -> Given:
    """Have a folder be another user's, and this process root's: as it is, or as it would look. Says whose it is."""

    def given(folder: Path) -> int:
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, _OTHER, _OTHER)
            return _OTHER
        monkeypatch.setattr("bot.folders._user", lambda: 0)
        monkeypatch.setattr("bot.folders._made_in", lambda place: 0 if place == folder else None)
        return os.geteuid()

    return given


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy_path: Path) -> Path:
    """A folder in which somebody has worked."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}POLICY", str(policy_path))
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.chdir(tmp_path)
    assert run(["check", "--record", "Ciao"]) == 0
    return tmp_path


def test_root_is_told_whose_folder_it_is_and_leaves_nothing_there(tmp_path: Path, to_another: Given) -> None:
    owner = to_another(tmp_path)
    told = rf"FOLDER \({re.escape(str(tmp_path))}\) belongs to user {owner}.*sudo -u '#{owner}'"
    with pytest.raises(ValueError, match=told):
        refuse_root([("FOLDER", tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_where_whatever_is_made_is_the_owners_nobody_is_refused(
    tmp_path: Path, to_another: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on disks that are lent to a container, all of whose files are one user's."""
    owner = to_another(tmp_path)
    for made in (owner, None):
        monkeypatch.setattr("bot.folders._made_in", lambda _, made=made: made)
        refuse_root([("FOLDER", tmp_path)])


def test_ones_own_folders_and_those_that_are_to_be_made_are_no_matter(tmp_path: Path) -> None:
    refuse_root([("FOLDER", tmp_path), ("OTHER", tmp_path / "none")])


def test_whoever_is_not_root_may_write_into_a_folder_that_is_shared(
    tmp_path: Path, to_another: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_another(tmp_path)
    monkeypatch.setattr("bot.folders._user", lambda: 1_000)
    monkeypatch.setattr("bot.folders._made_in", lambda _: 1_000)
    refuse_root([("FOLDER", tmp_path)])


@pytest.mark.parametrize("name", ["data", "keys", "models"])
@pytest.mark.parametrize(
    "command",
    [
        ["check", "--record", "Ciao"], ["audit", "verify"], ["audit", "checkpoint"], ["audit", "key"],
        ["audit", "export", "out"], ["db", "backup", "backup"], ["db", "move", "postgresql://h/d"],
        ["keys", "rotate", "signing"], ["models", "build"], ["people", "list"], ["queue", "list"], ["run"],
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_no_command_of_roots_leaves_anything_in_anothers_folder(
    home: Path, to_another: Given, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    name: str, command: list[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(f"{PREFIX}MODELS_DIR", "models")
    (home / "models").mkdir(exist_ok=True)
    owner = to_another(Path(name))
    before = _files(home)
    capsys.readouterr()
    assert run(command) == EXIT_SETTINGS
    said = capsys.readouterr().err
    assert f"{PREFIX}{name.upper()}_DIR ({name}) belongs to user {owner}" in said
    assert _files(home) == before


def _files(place: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}


def test_whatever_watches_the_machine_may_be_root(
    home: Path, to_another: Given, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}CONSOLE_PORT", "1")
    to_another(Path("data"))
    assert run(["health"]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_the_doctor_says_it(home: Path, to_another: Given, capsys: pytest.CaptureFixture[str]) -> None:
    owner = to_another(Path("data"))
    assert run(["doctor"]) == 1
    assert f"belongs to user {owner}" in capsys.readouterr().out
