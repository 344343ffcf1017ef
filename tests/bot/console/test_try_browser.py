"""Marks and what is said of them under the pointer and by the keyboard; what is typed is previewed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

DRAFT = "Trimestre record per noi!!! Il vaglietto vola, idioti."


@pytest.fixture
def judged(opened: Callable[..., Page]) -> Callable[..., Page]:
    """The page with a verdict on it, as somebody types."""

    def judge(**more: Any) -> Page:
        page = opened(**more)
        page.locator("#text").fill(DRAFT)
        expect(page.locator("mark")).to_have_count(4)
        return page

    return judge


def test_a_mark_under_the_pointer_shows_its_clause(judged: Callable[..., Page]) -> None:
    page = judged()
    page.locator("mark.review").hover()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("§ 4.1 Notizie a tempo debito")
    # The pointer may travel onto it, as whoever reads with a magnifier must.
    tip.hover()
    page.wait_for_timeout(300)
    expect(tip).to_be_visible()
    page.locator("h1").hover()
    expect(tip).to_have_count(0)
    page.locator("mark.block").hover()
    expect(page.get_by_role("tooltip")).to_contain_text("§ 1.2 Rispetto")


def test_the_keyboard_reaches_every_clause_and_escape_closes_it(judged: Callable[..., Page]) -> None:
    page = judged()
    page.locator("#check").focus()
    clauses = []
    for _ in range(4):
        while True:
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('a.number')"):
                break
        clauses.append(page.get_by_role("tooltip").inner_text())
        described = page.evaluate("document.getElementById(document.activeElement.getAttribute('aria-describedby')).id")
        assert described == page.get_by_role("tooltip").get_attribute("id")
    assert [part in clause for part, clause in zip(("4.1", "2.1", "2.3", "1.2"), clauses, strict=True)] == [True] * 4
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    assert page.evaluate("document.activeElement.matches('a.number')")


@pytest.mark.parametrize("width", [320, 360])
def test_on_a_phone_a_tap_shows_it_within_the_window(judged: Callable[..., Page], width: int) -> None:
    page = judged(viewport={"width": width, "height": 640}, has_touch=True)
    page.locator("mark.block").tap()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("§ 1.2 Rispetto")
    box = tip.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 640
    page.locator("#verdict").tap()
    expect(tip).to_have_count(0)


def test_without_javascript_a_number_is_a_link(opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    page.locator("#text").fill(DRAFT)
    page.locator("#check").click()
    expect(page.locator(".tip:visible")).to_have_count(0)
    page.locator("a.number").first.click()
    assert page.url.endswith("#remark-2")


def test_what_is_overtaken_is_not_shown(rig: Any, opened: Callable[..., Page]) -> None:
    page = opened()
    for text in ("Il vaglietto", "Il vaglietto vola", "Un trimestre record"):
        page.locator("#text").fill(text)
        page.wait_for_timeout(130)
    expect(page.locator("mark")).to_have_text("trimestre record")
    page.wait_for_timeout(300)
    expect(page.locator("mark")).to_have_text("trimestre record")
    assert rig.recorder.recorded == []


def test_a_writer_asks_an_owner_where_the_verdict_stands(rig: Any, opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("#text").fill("Un trimestre record")
    page.locator("#check").click()
    page.get_by_role("button", name="Chiedi a: Ufficio legale").click()
    said = page.get_by_role("status").filter(has_text="Ufficio legale")
    expect(said).to_be_focused()
    assert len(rig.cabinet.reviews.waiting()) == 1
    page.get_by_text("Non sono d’accordo").click()
    page.get_by_label("Perché qui la regola sbaglia").fill("È già pubblico")
    page.get_by_role("button", name="Invia").click()
    expect(page.get_by_role("status").filter(has_text="Grazie")).to_be_visible()
