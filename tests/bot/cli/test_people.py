"""`vaglio people ...`: who may do what, said and changed in a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.accounts import Role
from bot.audit.ledger import Ledger
from bot.cli.commands import run
from bot.cli.exits import EXIT_USAGE
from bot.people import Linked, People
from bot.roles import Roles, Source
from bot.settings import PREFIX
from bot.store import Store

ANNA = "slack:T0123:U0456"
PHONE = "telegram:12345"


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, home: Path, database: str) -> None:
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", database)


@pytest.fixture
def roles(store: Store, ledger: Ledger) -> Roles:
    return Roles(store, ledger)


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[list[str], list[str]]]:
    """Roles given by hand and by groups, by the accounts of whoever has them."""
    capsys.readouterr()
    assert run(["people", "list", "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert all(set(each) == {"accounts", "roles", "from_groups", "team"} for each in found)
    return {" ".join(each["accounts"]): (each["roles"], each["from_groups"]) for each in found}


def test_a_role_is_given_seen_and_taken_back(capsys: pytest.CaptureFixture[str], roles: Roles, people: People) -> None:
    assert run(["people", "grant", ANNA, "compliance"]) == 0
    assert run(["people", "grant", ANNA, "owner:legal"]) == 0
    assert listed(capsys)[ANNA] == (["compliance", "owner:legal"], [])
    assert roles.roles(people.person(ANNA)) == {Role.COMPLIANCE, Role.OWNER}
    assert run(["people", "revoke", ANNA, "compliance"]) == 0
    assert listed(capsys)[ANNA] == (["owner:legal"], [])


def test_the_table_names_accounts_and_roles_and_nothing_else(
    capsys: pytest.CaptureFixture[str], roles: Roles, people: People
) -> None:
    person = people.person(ANNA)
    people.link(PHONE, people.new_code(person, datetime.now(UTC)), datetime.now(UTC))
    roles.grant(person, Role.ADMIN, by=person)
    roles.grant(person, Role.COMPLIANCE, by=None, source=Source.GROUP)
    assert run(["people", "list"]) == 0
    shown = capsys.readouterr().out
    assert f"{ANNA}, {PHONE}" in shown
    assert "admin, compliance (Slack group)" in shown
    assert person not in shown


def test_nobody_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["people", "list"]) == 0
    assert "Nobody is known here yet." in capsys.readouterr().out
    assert listed(capsys) == {}


def test_who_did_it_is_in_the_ledger(ledger: Ledger, people: People) -> None:
    run(["people", "grant", ANNA, "admin"])
    run(["people", "grant", ANNA, "admin"])
    run(["people", "revoke", ANNA, "admin"])
    run(["people", "revoke", ANNA, "admin"])
    said = [json.loads(entry.body) for entry in ledger.entries()]
    assert [each["facts"]["change"] for each in said] == ["revoke", "grant"]
    assert {each["actor"] for each in said} == {people.person("local:owner")}
    assert ledger.verify().is_sound


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["grant", "anna", "admin"], "slack:T0123:U0456"),
        (["grant", "anna@acme.example", "admin"], "slack:T0123:U0456"),
        (["link", "U0456"], "slack:T0123:U0456"),
        (["grant", ANNA, "boss"], "communications, compliance, admin"),
        (["grant", ANNA, "owner"], "owner:legal"),
        (["grant", ANNA, "owner:leagl"], "comms, legal"),
        (["revoke", ANNA, "boss"], "communications, compliance, admin"),
        (["revoke", ANNA, "admin"], "vaglio people list"),
        (["unlink", PHONE], "vaglio people list"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(
    capsys: pytest.CaptureFixture[str], people: People, arguments: list[str], says: str
) -> None:
    assert run(["people", *arguments]) == EXIT_USAGE
    assert says in capsys.readouterr().err
    assert not people.is_known(arguments[1])


def test_what_a_group_gave_is_not_taken_back_here(
    capsys: pytest.CaptureFixture[str], roles: Roles, people: People
) -> None:
    roles.grant(people.person(ANNA), Role.ADMIN, by=None, source=Source.GROUP)
    assert run(["people", "revoke", ANNA, "admin"]) == EXIT_USAGE
    assert "user group in Slack" in capsys.readouterr().err
    assert listed(capsys)[ANNA] == ([], ["admin"])


def test_a_role_of_an_owner_whom_the_policy_no_longer_has_can_be_taken_back(roles: Roles, people: People) -> None:
    roles.grant(people.person(ANNA), Role.OWNER, "formerly", by=None)
    assert run(["people", "revoke", ANNA, "owner:formerly"]) == 0
    assert roles.given() == []


def test_a_code_is_printed_and_links_telegram(capsys: pytest.CaptureFixture[str], people: People) -> None:
    assert run(["people", "link", ANNA]) == 0
    code = capsys.readouterr().out.rpartition("/link ")[2].strip()
    assert people.link(PHONE, code, datetime.now(UTC)) is Linked.DONE
    assert people.person(PHONE) == people.person(ANNA)


def test_an_unlinked_account_leaves_the_other_its_roles(capsys: pytest.CaptureFixture[str], people: People) -> None:
    run(["people", "grant", ANNA, "admin"])
    people.link(PHONE, people.new_code(people.person(ANNA), datetime.now(UTC)), datetime.now(UTC))
    assert run(["people", "unlink", PHONE]) == 0
    assert not people.is_known(PHONE)
    assert listed(capsys)[ANNA] == (["admin"], [])


def test_the_last_account_takes_its_roles_with_it(
    capsys: pytest.CaptureFixture[str], roles: Roles, ledger: Ledger
) -> None:
    run(["people", "grant", ANNA, "admin"])
    assert run(["people", "unlink", ANNA]) == 0
    assert "their roles are gone with it" in capsys.readouterr().out
    assert roles.given() == []
    said = [json.loads(entry.body) for entry in ledger.entries()]
    assert [entry["facts"].get("change", entry["kind"]) for entry in said] == ["unlink", "revoke", "grant"]


def test_a_team_is_a_label(capsys: pytest.CaptureFixture[str], ledger: Ledger) -> None:
    assert run(["people", "team", ANNA, "Vendite  Nord"]) == 0
    assert f"{ANNA}: Vendite Nord, from now on." in capsys.readouterr().out
    assert run(["people", "list"]) == 0
    assert "Vendite Nord" in capsys.readouterr().out
    assert run(["people", "team", ANNA]) == 0
    assert f"{ANNA} is in no team now." in capsys.readouterr().out
    assert run(["people", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["team"] is None
    assert run(["people", "team", ANNA, "x" * 61]) == EXIT_USAGE
    assert run(["people", "team", "nobody", "Nord"]) == EXIT_USAGE
    assert ledger.entries() == []
