"""Programs that hand in drafts: let in by a token that nobody can read again, ended at once, all of it on record."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.accounts import is_account
from bot.audit import verifier
from bot.audit.ledger import Ledger
from bot.console.clients import LONGEST, Clients, NoNameError
from bot.console.tables import Client
from bot.people import People
from bot.store import Store
from bot.teams import Teams

AT = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clients(store: Store, ledger: Ledger, people: People) -> Clients:
    return Clients(store, ledger, people)


@pytest.fixture
def anna(people: People) -> str:
    return people.person("slack:T1:U1")


def test_whoever_has_the_token_is_let_in_and_nobody_else(clients: Clients, anna: str) -> None:
    admitted, token = clients.admit("  Il nostro  CMS ", anna, AT)
    assert (admitted.name, admitted.by, admitted.at, admitted.seen) == ("Il nostro CMS", anna, AT, None)
    assert token.startswith("vgl_")
    assert len(token) > 40
    found = clients.find(token, AT)
    assert found is not None
    assert found.id == admitted.id
    for wrong in ("", "vgl_", token[:-1], token + "a", token.upper(), "\ud800"):
        assert clients.find(wrong, AT) is None


def test_the_token_is_nowhere_but_with_whoever_has_it(clients: Clients, anna: str, store: Store) -> None:
    _, token = clients.admit("CMS", anna, AT)
    with store.read() as session:
        (row,) = session.exec(select(Client)).all()
    assert token not in repr(row)
    assert token.removeprefix("vgl_") not in repr(row)


def test_two_may_be_called_the_same_and_each_has_its_own(clients: Clients, anna: str) -> None:
    (one, first), (other, second) = clients.admit("CMS", anna, AT), clients.admit("CMS", anna, AT + timedelta(days=1))
    assert first != second
    assert [client.id for client in clients.all()] == [other.id, one.id]


@pytest.mark.parametrize("name", ["", " \n ", "x" * (LONGEST + 1), "C\x07MS", "\u202eCMS"])
def test_what_is_no_name_is_refused(clients: Clients, anna: str, name: str) -> None:
    with pytest.raises(NoNameError):
        clients.admit(name, anna, AT)
    assert clients.all() == []


def test_one_that_was_ended_opens_nothing_and_stays_listed(clients: Clients, anna: str) -> None:
    admitted, token = clients.admit("CMS", anna, AT)
    assert clients.end(admitted.id, anna, AT + timedelta(hours=1)) is True
    assert clients.find(token, AT) is None
    assert clients.end(admitted.id, anna, AT + timedelta(hours=2)) is False
    assert clients.end("c_0123", anna, AT) is False
    assert [client.ended for client in clients.all()] == [AT + timedelta(hours=1)]


def test_its_last_use_is_known_to_the_minute(clients: Clients, anna: str) -> None:
    _, token = clients.admit("CMS", anna, AT)
    for seconds in (0, 30, 59.9):
        clients.find(token, AT + timedelta(seconds=seconds))
    assert [client.seen for client in clients.all()] == [AT]
    clients.find(token, AT + timedelta(seconds=60))
    assert [client.seen for client in clients.all()] == [AT + timedelta(seconds=60)]


def test_both_are_on_record_without_the_name(clients: Clients, anna: str, ledger: Ledger, people: People) -> None:
    admitted, _ = clients.admit("Anna Verdi’s CMS", anna, AT)
    clients.end(admitted.id, anna, AT)
    said = [json.loads(entry.body) for entry in reversed(ledger.entries())]
    person = people.person(admitted.account)
    assert [(each["kind"], each["actor"], each["facts"]) for each in said] == [
        ("client", anna, {"change": change, "client": admitted.id, "person": person}) for change in ("admit", "end")
    ]
    assert b"Verdi" not in b"".join(entry.body for entry in ledger.entries())
    assert ledger.verify().faults == ()
    assert is_account(admitted.account)


@pytest.mark.sqlite_only("the verifier is shown the file")
def test_the_other_verifier_finds_no_fault_in_it(
    clients: Clients, anna: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    admitted, _ = clients.admit("CMS", anna, AT)
    clients.end(admitted.id, anna, AT)
    verifier.main([str(store.file), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["faults"] == []
    assert said["count"] == 2


def test_one_that_is_not_on_record_is_not_let_in(
    clients: Clients, anna: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(ledger, "append_in", fail)
    with pytest.raises(RuntimeError):
        clients.admit("CMS", anna, AT)
    assert clients.all() == []


def test_a_program_is_not_counted_among_the_people(clients: Clients, anna: str, store: Store) -> None:
    clients.admit("CMS", anna, AT)
    assert Teams(store).members().reachable == {anna}
