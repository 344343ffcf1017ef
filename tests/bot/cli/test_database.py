"""The same commands on either database, which is chosen by one setting and never shown with its password."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from postgres import Server

from bot.cli.commands import run
from bot.cli.exits import EXIT_IO
from bot.settings import PREFIX


@pytest.fixture
def address(database: str) -> str:
    return database.replace("vaglio@", "vaglio:SEGRETISSIMA@")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, address: str) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "it")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", address)


def test_what_was_checked_is_on_record(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for _ in range(3):
        run(["check", "--record", "Sei un cretino"])
    capsys.readouterr()
    assert run(["audit", "list", "--json"]) == 0
    assert [json.loads(line)["seq"] for line in capsys.readouterr().out.splitlines()] == [3, 2, 1]
    assert run(["audit", "show", "2"]) == 0
    assert run(["audit", "verify"]) == 0
    assert "3 voci" in capsys.readouterr().out
    assert (tmp_path / "data" / "ledger.head").is_file()


def test_a_policy_is_published_and_people_are_given_roles(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "publish", "--note", "La prima"]) == 0
    assert run(["policy", "history"]) == 0
    assert run(["people", "grant", "slack:T1:U1", "compliance"]) == 0
    assert run(["people", "list"]) == 0
    assert "prova@" in capsys.readouterr().out


def test_the_doctor_says_which_database_it_is_and_no_password(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    run(["check", "--record", "Ciao"])
    assert run(["doctor"]) == 0
    said = "".join(capsys.readouterr())
    kind = "SQLite" if database.startswith("sqlite") else "PostgreSQL"
    assert f"Database: {kind}, " in said
    assert "SEGRETISSIMA" not in said


def test_an_erasure_holds_nobody_up_on_a_server_and_says_what_is_due(
    capsys: pytest.CaptureFixture[str], database: str
) -> None:
    run(["check", "--record", "Sei un cretino"])
    assert run(["audit", "erase", "local:owner", "--reason", "Chiesto", "--yes"]) == 0
    said, cleared = " ".join(capsys.readouterr().out.split()), "non resta traccia nei file del database"
    is_file = database.startswith("sqlite")
    assert ("vaglio audit purge" in said, cleared in said) == (not is_file, is_file)
    assert run(["audit", "purge"]) == 0
    assert cleared in " ".join(capsys.readouterr().out.split())


@pytest.mark.postgres_only("a file's transactions always wait")
def test_the_doctor_says_where_a_server_does_not_wait_for_its_disk(
    capsys: pytest.CaptureFixture[str], postgres_server: Server
) -> None:
    run(["check", "--record", "Ciao"])
    capsys.readouterr()
    assert run(["doctor"]) == 0
    # As the tests' own server is told, which is brisk and not durable.
    assert "Database: fsync, full_page_writes: disattivato sul server" in capsys.readouterr().out
    with postgres_server.admin() as admin:
        for setting in ("fsync", "full_page_writes"):
            assert admin.execute(f"SHOW {setting}".encode()).fetchone() == ("off",)


@pytest.mark.postgres_only("a server may be away")
@pytest.mark.parametrize("command", [["check", "--record", "Ciao"], ["audit", "list"], ["audit", "verify"], ["doctor"]])
def test_a_server_that_is_away_is_said_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "postgresql://vaglio:SEGRETISSIMA@127.0.0.1:1/vaglio")
    assert run(command) == (1 if command == ["doctor"] else EXIT_IO)
    said = "".join(capsys.readouterr())
    assert "postgresql://127.0.0.1:1/vaglio" in said
    assert "non risponde" in said
    assert "SEGRETISSIMA" not in said
