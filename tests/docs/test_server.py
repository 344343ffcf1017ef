"""The way from one file to a server, as docs/operations.md tells it: every command as it is written, on a real one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docs.operations import section
from postgres import Server

from bot.audit import verifier
from bot.cli.commands import run
from bot.settings import PREFIX, Settings

_LINE = re.compile(r"^(?P<settings>(?:[A-Z_]+=\S+ )*)\.venv/bin/vaglio (?P<rest>.+)$", re.M)
_ON_PAGE = "postgresql://vaglio_owner@db.acme.example/vaglio"


@pytest.fixture
def server(postgres_server: Server) -> Iterator[str]:
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def follow(
    server: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, models: Path,
) -> Callable[..., list[str]]:  # fmt: skip
    """Do what stands under a heading, up to a command; what each says. The page's server and users are the tests'."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.setenv(f"{PREFIX}MODELS_DIR", str(models))
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.setenv("PATH", f"{postgres_server.tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)

    def told(heading: str, first: int = 0, last: int | None = None, *, codes: tuple[int, ...] = (0,)) -> list[str]:
        said = []
        for line in list(_LINE.finditer(section(heading)))[first:last]:
            rest = re.sub(r"\bgrant vaglio\b", "grant vaglio_app", line["rest"]).replace(_ON_PAGE, server)
            with monkeypatch.context() as given:
                for setting in line["settings"].split():
                    given.setenv(*setting.replace(_ON_PAGE, server).split("=", 1))
                capsys.readouterr()
                code = run(rest.split())
            out = "".join(capsys.readouterr())
            assert code in codes, (rest, out)
            said.append(out)
        return said

    return told


def test_from_one_file_to_a_server(
    follow: Callable[..., list[str]], server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["check", "--record", "Ciao"])
    status, _, moved = follow("From one file to a server", 0, 3)
    assert "SQLite" in status
    assert "the same on both sides" in moved
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", server.replace("vaglio@", "vaglio_app@"))
    _, doctor, verified = follow("From one file to a server", 3, 6)
    assert "no more" in doctor
    assert "as they were written" in verified
    run(["check", "--record", "Ciao"])
    (purged,) = follow("Two users on a server", 2, 3)
    assert "Nothing of what was let go is left" in purged
    assert "the newest" in follow("Upgrades", 0, 1)[0]
    monkeypatch.setenv(f"{PREFIX}DATABASE_OWNER_URL", server)
    granted, shown = follow("Two users on a server", 0, 2)
    assert "no more" in granted
    assert "GRANT SELECT, INSERT ON public.entry TO vaglio_app;" in shown
    follow("Upgrades", 1)


def test_taken_back(follow: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    run(["check", "--record", "Ciao"])
    follow("From one file to a server", 0, 3)
    monkeypatch.setattr("bot.cli.moving.agreed", lambda *_: True)
    assert "goes on in the file" in follow("From one file to a server", 6)[0]
    assert run(["audit", "verify"]) == 0


def test_from_a_server_to_one_file(
    follow: Callable[..., list[str]], server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heading = "From a server to one file"
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", server)
    assert run(["policy", "publish"]) == 0
    run(["check", "--record", "Ciao"])
    _, exported, written, _ = follow(heading, 0, 4)
    assert "verify.py" in exported
    monkeypatch.delenv(f"{PREFIX}DATABASE_URL")
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", "new")
    policy = re.search(r"The policy is (\S+)\.$", written, re.M)
    assert policy
    monkeypatch.setenv(f"{PREFIX}POLICY", policy[1])
    _, verified = follow(heading, 4)
    assert "as it was written" in verified
    assert (tmp_path / "new" / "vaglio.db").is_file()
    # The old one is whole, and needs no server any more.
    assert verifier.main([str(tmp_path / "old-record")]) == 0
