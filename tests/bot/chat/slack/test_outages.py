"""Slack: what goes wrong on the way, and what the writer sees all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import unheard
from emulators.slack import LateAck, SlackEmulator, signed, words

from bot.chat.slack import SlackChat, slack_client

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = "Così, per favore, non pubblicarla"
FAILED = "la tua bozza NON è stata controllata"
SECRET = "s3cret"
LEGALE = "C11"

WAYS = {"command": "response_url", "shortcut": "response_url", "direct": "chat.postMessage", "form": "views.update"}


async def hand_in(slack: SlackEmulator, way: str, text: str = DRAFT) -> Any:
    match way:
        case "command":
            return await slack.slash(text)
        case "shortcut":
            return await slack.message_shortcut("check_message", text)
        case "direct":
            return await slack.direct_message(text)
    await slack.global_shortcut("new_draft")
    opened = await slack.wait_for("views.open")
    return await slack.view_submission("draft", {"text": {"value": text}}, view_id=opened.answer["view"]["id"])


PASSING = {
    "rate limit": {"status": 429, "retry_after": 0},
    "server error": {"status": 503},
    "dropped": {"drop": True},
    "internal error": {"error": "internal_error"},
    "token revoked for a while": {"error": "token_revoked"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_passes_is_waited_out(slack: SlackEmulator, answer: Any, house: Any, fault: Any, way: str) -> None:
    slack.fail_next(WAYS[way], **fault)
    await hand_in(slack, way)
    shown = await answer()
    assert BLOCKED in shown.text
    await house.quiet()
    assert len(house.ledger.entries()) == 1
    assert len([each for each in slack.posted if each.method == shown.method]) == 1


@pytest.mark.parametrize("way", ["command", "shortcut", "form"])
async def test_an_answer_without_a_history_whose_receipt_is_lost_may_be_shown_twice_and_is_recorded_once(
    slack: SlackEmulator, answer: Any, house: Any, way: str
) -> None:
    slack.fail_next(WAYS[way], lost=True)
    await hand_in(slack, way)
    assert BLOCKED in (await answer(1)).text
    assert (await answer(1)).text == (await answer(2)).text
    await house.quiet()
    assert len(house.ledger.entries()) == 1


@pytest.mark.parametrize("error", ["expired_url", "used_url", "no_active_hooks", "invalid_token"])
@pytest.mark.parametrize("way", ["command", "shortcut"])
async def test_an_address_that_takes_no_answers_any_more(
    slack: SlackEmulator, answer: Any, way: str, error: str
) -> None:
    slack.fail_next("response_url", 404, error=error)
    await hand_in(slack, way)
    shown = await answer()
    assert (shown.method, shown.payload["channel"]) == ("chat.postMessage", "DU1")
    assert BLOCKED in shown.text


async def test_an_address_that_has_expired_in_truth(
    emulator: SlackEmulator, make_house: Any, make_chat: Callable[[Any], SlackChat], connect: Any, answer: Any
) -> None:
    house = make_house()
    async with connect(emulator, make_chat(house)):
        ack = await emulator.slash(DRAFT)
        emulator.expire(ack.envelope["payload"]["response_url"])
        house.start()
        assert (await answer()).method == "chat.postMessage"


async def test_a_view_that_was_closed(
    emulator: SlackEmulator, make_house: Any, make_chat: Callable[[Any], SlackChat], connect: Any, answer: Any
) -> None:
    house = make_house()
    async with connect(emulator, make_chat(house)):
        await hand_in(emulator, "form")
        emulator.views.clear()
        house.start()
        shown = await answer()
        assert (shown.method, shown.payload["channel"]) == ("chat.postMessage", "DU1")
        assert BLOCKED in shown.text


@pytest.mark.parametrize(
    ("way", "method", "error"),
    [
        ("direct", "chat.postMessage", "channel_not_found"),
        ("direct", "chat.postMessage", "is_archived"),
        ("direct", "chat.postMessage", "account_inactive"),
        ("command", "conversations.open", "user_not_found"),
        ("form", "conversations.open", "user_disabled"),
    ],
)
async def test_where_nobody_is_left_it_ends(
    slack: SlackEmulator, house: Any, logged: Any, monkeypatch: pytest.MonkeyPatch, way: str, method: str, error: str
) -> None:
    # The form is closed for good, and nobody waits for what its acknowledgement would put in its place.
    monkeypatch.setattr("bot.chat.slack_delivery._ACKNOWLEDGED", 0.0)
    slack.fail_next("response_url", 404, error="expired_url")
    slack.fail_next("views.update", error="not_found")
    slack.fail_next(method, error=error)
    await hand_in(slack, way)
    await house.quiet()
    assert f'"reason": "{error}"' in logged()
    assert len([call for call in slack.calls if call.method == method]) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_slack_will_never_take_becomes_a_failure_that_is_said(
    slack: SlackEmulator, answer: Any, house: Any, way: str
) -> None:
    slack.fail_next(WAYS[way], error="invalid_blocks")
    await hand_in(slack, way)
    assert FAILED in (await answer()).text
    await house.quiet()


@pytest.mark.parametrize("way", WAYS)
async def test_without_a_record_there_is_no_verdict(
    slack: SlackEmulator, answer: Any, house: Any, logged: Any, way: str
) -> None:
    house.recorder.error = OSError(f"no space left for {DRAFT}")
    await hand_in(slack, way)
    shown = await answer()
    assert FAILED in shown.text
    assert BLOCKED not in shown.text
    await house.quiet()
    assert house.ledger.entries() == []
    assert '"event": "screening.failed"' in logged()


@pytest.mark.parametrize("how", ["refresh_requested", "warning", "dropped"])
@pytest.mark.parametrize("connect", ["socket"], indirect=True)
async def test_the_connection_comes_back(slack: SlackEmulator, answer: Any, how: str) -> None:
    if how == "dropped":
        slack.drop_connection()
    else:
        await slack.disconnect(how)
    await slack.connected(times=2)
    await slack.slash(DRAFT)
    assert BLOCKED in (await answer()).text


async def test_what_cannot_be_written_down_is_not_acknowledged(slack: SlackEmulator, house: Any, logged: Any) -> None:
    await house.stop()
    house.work.close()
    try:
        assert (await slack.direct_message(DRAFT)).status == 500
    except LateAck:
        assert slack.connections  # Socket Mode has no other way to say no
    assert '"event": "slack.listener_failed"' in logged()


@pytest.mark.parametrize("connect", ["http"], indirect=True)
async def test_only_slacks_own_signature_is_accepted(slack: SlackEmulator, house: Any) -> None:
    body = (await slack.slash("help")).envelope["payload"] | {"text": DRAFT, "trigger_id": "t"}
    deliver = slack.deliver
    assert (await deliver(*signed(body, "wrong")))[0] == 401
    for seconds in (-310, 310):
        assert (await deliver(*signed(body, SECRET, at=time.time() + seconds)))[0] == 401
    content, headers = signed(body, SECRET)
    assert (await deliver(content + b"&x=1", headers))[0] == 401
    headers.pop("X-Slack-Signature")
    assert (await deliver(content, headers))[0] == 401
    assert house.pending() == 0
    assert (await deliver(*signed(body, SECRET)))[0] == 200


@pytest.mark.parametrize("connect", ["http"], indirect=True)
async def test_slack_may_ask_who_is_there(slack: SlackEmulator) -> None:
    status, answer = await slack.deliver(*signed({"type": "url_verification", "challenge": "c42"}, SECRET))
    assert (status, b"c42" in answer) == (200, True)


async def test_slack_is_not_asked_who_the_bot_is_before_an_event_is_taken(slack: SlackEmulator, answer: Any) -> None:
    slack.fail_next("auth.test", error="internal_error", times=9)
    await slack.direct_message(DRAFT)
    assert BLOCKED in (await answer()).text
    assert not [call for call in slack.calls if call.method == "auth.test"]


async def test_the_token_is_checked_by_name(emulator: SlackEmulator, house: Any, make_chat: Any) -> None:
    assert await make_chat(house).check_token() == "acme"


async def test_the_client_waits_out_limits_and_tries_again(emulator: SlackEmulator) -> None:
    client = slack_client("xoxb-test", emulator.api.rstrip("/"))
    emulator.fail_next("auth.test", 429, retry_after=0)
    emulator.fail_next("auth.test", 503)
    assert (await client.auth_test())["ok"]


async def test_a_form_that_cannot_be_opened_harms_nobody(slack: SlackEmulator, house: Any, logged: Any) -> None:
    slack.fail_next("views.open", error="expired_trigger_id")
    assert (await slack.global_shortcut("new_draft")).status == 200
    await slack.wait_for("views.open")
    await slack.direct_message(DRAFT)
    await house.quiet()
    assert '"event": "courtesy.failed"' in logged()


@pytest.mark.parametrize("connect", ["socket"], indirect=True)
async def test_a_ruling_while_the_database_fails_is_done_and_said_once(
    slack: SlackEmulator, verdict: Any, press: Any, house: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await verdict("direct", "Uno zibaldone: un trimestre record")
    await press("Ask: {owners}", owners="Ufficio legale")
    (card,) = [each for each in slack.screen("U3") if each.channel == LEGALE]
    failures = unheard.rulings(monkeypatch, 2)
    await slack.press(say("U1", "Approve"), "U3", on=card)
    await house.quiet()
    assert failures == []
    heard = [words(each.payload) for each in slack.screen("U3") if each.kind == "ephemeral" and each.user == "U3"]
    assert [say("U3", "Noted. The writer hears it at once.") in each for each in heard] == [True]
    # Whichever comes last, the news or the card as it is then.
    news = [words(each.payload) for each in slack.screen("U1") if each.kind == "message"]
    assert [say("U1", "Your draft is approved") in each for each in news].count(True) == 1
    assert [entry.kind for entry in house.ledger.entries()].count("decision") == 1


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_cannot_be_put_is_a_failure_that_is_said(
    slack: SlackEmulator, answer: Any, logged: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(DRAFT)

    monkeypatch.setattr("bot.chat.slack_blocks.message", broken)
    await hand_in(slack, way)
    assert FAILED in (await answer()).text
    assert '"event": "slack.not_answered"' in logged()
