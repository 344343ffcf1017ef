"""Telegram on loopback with the bot behind it, by polling and by webhook."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
from emulators.telegram import Sent, TelegramEmulator
from fastapi import FastAPI, Request, Response

from bot.chat.telegram import TelegramChat, telegram_bot

SECRET = "s3cret"

Connect = Callable[[TelegramEmulator, TelegramChat], AbstractAsyncContextManager[None]]


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
    web = FastAPI()

    @web.post("/telegram/updates")
    async def updates(request: Request) -> Response:
        header = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        came_from_telegram = await chat.receive(json.loads(await request.body()), header, SECRET)
        return Response(status_code=200 if came_from_telegram else 403)

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
def make_chat(emulator: TelegramEmulator) -> Callable[[Any], TelegramChat]:
    """The bot's Telegram side over a house."""

    def make(house: Any) -> TelegramChat:
        bot = telegram_bot("1:TEST", emulator.url, timeout=2)
        return TelegramChat(bot=bot, work=house.work, desk=house.desk, pauses=(0.02,))

    return make


@pytest.fixture
async def telegram(
    emulator: TelegramEmulator, house: Any, make_chat: Callable[[Any], TelegramChat], connect: Connect
) -> AsyncIterator[TelegramEmulator]:
    """Telegram, with the bot on it."""
    async with connect(emulator, make_chat(house)):
        yield emulator


@pytest.fixture
def answer(emulator: TelegramEmulator) -> Callable[..., Awaitable[Sent]]:
    """The `count`th message of the bot."""

    async def answered(count: int = 1) -> Sent:
        await emulator.wait_for(lambda call: call.method == "sendMessage" and bool(call.answer.get("ok")), 10, count)
        return emulator.sent[count - 1]

    return answered
