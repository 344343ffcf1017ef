"""What Vaglio sends to Telegram of its own accord: cards for owners, which change later, and news for writers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from bot.chat.desk import Desk
from bot.chat.telegram_out import TelegramOut, reaching
from bot.chat.telegram_parts import Part, Sending, card, live, parts
from bot.clock import Clock
from bot.engine import Undeliverable
from bot.errands import What, card_name
from bot.people import Language
from bot.places import Cards
from bot.reply import Reply
from bot.turns import Turns
from bot.work import Event

_CARDS = (What.CARD, What.APPEAL)


class TelegramErrands:
    """Two errands about the same card take turns, and each shows it as it then stands."""

    def __init__(
        self, desk: Desk, out: TelegramOut, cards: Cards, clock: Clock, now: Callable[[], datetime], turns: Turns
    ) -> None:
        self._desk, self._out, self._cards, self._clock, self._now = desk, out, cards, clock, now
        self._turns = turns

    async def deliver(self, id: str, event: Event) -> None:
        """Raises `Retry` or `Undeliverable`, and what goes wrong on the way to the message."""
        try:
            if event.get("owner") is None:
                await self._to_person(id, event)
            else:
                await self._to_owner(id, event)
        finally:
            # At the next try things may stand otherwise: an old card must not come back over a newer one.
            self._desk.delivered(id)

    async def _to_person(self, id: str, event: Event) -> None:
        account = event["to"]
        if not await asyncio.to_thread(self._desk.people.is_known, account):
            raise Undeliverable("the account is no longer linked")
        language = await self._desk.language(account)
        answer = await self._desk.told(id, event, account, language)
        if answer is not None:
            sending = Sending(
                chat=int(account.rpartition(":")[2]),
                parts=parts(answer.said, language),
                language=language,
                about=live(answer.said),
                replaces=event["about"] if event["what"] == What.AGAIN else None,
            )
            with reaching():
                await self._out.deliver(id, sending)

    async def _to_owner(self, id: str, event: Event) -> None:
        what, language = What(event["what"]), self._desk.conversation.house_language()
        if what not in _CARDS:
            await self._post(id, event, language)
            return
        name = card_name(event["about"], event["owner"])
        try:
            async with self._turns.of(name):
                answer = await self._desk.told(id, event, event["to"], language)
                if answer is not None and isinstance(answer.said, Reply):
                    with reaching():
                        await self._show(name, event["to"], card(answer.said, language))
        except Undeliverable:
            if what is What.CARD and await asyncio.to_thread(self._is_waited_for, event, name):
                await self._clock.unreachable(event["about"], self._now())
            raise

    async def _post(self, id: str, event: Event, language: Language) -> None:
        answer = await self._desk.told(id, event, event["to"], language)
        if answer is not None:
            with reaching():
                await self._out.deliver(id, Sending(_chat(event["to"]), parts(answer.said, language), language))

    async def _show(self, name: str, to: str, part: Part) -> None:
        place = f"telegram:{to}"
        known = await asyncio.to_thread(self._cards.message, name, place)
        if known is not None:
            chat, _, message = known.rpartition(":")
            if await self._out.edit(_chat(chat), int(message), part):
                return
            await asyncio.to_thread(self._drop, name, {place, f"telegram:{chat}"})
        elif part.markup is None:
            # Settled, or passed on, before it was ever seen here.
            return
        sent = await self._out.send(_chat(to), part)
        # A group may go by another name than its number, and by another number than it did: whoever presses the
        # button does so where the message is.
        places = {place, f"telegram:{sent.chat_id}"}
        await asyncio.to_thread(self._cards.put_at, name, places, f"{sent.chat_id}:{sent.message_id}")

    def _drop(self, name: str, places: set[str]) -> None:
        for place in places:
            self._cards.drop(name, place)

    def _is_waited_for(self, event: Event, name: str) -> bool:
        """Whether it is this owner who is asked now, and nobody sees the card anywhere else."""
        seat = self._desk.conversation.cabinet.reviews.seat(event["about"])
        elsewhere = [place for place in self._cards.places(name) if not place.startswith("telegram:")]
        return seat is not None and seat.owner == event["owner"] and not elsewhere


def _chat(to: str) -> int | str:
    """A group's number, or the public name that it has instead."""
    return int(to) if to.lstrip("-").isdigit() else to
