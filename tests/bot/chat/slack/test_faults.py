"""Slack: a table of what goes wrong under buttons, forms, cards and news, and what the person saw all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from emulators.slack import SlackEmulator, words

from bot.drafts import State

ODD = "Un vaglietto dello zibaldone"
NEWS = "Un trimestre record dello zibaldone"
LEGALE, STAMPA = "C11", "C10"

pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)

IN_PLACE, DIRECT, ANEW = "in its place", "in a direct message", "as a new message there"


@dataclass(frozen=True)
class Fault:
    """What is broken before a press, and where the answer was seen."""

    way: str
    seen: str
    fails: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the method of Slack's that fails, how."""
    breaks: Callable[[SlackEmulator], object] = lambda slack: None


def deleted(slack: SlackEmulator) -> None:
    top = slack.top()
    slack.delete(top.channel, top.ts)


def closed(slack: SlackEmulator) -> None:
    slack.close(slack.top("U1", "modal").key)


LIMITED, BROKEN, DROPPED = {"status": 429, "retry_after": 0}, {"status": 503}, {"drop": True}

FAULTS = {
    "429, ephemeral": Fault("command", IN_PLACE, {"response_url": LIMITED}),
    "429, direct message": Fault("direct", IN_PLACE, {"chat.update": LIMITED}),
    "429, modal": Fault("form", IN_PLACE, {"views.update": LIMITED}),
    "5xx, ephemeral": Fault("command", IN_PLACE, {"response_url": BROKEN}),
    "5xx, direct message": Fault("direct", IN_PLACE, {"chat.update": BROKEN}),
    "5xx, modal": Fault("form", IN_PLACE, {"views.update": BROKEN}),
    "dropped socket, ephemeral": Fault("command", IN_PLACE, {"response_url": DROPPED}),
    "dropped socket, direct message": Fault("direct", IN_PLACE, {"chat.update": DROPPED}),
    "dropped socket, modal": Fault("form", IN_PLACE, {"views.update": DROPPED}),
    "used response_url": Fault("command", DIRECT, {"response_url": {"status": 404, "error": "used_url"}}),
    "expired response_url": Fault("command", DIRECT, {"response_url": {"status": 404, "error": "expired_url"}}),
    "deleted message": Fault("direct", ANEW, breaks=deleted),
    "message that may not be changed any more": Fault("direct", ANEW, {"chat.update": {"error": "edit_window_closed"}}),
    "closed modal": Fault("form", DIRECT, breaks=closed),
    "closed modal, then 429": Fault("form", DIRECT, {"chat.postMessage": LIMITED}, breaks=closed),
    "address gone, then 5xx": Fault(
        "command",
        DIRECT,
        {"response_url": {"status": 404, "error": "used_url", "times": 2}, "conversations.open": BROKEN},
    ),
}
"""Under "Use the proposal"; each is answered once."""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_under_a_press(slack: SlackEmulator, verdict: Any, house: Any, say: Any, fault: Fault) -> None:
    before = await verdict(fault.way, ODD)
    fault.breaks(slack)
    for method, how in fault.fails.items():
        slack.fail_next(method, **how)
    await slack.press(say("U1", "Use the proposal"), on=before)
    await house.quiet()
    told = [each for each in slack.screen() if say("U1", "Good to go") in words(each.payload)[:40]]
    assert len(told) == 1
    (after,) = told
    seen = IN_PLACE if after.key == before.key else ANEW if after.channel == before.channel else DIRECT
    assert seen == fault.seen
    assert after.channel == "DU1" or seen == IN_PLACE
    assert len(house.ledger.entries()) == 2


@pytest.mark.parametrize("error", ["expired_trigger_id", "invalid_trigger_id", "internal_error"])
@pytest.mark.parametrize(
    ("way", "method"), [("command", "views.open"), ("direct", "views.open"), ("form", "views.push")]
)
@pytest.mark.parametrize("user", ["U1", "U2"])
async def test_a_form_that_does_not_open_is_asked_for_again(
    slack: SlackEmulator, verdict: Any, house: Any, say: Any, way: str, method: str, error: str, user: str
) -> None:
    await verdict(way, ODD, user)
    slack.fail_next(method, error=error)
    await slack.press(say(user, "Change it and check again"), user)
    again = say(user, "The form did not open in time. Please try again.")
    shown = await slack.wait_for(lambda call: call.method == "chat.postMessage" and again in str(call.payload))
    assert shown.payload["channel"] == f"D{user}"
    assert len(house.ledger.entries()) == 1


async def test_a_press_delivered_again_opens_one_form_and_says_nothing(
    slack: SlackEmulator, verdict: Any, say: Any
) -> None:
    await verdict("command", ODD)
    first = await slack.press(say("U1", "Change it and check again"))
    await slack.opened()
    await slack.resend(first, 0)
    refused = await slack.wait_for("views.open", count=2)
    assert refused.answer["error"] == "exchanged_trigger_id"
    assert [call for call in slack.calls if call.method == "chat.postMessage"] == []


@pytest.mark.parametrize("way", ["command", "direct", "form"])
async def test_a_double_click_does_it_once(slack: SlackEmulator, verdict: Any, house: Any, say: Any, way: str) -> None:
    shown = await verdict(way, ODD)
    acks = [await slack.press(say("U1", "Use the proposal"), on=shown) for _ in range(2)]
    acks.append(await slack.resend(acks[0], 0))
    assert [ack.status for ack in acks] == [200] * 3
    await house.quiet()
    assert say("U1", "Good to go") in slack.reads()
    # At most once more, if the two clicks fall into two moments.
    assert len(house.ledger.entries()) in (2, 3)
    assert len([each for each in slack.screen() if say("U1", "Good to go") in words(each.payload)[:40]]) == 1


@pytest.mark.parametrize("way", ["command", "direct", "form"])
async def test_a_restart_between_acknowledgement_and_answer(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, say: Any, way: str
) -> None:
    first = make_house()
    first.start()
    async with connect(emulator, make_chat(first)):
        if way == "form":
            await emulator.global_shortcut("new_draft")
            await emulator.opened()
            await emulator.submit(text=ODD)
        else:
            await (emulator.slash(ODD) if way == "command" else emulator.direct_message(ODD))
        await first.quiet()
        before = emulator.top()
        await first.stop()
        assert (await emulator.press(say("U1", "Use the proposal"))).status == 200
    assert first.pending() == 1
    assert b"response" not in first.bytes()
    second = make_house()
    async with connect(emulator, make_chat(second)):
        second.start()
        await second.quiet()
        assert emulator.top().key == before.key
        assert say("U1", "Good to go") in emulator.reads()
    assert len(second.ledger.entries()) == 2


# --- Owners and news -------------------------------------------------------------------------------------------------

LOST = ["channel_not_found", "is_archived", "not_in_channel", "restricted_action", "invalid_blocks"]


@pytest.mark.parametrize("error", LOST)
async def test_a_channel_that_takes_no_cards(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, error: str, logged: Any
) -> None:
    await verdict("direct", NEWS)
    slack.fail_next("chat.postMessage", error=error)
    await press("Ask: {owners}", owners="Ufficio legale")
    # Whoever is next has the card at once, and its writer knows.
    (card,) = [each for each in slack.screen("U3") if each.channel in (LEGALE, STAMPA)]
    assert card.channel == STAMPA
    texts = [words(each.payload) for each in slack.screen() if each.channel == "DU1"]
    assert any(say("U1", "Your draft is still waiting") in text for text in texts)
    assert any("Ufficio stampa" in text for text in texts)
    assert '"event": "work.undeliverable"' in logged()
    await slack.press(say("U1", "Approve"), "U3", on=card)
    await house.quiet()
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.APPROVED


@pytest.mark.parametrize("fault", [LIMITED, BROKEN, DROPPED, {"error": "internal_error"}])
async def test_a_card_that_waits(slack: SlackEmulator, verdict: Any, press: Any, fault: Any) -> None:
    await verdict("command", NEWS)
    slack.fail_next("chat.postMessage", times=2, **fault)
    await press("Ask: {owners}", owners="Ufficio legale")
    assert [each.channel for each in slack.screen("U3") if each.kind == "message"] == [LEGALE]


@pytest.mark.parametrize("gone", ["deleted", "message_not_found", "cant_update_message"])
async def test_a_card_that_was_deleted_is_posted_anew(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, gone: str
) -> None:
    await verdict("command", NEWS)
    await press("Ask: {owners}", owners="Ufficio legale")
    (card,) = [each for each in slack.screen("U3") if each.channel == LEGALE]
    if gone == "deleted":
        slack.delete(card.channel, card.ts)
    else:
        slack.fail_next("chat.update", error=gone)
    await slack.press(say("U1", "I am looking at it"), "U3", on=card)
    await house.quiet()
    newest = max((each for each in slack.screen("U3") if each.channel == LEGALE), key=lambda each: each.at)
    assert newest.key != card.key
    assert "carla" in words(newest.payload)
    await slack.press(say("U1", "Approve"), "U3", on=newest)
    await house.quiet()
    assert house.cabinet.drafts.find(house.recorder.screenings[0].id).state is State.APPROVED


@pytest.mark.parametrize("error", ["user_not_found", "user_disabled", "account_inactive"])
async def test_a_writer_who_left(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, error: str, logged: Any
) -> None:
    await verdict("command", NEWS)
    await press("Ask: {owners}", owners="Ufficio legale")
    (card,) = [each for each in slack.screen("U3") if each.channel == LEGALE]
    slack.fail_next("conversations.open", error=error)
    await slack.press(say("U1", "Approve"), "U3", on=card)
    await house.quiet()
    assert f'"reason": "{error}"' in logged()
    assert [each for each in slack.screen() if each.channel == "DU1"] == []
    # Whoever approved is none the worse for it.
    assert say("U3", "Noted. The writer hears it at once.") in slack.reads("U3", "ephemeral")


async def test_news_whose_answer_is_lost_is_recorded_once(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any
) -> None:
    await verdict("command", NEWS)
    await press("Ask: {owners}", owners="Ufficio legale")
    (card,) = [each for each in slack.screen("U3") if each.channel == LEGALE]
    slack.fail_next("chat.update", lost=True)
    slack.fail_next("conversations.open", 503)
    await slack.press(say("U1", "Approve"), "U3", on=card)
    await house.quiet()
    assert [entry.kind for entry in house.ledger.entries()].count("decision") == 1
    assert len([each for each in slack.screen() if each.channel == "DU1"]) == 1
    assert len([each for each in slack.screen("U2") if each.channel == LEGALE]) == 1


async def test_a_long_page_is_not_said_again_from_the_beginning(
    slack: SlackEmulator, house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.reply import Reply

    pages = Reply("", None, "Titolo", "\n\n".join("z" * 2_500 for _ in range(9)), sign="📖", footer="r1")
    monkeypatch.setattr(house.learning, "policy", lambda account, language: pages)
    await slack.direct_message("policy")
    posted = await slack.wait_for("chat.postMessage")
    slack.fail_next("chat.postMessage", 503)
    await house.quiet()
    shown = [each for each in slack.screen() if each.channel == "DU1"]
    assert posted.answer["ok"]
    assert len(shown) == 2
    assert "".join(words(each.payload) for each in shown).count("z") == 22_500
