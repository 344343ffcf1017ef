"""The try page in a real browser: typed into, read, pressed, with and without JavaScript, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

DRAFT = {
    "it": "Trimestre record per noi!!! Il vaglietto vola, idioti.",
    "en": "Record quarter for us!!! The vaglietto flies, idiots.",
}
MARKED = {
    "it": ["Trimestre record", "!!!", "vaglietto", "idioti"],
    "en": ["Record quarter", "!!!", "vaglietto", "idiots"],
}
BLOCKED = {"it": "Così, per favore, non pubblicarla", "en": "Please do not publish this as it is"}
PREVIEWED = {"it": "Anteprima, non registrata", "en": "Previewed, not recorded"}
RECORDED = {"it": "Controllata e registrata", "en": "Checked and recorded"}

# Every piece of text that shows, with what lies behind it: the lowest contrast, and where it is.
CONTRAST = """() => {
  const parts = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const seen = [];
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || element.value;
    if (!says || !element.checkVisibility() || element.closest("option, template, noscript, .skip")) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    seen.push([(a + 0.05) / (b + 0.05), `${element.tagName} ${element.className}`]);
  }
  return seen.sort((x, y) => x[0] - y[0])[0];
}"""


@pytest.mark.parametrize("language", ["it", "en"])
def test_a_draft_is_previewed_then_checked(rig, opened: Callable[..., Page], language: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator("#text").press_sequentially(DRAFT[language])
    expect(page.get_by_role("heading", name=BLOCKED[language])).to_be_visible()
    expect(page.get_by_text(PREVIEWED[language])).to_be_visible()
    assert rig.recorder.recorded == []
    page.locator("#check").click()
    expect(page.get_by_text(RECORDED[language])).to_be_visible()
    expect(page.locator("#verdict")).to_be_focused()
    assert [screening.draft.text for screening in rig.recorder.recorded] == [DRAFT[language]]
    assert page.locator("mark").all_inner_texts() == MARKED[language]
    expect(page.locator(".remarks > li")).to_have_count(4)
    assert page.url.endswith("/try")


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_same_without_javascript(rig, opened: Callable[..., Page], language: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(language, java_script_enabled=False)
    page.locator("#text").fill(DRAFT[language])
    page.locator("#check").click()
    expect(page.get_by_role("heading", name=BLOCKED[language])).to_be_visible()
    expect(page.get_by_text(RECORDED[language])).to_be_visible()
    expect(page.locator("#text")).to_have_value(DRAFT[language])
    assert len(rig.recorder.recorded) == 1


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_replied_to_is_asked_of_replies_only(opened: Callable[..., Page], scripts: bool) -> None:
    page = opened(java_script_enabled=scripts)
    expect(page.locator("#in-reply-to")).to_be_hidden()
    page.get_by_label("Una risposta").check()
    expect(page.get_by_label("A che cosa rispondi")).to_be_visible()


def test_a_preview_that_was_about_to_come_does_not_replace_the_verdict(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("#text").press_sequentially("Il vaglietto vola")
    page.locator("#check").click()
    expect(page.get_by_text(RECORDED["it"])).to_be_visible()
    page.wait_for_timeout(800)
    expect(page.get_by_text(RECORDED["it"])).to_be_visible()
    page.locator("#text").press_sequentially(" davvero")
    expect(page.get_by_text(PREVIEWED["it"])).to_be_visible()


def test_changing_language_keeps_what_was_written(opened: Callable[..., Page]) -> None:
    page = opened()
    page.locator("#text").fill("Il vaglietto vola")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Nearly there")).to_be_visible()
    expect(page.locator("#text")).to_have_value("Il vaglietto vola")


def test_without_a_record_the_page_says_so(rig, opened: Callable[..., Page]) -> None:  # type: ignore[no-untyped-def]
    page = opened()
    rig.recorder.error = OSError()
    page.locator("#text").fill(DRAFT["it"])
    page.locator("#check").click()
    expect(page.locator("#result")).to_contain_text("la tua bozza NON è stata controllata")
    expect(page.locator("mark")).to_have_count(0)


SHOUTED = "ABBIAMO VINTO TUTTI INSIEME!!! Versate su IT60X0542811101000000123456\n\nIl vaglietto vola."
CALM = "Abbiamo vinto tutti insieme! Versate su [numero rimosso]\n\nIl Vaglio Mini vola."
USE = {"it": "Usa questa versione", "en": "Use this wording"}


@pytest.mark.parametrize("language", ["it", "en"])
def test_a_proposal_is_used_by_the_keyboard_and_undone(opened: Callable[..., Page], language: str) -> None:
    page = opened(language)
    text, use = page.locator("#text"), page.get_by_role("button", name=USE[language])
    text.fill(SHOUTED)
    use.focus()
    page.keyboard.press("Enter")
    expect(text).to_have_value(CALM)
    expect(text).to_be_focused()
    expect(page.locator(".verdict.clear")).to_be_visible()
    expect(page.get_by_text(PREVIEWED[language])).to_be_visible()
    expect(use).to_have_count(0)
    page.keyboard.press("ControlOrMeta+z")
    expect(text).to_have_value(SHOUTED)


def test_a_proposal_after_the_verdict_is_used_too(rig, opened: Callable[..., Page]) -> None:  # type: ignore[no-untyped-def]
    page = opened()
    page.locator("#text").fill(SHOUTED)
    page.locator("#check").click()
    expect(page.get_by_text(RECORDED["it"])).to_be_visible()
    page.get_by_role("button", name=USE["it"]).click()
    expect(page.locator(".verdict.clear")).to_be_visible()
    expect(page.get_by_text(PREVIEWED["it"])).to_be_visible()
    assert len(rig.recorder.recorded) == 1


def test_without_javascript_a_proposal_stands_there_to_be_copied(opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)
    page.locator("#text").fill(SHOUTED)
    page.locator("#check").click()
    expect(page.get_by_role("button", name=USE["it"])).to_be_hidden()
    page.get_by_text("Il testo intero, da copiare").click()
    expect(page.get_by_role("textbox", name="Il testo intero, da copiare")).to_have_value(CALM)


def test_a_hostile_proposal_is_used_as_words(opened: Callable[..., Page], hostile: str) -> None:
    page = opened()
    page.on("dialog", lambda dialog: pytest.fail(f"a draft opened a dialog: {dialog.message}"))
    page.locator("#text").fill(f"</textarea></del>{hostile}!!!")
    page.get_by_role("button", name=USE["it"]).click()
    expect(page.locator("#text")).to_have_value(f"</textarea></del>{hostile}!")
    expect(page.locator("#result img, #result script")).to_have_count(0)


def test_a_server_out_of_reach_is_said(opened: Callable[..., Page]) -> None:
    page = opened()
    page.route("**/try**", lambda route: route.abort())
    page.locator("#text").fill(DRAFT["it"])
    expect(page.locator("#result")).to_contain_text("la tua bozza NON è stata controllata")


def test_hostile_markup_does_nothing(opened: Callable[..., Page], hostile: str) -> None:
    page = opened()
    page.on("dialog", lambda dialog: pytest.fail(f"a draft opened a dialog: {dialog.message}"))
    page.locator("#text").fill(f"</textarea></blockquote>{hostile}")
    page.locator("#check").click()
    expect(page.get_by_text(RECORDED["it"])).to_be_visible()
    expect(page.locator("#result img, #result script")).to_have_count(0)
    expect(page.locator("blockquote")).to_contain_text("<script>alert(1)</script>")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#text")).to_have_value(f"</textarea></blockquote>{hostile}")


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_overflows_sideways(opened: Callable[..., Page], width: int, scripts: bool) -> None:
    page = opened(java_script_enabled=scripts, viewport={"width": width, "height": 740})
    page.get_by_label("Una risposta").check()
    page.locator("#text").fill(f"{DRAFT['it']} {'lungo' * 80}")
    page.locator("#check").click()
    expect(page.get_by_text(RECORDED["it"])).to_be_visible()
    expect(page.locator("#verdict")).to_be_in_viewport()
    for element in ("html", "body", "main", "#result"):
        room, needed = page.locator(element).evaluate("e => [e.clientWidth, e.scrollWidth]")
        assert needed <= room, element


def test_the_keyboard_alone_is_enough(rig, opened: Callable[..., Page]) -> None:  # type: ignore[no-untyped-def]
    page = opened()

    def tab_to(selector: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        pytest.fail(f"the keyboard does not reach {selector}")

    tab_to("#text")
    page.keyboard.type(DRAFT["it"])
    tab_to("input[name=kind]")
    page.keyboard.press("ArrowDown")
    tab_to("#in-reply-to")
    page.keyboard.type("Quando arriva?")
    tab_to("#channel")
    page.keyboard.press("L")
    tab_to("#check")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_focused()
    tab_to("a.number")
    page.keyboard.press("Enter")
    expect(page.locator("#remark-2")).to_be_focused()
    draft = rig.recorder.recorded[0].draft
    assert (draft.kind, draft.in_reply_to, draft.channel) == ("reply", "Quando arriva?", "linkedin")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_that_is_written_can_be_read(rig, opened: Callable[..., Page], scheme: str) -> None:  # type: ignore[no-untyped-def]
    page = opened(color_scheme=scheme)
    contrasts = [page.evaluate(CONTRAST)]
    for text, outcome in (
        (DRAFT["it"], "block"),
        ("Trimestre record", "review"),
        ("Il vaglietto", "revise"),
        ("Buongiorno", "clear"),
    ):
        page.locator("#text").fill(text)
        expect(page.locator(f".verdict.{outcome}")).to_be_visible()
        contrasts.append(page.evaluate(CONTRAST))
    assert [(ratio, place) for ratio, place in contrasts if ratio < 4.5] == []
