"""Slack: what is not of the form that Slack sends is not acknowledged, or answered where an answer can still go."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.slack import SlackEmulator, signed

from bot.chat.slack_actions import who

TEXT = "Un vaglietto dello zibaldone"


@pytest.mark.parametrize("connect", ["http"], indirect=True)
@pytest.mark.parametrize("address", ["no address at all", "zibaldone", "http://", "ftp://127.0.0.1/x", "https://[::1"])
async def test_an_address_that_is_none_sends_the_answer_to_the_direct_messages(
    slack: SlackEmulator, house: Any, answer: Any, address: str
) -> None:
    body = {"team_id": "T1", "user_id": "U1", "command": "/vaglio", "text": TEXT, "trigger_id": "1.1.x"}
    status, _ = await slack.deliver(*signed(body | {"response_url": address}, "s3cret"))
    assert status == 200
    assert "Vaglio Mini" in (await answer()).text
    await slack.wait_for("chat.postMessage")
    await house.quiet()


@pytest.mark.parametrize("connect", ["http"], indirect=True)
async def test_an_address_that_is_no_text_does_the_same(slack: SlackEmulator, house: Any, answer: Any) -> None:
    message = {"type": "message", "user": "U1", "text": TEXT, "ts": "1.1"}
    body = {
        "type": "message_action", "callback_id": "check_message", "trigger_id": "1.1.y", "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T1"}, "channel": {"id": "C1"}, "message": message, "response_url": [7],
    }  # fmt: skip
    status, _ = await slack.deliver(*signed(body, "s3cret"))
    assert status == 200
    assert "Vaglio Mini" in (await answer()).text
    await slack.wait_for("chat.postMessage")
    await house.quiet()


@pytest.mark.parametrize("connect", ["http"], indirect=True)
async def test_a_channel_that_is_no_text_does_the_same(slack: SlackEmulator, house: Any, answer: Any) -> None:
    message = {"type": "message", "channel_type": "im", "user": "U1", "text": TEXT, "ts": "1.1", "channel": ["D"]}
    body = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": message}
    status, _ = await slack.deliver(*signed(body, "s3cret"))
    assert status == 200
    assert "Vaglio Mini" in (await answer()).text
    assert not slack.refused
    await house.quiet()


@pytest.mark.parametrize("connect", ["http"], indirect=True)
@pytest.mark.parametrize(
    ("team", "user"), [("T1", ""), ("", "U1"), ("T1", "U1:U2"), ("T1", "zibaldone"), ("T1", "U\n1")]
)
async def test_nobody_is_not_acknowledged(slack: SlackEmulator, house: Any, logged: Any, team: str, user: str) -> None:
    body = {"team_id": team, "user_id": user, "command": "/vaglio", "text": TEXT, "trigger_id": "1.1.x"}
    status, _ = await slack.deliver(*signed(body | {"response_url": f"{slack.url}/response/x"}, "s3cret"))
    assert status == 500
    assert house.pending() == 0
    assert '"event": "slack.listener_failed"' in logged()


def test_who_acts_is_a_member_of_a_team() -> None:
    assert who({"team": {"id": "T1"}, "user": {"id": "U1"}}) == ("T1", "U1")
    assert who({"team": None, "user": {"id": "W1", "team_id": "T2"}}) == ("T2", "W1")
    for user in (
        {"id": "U1"},
        {"id": "", "team_id": "T2"},
        {"id": "a b", "team_id": "T2"},
        {"id": None, "team_id": "T2"},
    ):
        with pytest.raises(ValueError, match="nobody"):
            who({"user": user})
