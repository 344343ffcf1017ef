"""Slack on loopback with the bot behind it, by Socket Mode and by signed HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from emulators.slack import Posted, SlackEmulator
from emulators.slack_screen import Surface
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from starlette.applications import Starlette

from bot.chat.slack import SlackChat, slack_client
from bot.cli.hooks import slack_route
from bot.wording import Wording

SECRET = "s3cret"
ANSWERS = ("response_url", "chat.postMessage", "views.update")
STAMPA, LEGALE = "C10", "C11"
"""The owners' channels."""

Connect = Callable[[SlackEmulator, SlackChat], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def by_socket(slack: SlackEmulator, chat: SlackChat) -> AsyncIterator[None]:
    handler: Any = AsyncSocketModeHandler(chat.app, "xapp-1", web_client=chat.client, ping_interval=0.5)
    await handler.connect_async()
    await slack.connected(times=slack.connections or 1)
    yield
    await handler.close_async()


@asynccontextmanager
async def by_http(slack: SlackEmulator, chat: SlackChat) -> AsyncIterator[None]:
    web = Starlette(routes=[slack_route(chat.app, SECRET)])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://bot") as http:

        async def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await http.post("/slack/events", content=body, headers=headers)
            return answer.status_code, answer.content

        slack.over_http(deliver, SECRET)
        yield


@pytest.fixture(params=["socket", "http"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Each way to reach Slack."""
    return {"socket": by_socket, "http": by_http}[request.param]


@pytest.fixture
async def emulator() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as slack:
        slack.users["U3"] = {"name": "carla", "locale": "fr-FR"}
        slack.channels |= {"#stampa": STAMPA, "#legale": LEGALE}
        yield slack
        assert slack.refused == []


@pytest.fixture
async def make_chat(emulator: SlackEmulator) -> Callable[[Any], SlackChat]:
    """The bot's Slack side over a house in which everybody has been welcomed."""

    def make(house: Any) -> SlackChat:
        house.platforms.add("slack")
        for user in ("U1", "U2", "U3"):
            house.people.person(f"slack:T1:{user}")
        client = slack_client("xoxb-test", emulator.api, retries=0)
        return SlackChat(
            client=client,
            signing_secret=SECRET,
            work=house.work,
            desk=house.desk,
            clock=house.clock,
            cards=house.cards,
        )

    return make


@pytest.fixture
async def slack(
    emulator: SlackEmulator, house: Any, make_chat: Callable[[Any], SlackChat], connect: Connect
) -> AsyncIterator[SlackEmulator]:
    """The workspace, with the bot in it."""
    async with connect(emulator, make_chat(house)):
        yield emulator


@pytest.fixture
def answer(emulator: SlackEmulator) -> Callable[..., Awaitable[Posted]]:
    """The `count`th answer that somebody saw outside an acknowledgement."""

    async def answered(count: int = 1) -> Posted:
        await emulator.wait_for(lambda call: call.method in ANSWERS and bool(call.answer.get("ok")), 10, count)
        return [each for each in emulator.posted if each.method in ANSWERS][count - 1]

    return answered


LANGUAGE = {"U1": "it", "U2": "en", "U3": "en"}


@pytest.fixture
def say() -> Callable[..., str]:
    """A sentence in the language in which a user is answered."""
    return lambda user, sentence, **facts: Wording(LANGUAGE[user]).say(sentence, **facts)


@pytest.fixture
def verdict(slack: SlackEmulator, house: Any) -> Callable[..., Awaitable[Surface]]:
    """Hands a draft in and brings the answer, by `command` (ephemeral), `direct` or `form` (a modal)."""

    async def handed_in(way: str, text: str, user: str = "U1") -> Surface:
        match way:
            case "command":
                await slack.slash(text, user)
            case "direct":
                await slack.direct_message(text, user)
            case _:
                await slack.global_shortcut("new_draft", user)
                await slack.opened(user)
                await slack.submit(user, text=text)
        await house.quiet()
        return slack.top(user)

    return handed_in


@pytest.fixture
def press(slack: SlackEmulator, house: Any, say: Callable[..., str]) -> Callable[..., Awaitable[Surface]]:
    """Presses a button by its English label, fills in the form that it opens if there are `words`, and waits."""

    async def pressed(label: str, user: str = "U1", words: str | None = None, **facts: str) -> Surface:
        await slack.press(say(user, label, **facts), user)
        if words is not None:
            await slack.opened(user)
            await slack.submit(user, text=words)
        await house.quiet()
        return slack.top(user)

    return pressed
