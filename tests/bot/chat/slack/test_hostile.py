"""Slack: whatever a draft holds, the answer's words are words: nothing goes live, and nothing steers the reader."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from emulators.slack import SlackEmulator
from emulators.slack_limits import live_parts, objects

STEERING = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u200b\u2060\ufeff\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"
)
STACKED = re.compile("[\u0300-\u036f]{5}")

pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)


def inert(payload: Any) -> None:
    message = payload.get("view", payload)
    assert live_parts(message) == []
    # `mrkdwn` is never used, and an emoji's name stays one.
    assert {node["emoji"] for node in objects(message) if node.get("type") == "plain_text" and "emoji" in node} <= {
        False
    }
    spoken = [node["text"] for node in objects(message) if isinstance(node.get("text"), str)]
    assert not any(STEERING.search(text) or STACKED.search(text) for text in spoken)


async def test_by_direct_message(slack: SlackEmulator, answer: Any, hostile: str) -> None:
    await slack.direct_message(hostile)
    assert "zibaldone" in (await answer()).text.lower()
    inert((await slack.wait_for("chat.postMessage")).payload)


async def test_in_the_form(slack: SlackEmulator, answer: Any, hostile: str) -> None:
    await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    await slack.view_submission("draft", {"text": {"value": hostile}, "in_reply_to": {"value": hostile}})
    assert "zibaldone" in (await answer()).text.lower()
    for method in ("views.open", "ack", "views.update"):
        inert((await slack.wait_for(method)).payload)


async def test_by_command(slack: SlackEmulator, answer: Any, hostile: str) -> None:
    await slack.slash(hostile)
    assert "zibaldone" in (await answer()).text.lower()
    for method in ("ack", "response_url"):
        inert((await slack.wait_for(method)).payload)


async def test_a_proposal_of_hostile_words(slack: SlackEmulator, answer: Any, hostile: str) -> None:
    await slack.direct_message(f"{hostile[:2000]} vaglietto!!!")
    assert "Una proposta" in (await answer()).text
    inert((await slack.wait_for("chat.postMessage")).payload)


async def test_people_may_have_hostile_names_too(slack: SlackEmulator, answer: Any) -> None:
    slack.users["U9"] = {"name": "carla", "profile": {"display_name": "<!channel> :tada: \u202e*b*"}}
    await slack.direct_message("zibaldone di @carla")
    assert "zibaldone di @<!channel> :tada: \ufffd*b*" in (await answer()).text
    inert((await slack.wait_for("chat.postMessage")).payload)


async def test_a_files_type_is_only_words(slack: SlackEmulator, answer: Any) -> None:
    await slack.direct_message("zibaldone", files=[{"mimetype": "<!channel> \u202e:tada:"}])
    assert "<!channel> \ufffd:tada:" in (await answer()).text
    call = await slack.wait_for("chat.postMessage")
    inert(call.payload)
    assert "\\u202e" not in json.dumps(call.payload)


def all_inert(slack: SlackEmulator) -> None:
    """Everything that anybody was shown, and whatever was put into an input besides."""
    shown = [call for call in slack.calls if call.method.startswith(("chat.", "views.", "response_url", "ack"))]
    for call in shown:
        # A view that its acknowledgement has not brought yet shows nothing.
        assert call.answer["ok"] or (call.method, call.answer["error"]) == ("views.update", "not_found")
    for call in shown:
        inert(call.payload)


async def test_from_a_draft_to_its_owners_word(
    slack: SlackEmulator, house: Any, verdict: Any, press: Any, say: Any, hostile: str
) -> None:
    words = hostile[:2_500]
    slack.users["U3"]["name"] = hostile[:90]
    await slack.app_home_opened()
    await slack.global_shortcut("new_draft")
    await slack.opened()
    await slack.submit(text=f"{words} trimestre record vaglietto", in_reply_to=words)
    await house.quiet()
    await slack.press(next(each for each in slack.labels("U1", "modal") if each.startswith("Chiedi a:")))
    await house.quiet()
    (card,) = (each for each in slack.screen() if each.channel == "C11")
    await slack.press(say("U1", "I am looking at it"), "U3", on=card)
    await house.quiet()
    await slack.press(say("U1", "Reject"), "U3", on=slack.surfaces[card.key])
    await slack.opened("U3")
    await slack.submit("U3", text=f"Motivo {words}")
    await house.quiet()
    news = next(each for each in reversed(slack.screen()) if each.channel == "DU1")
    assert "Motivo zib" in str(news.payload).replace("ZIB", "zib")
    await slack.press(say("U1", "Change it and check again"), on=news)
    await slack.opened()
    await slack.submit(text=f"{words} vaglietto")
    await house.quiet()
    await press("Use the proposal")
    all_inert(slack)


async def test_reasons_links_and_appeals(
    slack: SlackEmulator, house: Any, verdict: Any, press: Any, say: Any, hostile: str
) -> None:
    words = hostile[:2_500]
    slack.users["U3"]["name"] = hostile[:90]
    await verdict("direct", "Un vaglietto dello zibaldone")
    await press("I disagree", words=words)
    (card,) = (each for each in slack.screen() if each.channel == "C10")
    await slack.press(say("U1", "The writer is right"), "U3", on=card)
    await slack.opened("U3")
    await slack.submit("U3", text=words)
    await house.quiet()
    await verdict("direct", "Un altro vaglietto dello zibaldone")
    await press("Publish it anyway")
    await press("I published it", words=words)
    await slack.slash("verify ABCDEFGH")
    await slack.opened()
    await slack.submit(code=hostile[:20], text=words)
    await house.quiet()
    await slack.slash("mine")
    await slack.app_home_opened()
    await house.quiet()
    all_inert(slack)
