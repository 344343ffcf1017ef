"""Telegram: private messages, by polling or by webhook; an update is confirmed only once it is written down."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from telegram import Bot, BotCommand, LinkPreviewOptions, Message, ReplyParameters, Update
from telegram.constants import ChatType
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.chat import telegram_text
from bot.chat.desk import Desk, Notice, Speak, command
from bot.people import LANGUAGES, Language
from bot.reply import Reply
from bot.wording import Wording
from bot.work import Event, Retry, Undeliverable, Work
from rules.draft import Draft

log = structlog.get_logger(__name__)

PLATFORM = "telegram"
UPDATES = ["message", "edited_message"]
_POLL = 30
"""Seconds that Telegram holds a request for updates open."""
_PAUSES = (1, 2, 5, 10, 30)
_MEDIA = ("photo", "video", "animation", "document", "audio", "voice", "video_note", "sticker")


def telegram_bot(token: str, api_url: str) -> Bot:
    base = api_url.rstrip("/")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(connection_pool_size=16, read_timeout=10, connect_timeout=10),
        get_updates_request=HTTPXRequest(connection_pool_size=2, read_timeout=_POLL + 10, connect_timeout=10),
    )


class TelegramChat:
    def __init__(self, *, bot: Bot, work: Work, desk: Desk) -> None:
        self.bot, self._work, self._desk = bot, work, desk
        work.on(PLATFORM, self.handle)

    async def run(self, then: Callable[[], Awaitable[None]]) -> None:
        """Meet Telegram, then do `then`. Raises `InvalidToken` for a token that Telegram does not know."""
        await self._until_it_works(self.bot.initialize)
        log.info("telegram.connected", bot=self.bot.username)
        await self._until_it_works(self._name_commands)
        await then()

    async def _name_commands(self) -> None:
        for language in LANGUAGES:
            wording = Wording(language)
            commands = [
                BotCommand("help", wording.say("What I do and how to ask me")),
                BotCommand("language", wording.say("How I speak to you: it or en")),
            ]
            # Telegram shows the list without a language to whoever has no better one.
            await self.bot.set_my_commands(commands, language_code=None if language == "en" else language)

    async def stop(self) -> None:
        await self.bot.shutdown()

    # --- What comes in: written down, then confirmed ---------------------------------------------------------------

    async def poll(self) -> None:
        """Fetch updates until cancelled. The offset moves only past what is written down; the rest is sent again."""
        await self._until_it_works(self.bot.delete_webhook)
        offset, failures = None, 0
        while True:
            try:
                updates = await self.bot.get_updates(offset=offset, timeout=_POLL, allowed_updates=UPDATES)
                for update in updates:
                    await self.take(update)
                    offset = update.update_id + 1
                failures = 0
            except InvalidToken:
                raise
            except Exception as error:
                if isinstance(error, Conflict):
                    log.warning(
                        "telegram.conflict", remedy="another program polls with this token, or a webhook is set"
                    )
                pause = _pause(error, failures)
                failures += 1
                log.warning("telegram.poll_failed", error=type(error).__name__, pause=pause)
                await asyncio.sleep(pause)

    async def listen(self, url: str, secret: str) -> None:
        """Have Telegram post updates to `url`, each with `secret`."""
        await self._until_it_works(
            lambda: self.bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATES, max_connections=20)
        )

    async def receive(self, body: Mapping[str, Any], given: str | None, secret: str) -> bool:
        """One posted update; False if it did not come from Telegram. Returns once it is written down."""
        if given is None or not secrets.compare_digest(given.encode(), secret.encode()):
            return False
        update = Update.de_json(dict(body), self.bot)
        if update is not None:
            await self.take(update)
        return True

    async def take(self, update: Update) -> None:
        """Write an update down if it is something that the bot answers."""
        message = update.message or update.edited_message
        if (
            message is None
            or message.chat.type != ChatType.PRIVATE
            or message.from_user is None
            or message.from_user.is_bot
        ):
            return
        event = {
            "user": message.from_user.id,
            "locale": message.from_user.language_code,
            "chat": message.chat.id,
            "message": message.message_id,
            "text": message.text or message.caption or "",
            "attachments": _attachments(message),
        }
        await self._work.defer(PLATFORM, f"update:{update.update_id}", event)

    async def _until_it_works(self, call: Callable[[], Awaitable[object]]) -> None:
        failures = 0
        while True:
            try:
                await call()
            except InvalidToken:
                raise
            except TelegramError as error:
                pause = _pause(error, failures)
                failures += 1
                log.warning("telegram.not_reached", error=type(error).__name__, pause=pause)
                await asyncio.sleep(pause)
            else:
                return

    # --- What was written down: answered ---------------------------------------------------------------------------

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        account = f"{PLATFORM}:{event['user']}"
        await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
        language = await self._desk.language(account)
        answer = await self._answer(id, event, account, language)
        if isinstance(answer, Reply):
            message = telegram_text.message(answer, language)
        else:
            message = telegram_text.Message().add(answer.text)
        try:
            await self.bot.send_message(
                event["chat"],
                message.text,
                entities=message.entities,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_parameters=ReplyParameters(event["message"], allow_sending_without_reply=True),
            )
        except RetryAfter as error:
            raise Retry(_seconds(error)) from None
        except (Forbidden, BadRequest) as error:
            # The person blocked the bot, or the chat is gone. The error's text is Telegram's, not the draft's.
            raise Undeliverable(error.message) from None
        except TelegramError:
            raise Retry from None

    async def _answer(self, id: str, event: Event, account: str, language: Language) -> Reply | Notice:
        text = event["text"]
        head, _, rest = text.partition(" ")
        name = head.removeprefix("/").partition("@")[0]
        if text.startswith("/") and name in ("start", "help", "aiuto") and not rest.strip():
            return Notice(self._desk.help(language, slack=False))
        if text.startswith("/") and name in ("language", "lingua"):
            chosen = command(f"{name} {rest}")
            if isinstance(chosen, Speak):
                return Notice(await self._desk.speak(account, chosen.language))
            return Notice(Wording(language).say("Write /language it or /language en."))
        if text.startswith("/start "):
            # What follows is the parameter of a link to the bot, not a draft.
            return Notice(self._desk.help(language, slack=False))
        draft = Draft(text=text, author=account, attachments=tuple(event["attachments"]))
        return await self._desk.answer(id, draft, language)


def _attachments(message: Message) -> list[str]:
    kinds: list[str] = []
    for name in _MEDIA:
        if attached := getattr(message, name, None):
            kinds.append(getattr(attached, "mime_type", None) or ("image/jpeg" if name == "photo" else name))
    return kinds[:1] if "animation" in kinds else list(dict.fromkeys(kinds))


def _pause(error: Exception, failures: int) -> float:
    if isinstance(error, RetryAfter):
        return _seconds(error)
    return _PAUSES[min(failures, len(_PAUSES) - 1)]


def _seconds(error: RetryAfter) -> float:
    after = error.retry_after
    return float(after if isinstance(after, int | float) else after.total_seconds())
