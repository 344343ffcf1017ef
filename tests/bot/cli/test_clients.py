"""`vaglio clients ...`: programs let in, listed and shut out in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.audit.ledger import Ledger
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.console.clients import Clients
from bot.people import People
from bot.settings import PREFIX
from bot.store import Store


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, database: str) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database)


@pytest.fixture
def clients(store: Store, ledger: Ledger, people: People) -> Clients:
    return Clients(store, ledger, people)


def test_a_program_is_let_in_listed_and_shut_out(capsys: pytest.CaptureFixture[str], clients: Clients) -> None:
    assert run(["clients", "add", "The CMS"]) == 0
    said = capsys.readouterr().out
    token = said.splitlines()[1].strip()
    found = clients.find(token, datetime.now(UTC))
    assert found is not None
    assert found.name == "The CMS"
    assert found.id in said

    assert run(["clients", "list"]) == 0
    listed = capsys.readouterr().out
    assert "The CMS" in listed
    assert found.id in listed
    assert token not in listed

    assert run(["clients", "end", found.id]) == 0
    assert clients.find(token, datetime.now(UTC)) is None
    assert run(["clients", "end", found.id]) == EXIT_USAGE
    assert "is no program that is let in" in capsys.readouterr().err


def test_for_programs_it_is_json(capsys: pytest.CaptureFixture[str], people: People) -> None:
    run(["clients", "add", "CMS"])
    capsys.readouterr()
    assert run(["clients", "list", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["seen"], row["ended"]) == ("CMS", None, None)
    assert row["by"] == people.person("local:owner")
    assert set(row) == {"id", "name", "by", "at", "seen", "ended"}


def test_none_yet_and_no_name(capsys: pytest.CaptureFixture[str], clients: Clients) -> None:
    assert run(["clients", "list"]) == 0
    assert "No program has been let in yet." in capsys.readouterr().out
    assert run(["clients", "add", " "]) == EXIT_USAGE
    assert clients.all() == []


def test_a_program_is_given_no_role(capsys: pytest.CaptureFixture[str], clients: Clients) -> None:
    run(["clients", "add", "CMS"])
    (client,) = clients.all()
    assert run(["people", "grant", client.account, "admin"]) == EXIT_USAGE
    assert run(["people", "link", client.account]) == EXIT_USAGE


def test_what_a_program_handed_in_can_be_erased(clients: Clients, people: People) -> None:
    run(["clients", "add", "CMS"])
    (client,) = clients.all()
    assert run(["audit", "erase", client.account, "--reason", "It is gone", "--yes"]) == 0
    people.look_again()
    assert not people.is_known(client.account)
