"""Slack: whatever is delivered twice is answered once, and in the record once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from emulators.slack import SlackEmulator

DRAFT = "Che idiota, lo zibaldone"
ANSWERS = ("response_url", "chat.postMessage", "views.update")


async def once(slack: SlackEmulator, house: Any) -> None:
    await house.quiet()
    assert len([call for call in slack.calls if call.method in ANSWERS]) == 1
    assert len(house.ledger.entries()) == 1
    assert house.ledger.verify().is_sound


@pytest.mark.parametrize("attempt", [0, 1, 3])
async def test_a_message_delivered_again(slack: SlackEmulator, answer: Any, house: Any, attempt: int) -> None:
    first = await slack.direct_message(DRAFT)
    await answer()
    assert (await slack.resend(first, attempt)).status == 200
    await once(slack, house)


async def test_the_same_event_in_another_envelope(slack: SlackEmulator, answer: Any, house: Any) -> None:
    for _ in range(2):
        await slack.direct_message(DRAFT, event_id="Ev42")
    await answer()
    await once(slack, house)


@pytest.mark.parametrize("attempt", [0, 1])
async def test_a_command_delivered_again(slack: SlackEmulator, answer: Any, house: Any, attempt: int) -> None:
    first = await slack.slash(DRAFT)
    await answer()
    again = await slack.resend(first, attempt)
    assert (again.status, again.payload) == (200, {})
    await once(slack, house)


async def test_the_same_trigger(slack: SlackEmulator, answer: Any, house: Any) -> None:
    await asyncio.gather(*(slack.slash(DRAFT, trigger_id="t.1.x") for _ in range(5)))
    await answer()
    await once(slack, house)


async def test_a_shortcut_delivered_again(slack: SlackEmulator, answer: Any, house: Any) -> None:
    first = await slack.message_shortcut("check_message", DRAFT)
    await answer()
    await slack.resend(first, 0)
    await once(slack, house)


async def test_a_form_delivered_again_keeps_its_answer(slack: SlackEmulator, answer: Any, house: Any) -> None:
    await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    first = await slack.view_submission("draft", {"text": {"value": DRAFT}})
    await answer()
    # An update now would put the sentence that it is being read in place of the answer.
    assert (await slack.resend(first, 0)).payload == {}
    await once(slack, house)


async def test_the_same_form_mended_and_sent_again_is_another_draft(
    slack: SlackEmulator, answer: Any, house: Any
) -> None:
    await slack.global_shortcut("new_draft")
    opened = await slack.wait_for("views.open")
    view = opened.answer["view"]["id"]
    form = slack.views[view]
    await slack.view_submission("draft", {"text": {"value": DRAFT}}, view_id=view)
    await answer()
    slack.views[view] = form
    await slack.view_submission("draft", {"text": {"value": "Uno zibaldone"}}, view_id=view)
    assert "Via libera" in (await answer(2)).text
    await house.quiet()
    assert len(house.ledger.entries()) == 2


async def test_a_form_is_opened_once(slack: SlackEmulator, house: Any) -> None:
    first = await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    await slack.resend(first, 0)
    refused = await slack.wait_for("views.open", count=2)
    assert refused.answer["error"] == "exchanged_trigger_id"
