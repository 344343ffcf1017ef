"""Slack: how a message is known again by its key, among all that is said in a conversation."""

from __future__ import annotations

import time

from emulators.slack import SlackEmulator

from bot.chat.slack import slack_client
from bot.chat.slack_sendings import Sending


async def test_whoever_copies_a_key_is_not_taken_for_vaglio(emulator: SlackEmulator) -> None:
    client, sending = slack_client("xoxb-test", emulator.api), Sending("k" * 64, time.time())
    assert await sending.found(client, "DU1") is None
    ours = await client.chat_postMessage(channel="DU1", text="Ciao", metadata=sending.metadata)
    theirs = emulator._ts()
    emulator.messages["DU1", theirs] = {"ts": theirs, "user": "U1", "text": "Ciao", "metadata": sending.metadata}
    assert await sending.found(client, "DU1") == ours["ts"]
    assert await sending.found(client, "DU2") is None
    assert await Sending("l" * 64, sending.since).found(client, "DU1") is None


async def test_it_is_found_in_a_conversation_in_which_much_is_said(emulator: SlackEmulator) -> None:
    client, since = slack_client("xoxb-test", emulator.api), time.time()
    long_ago = int(since) - 1_000
    for ts in (f"{long_ago}.{number:06}" for number in range(300)):
        emulator.messages["DU1", ts] = {"ts": ts, "text": "Prima"}
    sending = Sending("k" * 64, since)
    ours = await client.chat_postMessage(channel="DU1", text="Ciao", metadata=sending.metadata)
    for ts in [emulator._ts() for _ in range(300)]:
        emulator.messages["DU1", ts] = {"ts": ts, "text": "Dopo"}
    assert await sending.found(client, "DU1") == ours["ts"]
    # What was said long before the event came is no answer to it.
    assert await Sending("k" * 64, since + 1_000).found(client, "DU1") is None
