"""What Slack's emulator keeps of conversations, as the real client reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from emulators.slack import SlackEmulator
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

Json = dict[str, Any]


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(slack: SlackEmulator) -> AsyncWebClient:
    return AsyncWebClient(token="xoxb-test", base_url=slack.api)


async def test_a_conversation_is_given_back_to_an_app_that_may_read_it(
    slack: SlackEmulator, client: AsyncWebClient
) -> None:
    async def read(channel: str = "DU1", **how: Any) -> list[Json]:
        return list((await client.conversations_history(channel=channel, **how))["messages"])

    noted = {"event_type": "sending_1", "event_payload": {"key": "k"}}
    sent = [await client.chat_postMessage(channel="DU1", text=each, metadata=noted) for each in ("uno", "due", "tre")]
    first, second, third = (str(each["ts"]) for each in sent)
    assert [each["text"] for each in await read()] == ["tre", "due", "uno"]
    # Metadata only to whoever asks for it; a change leaves it, unless it takes it away.
    assert not any("metadata" in each for each in await read())
    await client.chat_update(channel="DU1", ts=third, text="tre")
    await client.chat_update(channel="DU1", ts=second, text="due", metadata={})
    found = [each.get("metadata") or {} for each in await read(include_all_metadata=True)]
    assert found == [noted, {}, noted]
    # The newest page; of what is bounded below alone, the page that begins there.
    assert [each["ts"] for each in await read(limit=1)] == [third]
    assert [each["ts"] for each in await read(limit=1, oldest=first)] == [second]
    assert [each["ts"] for each in await read(limit=1, oldest=first, inclusive=True)] == [first]
    assert [each["ts"] for each in await read(limit=1, oldest=first, latest=f"{float(third) + 1}")] == [third]
    with pytest.raises(SlackApiError, match="missing_scope"):
        await read("C1")
    slack.scopes.add("channels:history")
    card = await client.chat_postMessage(channel="C1", text="scheda")
    for shared in (False, True):
        await client.chat_postMessage(channel="C1", text=f"{shared}", thread_ts=card["ts"], reply_broadcast=shared)
    assert [each["text"] for each in await read("C1")] == ["True", "scheda"]
    slack.channels["#legale"] = "C1"
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await read("#legale")


@pytest.mark.parametrize(
    "metadata",
    [
        {"event_type": "a b", "event_payload": {}}, {"event_type": "a"}, {"event_type": "a", "event_payload": "k"},
        {"event_type": "a", "event_payload": {"key": "k" * 16_000}}, {"event_type": "a", "event_payload": {}, "b": 1},
    ],
)  # fmt: skip
async def test_metadata_has_its_limits(slack: SlackEmulator, client: AsyncWebClient, metadata: Json) -> None:
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C1", text="Ciao", metadata=metadata)
    assert slack.refused
