"""One's own page, and the settings."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.audit.holds import Holds
from bot.audit.subject import Subjects
from bot.checkup import Part
from bot.console.clients import Clients
from bot.console.me_page import me_room
from bot.console.programs_page import programs_room
from bot.console.roster import Roster
from bot.console.settings_page import Lookout, settings_room
from bot.store import Store
from bot.teams import Teams
from bot.wording import Wording

ANNA, ELENA = "slack:T1:UANNA", "slack:T1:UELENA"


@pytest.fixture
def roster(rig, store: Store) -> Roster:  # type: ignore[no-untyped-def]
    people, roles, ledger = rig.cabinet.people, rig.cabinet.roles, rig.cabinet.ledger
    roster = Roster(people, roles, Teams(store), Holds(store, ledger), ledger, rig.sign_in.sessions, rig.clock)
    owners = lambda: rig.prescreen.screener.policy.owners  # noqa: E731
    rig.rooms.append(me_room(roster, Subjects(store, ledger, people), owners, lambda person: UTC))
    return roster


def last(rig) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    said: dict[str, Any] = json.loads(rig.cabinet.ledger.entries(newest=1)[0].body)
    return said


def test_everybody_sees_their_own_accounts_and_roles(rig, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    rig.visitor(ELENA, "admin")
    browser = rig.visitor(ANNA, "owner:legal", "compliance")
    page = browser.get("/me").text
    for word in (ANNA, "compliance", "responsabile: Ufficio legale", 'href="/link"'):
        assert word in page
    assert ELENA not in page
    assert "controlli le tue bozze" in rig.visitor("slack:T1:UBRUNO").get("/me").text
    assert 'href="/me"' in browser.get("/try").text


def test_a_language_is_chosen_for_the_chats_too(rig, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    browser = rig.visitor(ANNA)
    assert browser.submit("/me/language", speak="en").status_code == 303
    assert rig.cabinet.people.language(ANNA) == "en"
    assert "You in Vaglio" in browser.get("/me").text
    assert browser.submit("/me/language", speak="xx").status_code == 400


def test_own_sessions_end_and_others_do_not(rig, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    here, phone = rig.visitor(ANNA), rig.visitor(ANNA)
    rig.clock.time += 1
    tablet, other = rig.visitor(ANNA), rig.visitor(ELENA)
    person = rig.cabinet.people.person(ANNA)
    page = here.get("/me").text
    assert page.count('action="/me/end"') == 2
    assert page.count("questa</strong>") == 1
    theirs = roster.sessions.of(rig.cabinet.people.person(ELENA), rig.clock())[0]
    here.submit("/me/end", session=theirs.id)
    assert other.get("/me").status_code == 200
    newest = roster.sessions.of(person, rig.clock())[0]
    here.submit("/me/end", session=newest.id)
    assert [each.get("/me").status_code for each in (phone, tablet)] == [200, 401]
    assert (last(rig)["kind"], last(rig)["actor"], last(rig)["facts"]) == (
        "sign_out", person, {"person": person, "count": 1},
    )  # fmt: skip
    here.submit("/me/end-others")
    assert {each.get("/me").status_code for each in (phone, tablet)} == {401}
    assert (here.get("/me").status_code, other.get("/me").status_code) == (200, 200)


def test_what_is_held_about_oneself_comes_as_a_file_and_is_on_record(rig, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    rig.visitor(ELENA)
    browser, person = rig.visitor(ANNA, "compliance"), rig.cabinet.people.person(ANNA)
    page = browser.submit("/me/dossier", **{"as": "html"})
    assert page.headers["content-disposition"] == 'attachment; filename="vaglio.html"'
    assert page.headers["cache-control"] == "no-store"
    assert "Che cosa Vaglio conserva su di te" in page.text or "<h1>" in page.text
    assert ANNA in page.text
    found = json.loads(browser.submit("/me/dossier", **{"as": "json"}).text)
    assert found["accounts"] == [ANNA]
    assert found["pseudonyms"] == [person]
    assert ELENA not in str(found)
    assert (last(rig)["kind"], last(rig)["actor"]) == ("look", person)
    assert last(rig)["facts"]["why"] == "subject"
    assert browser.get("/me/dossier").status_code == 405
    assert browser.submit("/me/dossier", **{"as": "exe"}).status_code == 400


def test_without_a_record_nothing_is_handed_out(rig, roster: Roster, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def fails(*_: object, **__: object) -> None:
        raise OSError

    browser = rig.visitor(ANNA)
    monkeypatch.setattr(rig.cabinet.ledger, "append", fails)
    answer = browser.submit("/me/dossier", **{"as": "json"})
    assert answer.status_code == 503
    assert ANNA not in answer.text


PARTS = [Part("Slack", "active", "Socket Mode"), Part("<b>", "wrong", "{{ 7*7 }}"), Part("Detoxify", "missing", "…")]


def test_the_settings_say_what_is_there_and_what_is_not(rig) -> None:  # type: ignore[no-untyped-def]
    looks = []

    def look(wording: Wording) -> Iterator[Part]:
        looks.append(wording.language)
        yield from PARTS

    rig.rooms.append(settings_room(look, lambda person: UTC, rig.clock))
    admin = rig.visitor(ELENA, "admin")
    page = admin.get("/settings").text
    assert "o dove le tiene il tuo servizio" in page  # units and containers read no .env
    for word in ("Socket Mode", "presente", "manca", "non va", "&lt;b&gt;", "{{ 7*7 }}"):
        assert word in page
    admin.get("/settings")
    assert looks == ["it"]
    admin.submit("/settings/look")
    rig.clock.time += 300
    admin.get("/settings")
    admin.submit("/language", language="en")
    assert "wrong" in admin.get("/settings").text
    assert looks == ["it", "it", "it", "en"]
    assert rig.visitor(ANNA).get("/settings").status_code == 403


def test_after_look_again_a_process_that_had_looked_before_looks_too(rig) -> None:  # type: ignore[no-untyped-def]
    looks: list[str] = []

    def process(name: str):  # type: ignore[no-untyped-def]
        def look(wording: Wording) -> Iterator[Part]:
            looks.append(name)
            yield from PARTS

        rig.rooms[:] = [settings_room(look, lambda person: UTC, rig.clock)]
        return rig.visitor(ELENA, "admin")

    a, b = process("a"), process("b")
    b.get("/settings")
    rig.clock.time += 60
    there = a.submit("/settings/look").headers["location"]
    for browser in (b, a, b):
        assert "Socket Mode" in browser.get(there).text
    assert looks == ["b", "a", "b"]
    for nonsense in ("x", "-1", "²", "9" * 11, "9" * 40):
        assert b.get("/settings", params={"since": nonsense}).status_code == 200
    assert looks == ["b", "a", "b"]


def test_a_look_that_fails_is_said(rig) -> None:  # type: ignore[no-untyped-def]
    def look(wording: Wording) -> Iterator[Part]:
        yield PARTS[0]
        raise OSError("a secret")

    rig.rooms.append(settings_room(look, lambda person: UTC, rig.clock))
    page = rig.visitor(ELENA, "admin").get("/settings")
    assert page.status_code == 200
    assert "vaglio doctor" in page.text
    assert "a secret" not in page.text


def test_one_look_at_a_time() -> None:
    going, looks = threading.Event(), []

    def look(wording: Wording) -> Iterator[Part]:
        looks.append(wording.language)
        going.wait(10)
        yield from PARTS

    lookout = Lookout(look, lambda: 0.0)
    first, second = lookout.look("it"), lookout.look("it", anew=True)
    assert first is second
    assert first is not None
    assert lookout.found("it") is None
    going.set()
    first.result(10)
    found = lookout.found("it")
    assert found is not None
    assert found.parts == PARTS
    assert looks == ["it"]
    assert lookout.look("it") is None


@pytest.fixture
def clients(rig, store: Store) -> Clients:  # type: ignore[no-untyped-def]
    clients = Clients(store, rig.cabinet.ledger, rig.cabinet.people)
    rig.rooms.append(programs_room(clients, lambda person: UTC))
    return clients


def test_a_program_is_let_in_with_a_token_that_is_shown_once(rig, clients: Clients) -> None:  # type: ignore[no-untyped-def]
    admin = rig.visitor(ELENA, "admin")
    shown = admin.submit("/settings/programs", name="  Il   sito & co ")
    found = re.search(r"<code>(vgl_[\w-]+)</code>", shown.text)
    assert found
    assert shown.headers["cache-control"] == "no-store"
    (program,) = clients.all()
    assert clients.find(found[1], datetime.now(UTC)) is not None
    assert program.by == rig.cabinet.people.person(ELENA)
    page = admin.get("/settings/programs").text
    assert "Il sito &amp; co" in page
    assert found[1] not in page
    assert rig.cabinet.people.person(ELENA) not in page
    ended = admin.submit(f"/settings/programs/{program.id}/end")
    assert (ended.status_code, ended.headers["location"]) == (303, "/settings/programs?said=ended")
    assert clients.find(found[1], datetime.now(UTC)) is None
    assert (last(rig)["kind"], last(rig)["facts"]["change"]) == ("client", "end")
    assert "accesso tolto" in admin.get("/settings/programs").text
    for id in (program.id, "c_0123", "x"):
        assert admin.submit(f"/settings/programs/{id}/end").status_code == 404


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "\u202eevil"])
def test_a_program_needs_a_name(rig, clients: Clients, name: str) -> None:  # type: ignore[no-untyped-def]
    answer = rig.visitor(ELENA, "admin").submit("/settings/programs", name=name)
    assert answer.status_code == 422
    assert "Non è un nome" in answer.text
    assert clients.all() == []


def test_programs_are_the_admins(rig, clients: Clients) -> None:  # type: ignore[no-untyped-def]
    browser = rig.visitor(ANNA, "communications", "compliance")
    assert browser.get("/settings/programs").status_code == 403
    assert browser.submit("/settings/programs", name="Il sito").status_code == 403
    assert clients.all() == []
