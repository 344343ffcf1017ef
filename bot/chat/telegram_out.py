"""What goes out to Telegram: each message once as far as that can be known, and its refusals as `Work` takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.chat.telegram_parts import Part, Sending, sentence
from bot.engine import Ours, Retry, Undeliverable
from bot.places import Cards
from bot.reply import failure

log = structlog.get_logger(__name__)

_NOBODY = (
    "chat not found",
    "peer_id_invalid",
    "user not found",
    "not enough rights",
    "have no rights",
    "chat_write_forbidden",
    "chat_restricted",
    "group chat was deactivated",
)
"""What Telegram calls a bad request though nothing is wrong with it: there is nobody to take it."""
_UNCHANGED = "message is not modified"
_PLAIN = LinkPreviewOptions(is_disabled=True)


@contextmanager
def reaching() -> Iterator[None]:
    """Raises `Retry` for what passes, and `Undeliverable` where nobody is there to take it."""
    try:
        yield
    except RetryAfter as error:
        raise Retry(seconds(error)) from None
    except (Forbidden, BadRequest) as error:
        # The person blocked the bot, or the chat is gone. The error's text is Telegram's, not the draft's.
        raise Undeliverable(error.message) from None
    except TelegramError:
        raise Retry from None


class TelegramOut:
    """Remembers how far the messages of an event have come, so that a second try does not say them all again."""

    def __init__(self, bot: Bot, cards: Cards, still_ours: Ours) -> None:
        """`still_ours` is asked right before anything is shown, and raises `Lost`."""
        self._bot, self._cards, self._still_ours = bot, cards, still_ours

    async def deliver(self, id: str, sending: Sending) -> Message | None:
        """Send what is not out yet, of the event `id`. Returns the last message, if one was sent. Raises Telegram's."""
        for message in {*sending.spent, *await self._overtaken(sending)}:
            await self.bare(sending.chat, message)
        is_long = len(sending.parts) > 1
        done, sent = (await asyncio.to_thread(self._cards.out, id) if is_long else 0), None
        if sending.over is not None and done == 0 and await self.edit(sending.chat, sending.over, sending.parts[0]):
            done = 1
        to = sending.to or sending.over
        for part in sending.parts[done:]:
            sent = await self._sent_or_said_why_not(id, sending, sent.chat_id if sent else sending.chat, part, to)
            done, to = done + 1, None
            if is_long:
                await asyncio.to_thread(self._cards.are_out, id, done)
        if last := sent.message_id if sent else sending.over:
            await self._note(sending, last)
        return sent

    async def send(self, chat: int | str, part: Part, to: int | None = None) -> Message:
        """A chat that has become another one is followed. Raises Telegram's errors."""
        try:
            return await self._send(chat, part, to)
        except ChatMigrated as moved:
            return await self._send(moved.new_chat_id, part, None)

    async def edit(self, chat: int | str, message: int, part: Part) -> bool:
        """Put `part` in the place of a message. False where it cannot be: the message is gone, or of another chat."""
        await self._still_ours()
        try:
            await self._bot.edit_message_text(
                part.message.text,
                chat,
                message,
                entities=part.message.entities,
                link_preview_options=_PLAIN,
                # A question is never put in the place of something else.
                reply_markup=part.markup if isinstance(part.markup, InlineKeyboardMarkup) else None,
            )
        except ChatMigrated:
            return False
        except BadRequest as error:
            if _says(error, *_NOBODY):
                raise
            return _says(error, _UNCHANGED)
        return True

    async def bare(self, chat: int | str, message: int) -> None:
        """Take the buttons from under a message, if it is there and has any."""
        try:
            await self._bot.edit_message_reply_markup(chat, message)
        except ChatMigrated:
            return
        except BadRequest as error:
            if _says(error, *_NOBODY):
                raise

    async def whisper(self, query: str, text: str | None = None) -> bool:
        """Answer a press, with an alert that nobody else sees. False where it is too late for that."""
        try:
            await self._bot.answer_callback_query(query, text, show_alert=bool(text) or None)
        except BadRequest:
            return False
        return True

    async def _sent_or_said_why_not(
        self, id: str, sending: Sending, chat: int | str, part: Part, to: int | None
    ) -> Message:
        try:
            return await self.send(chat, part, to)
        except BadRequest as error:
            if _says(error, *_NOBODY):
                raise
            # A fault of ours: trying again does not mend it, and silence is no answer.
            log.error("telegram.answer_refused", id=id)
            return await self.send(chat, sentence(failure(sending.language))[0], to)

    async def _send(self, chat: int | str, part: Part, to: int | None) -> Message:
        await self._still_ours()
        return await self._bot.send_message(
            chat,
            part.message.text,
            entities=part.message.entities,
            link_preview_options=_PLAIN,
            reply_markup=part.markup,
            reply_parameters=ReplyParameters(to, allow_sending_without_reply=True) if to else None,
        )

    async def _overtaken(self, sending: Sending) -> set[int]:
        if sending.replaces is None:
            return set()
        known = await asyncio.to_thread(self._cards.message, sending.replaces, f"telegram:{sending.chat}")
        return {int(known)} - {sending.over} if known else set()

    async def _note(self, sending: Sending, message: int) -> None:
        """Of the messages about a draft only the last has buttons."""
        if sending.about is None:
            return
        place = f"telegram:{sending.chat}"
        known = await asyncio.to_thread(self._cards.message, sending.about, place)
        if known != str(message):
            await asyncio.to_thread(self._cards.put, sending.about, place, str(message))
        if known and known != str(message):
            await self.bare(sending.chat, int(known))


def seconds(error: RetryAfter) -> float:
    after = error.retry_after
    return float(after if isinstance(after, int | float) else after.total_seconds())


def _says(error: BadRequest, *words: str) -> bool:
    return any(word in error.message.lower() for word in words)
