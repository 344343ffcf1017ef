"""Telegram: private messages, by polling or by webhook; an update is confirmed only once it is written down."""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from telegram import Bot, BotCommand, LinkPreviewOptions, Message, ReplyParameters, Update
from telegram.constants import ChatType
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.chat import telegram_text
from bot.chat.desk import Aside, Command, Desk, Help, New, Notice, Speak, command
from bot.people import LANGUAGES, Language
from bot.reply import Reply, failure
from bot.wording import Wording
from bot.work import Deferred, Event, Retry, Undeliverable, Work
from rules.draft import Draft

log = structlog.get_logger(__name__)

PLATFORM = "telegram"
UPDATES = ["message", "edited_message"]
_POLL = 30
"""Seconds that Telegram holds a request for updates open."""
_TIMEOUT = 10.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
_MEDIA = ("photo", "video", "animation", "document", "audio", "voice", "video_note", "sticker")
_NOBODY = ("chat not found", "peer_id_invalid", "user not found")
"""What Telegram calls a bad request though nothing is wrong with it: there is nobody to take it."""


def telegram_bot(token: str, api_url: str, timeout: float = _TIMEOUT) -> Bot:
    """A bot that waits `timeout` seconds for an answer (for updates, as long again as Telegram holds on to them)."""
    base = api_url.rstrip("/")
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=HTTPXRequest(connection_pool_size=16, read_timeout=timeout, connect_timeout=timeout),
        get_updates_request=HTTPXRequest(connection_pool_size=2, read_timeout=timeout, connect_timeout=timeout),
    )


class TelegramChat:
    """One bot; `pauses` are the seconds between its attempts to reach Telegram, the last of them for good."""

    def __init__(self, *, bot: Bot, work: Work, desk: Desk, pauses: Sequence[float] = _PAUSES) -> None:
        self.bot, self._work, self._desk, self._pauses = bot, work, desk, pauses
        self._aside = Aside()
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
                pause = self._pause(error, failures)
                failures += 1
                log.warning("telegram.poll_failed", error=type(error).__name__, pause=pause)
                await asyncio.sleep(pause)

    async def listen(self, url: str, secret: str) -> None:
        """Have Telegram post updates to `url`, each with `secret`."""
        await self._until_it_works(
            lambda: self.bot.set_webhook(url, secret_token=secret, allowed_updates=UPDATES, max_connections=20)
        )

    async def receive(self, body: object, given: str | None, secret: str) -> bool:
        """One posted update; False if it did not come from Telegram. Returns once it is written down."""
        if given is None or not secrets.compare_digest(given.encode(), secret.encode()):
            return False
        if not isinstance(body, dict) or "update_id" not in body:
            return False
        if update := Update.de_json(body, self.bot):
            await self.take(update)
        return True

    async def take(self, update: Update) -> None:
        """Write an update down if it is something that the bot answers."""
        message = update.message or update.edited_message
        person = message.from_user if message else None
        if message is None or person is None or person.is_bot or not _is_for_us(message, is_new=bool(update.message)):
            return
        event = {
            "user": person.id,
            "locale": person.language_code,
            "chat": message.chat.id,
            "message": message.message_id,
            "text": message.text or message.caption or "",
            "attachments": _attachments(message),
        }
        if await self._work.defer(PLATFORM, f"update:{update.update_id}", event) is Deferred.QUEUED:
            self._aside.do(self._say_queued(event))

    async def _say_queued(self, event: Event) -> None:
        wording = Wording(await self._language(event))
        sentence = wording.say("Many drafts are waiting; yours is in the queue and I will answer as soon as I can.")
        await self._send(event, telegram_text.notice(sentence))

    async def _until_it_works(self, call: Callable[[], Awaitable[object]]) -> None:
        failures = 0
        while True:
            try:
                await call()
            except InvalidToken:
                raise
            except TelegramError as error:
                pause = self._pause(error, failures)
                failures += 1
                # What Telegram finds wrong with an address or a secret is worth telling; no draft is in play yet.
                reason = error.message if isinstance(error, BadRequest) else None
                log.warning("telegram.not_reached", error=type(error).__name__, reason=reason, pause=pause)
                await asyncio.sleep(pause)
            else:
                return

    def _pause(self, error: Exception, failures: int) -> float:
        if isinstance(error, RetryAfter):
            return _seconds(error)
        return self._pauses[min(failures, len(self._pauses) - 1)]

    # --- What was written down: answered ---------------------------------------------------------------------------

    async def handle(self, id: str, event: Event) -> None:
        """Answer one event. Raises `Retry` or `Undeliverable`; may be called again for the same event."""
        language = await self._language(event)
        message = await self._said(id, event, language)
        try:
            try:
                await self._send(event, message)
            except BadRequest as error:
                if any(word in error.message.lower() for word in _NOBODY):
                    raise
                # A fault of ours: trying again does not mend it, and silence is no answer.
                log.error("telegram.answer_refused", id=id)
                await self._send(event, telegram_text.notice(failure(language)))
        except RetryAfter as error:
            raise Retry(_seconds(error)) from None
        except (Forbidden, BadRequest) as error:
            # The person blocked the bot, or the chat is gone. The error's text is Telegram's, not the draft's.
            self._desk.delivered(id)
            raise Undeliverable(error.message) from None
        except TelegramError:
            raise Retry from None
        self._desk.delivered(id)

    async def _send(self, event: Event, message: telegram_text.Message) -> None:
        await self.bot.send_message(
            event["chat"],
            message.text,
            entities=message.entities,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_parameters=ReplyParameters(event["message"], allow_sending_without_reply=True),
        )

    async def _language(self, event: Event) -> Language:
        account = _account(event)
        await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
        return await self._desk.language(account)

    async def _said(self, id: str, event: Event, language: Language) -> telegram_text.Message:
        try:
            answer = await self._answer(id, event, language)
            if isinstance(answer, Reply):
                return telegram_text.message(answer, language)
            return telegram_text.notice(answer.text)
        except Exception as error:
            # A fault of ours, which an hour of trying would only hide from the writer.
            log.error("telegram.not_answered", id=id, error=type(error).__name__)
            return telegram_text.notice(failure(language))

    async def _answer(self, id: str, event: Event, language: Language) -> Reply | Notice:
        match _command(event["text"]):
            case Help() | New():
                return Notice(self._desk.help(language, slack=False))
            case Speak(chosen):
                return Notice(await self._desk.speak(_account(event), chosen))
            case _Which():
                return Notice(Wording(language).say("Write /language it or /language en."))
            case None:
                draft = Draft(text=event["text"], author=_account(event), attachments=tuple(event["attachments"]))
                return await self._desk.answer(id, draft, language)


def _account(event: Event) -> str:
    return f"{PLATFORM}:{event['user']}"


@dataclass(frozen=True, slots=True)
class _Which:
    """Another language is asked for, and not said which."""


def _command(text: str) -> Command | _Which | None:
    """The command that a whole message is, with a slash or without; None for a draft."""
    if not text.startswith("/"):
        return command(text)
    head, *rest = text[1:].split(maxsplit=1) or [""]
    name = head.partition("@")[0].lower()
    if name == "start":
        # What follows is the parameter of a link to the bot, not a draft.
        return Help()
    found = command(" ".join([name, *rest]))
    return _Which() if found is None and name in ("language", "lingua") else found


def _is_for_us(message: Message, *, is_new: bool) -> bool:
    """Whether whoever wrote it expects an answer."""
    if message.chat.type != ChatType.PRIVATE:
        return False
    if message.text or message.caption:
        return True
    # Not what Telegram itself notes in a chat, nor a place on the map that moves, nor the album around a caption.
    return is_new and message.effective_attachment is not None and message.media_group_id is None


def _attachments(message: Message) -> list[str]:
    kinds = [_kind(name, attached) for name in _MEDIA if (attached := getattr(message, name, None))]
    # An animation comes as a document too, for older applications.
    return kinds[:1] if message.animation else list(dict.fromkeys(kinds))


def _kind(name: str, attached: object) -> str:
    """A media type, if it is one: whoever sends a file says what it is, in whatever words they like."""
    said = getattr(attached, "mime_type", None) or ("image/jpeg" if name == "photo" else "")
    return said if mimetypes.guess_extension(said) else name


def _seconds(error: RetryAfter) -> float:
    after = error.retry_after
    return float(after if isinstance(after, int | float) else after.total_seconds())
