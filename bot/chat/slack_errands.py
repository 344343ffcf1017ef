"""Slack: what Vaglio sends of its own accord: cards in owners' channels, and news in a writer's direct messages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from slack_sdk.errors import SlackApiError

from bot.chat import slack_blocks
from bot.chat.desk import Desk
from bot.chat.slack_delivery import PLATFORM, SlackDelivery, sorted_out
from bot.chat.slack_readers import SlackReaders
from bot.chat.slack_sendings import Sending
from bot.clock import Clock
from bot.deeds import Answer
from bot.engine import Undeliverable
from bot.errands import What, card_name
from bot.people import Language
from bot.places import Cards
from bot.reply import Reply, stuck
from bot.review import Asked, Ruling
from bot.turns import Turns
from bot.wording import Wording
from bot.work import SINCE, Event

_OWNERS = (What.CARD, What.APPEAL, What.DIGEST)


class SlackErrands:
    """One message for each card and channel: posted once, and changed from then on."""

    def __init__(
        self, desk: Desk, readers: SlackReaders, delivery: SlackDelivery, clock: Clock, cards: Cards, turns: Turns
    ) -> None:
        """`turns`: two errands about one card would both find that it is not there, or show it in the wrong order."""
        self._desk, self._readers, self._delivery = desk, readers, delivery
        self._clock, self._cards, self._turns = clock, cards, turns

    async def handle(self, id: str, event: Event) -> None:
        """Raises `Undeliverable`, `Retry` and whatever else goes wrong; may be called again for the same event."""
        try:
            if event["what"] in _OWNERS:
                await self._to_owner(id, event)
            else:
                await self._to_person(id, event)
        except SlackApiError as error:
            raise sorted_out(error) from None

    async def apologise(self, id: str, event: Event) -> None:
        """Whoever asked for another check is told that there will be none; all other news nobody waits for."""
        if event["what"] != What.AGAIN:
            return
        _, team, user = event["to"].split(":")
        language = await self._readers.language(team, user)
        try:
            said = [slack_blocks.notice(stuck(language))]
            await self._delivery.deliver(id, {"user": user}, said, language, replaces=False)
        except SlackApiError as error:
            raise sorted_out(error) from None

    async def _to_person(self, id: str, event: Event) -> None:
        _, team, user = event["to"].split(":")
        language = await self._readers.language(team, user)
        answer = await self._desk.told(id, event, event["to"], language)
        if answer is not None:
            said = slack_blocks.messages(answer.said, language)
            place = {"user": user, SINCE: event.get(SINCE)}
            await self._delivery.deliver(id, place, said, language, replaces=False)
        self._desk.delivered(id)

    async def _to_owner(self, id: str, event: Event) -> None:
        what, language = What(event["what"]), self._desk.conversation.house_language()
        card = card_name(event["about"], event["owner"])
        async with self._turns.of(card):
            try:
                answer = await self._desk.told(id, event, "", language)
                if answer is None:
                    return
                if what is What.DIGEST:
                    said = slack_blocks.messages(answer.said, language)
                    await self._delivery.post_all(id, event["to"], said, event.get(SINCE))
                    return
                await self._show(id, event, card, answer, language)
            finally:
                # Tried again, it says how things stand by then.
                self._desk.delivered(id)

    def _sending(self, id: str, event: Event, part: object) -> Sending:
        return self._delivery.sending(id, part, event.get(SINCE))

    async def _show(self, id: str, event: Event, card: str, answer: Answer, language: Language) -> None:
        said = answer.said
        if not isinstance(said, Reply):
            raise TypeError("a card is a reply")
        try:
            await self._put(card, event["to"], said, language, self._sending(id, event, "card"))
            if event["what"] == What.CARD:
                await self._remind(card, event, language, self._sending(id, event, "reminder"))
        except SlackApiError as error:
            is_lost = event["what"] == What.CARD and said.buttons and isinstance(sorted_out(error), Undeliverable)
            if is_lost and not await asyncio.to_thread(self._is_elsewhere, card):
                await self._clock.unreachable(event["about"], datetime.now(UTC))
            raise

    def _is_elsewhere(self, card: str) -> bool:
        """Whether its owner sees it on another platform."""
        return any(not place.startswith(f"{PLATFORM}:") for place in self._cards.places(card))

    async def _put(self, card: str, channel: str, said: Reply, language: Language, sending: Sending) -> None:
        """Change the card, or post it where it is not."""
        text, blocks = slack_blocks.message(said, language)
        if kept := await self._kept(card, channel) or await self._found(card, channel, sending):
            if await self._delivery.update(*kept, text, blocks):
                return
            await asyncio.to_thread(self._cards.drop, card, _place(channel))
            await asyncio.to_thread(self._cards.drop, card, _place(kept[0]))
        elif not said.buttons:
            # It was over before anybody saw it.
            return
        # It was looked for above.
        posted = await self._delivery.post(channel, text, blocks, replace(sending, since=None))
        await self._keep(card, channel, posted)

    async def _remind(self, card: str, event: Event, language: Language, sending: Sending) -> None:
        """A message that changes tells nobody: a reminder is one of its own, under the card."""
        seat = await asyncio.to_thread(self._desk.conversation.cabinet.reviews.seat, event["about"])
        kept = await self._kept(card, event["to"])
        reminder = f"{card}/reminder"
        if not kept or not _is_late(seat, event["owner"]) or await self._kept(reminder, event["to"]):
            return
        text, blocks = slack_blocks.notice(Wording(language).say("A reminder: its writer is waiting."))
        posted = await self._delivery.post(kept[0], text, blocks, sending, under=kept[1])
        await self._keep(reminder, event["to"], posted)

    async def _kept(self, card: str, channel: str) -> tuple[str, str] | None:
        """The id of the channel and the `ts` of the message."""
        kept = await asyncio.to_thread(self._cards.message, card, _place(channel))
        return tuple(kept.split(" ", 1)) if kept else None  # type: ignore[return-value]

    async def _found(self, card: str, channel: str, sending: Sending) -> tuple[str, str] | None:
        """What was posted, and could not be noted any more: now it is."""
        if found := await self._delivery.posted(channel, sending):
            await self._keep(card, channel, found)
        return found

    async def _keep(self, card: str, channel: str, message: tuple[str, str]) -> None:
        # By what the policy calls the channel, to find it again; by its id, for that is what a press brings.
        # Half of that, and a press would be taken for somebody else's.
        places = {_place(channel), _place(message[0])}
        await asyncio.to_thread(self._cards.put_at, card, places, " ".join(message))


def _place(channel: str) -> str:
    return f"{PLATFORM}:{channel}"


def _is_late(seat: Asked | None, owner: str) -> bool:
    return seat is not None and seat.state is Ruling.OPEN and seat.owner == owner and seat.step == 1
