"""Slack: what an answer says, in whose language, who sees it, and that it fits whatever the draft."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator

from bot.wording import Wording

ALL = "Il vaglietto dello zibaldone!!! Un trimestre record, idiota."

socket_only = pytest.mark.parametrize("connect", ["socket"], indirect=True)


def labels(language: str, *sentences: str) -> list[str]:
    owners = {"it": "Ufficio legale, Ufficio stampa", "en": "Legal"}
    return [Wording(language).say(sentence, owners=owners[language]) for sentence in sentences]


def forgetting(language: str) -> list[str]:
    """The button, and what it asks before it does."""
    forget = "Forget this draft"
    return labels(language, forget, "Are you sure?", "This cannot be taken back.", forget, "No, leave it")


async def test_the_whole_answer_in_italian(slack: SlackEmulator, answer: Any, house: Any) -> None:
    await slack.slash(ALL)
    shown = await answer()
    revision = house.prescreen.screener.policy.revision
    id = house.recorder.screenings[0].id
    assert shown.text.splitlines() == [
        "⛔ Così, per favore, non pubblicarla",
        "⛔ Così, per favore, non pubblicarla",
        "4 cose da guardare.",
        "Il vaglietto³ dello zibaldone!!!⁴ Un trimestre record², idiota¹.",
        "⛔ 1. 1.2 Rispetto — da non pubblicare",
        "«Con rispetto.»",
        "Offende qualcuno.",
        "→ Di’ che cosa non va.",
        "✋ 2. 4.1 A tempo debito — serve un sì",
        "«Dopo.»",
        "Non ancora annunciato.",
        "→ Aspetta il comunicato.",
        "✏️ 3. 2.3 I nostri nomi — da sistemare",
        "«Così.»",
        "Il prodotto si chiama Vaglio Mini.",
        "Al suo posto: Vaglio Mini",
        "💡 4. 2.1 Voce calma — suggerimento",
        "«Piano.»",
        "Qui il testo grida.",
        "Una proposta — Ricontrollata: da non pubblicare",
        "Il vaglietto Vaglio Mini dello zibaldone!!! zibaldone! Un trimestre record, idiota.",
        "Il Vaglio Mini dello zibaldone! Un trimestre record, idiota.",
        *labels("it", "Use the proposal", "Change it and check again", "Ask: {owners}", "I disagree"),
        *forgetting("it"),
        f"Policy {revision} · controllo {id}",
    ]


async def test_the_whole_answer_in_english(slack: SlackEmulator, answer: Any) -> None:
    await slack.direct_message("A record quarter, says the zibaldone", "U2", files=[{"mimetype": "image/png"}])
    text = (await answer()).text
    assert text.splitlines()[1:-1] == [
        "✋ Wait: somebody else should say yes first",
        "One thing to look at. Who can say yes: Legal.",
        "A record quarter¹, says the zibaldone",
        "✋ 1. 4.1 In due time — needs a yes",
        "«Later.»",
        "Not announced yet.",
        "→ Wait for the release.",
        "Not checked:",
        "• I cannot read attachments (image/png): look at it yourself.",
        *labels("en", "Change it and check again", "Ask: {owners}", "I disagree"),
        *forgetting("en"),
    ]


@socket_only
@pytest.mark.parametrize(
    ("draft", "title"),
    [
        ("Uno zibaldone", "✅ Via libera"),
        ("Uno zibaldone!!!", "✅ Via libera"),
        ("Un vaglietto dello zibaldone", "✏️ Ci siamo quasi: prima c’è qualcosa da sistemare"),
        ("Un trimestre record dello zibaldone", "✋ Aspetta: prima serve il sì di qualcun altro"),
        ("Uno zibaldone idiota", "⛔ Così, per favore, non pubblicarla"),
    ],
)
async def test_the_outcome_comes_first(slack: SlackEmulator, answer: Any, draft: str, title: str) -> None:
    await slack.slash(draft)
    shown = await answer()
    assert shown.payload["text"] == title
    assert shown.payload["blocks"][0]["text"]["text"] == title


@socket_only
async def test_what_was_found_is_marked_and_nothing_else(slack: SlackEmulator, answer: Any) -> None:
    await slack.slash("Uno zibaldone idiota, IDIOTA")
    await answer()
    call = await slack.wait_for("response_url")
    quote = next(block for block in call.payload["blocks"] if block["type"] == "rich_text")["elements"][0]
    marked = [part["text"] for part in quote["elements"] if part.get("style", {}).get("code")]
    assert quote["type"] == "rich_text_quote"
    assert marked == ["idiota", "IDIOTA"]


@socket_only
async def test_a_third_language_is_said_not_to_be_checked(slack: SlackEmulator, answer: Any) -> None:
    spanish = (
        "Hoy publicamos el zibaldone de nuestros empleados y todas las noticias de la empresa, muchas gracias a todos"
    )
    await slack.slash(spanish)
    assert "tone.farewells: non conosce la lingua di questa bozza (es)." in (await answer()).text


async def test_the_chosen_language_beats_slacks(slack: SlackEmulator, answer: Any) -> None:
    await slack.slash("language en")
    assert (await slack.slash("Uno zibaldone")).payload["text"] == "I am reading it…"
    assert "Good to go" in (await answer()).text


async def test_a_third_locale_gets_english(slack: SlackEmulator, answer: Any) -> None:
    assert (await slack.slash("Uno zibaldone", "U3")).payload["text"] == "I am reading it…"
    assert "Good to go" in (await answer()).text


async def test_slack_is_asked_for_a_language_once(slack: SlackEmulator, answer: Any, house: Any) -> None:
    for count in (1, 2, 3):
        await slack.direct_message("Uno zibaldone", "U2")
        assert "Good to go" in (await answer(count)).text
    await house.quiet()
    asked = [call.payload for call in slack.calls if call.method == "users.info"]
    assert [each["include_locale"] for each in asked] in (["1"], ["true"], [True])


async def test_a_language_that_slack_does_not_tell_is_no_obstacle(slack: SlackEmulator, answer: Any) -> None:
    slack.fail_next("users.info", error="internal_error", times=2)
    await slack.direct_message("Uno zibaldone", "U2")
    assert "Via libera" in (await answer()).text
    slack.fail_next("users.info", drop=True, times=2)
    await slack.slash("Uno zibaldone", "U3")
    assert "Via libera" in (await answer(2)).text


async def test_only_the_writer_sees_it(slack: SlackEmulator, answer: Any) -> None:
    await slack.slash(ALL)
    await slack.message_shortcut("check_message", ALL)
    await slack.direct_message(ALL)
    await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    await slack.view_submission("draft", {"text": {"value": ALL}})
    for count in (1, 2, 3, 4):
        await answer(count)
    posts = [call.payload for call in slack.calls if call.method == "chat.postMessage"]
    assert [post["channel"] for post in posts] == ["DU1"]
    answers = [call.payload for call in slack.calls if call.method == "response_url"]
    assert {each["response_type"] for each in answers} == {"ephemeral"}
    assert all(not post["unfurl_links"] and not post["unfurl_media"] for post in posts)


SHOUTED = "LO ZIBALDONE VINCE SEMPRE!!! Versate su IT60X0542811101000000123456."


@socket_only
@pytest.mark.parametrize(
    ("person", "heading"),
    [
        ("U1", "Una proposta — Ricontrollata: via libera"),
        ("U2", "A proposal — Checked again: good to go"),
    ],
)
async def test_a_better_wording_is_struck_through_bold_and_ready_to_copy(
    slack: SlackEmulator, answer: Any, person: str, heading: str
) -> None:
    await slack.direct_message(SHOUTED, person)
    await answer()
    call = await slack.wait_for("chat.postMessage")
    proposed = [block for block in call.payload["blocks"] if block["type"] == "rich_text"][-1]["elements"]
    title, quote, copied = ("".join(part["text"] for part in each["elements"]) for each in proposed)
    assert title == heading
    assert copied.startswith("Lo zibaldone vince sempre! Versate su [num")
    assert quote.startswith("LO ZIBALDONE VINCE SEMPRE!!! Lo zibaldone vince sempre! Versate su IT60X")
    styled = [(part["style"], part["text"]) for part in proposed[1]["elements"] if "style" in part]
    assert styled[:2] == [
        ({"strike": True}, "LO ZIBALDONE VINCE SEMPRE!!!"),
        ({"bold": True}, "Lo zibaldone vince sempre!"),
    ]


@socket_only
async def test_a_secret_stands_in_no_part_of_a_proposal(slack: SlackEmulator, answer: Any) -> None:
    await slack.direct_message("Zibaldone!!! segretissimo7")
    text = (await answer()).text
    assert "Zibaldone! [segreto rimosso]" in text
    assert "segretissimo7" not in text


@socket_only
async def test_where_nothing_would_be_better_nothing_is_proposed(slack: SlackEmulator, answer: Any) -> None:
    await slack.direct_message("Uno zibaldone idiota")
    assert "proposta" not in (await answer()).text


LONG = {
    "3,000 characters": "zibaldone " * 300,
    "10,000 characters": ("zibaldone " * 1000),
    "10,000 characters, found at the end": "zibaldone " * 998 + "idiota",
    "hundreds of findings": "zibaldone idiota! " * 500,
    "hundreds of findings of several rules": "vaglietto zibaldone!!! IDIOTA idiota record quarter " * 180,
    "one word": "zibaldone" + "a" * 2991,
    "one marked word": "zibaldone " + "n" * 2990,
    "emoji": "zibaldone " + "🎉👩‍👩‍👧" * 1600,
    "quotes and backslashes": 'zibaldone idiota "\\" ' * 450,
    "new lines": "zibaldone\n\n\n" * 800,
}


@socket_only
@pytest.mark.parametrize("draft", LONG.values(), ids=LONG)
async def test_an_answer_fits_whatever_the_draft(slack: SlackEmulator, answer: Any, draft: str) -> None:
    await slack.direct_message(draft)
    shown = await answer()
    assert shown.payload["text"][0] in "✅✏✋⛔"
    assert "zibaldone" in shown.text
    assert "controllo s_" in shown.text
    if "idiota" in draft:
        assert "idiota¹" in shown.text


@socket_only
async def test_a_draft_over_the_limit_is_not_read(slack: SlackEmulator, answer: Any, house: Any) -> None:
    await slack.slash("zibaldone." * 1000 + "!", "U2")
    assert "This draft has 10001 characters, and I can read 10000 at a time." in (await answer()).text
    assert house.ledger.entries() == []
