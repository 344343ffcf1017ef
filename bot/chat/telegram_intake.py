"""Telegram, the way in: an update is written down if it is from somebody known and meant for the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from telegram import Bot, CallbackQuery, Message, Update, User

from bot.actions import Action, Verb
from bot.chat.commands import Help
from bot.chat.desk import Aside, Desk
from bot.chat.telegram_commands import Cancel, addressed, is_command, link_code, spoken
from bot.chat.telegram_events import account_of, is_for_us, is_private, message_event, press_event
from bot.chat.telegram_out import TelegramOut
from bot.chat.telegram_parts import Part, sentence
from bot.chat.telegram_questions import is_shared
from bot.chat.telegram_strangers import Marks, how_to_link, spoken_by
from bot.chat.telegram_text import Message as Text
from bot.chat.telegram_waiting import REPLY, Waiting, Waits
from bot.wording import Wording
from bot.work import Deferred, Event, Work

PLATFORM = "telegram"


class TelegramIntake:
    """Nothing that strangers write, or that others say in a group, gets as far as `Work`."""

    def __init__(
        self,
        bot: Bot,
        work: Work,
        desk: Desk,
        out: TelegramOut,
        waits: Waits,
        marks: Marks,
        now: Callable[[], datetime],
    ) -> None:
        self._bot, self._work, self._desk, self._out = bot, work, desk, out
        self._waits, self._marks, self._now = waits, marks, now
        self._aside = Aside()

    async def take(self, update: Update) -> None:
        """Returns once it is written down, or found to be nothing that the bot answers."""
        if update.callback_query:
            await self._press(update.update_id, update.callback_query)
            return
        message = update.message or update.edited_message
        person = message.from_user if message else None
        if message is None or person is None or person.is_bot:
            return
        is_new = update.message is not None
        if is_private(message):
            if is_for_us(message, is_new=is_new):
                await self._in_private(update.update_id, message, person, is_new=is_new)
        elif is_new:
            await self._in_group(update.update_id, message, person)

    async def _press(self, update: int, query: CallbackQuery) -> None:
        event, person = press_event(query, self._now()), query.from_user
        if not await self._is_known(f"{PLATFORM}:{person.id}"):
            # At every press: a button that does nothing could be taken for one that did.
            self._aside.do(self._heard(query.id, how_to_link(spoken_by(person.language_code))))
            return
        if event:
            await self._defer(update, event)
        if event is None or not is_shared(event):
            self._aside.do(self._heard(query.id))

    async def _in_private(self, update: int, message: Message, person: User, *, is_new: bool) -> None:
        event = message_event(message, person, self._now())
        if is_new and (code := link_code(event["text"])):
            kept = {key: event[key] for key in ("user", "locale", "at", "chat", "message")}
            await self._defer(update, {**kept, "kind": "link", "code": code})
        elif not await self._is_known(account_of(event)):
            if is_new:
                self._aside.do(self._turn_away(event))
        elif is_new:
            await self._new(update, event)
        else:
            await self._edited(update, event)

    async def _new(self, update: int, event: Event) -> None:
        account, text = account_of(event), event["text"]
        if is_command(text):
            waiting = await asyncio.to_thread(self._waits.open, account, self._now())
            if waiting:
                await asyncio.to_thread(self._waits.clear, account)
            event = {**event, "was_waiting": waiting is not None}
        elif text and (waiting := await self._claimed(update, event, None)):
            event = {**event, "waiting": waiting.model_dump_json()}
        if await self._defer(update, event) is Deferred.QUEUED:
            self._aside.do(self._say_queued(event))

    async def _edited(self, update: int, event: Event) -> None:
        account, chat, message, now = account_of(event), event["chat"], event["message"], self._now()
        if await asyncio.to_thread(self._marks.was_words, account, chat, message, now):
            waiting = await asyncio.to_thread(self._waits.answered_by, account, message, now)
            action = Action.read(waiting.word) if waiting else None
            # A draft may be mended; what was said about one has been said.
            if waiting is None or waiting.word == REPLY or (action and action.verb is not Verb.EDIT):
                return
            event = {**event, "waiting": waiting.model_dump_json()}
        await self._defer(update, event)

    async def _in_group(self, update: int, message: Message, person: User) -> None:
        """Where owners are: the words that somebody was asked for there, and a word about the group itself."""
        event, replied = message_event(message, person, self._now()), message.reply_to_message
        said, text = spoken(event["text"]), event["text"]
        question = replied if replied and replied.from_user and replied.from_user.id == self._bot.id else None
        is_to_us = question is not None or addressed(text, self._bot.username)
        if not (is_to_us and text and await self._is_known(account_of(event))):
            return
        if isinstance(said, Help) and text.startswith("/"):
            await self._defer(update, {**event, "kind": "group"})
        elif isinstance(said, Cancel):
            waiting = await asyncio.to_thread(self._waits.open, account_of(event), self._now())
            if waiting and waiting.chat == event["chat"]:
                await asyncio.to_thread(self._waits.clear, account_of(event))
                await self._defer(update, {**event, "was_waiting": True})
        elif question and (waiting := await self._claimed(update, event, question.message_id)):
            await self._defer(update, {**event, "waiting": waiting.model_dump_json()})

    async def _claimed(self, update: int, event: Event, question: int | None) -> Waiting | None:
        """What this message is the answer to; in a group it has to be one to the `question`."""
        account, chat, message, now = account_of(event), event["chat"], event["message"], self._now()
        waiting = await asyncio.to_thread(self._waits.claim, account, update, chat, message, question, now)
        if waiting is not None:
            await asyncio.to_thread(self._marks.is_words, account, chat, message, now)
        return waiting

    async def _defer(self, update: int, event: Event) -> Deferred:
        return await self._work.defer(PLATFORM, f"update:{update}", event)

    async def _is_known(self, account: str) -> bool:
        return await asyncio.to_thread(self._desk.people.is_known, account)

    # --- Courtesies ------------------------------------------------------------------------------------------------

    async def _turn_away(self, event: Event) -> None:
        if await asyncio.to_thread(self._marks.may_be_told, account_of(event), self._now()):
            said = Text().words(how_to_link(spoken_by(event["locale"])))
            await self._out.send(event["chat"], Part(said), event["message"])

    async def _say_queued(self, event: Event) -> None:
        account = account_of(event)
        await asyncio.to_thread(self._desk.people.notice_locale, account, event["locale"])
        wording = Wording(await self._desk.language(account))
        said = wording.say("Many drafts are waiting; yours is in the queue and I will answer as soon as I can.")
        await self._out.send(event["chat"], sentence(said)[0], event["message"])

    async def _heard(self, query: str, text: str | None = None) -> None:
        await self._out.whisper(query, text)
