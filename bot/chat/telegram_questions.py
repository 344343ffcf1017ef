"""Questions in Telegram, which has no forms: the next message is the answer, also after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from telegram import MessageEntity

from bot.actions import Action, Asks
from bot.chat import telegram_pages
from bot.chat.telegram_events import account_of
from bot.chat.telegram_inert import called
from bot.chat.telegram_out import TelegramOut
from bot.chat.telegram_parts import Part, Sending, asking, skip
from bot.chat.telegram_text import Message
from bot.chat.telegram_waiting import ANSWER, REPLY, Waiting, Waits
from bot.people import Language
from bot.wording import Wording
from bot.work import Event


class TelegramQuestions:
    """Asks, and keeps for an hour what was asked."""

    def __init__(self, out: TelegramOut, waits: Waits, now: Callable[[], datetime]) -> None:
        self.waits = waits
        self._out, self._now = out, now

    async def for_action(
        self, id: str, event: Event, action: Action, asks: Asks, language: Language, *, over: int | None
    ) -> None:
        """Ask for the words of an action. `over` is the message that will be over with them."""
        given = [Part(block) for block in telegram_pages.blocks(asks.given)]
        markup = skip(action.word, language) if asks.is_optional else None
        question = self._question(event, asks, language, has_skip=asks.is_optional)
        part = Part(question, markup or asking(asks.label, only_some=is_shared(event)))
        waiting = Waiting(word=action.word, chat=event["chat"], at=event["at"], message=over)
        # The message in which one of several was chosen has no more to say.
        spent = (event["message"],) if event.get("which") else ()
        sending = Sending(event["chat"], (*given, part), language, to=event["message"], spent=spent)
        await self._put(id, account_of(event), waiting, sending)

    async def for_draft(
        self, id: str, event: Event, what: str, language: Language, said: tuple[str, str] | None = None
    ) -> None:
        """Ask for a customer's words, for the draft that answers them, or for one that is to be forgotten."""
        asks = _asks_for(what, Wording(language))
        part = Part(self._question(event, asks, language, has_skip=False), asking(asks.label, only_some=False))
        waiting = Waiting(word=what, chat=event["chat"], at=event["at"], said=said)
        await self._put(id, account_of(event), waiting, Sending(event["chat"], (part,), language, to=event["message"]))

    async def give_up(self, event: Event) -> None:
        """Wait no longer, if something was asked in this chat before what is now done."""
        account = account_of(event)
        waiting = await asyncio.to_thread(self.waits.open, account, self._now())
        if waiting and waiting.chat == event["chat"] and waiting.at <= event["at"]:
            await asyncio.to_thread(self.waits.clear, account)

    async def _put(self, id: str, account: str, waiting: Waiting, sending: Sending) -> None:
        # Before it is sent: whoever is asked may be quick. And once more with the question's own number.
        await asyncio.to_thread(self.waits.ask, account, waiting, self._now())
        sent = await self._out.deliver(id, sending)
        if sent:
            kept = await asyncio.to_thread(self.waits.open, account, self._now())
            if kept == waiting:
                known = waiting.model_copy(update={"question": sent.message_id})
                await asyncio.to_thread(self.waits.ask, account, known, self._now())

    def _question(self, event: Event, asks: Asks, language: Language, *, has_skip: bool) -> Message:
        wording, said = Wording(language), Message()
        if is_shared(event):
            name = called(event["name"]) or "👤"
            # Only the telephone of whoever is named opens a reply.
            said.name(name, event["user"]).add(": ")
        said.add(asks.label, MessageEntity.BOLD).add(f"\n{asks.hint}\n\n")
        if is_shared(event):
            return said.add(wording.say("Answer by replying to this message. Never mind: /cancel"))
        if has_skip:
            return said.add(wording.say("Your next message is taken for it. Or press Skip. Never mind: /cancel"))
        return said.add(
            wording.say("Your next message is taken for it, even if it is another draft. Never mind: /cancel")
        )


def is_shared(event: Event) -> bool:
    """Whether others read it too: in private, the chat has the number of the person."""
    return bool(event["chat"] != event["user"])


def _asks_for(what: str, wording: Wording) -> Asks:
    if what == REPLY:
        return Asks(wording.say("What the customer wrote"), wording.say("Forward it to me, or paste it here."))
    if what == ANSWER:
        return Asks(wording.say("Your reply"), wording.say("The draft with which you mean to answer."))
    return Asks(wording.say("Your draft"), wording.say("I check it and forget it: only a count remains."))
