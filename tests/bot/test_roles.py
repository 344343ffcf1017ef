"""Roles: given and taken back at once, each change in the ledger, a group's apart from what a hand gave."""

import json
from typing import Any

import pytest

from bot.accounts import Role, Title, is_account
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.people import People
from bot.roles import Given, Roles, Source
from bot.store import Store


@pytest.fixture
def roles(store: Store, ledger: Ledger) -> Roles:
    return Roles(store, ledger)


@pytest.fixture
def anna(people: People) -> str:
    return people.person("slack:T1:U1")


@pytest.fixture
def bruno(people: People) -> str:
    return people.person("slack:T1:U2")


def said(ledger: Ledger) -> list[dict[str, Any]]:
    """What the entries of roles say, oldest first."""
    return [json.loads(entry.body) for entry in reversed(ledger.entries()) if entry.kind == "role"]


def test_a_role_is_given_and_taken_back(roles: Roles, anna: str, bruno: str) -> None:
    assert roles.roles(anna) == frozenset()
    assert roles.grant(anna, Role.ADMIN, by=anna)
    assert roles.grant(bruno, Role.OWNER, "legal", by=anna)
    assert roles.roles(anna) == {Role.ADMIN}
    assert roles.roles(bruno) == {Role.OWNER}
    assert roles.who(Role.ADMIN) == (anna,)
    assert roles.who(Role.OWNER, "legal") == (bruno,)
    assert roles.who(Role.OWNER, "press") == roles.who(Role.COMPLIANCE) == ()
    assert roles.revoke(anna, Role.ADMIN, by=bruno)
    assert roles.roles(anna) == frozenset()


def test_each_change_is_one_entry_that_says_who_did_what(roles: Roles, ledger: Ledger, anna: str, bruno: str) -> None:
    roles.grant(bruno, Role.OWNER, "legal", by=anna)
    assert not roles.grant(bruno, Role.OWNER, "legal", by=anna)
    roles.revoke(bruno, Role.OWNER, "legal", by=anna)
    assert not roles.revoke(bruno, Role.OWNER, "legal", by=anna)
    roles.grant(bruno, Role.OWNER, "legal", by=None, source=Source.GROUP)
    roles.grant(anna, Role.ADMIN, by=None, source=Source.SETTING)
    entries = said(ledger)
    about = {"person": bruno, "role": "owner", "owner": "legal"}
    assert [(entry["actor"], entry["facts"]) for entry in entries] == [
        (anna, {"change": "grant", "source": "hand", **about}),
        (anna, {"change": "revoke", "source": "hand", **about}),
        (None, {"change": "grant", "source": "group", **about}),
        (None, {"change": "grant", "source": "setting", "person": anna, "role": "admin", "owner": None}),
    ]
    assert len({entry["subject"] for entry in entries}) == 4
    assert ledger.verify().is_sound


def test_no_role_without_its_entry(roles: Roles, ledger: Ledger, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RecordError("full", "here")

    roles.grant(anna, Role.ADMIN, by=anna)
    monkeypatch.setattr(ledger, "append", fail)
    with pytest.raises(RecordError):
        roles.grant(anna, Role.COMPLIANCE, by=anna)
    with pytest.raises(RecordError):
        roles.revoke(anna, Role.ADMIN, by=anna)
    assert roles.roles(anna) == {Role.ADMIN}


def test_what_a_hand_gave_and_what_a_group_gave_are_apart(roles: Roles, anna: str) -> None:
    roles.grant(anna, Role.COMPLIANCE, by=anna)
    roles.grant(anna, Role.COMPLIANCE, by=None, source=Source.GROUP)
    title = Title(Role.COMPLIANCE)
    assert roles.given() == [Given(anna, title, is_by_group=False), Given(anna, title, is_by_group=True)]
    assert roles.who(Role.COMPLIANCE) == (anna,)
    assert roles.revoke(anna, Role.COMPLIANCE, by=None, source=Source.GROUP)
    assert roles.roles(anna) == {Role.COMPLIANCE}
    assert not roles.revoke(anna, Role.COMPLIANCE, by=None, source=Source.GROUP)
    assert roles.revoke(anna, Role.COMPLIANCE, by=anna)
    assert roles.roles(anna) == frozenset()


def test_everything_at_once(roles: Roles, ledger: Ledger, anna: str, bruno: str) -> None:
    roles.grant(anna, Role.ADMIN, by=anna)
    roles.grant(anna, Role.OWNER, "legal", by=None, source=Source.GROUP)
    roles.grant(bruno, Role.ADMIN, by=anna)
    assert roles.revoke_all(anna, by=bruno) == 2
    assert (roles.roles(anna), roles.roles(bruno)) == (frozenset(), {Role.ADMIN})
    assert len(said(ledger)) == 5


def test_the_channel_speaks_for_an_owner_until_somebody_is_named(roles: Roles, anna: str, bruno: str) -> None:
    assert roles.is_owner(anna, "legal", in_its_channel=True)
    assert not roles.is_owner(anna, "legal", in_its_channel=False)
    assert not roles.may_rule(anna, "legal")
    roles.grant(bruno, Role.OWNER, "legal", by=bruno)
    assert not roles.is_owner(anna, "legal", in_its_channel=True)
    assert roles.is_owner(bruno, "legal", in_its_channel=False)
    assert roles.may_rule(bruno, "legal")
    # The others' channels are as they were.
    assert roles.is_owner(anna, "press", in_its_channel=True)
    roles.revoke(bruno, Role.OWNER, "legal", by=bruno)
    # An owner whom nobody speaks for any more is not everybody's again.
    assert not roles.is_owner(anna, "legal", in_its_channel=True)
    assert not roles.is_owner(bruno, "legal", in_its_channel=True)


def test_whom_a_group_names_counts_as_named(roles: Roles, anna: str, bruno: str) -> None:
    roles.grant(bruno, Role.OWNER, "legal", by=None, source=Source.GROUP)
    assert roles.may_rule(bruno, "legal")
    assert not roles.is_owner(anna, "legal", in_its_channel=True)


def test_nobody_and_nothing_are_refused(roles: Roles, ledger: Ledger, anna: str) -> None:
    with pytest.raises(LookupError):
        roles.grant("p_nobody", Role.ADMIN, by=anna)
    with pytest.raises(ValueError, match="owner:legal"):
        roles.grant(anna, Role.OWNER, by=anna)
    with pytest.raises(ValueError, match="owner:legal"):
        roles.grant(anna, Role.ADMIN, "legal", by=anna)
    assert said(ledger) == []


@pytest.mark.parametrize("written", ["admin", "compliance", "communications", "owner:legal", "owner:on-call-2"])
def test_a_role_reads_as_it_is_written(written: str) -> None:
    assert str(Title.read(written)) == written


@pytest.mark.parametrize("written", ["", "boss", "owner", "owner:", "owner:Legal", "admin:", "admin:x", "group:admin"])
def test_what_is_no_role(written: str) -> None:
    assert Title.read(written) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("slack:T0123:U0456", True),
        ("slack:E0123:W0456", True),
        ("telegram:12345", True),
        ("local:owner", True),
        ("local:anna.rossi", True),
        ("slack:U0456", False),
        ("slack:t0123:u0456", False),
        ("telegram:@anna", False),
        ("telegram:١٢", False),
        ("anna@acme.example", False),
        ("local:", False),
        ("", False),
    ],
)
def test_what_is_an_account(written: str, expected: bool) -> None:
    assert is_account(written) is expected
