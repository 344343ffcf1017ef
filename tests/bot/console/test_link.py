"""The page that links Telegram, and the first admin: whoever opens the link is one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.accounts import Role
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.deeds import Cabinet
from bot.people import Linked, People
from bot.roles import Roles

OWNER = "local:owner"


@pytest.fixture
def roles(cabinet: Cabinet) -> Roles:
    return cabinet.roles


def code_on(page: str) -> str | None:
    found = re.search(r"/link ([A-Z0-9]{8})<", page)
    return found[1] if found else None


def test_a_code_is_made_by_the_button_and_links_telegram(rig, people: People) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    page = owner.get("/link")
    assert page.status_code == 200
    assert code_on(page.text) is None
    made = owner.submit("/link")
    code = code_on(made.text)
    assert code
    assert made.headers["Cache-Control"] == "no-store"
    assert people.link("telegram:7", code, datetime.now(UTC)) is Linked.DONE
    assert people.person("telegram:7") == people.person(OWNER)


def test_opening_the_page_again_shows_no_code_and_the_button_makes_another(rig, people: People) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner()
    first = code_on(owner.submit("/link").text)
    assert code_on(owner.get("/link").text) is None
    second = code_on(owner.submit("/link").text)
    assert first
    assert second not in (None, first)
    assert people.link("telegram:7", first, datetime.now(UTC)) is Linked.NOT_VALID


@pytest.mark.parametrize("language", ["it", "en"])
def test_it_has_the_consoles_own_look_in_both_languages(rig, people: People, language: str) -> None:  # type: ignore[no-untyped-def]
    owner = rig.owner(language=language)
    for page in (owner.get("/link").text, owner.submit("/link").text):
        assert f'<html lang="{language}">' in page
        assert 'name="viewport" content="width=device-width, initial-scale=1"' in page
        # As narrow as the letters that the console writes; nothing of its own that could be wider than a phone.
        assert '<div class="letter">' in page
        assert 'class="main-button"' in page
        assert "style=" not in page


def test_it_is_for_whoever_is_signed_in(rig, people: People) -> None:  # type: ignore[no-untyped-def]
    stranger = rig.stranger()
    assert stranger.get("/link").status_code == 401
    assert stranger.submit("/link").status_code == 401
    owner = rig.owner()
    for token in ({}, {"csrf": "guess"}):
        assert owner.post("/link", data=token).status_code == 403
    assert [account for accounts in people.everybody().values() for account in accounts] == [OWNER]


def test_where_no_code_can_be_made_that_is_said(rig, people: People, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object) -> str:
        raise RecordError("full", "here")

    owner = rig.owner()
    monkeypatch.setattr(people, "new_code", fail)
    answer = owner.submit("/link")
    assert answer.status_code == 503
    assert code_on(answer.text) is None


def test_whoever_opens_the_link_is_an_admin(rig, people: People, roles: Roles, ledger: Ledger) -> None:  # type: ignore[no-untyped-def]
    rig.owner()
    rig.owner()
    assert roles.who(Role.ADMIN) == (people.person(OWNER),)
    assert [entry.kind for entry in ledger.entries()].count("role") == 3


def test_as_long_as_nobody_else_is_they_are_communications_and_compliance_too(
    rig, people: People, roles: Roles
) -> None:  # type: ignore[no-untyped-def]
    rig.visitor("slack:T1:UBRUNO", "compliance")
    rig.owner()
    assert roles.roles(people.person(OWNER)) == {Role.ADMIN, Role.COMMUNICATIONS}


def test_whoever_only_tries_is_not(rig, people: People, roles: Roles) -> None:  # type: ignore[no-untyped-def]
    rig.stranger().get("/sign-in", params={"key": "guess"})
    key = rig.sign_in.new_key()
    rig.stranger(peer="192.0.2.7").get("/sign-in", params={"key": key})
    assert roles.given() == []


def test_a_record_that_cannot_be_written_does_not_lock_the_door(
    rig, people: People, roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    def fail(*_: object, **__: object) -> None:
        raise RecordError("full", "here")

    monkeypatch.setattr(roles, "grant", fail)
    assert rig.owner().get("/try").status_code == 200
