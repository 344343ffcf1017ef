"""The page People: who gives which role to whom, sessions that are ended, and what must not be told on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.accounts import Role
from bot.audit.holds import Holds
from bot.console.people_page import people_room
from bot.console.roster import Roster
from bot.roles import Source
from bot.store import Store
from bot.teams import Teams

ANNA, ELENA = "slack:T1:UANNA", "slack:T1:UELENA"


@pytest.fixture
def roster(rig, store: Store) -> Roster:  # type: ignore[no-untyped-def]
    cabinet = rig.cabinet
    holds = Holds(store, cabinet.ledger)
    roster = Roster(cabinet.people, cabinet.roles, Teams(store), holds, cabinet.ledger, rig.sign_in.sessions, rig.clock)
    rig.rooms.append(people_room(roster, lambda: rig.prescreen.screener.policy.owners))
    return roster


@pytest.fixture
def admin(rig, roster: Roster):  # type: ignore[no-untyped-def]
    return rig.visitor(ELENA, "admin")


@pytest.fixture
def anna(rig, roster: Roster) -> str:  # type: ignore[no-untyped-def]
    """Her page, with a session of hers standing."""
    rig.visitor(ANNA)
    return f"/people/{roster.id(rig.cabinet.people.person(ANNA))}"


def last(rig) -> dict[str, Any]:  # type: ignore[no-untyped-def]
    said: dict[str, Any] = json.loads(rig.cabinet.ledger.entries(newest=1)[0].body)
    return said


def test_everybody_is_listed_by_account_with_roles_team_and_sessions(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    person = rig.cabinet.people.person(ANNA)
    rig.cabinet.roles.grant(person, Role.OWNER, "legal", by=None, source=Source.GROUP)
    roster.teams.label(person, "Vendite & co")
    page = admin.get("/people").text
    assert "2 persone" in page
    for word in (ANNA, ELENA, "responsabile: Ufficio legale", "amministrazione", "Vendite &amp; co", "1 sessione"):
        assert word in page
    assert f'href="{anna}"' in page


def test_whose_a_pseudonym_is_is_told_on_no_page(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    """Not in the addresses either, and not by the minute of a sign-in."""
    pages = admin.get("/people").text + admin.get(anna).text
    for account in (ANNA, ELENA):
        assert rig.cabinet.people.person(account) not in pages
    assert not re.search(r"p_[0-9a-f]{16}", pages)
    assert not re.search(r"\b\d\d:\d\d\b", pages)


def test_a_role_is_given_and_taken_back_on_record(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    person, by = rig.cabinet.people.person(ANNA), rig.cabinet.people.person(ELENA)
    answer = admin.submit(f"{anna}/grant", title="compliance")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{anna}?said=granted")
    assert "Ha il ruolo, da adesso." in admin.get(f"{anna}?said=granted").text
    assert rig.cabinet.roles.roles(person) == {Role.COMPLIANCE}
    assert (last(rig)["kind"], last(rig)["actor"]) == ("role", by)
    assert last(rig)["facts"] == {
        "change": "grant", "person": person, "role": "compliance", "owner": None, "source": "hand",
    }  # fmt: skip
    assert admin.submit(f"{anna}/revoke", title="compliance").headers["location"].endswith("said=revoked")
    assert rig.cabinet.roles.roles(person) == frozenset()


def test_owners_are_the_policys(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    assert admin.submit(f"{anna}/grant", title="owner:legal").status_code == 303
    for nonsense in ("owner:nobody", "owner", "owner:", "king", "", "admin:legal"):
        assert admin.submit(f"{anna}/grant", title=nonsense).status_code == 400
    assert {str(title) for title in rig.cabinet.roles.titles(rig.cabinet.people.person(ANNA))} == {"owner:legal"}


def test_what_a_group_gave_only_the_group_takes(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    person = rig.cabinet.people.person(ANNA)
    rig.cabinet.roles.grant(person, Role.COMPLIANCE, by=None, source=Source.GROUP)
    page = admin.get(anna).text
    assert "(da un gruppo di Slack)" in page
    assert f'action="{anna}/revoke"' not in page
    assert admin.submit(f"{anna}/revoke", title="compliance").headers["location"].endswith("said=grouped")
    assert rig.cabinet.roles.roles(person) == {Role.COMPLIANCE}


@pytest.mark.parametrize(("verb", "fields"), [("revoke", {"title": "admin"}), ("unlink", {"account": ELENA})])
def test_the_last_admin_is_asked_about_first(  # type: ignore[no-untyped-def]
    rig, admin, roster: Roster, verb: str, fields: dict[str, str]
) -> None:
    person = rig.cabinet.people.person(ELENA)
    page = f"/people/{roster.id(person)}"
    asked = admin.submit(f"{page}/{verb}", **fields)
    assert asked.status_code == 409
    assert "L’ultima persona che amministra" in asked.text
    assert rig.cabinet.roles.who(Role.ADMIN) == (person,)
    assert admin.submit(f"{page}/{verb}", sure="yes", **fields).status_code == 303
    assert rig.cabinet.roles.who(Role.ADMIN) == ()
    assert admin.get("/people").status_code in (401, 403)


def test_one_of_two_admins_goes_without_a_question(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    admin.submit(f"{anna}/grant", title="admin")
    assert admin.submit(f"{anna}/revoke", title="admin").status_code == 303


def test_sessions_are_ended_on_record(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    colleague = rig.visitor(ANNA)
    rig.clock.time += 1
    other = rig.visitor(ANNA)
    person = rig.cabinet.people.person(ANNA)
    newest = roster.sessions.of(person, rig.clock())[0]
    assert admin.submit(f"{anna}/end", session=newest.id).headers["location"].endswith("said=ended")
    assert last(rig)["facts"] == {"person": person, "count": 1}
    assert [each.get("/try").status_code for each in (colleague, other)] == [200, 401]
    admin.submit(f"{anna}/end-all")
    assert (last(rig)["kind"], last(rig)["facts"]["count"]) == ("sign_out", 2)
    assert last(rig)["actor"] == rig.cabinet.people.person(ELENA)
    assert roster.sessions.of(person, rig.clock()) == []
    assert admin.get("/people").status_code == 200


def test_a_session_of_somebody_else_is_not_ended_from_a_page(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    mine = roster.sessions.of(rig.cabinet.people.person(ELENA), rig.clock())[0]
    admin.submit(f"{anna}/end", session=mine.id)
    assert admin.get("/people").status_code == 200


def test_an_account_is_taken_away_and_its_sessions_end(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    people, browser = rig.cabinet.people, rig.visitor(ANNA, "compliance")
    person = people.person(ANNA)
    people.link("telegram:7", people.new_code(person, datetime.now(UTC)), datetime.now(UTC))
    assert admin.submit(f"{anna}/unlink", account="slack:T1:UELENA").status_code == 400
    assert admin.submit(f"{anna}/unlink", account="telegram:7").headers["location"] == f"{anna}?said=unlinked"
    assert browser.get("/try").status_code == 401
    assert rig.cabinet.roles.roles(person) == {Role.COMPLIANCE}
    asked = admin.submit(f"{anna}/unlink", account=ANNA)
    assert asked.status_code == 409
    assert "Il suo unico account" in asked.text
    assert people.is_known(ANNA)
    done = admin.submit(f"{anna}/unlink", account=ANNA, sure="yes")
    assert done.headers["location"] == "/people?said=unlinked_last"
    assert not people.is_known(ANNA)
    assert rig.cabinet.roles.roles(person) == frozenset()
    assert last(rig)["facts"] == {"person": person, "was_last": True}
    assert admin.get(anna).status_code == 404


def test_a_legal_hold_keeps_an_account(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    people = rig.cabinet.people
    roster.holds.order(people.person(ANNA), by=people.person(ELENA), reason="A case", at=datetime.now(UTC))
    assert admin.submit(f"{anna}/unlink", account=ANNA, sure="yes").headers["location"].endswith("said=held")
    assert rig.cabinet.people.is_known(ANNA)


def test_a_team_is_noted_and_forgotten(rig, admin, anna: str, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    person = rig.cabinet.people.person(ANNA)
    for written, kept, said in (
        ("  Vendite  Nord ", "Vendite Nord", "labelled"),
        ("x" * 61, "Vendite Nord", "no_team"),
        ("<b>", "<b>", "labelled"),
        ("", None, "labelled"),
    ):
        assert admin.submit(f"{anna}/team", team=written).headers["location"].endswith(f"said={said}")
        assert roster.teams.members().team(person) == kept
        assert "<b>" not in admin.get(anna).text


def test_somebody_is_found_by_account_and_added_if_need_be(rig, admin, anna: str) -> None:  # type: ignore[no-untyped-def]
    assert admin.submit("/people/find", account=f" {ANNA} ").headers["location"] == anna
    new = "slack:T1:UNEW"
    asked = admin.submit("/people/find", account=new)
    assert asked.status_code == 404
    assert not rig.cabinet.people.is_known(new)
    assert 'action="/people/add"' in asked.text
    page = admin.submit("/people/add", account=new).headers["location"]
    assert rig.cabinet.people.is_known(new)
    assert new in admin.get(page).text
    for path in ("/people/find", "/people/add"):
        wrong = admin.submit(path, account="<script>alert(1)</script>")
        assert wrong.status_code == 422
        assert "<script>alert" not in wrong.text


def test_a_long_list_is_shown_in_pages_and_filtered(rig, admin) -> None:  # type: ignore[no-untyped-def]
    people = rig.cabinet.people
    for number in range(60):
        person = people.person(f"local:n{number:03}")
        if number == 59:
            rig.cabinet.roles.grant(person, Role.COMPLIANCE, by=None)
    first, second = admin.get("/people").text, admin.get("/people?page=2").text
    assert "Pagina 1 di 2" in first
    assert first.count('scope="row"') == 50
    assert second.count('scope="row"') == 11
    assert 'href="/people?role=&amp;page=2"' in first
    for role, count in (("compliance", 1), ("some", 2), ("in", 1), ("owner:legal", 0), ("nonsense", 50), ("", 50)):
        assert admin.get("/people", params={"role": role}).text.count('scope="row"') == count, role
    for odd in ("0", "-1", "99", "x", "9" * 400, "²"):
        assert admin.get("/people", params={"page": odd}).status_code == 200


def test_a_program_is_no_person(rig, admin, roster: Roster) -> None:  # type: ignore[no-untyped-def]
    program = "api:c_0123456789"
    page = f"/people/{roster.id(rig.cabinet.people.person(program))}"
    assert program not in admin.get("/people").text
    assert admin.get(page).status_code == 404
    assert admin.submit(f"{page}/grant", title="admin").status_code == 404
    assert admin.submit("/people/add", account=program).status_code == 422


def test_nobody_is_found_by_a_guess(admin) -> None:  # type: ignore[no-untyped-def]
    for guess in ("x", "0" * 32, "p_0123456789abcdef", "%00", "²", "%ED%A0%80"):
        assert admin.get(f"/people/{guess}").status_code == 404
        assert admin.submit(f"/people/{guess}/grant", title="admin").status_code == 404


def test_what_cannot_be_recorded_does_not_hold(rig, admin, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def fails(*_: object, **__: object) -> None:
        raise OSError("slack:T1:UANNA is a secret")

    monkeypatch.setattr(rig.cabinet.ledger, "append", fails)
    for verb, fields in (("grant", {"title": "admin"}), ("end-all", {})):
        answer = admin.submit(f"{anna}/{verb}", **fields)
        assert answer.status_code == 503
        assert "Non è cambiato nulla" in answer.text
    person = rig.cabinet.people.person(ANNA)
    assert rig.cabinet.roles.roles(person) == frozenset()
    assert len(rig.sign_in.sessions.of(person, rig.clock())) == 1


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_an_admin_makes_a_colleague_compliance_and_ends_their_session(  # type: ignore[no-untyped-def]
    rig, roster: Roster, opened: Callable[..., Page], scripts: bool
) -> None:
    colleague = rig.visitor(ANNA)
    page = opened("en", java_script_enabled=scripts, viewport={"width": 360, "height": 740})
    page.get_by_role("link", name="People").click()
    page.get_by_label("Find an account").fill(ANNA)
    page.keyboard.press("Enter")
    page.get_by_label("Give a role").select_option("compliance")
    page.get_by_role("button", name="Give it").click()
    expect(page.get_by_role("status")).to_have_text("They have the role, from now on.")
    assert rig.cabinet.roles.roles(rig.cabinet.people.person(ANNA)) == {Role.COMPLIANCE}
    assert colleague.get("/try").status_code == 200
    page.get_by_role("button", name=re.compile("End it")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The session is over.")
    expect(page.get_by_text("They are not signed in.")).to_be_visible()
    assert colleague.get("/try").status_code == 401
