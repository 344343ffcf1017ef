"""An owner's way in a real browser: read, write, rule; what others do meanwhile comes in and takes no words away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.actions import Action, Verb
from bot.deeds import Act
from bot.review import Asked, Ruling
from rules.draft import Draft

pytestmark = pytest.mark.browser

WRITER = "slack:T1:UBRUNO"
POLL = "htmx.trigger(document.getElementById('queue'), 'refresh')"


@pytest.fixture
def carla(browser: Browser, rig: Any, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the queue as an owner who is signed in."""
    contexts, complaints = [], []

    def open_page(**more: Any) -> Page:
        cookie = rig.visitor("slack:T1:UCARLA", "owner:legal", "owner:press").cookies.get("vaglio")
        context = browser.new_context(locale="it-IT", **more)
        contexts.append(context)
        context.add_cookies([{"name": "vaglio", "value": cookie, "url": address}])
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/reviews")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def ask(rig: Any) -> Callable[[str], Asked]:
    def asked(text: str) -> Asked:
        id = f"s_{len(rig.recorder.recorded)}"
        rig.desk.conversation.check(id, Draft(text=text, author=WRITER), "it")
        rig.desk.conversation.act(Act("e1", WRITER, Action(Verb.ASK, id), "it", datetime.now(UTC)))
        return rig.cabinet.reviews.of_screening(id)[0]  # type: ignore[no-any-return]

    return asked


def approve_elsewhere(rig: Any, seat: Asked) -> None:
    """As a colleague does in a chat."""
    fabio = "slack:T1:UFABIO"
    rig.visitor(fabio, "owner:legal")
    act = Act("e2", fabio, Action(Verb.APPROVE, seat.id), "it", datetime.now(UTC), name="fabio", place="slack:C1")
    rig.desk.conversation.act(act)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_owner_asks_for_a_change(rig: Any, carla: Callable[..., Page], ask: Any, scripts: bool) -> None:
    seat = ask("Un trimestre record, finalmente")
    page = carla(java_script_enabled=scripts)
    expect(page.get_by_role("heading", name="Una bozza aspetta il sì di: Ufficio legale")).to_be_visible()
    page.get_by_label("Che cosa ne dici").fill("Aspetta giovedì")
    page.get_by_role("button", name="Chiedi una modifica").click()
    said = page.get_by_role("status").filter(has_text="Segnato")
    expect(said).to_be_visible()
    if scripts:
        expect(said).to_be_focused()
        assert page.url.endswith("/reviews")
    expect(page.get_by_role("button", name="Approva")).to_have_count(0)
    found = rig.cabinet.reviews.seat(seat.id)
    assert (found.state, found.reason) == (Ruling.CHANGE, "Aspetta giovedì")


def test_the_keyboard_alone_is_enough(rig: Any, carla: Callable[..., Page], ask: Any) -> None:
    seat = ask("Un trimestre record, finalmente")
    page = carla()
    page.locator("a.number").focus()
    expect(page.get_by_role("tooltip")).to_contain_text("§ 4.1 Notizie a tempo debito")
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.type("Va bene")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Approvata da Ufficio legale")).to_be_visible()
    assert rig.cabinet.reviews.seat(seat.id).reason == "Va bene"


def test_what_is_new_comes_in_and_what_is_settled_goes(rig: Any, carla: Callable[..., Page], ask: Any) -> None:
    first = ask("Un trimestre record, in marzo")
    page = carla()
    expect(page).to_have_title("(1) Richieste · Vaglio")
    second = ask("Un trimestre record, in giugno")
    approve_elsewhere(rig, first)
    page.evaluate(POLL)
    expect(page.locator(f"#card-{second.id}")).to_be_visible()
    expect(page.locator(f"#card-{first.id}")).to_have_count(0)
    # What came in later works as what was there.
    page.get_by_role("button", name="Approva").click()
    expect(page.get_by_text("Approvata da Ufficio legale")).to_be_visible()
    assert page.url.endswith("/reviews")


def test_a_half_written_reason_is_not_lost(rig: Any, carla: Callable[..., Page], ask: Any) -> None:
    first, second = ask("Un trimestre record, in marzo"), ask("Un trimestre record, in giugno")
    page = carla()
    cards = {seat.id: page.locator(f"#card-{seat.id}") for seat in (first, second)}
    for card in cards.values():
        card.locator("textarea").fill("Non prima del comu")
    approve_elsewhere(rig, first)
    third = ask("Un trimestre record, in luglio")
    page.evaluate(POLL)
    expect(page.locator(f"#card-{third.id}")).to_be_visible()
    for card in cards.values():
        expect(card.locator("textarea")).to_have_value("Non prima del comu")
    expect(cards[first.id].get_by_text("Nel frattempo è cambiata")).to_be_visible()
    expect(cards[second.id].get_by_text("Nel frattempo è cambiata")).to_be_hidden()
    # Sent all the same, it is told that somebody was faster.
    cards[first.id].get_by_role("button", name="Respingi").click()
    expect(page.get_by_text("Qualcuno ha fatto prima")).to_be_visible()


def test_a_server_out_of_reach_is_said(carla: Callable[..., Page], ask: Any) -> None:
    ask("Un trimestre record, in marzo")
    page = carla()
    page.route("**/reviews**", lambda route: route.abort())
    page.evaluate(POLL)
    expect(page.get_by_text("Non riesco a raggiungere Vaglio")).to_be_visible()
    expect(page.locator("article")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_overflows_sideways(carla: Callable[..., Page], ask: Any, width: int) -> None:
    ask(f"Un trimestre record!!! {'lungo' * 80} vaglietto")
    page = carla(viewport={"width": width, "height": 740})
    for element in ("html", "body", "main", "article"):
        room, needed = page.locator(element).evaluate("e => [e.clientWidth, e.scrollWidth]")
        assert needed <= room, element
    page.locator("a.number").first.focus()
    box = page.get_by_role("tooltip").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
