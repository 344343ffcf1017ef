"""Telegram on loopback with the bot behind it, by polling and by webhook."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn
from emulators.telegram import TOKEN, Pushed, Sent, TelegramEmulator
from starlette.applications import Starlette
from telegram import Bot

from bot.chat.telegram import TelegramChat, telegram_bot
from bot.cli.hooks import telegram_route

SECRET = "s3cret"
Do = Callable[[Awaitable[Pushed]], Awaitable[None]]
PRESS, LEGAL = -1001, -1002
LINKED = (10, 11, 12, *range(20, 25))
"""Those who have made themselves known."""

Connect = Callable[[TelegramEmulator, TelegramChat], AbstractAsyncContextManager[None]]


class Writer:
    """Somebody who writes to the bot in private, and what they see there."""

    def __init__(self, telegram: TelegramEmulator, do: Any, language: str, user: int = 10) -> None:
        self.telegram, self.do, self.language, self.user = telegram, do, language, user

    async def send(self, text: str, **extra: Any) -> None:
        who = {"chat_id": self.user, "user_id": self.user, "language_code": self.language}
        await self.do(self.telegram.message(text, **who, **extra))

    async def press(self, label: str, message_id: int | None = None) -> None:
        who = {"user_id": self.user, "language_code": self.language}
        await self.do(self.telegram.press(label, self.user, message_id, **who))

    @property
    def seen(self) -> list[Any]:
        return self.telegram.said(self.user)

    @property
    def last(self) -> str:
        return str(self.seen[-1]["text"])

    def says(self, it: str, en: str) -> bool:
        return (it if self.language == "it" else en) in self.last


class Owners:
    """Those who sit in the groups of the press office and of the lawyers."""

    def __init__(self, telegram: TelegramEmulator, do: Any) -> None:
        self.telegram, self.do = telegram, do
        telegram.group(PRESS)
        telegram.group(LEGAL)
        telegram.chats |= {user: {"id": user, "type": "private", "first_name": "Bruno"} for user in (11, 12)}
        telegram.names |= {11: {"first_name": "Bruno"}, 12: {"first_name": "Carla", "last_name": "Neri"}}

    async def press(self, label: str, user: int = 11, chat: int = LEGAL, language: str = "it") -> None:
        await self.do(self.telegram.press(label, chat, user_id=user, language_code=language))

    async def say(self, text: str, user: int = 11, chat: int = LEGAL, reply_to: int | None = None) -> None:
        await self.do(
            self.telegram.message(text, chat_id=chat, user_id=user, chat_type="supergroup", reply_to=reply_to)
        )

    def last(self, chat: int = LEGAL) -> Any:
        return self.telegram.said(chat)[-1]

    @property
    def alerts(self) -> list[str]:
        calls = [call for call in self.telegram.calls if call.method == "answerCallbackQuery"]
        return [call.payload["text"] for call in calls if "text" in call.payload]


class Moment:
    """The clock on the wall, which a test may put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def later(self, **how_much: float) -> None:
        self._ahead += timedelta(**how_much)


def build(bot: Bot, house: Any, now: Callable[[], datetime]) -> TelegramChat:
    """The bot's Telegram side over a house."""
    return TelegramChat(
        bot=bot,
        work=house.work,
        desk=house.desk,
        clock=house.clock,
        cards=house.cards,
        awaiting=house.awaiting,
        seals=house.seals,
        store=house.store,
        pauses=(0.02,),
        now=now,
    )


@asynccontextmanager
async def running(chat: TelegramChat, then: Callable[[], Awaitable[None]]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(chat.run(then))
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await chat.stop()


@asynccontextmanager
async def by_polling(telegram: TelegramEmulator, chat: TelegramChat) -> AsyncIterator[None]:
    async with running(chat, chat.poll):
        await telegram.wait_for(lambda call: call.method == "deleteWebhook" and call.answer["ok"])
        yield


@asynccontextmanager
async def by_webhook(telegram: TelegramEmulator, chat: TelegramChat) -> AsyncIterator[None]:
    web = Starlette(routes=[telegram_route(chat.receive, SECRET)])
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/telegram/updates"
    server = uvicorn.Server(uvicorn.Config(web, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with running(chat, lambda: chat.listen(url, SECRET)):
        await telegram.wait_for(lambda call: call.method == "setWebhook" and telegram.webhook["url"] == url)
        yield
    server.should_exit = True
    await serving
    listening.close()


@pytest.fixture(scope="session", autouse=True)
def _certificates() -> Iterator[None]:
    """Read once: to read them anew for each bot takes most of a test's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(params=["polling", "webhook"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Each way to get Telegram's updates."""
    return {"polling": by_polling, "webhook": by_webhook}[request.param]


@pytest.fixture
async def emulator() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator() as telegram:
        yield telegram


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def make_chat(emulator: TelegramEmulator, moment: Moment) -> Callable[..., TelegramChat]:
    """The bot's Telegram side over a house that knows those who write in the tests."""

    def make(house: Any, timeout: float = 2.0, token: str = TOKEN) -> TelegramChat:
        house.platforms.add("telegram")
        for user in LINKED:
            house.people.person(f"telegram:{user}")
        return build(telegram_bot(token, emulator.url, timeout=timeout), house, moment)

    return make


@pytest.fixture
async def telegram(
    emulator: TelegramEmulator, house: Any, make_chat: Callable[..., TelegramChat], connect: Connect
) -> AsyncIterator[TelegramEmulator]:
    """Telegram, with the bot on it."""
    async with connect(emulator, make_chat(house)):
        yield emulator


@pytest.fixture
async def polling(
    emulator: TelegramEmulator, house: Any, make_chat: Callable[..., TelegramChat]
) -> AsyncIterator[TelegramEmulator]:
    """The same by polling alone, for what does not hang on how the updates come."""
    async with by_polling(emulator, make_chat(house)):
        yield emulator


@pytest.fixture
def language() -> str:
    return "it"


@pytest.fixture
def make_writer(polling: TelegramEmulator, do: Do) -> Callable[..., Writer]:
    def make(language: str = "it", user: int = 10) -> Writer:
        return Writer(polling, do, language, user)

    return make


@pytest.fixture
def writer(make_writer: Callable[..., Writer], language: str) -> Writer:
    return make_writer(language)


@pytest.fixture
def owners(polling: TelegramEmulator, do: Do) -> Owners:
    return Owners(polling, do)


@pytest.fixture
async def asked(writer: Writer, owners: Owners) -> Any:
    """A card in the lawyers' group."""
    await writer.send("Uno zibaldone: un trimestre record")
    await writer.press("Chiedi a: Ufficio legale" if writer.language == "it" else "Ask: Legal")
    return owners.last()


@pytest.fixture
def do(emulator: TelegramEmulator, house: Any) -> Do:
    """Somebody does something, and everything that comes of it has come."""

    async def done(doing: Awaitable[Pushed]) -> None:
        await emulator.taken(await doing)
        await house.quiet()

    return done


@pytest.fixture
def answer(emulator: TelegramEmulator) -> Callable[..., Awaitable[Sent]]:
    """The `count`th message of the bot."""

    async def answered(count: int = 1) -> Sent:
        await emulator.wait_for(lambda call: call.method == "sendMessage" and bool(call.answer.get("ok")), 10, count)
        return emulator.sent[count - 1]

    return answered
