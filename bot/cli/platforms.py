"""Slack and Telegram, as far as they are set up: connected, their routes hooked in, and left again at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from starlette.routing import Route

from bot.cli.duty import Duty
from bot.cli.hooks import slack_route, telegram_route
from bot.cli.parts import Parts
from bot.cli.tokens import slack_accepts, telegram_accepts
from bot.settings import Settings, SlackMode
from bot.sole import only_one

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.chat.slack import SlackChat
    from bot.chat.telegram import TelegramChat

Task = Callable[[], Awaitable[object]]


@asynccontextmanager
async def slack(
    settings: Settings, parts: Parts, duty: Duty, hooks: list[Route], tasks: list[Task]
) -> AsyncIterator[None]:
    """Slack, where it is set up: connected while inside."""
    mode = settings.slack_mode()
    if mode is None or settings.slack_bot_token is None:
        yield
        return
    chat = _slack_chat(settings, settings.slack_bot_token.get_secret_value(), parts)
    tasks.append(lambda: slack_accepts(chat.check_token, "VAGLIO_SLACK_BOT_TOKEN"))
    if duty.works:
        tasks.extend(_keeping_roles(settings, chat.client, parts))
    if not duty.takes_in:
        yield
        return
    if mode is SlackMode.HTTP:
        assert settings.slack_signing_secret is not None  # noqa: S101 -- the mode says so
        hooks.append(slack_route(chat.app, settings.slack_signing_secret.get_secret_value()))
        yield
        return
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

    assert settings.slack_app_token is not None  # noqa: S101 -- the mode says so
    link = AsyncSocketModeHandler(chat.app, settings.slack_app_token.get_secret_value(), web_client=chat.client)
    tasks.append(lambda: slack_accepts(link.connect_async, "VAGLIO_SLACK_APP_TOKEN"))
    try:
        yield
    finally:
        with suppress(Exception):
            await link.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def telegram(
    settings: Settings, parts: Parts, duty: Duty, hooks: list[Route], tasks: list[Task]
) -> AsyncIterator[None]:
    """Telegram, where it is set up."""
    mode = settings.telegram_mode()
    if mode is None or settings.telegram_token is None:
        yield
        return
    chat = _telegram_chat(settings, settings.telegram_token.get_secret_value(), parts)
    if not duty.takes_in:
        tasks.append(lambda: telegram_accepts(chat.run(_nothing)))
    elif mode == "webhook":
        url, given = settings.telegram_webhook_url, settings.telegram_webhook_secret
        assert url is not None and given is not None  # noqa: S101, PT018 -- the mode says so
        secret = given.get_secret_value()

        hooks.append(telegram_route(chat.receive, secret))
        tasks.append(lambda: telegram_accepts(chat.run(lambda: chat.listen(url, secret))))
    else:
        # Telegram tells each update to one who asks, and refuses two who ask at once.
        tasks.append(lambda: telegram_accepts(chat.run(lambda: only_one(parts.store, "telegram.polling", chat.poll))))
    try:
        yield
    finally:
        with suppress(Exception):
            await chat.stop()


def _slack_chat(settings: Settings, token: str, parts: Parts) -> SlackChat:
    # Slack's and Telegram's libraries take a second to import: only who uses them pays for it.
    from bot.chat.slack import SlackChat, slack_client

    secret = settings.slack_signing_secret
    return SlackChat(
        client=slack_client(token, settings.slack_api_url),
        signing_secret=secret.get_secret_value() if secret else "",
        work=parts.work,
        desk=parts.desk,
        clock=parts.clock,
        cards=parts.cards,
    )


def _telegram_chat(settings: Settings, token: str, parts: Parts) -> TelegramChat:
    from bot.chat.telegram import TelegramChat, telegram_bot

    return TelegramChat(
        bot=telegram_bot(token, settings.telegram_api_url),
        work=parts.work,
        desk=parts.desk,
        clock=parts.clock,
        cards=parts.cards,
        awaiting=parts.awaiting,
        seals=parts.cabinet.people.seals,
        store=parts.store,
    )


async def _nothing() -> None:
    """Whoever only answers asks Telegram for no updates."""


def _keeping_roles(settings: Settings, client: AsyncWebClient, parts: Parts) -> list[Task]:
    """What Slack knows of who may do what: its user groups, and whose an e-mail address is."""
    from bot.chat.slack_groups import PAUSE, appoint, step

    people, roles, admin = parts.cabinet.people, parts.cabinet.roles, settings.admin
    tasks: list[Task] = []
    if groups := settings.role_groups():
        parts.engine.every(int(PAUSE), "slack.groups", lambda: step(client, people, roles, groups))
    else:
        tasks.append(lambda: step(client, people, roles, ()))
    if admin and settings.admin_is_e_mail:
        tasks.append(lambda: appoint(client, people, roles, admin))
    return tasks
