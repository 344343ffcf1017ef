"""What only time does: owners reminded, whoever is next asked, drafts checked again, days summed up and swept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from bot.audit.erasure import Erasures
from bot.audit.retention import Retention
from bot.deeds import Cabinet
from bot.errands import Errand, Post, What, card_of
from bot.places import Awaiting, Days
from bot.quizzes import Quizzes
from bot.review import Asked
from bot.tables import Reminder
from bot.writing import taken_back
from rules.policy import Owner, Policy

log = structlog.get_logger(__name__)

EVERY: Final = 15
"""Seconds between two looks at the clock."""
_MORNING: Final = 8
"""The hour from which a day is summed up."""
_RETENTION: Final = "record/retention"
"""As what the days are noted on which words were let go: no owner is called so."""
_FRESH: Final = 4
"""Hours for which a card speaks for itself."""


class Clock:
    """Whatever two workers find due is done once."""

    def __init__(
        self,
        cabinet: Cabinet,
        post: Post,
        days: Days,
        awaiting: Awaiting,
        quizzes: Quizzes,
        retention: Retention,
        erasures: Erasures,
        policy: Callable[[], Policy],
    ) -> None:
        self._cabinet, self._post, self._days, self._awaiting = cabinet, post, days, awaiting
        self._quizzes, self._retention, self._erasures, self._policy = quizzes, retention, erasures, policy
        self._is_caught_up = False

    async def look(self) -> None:
        """To be called every so often. What fails is logged and done at the next look."""
        if not self._is_caught_up:
            # A sudden stop may have come between a word and the messages that it called for.
            self._is_caught_up = await self._kindly(self.catch_up())
        await self._kindly(self.tick(datetime.now(UTC)))

    async def let_go(self) -> None:
        """As `look`, for words whose time is over. Apart from it: no reminder waits for a great many words."""
        await self._kindly(asyncio.to_thread(self._let_go, datetime.now(UTC)))

    async def catch_up(self) -> None:
        """Have every open card shown as it stands; one that has been sent already is not sent again."""
        seats = await asyncio.to_thread(self._cabinet.reviews.waiting)
        await self._post.send(card_of(seat) for seat in seats)

    async def tick(self, now: datetime) -> None:
        """Do what is due at `now`."""
        for id in await asyncio.to_thread(self._cabinet.reviews.overdue, now):
            await self._kindly(self._overdue(id, now))
        for reminder in await asyncio.to_thread(self._cabinet.reminders.due, now):
            await self._kindly(self._remind(reminder))
        await self._kindly(self._send_digests(now))
        await self._post.send(await asyncio.to_thread(self._sweep, now))

    async def _remind(self, reminder: Reminder) -> None:
        name = f"{reminder.screening}:again:{reminder.at}"
        await self._post.send([Errand(What.AGAIN, reminder.screening, name, person=reminder.person)])
        await asyncio.to_thread(self._cabinet.reminders.clear, reminder)

    async def _overdue(self, id: str, now: datetime) -> None:
        if seat := await asyncio.to_thread(self._cabinet.reviews.seat, id):
            await self._move_on(seat, now)

    async def unreachable(self, seat: str, now: datetime) -> None:
        """The owner's channel takes no cards: whoever is next is asked at once."""
        found = await asyncio.to_thread(self._cabinet.reviews.seat, seat)
        if found is None or found.due is None:
            return
        if found.step == 0:
            # A reminder where nobody reads it helps nobody.
            found = await asyncio.to_thread(self._cabinet.reviews.move_on, found, self._policy(), now)
        await self._move_on(found, now)

    async def _move_on(self, seat: Asked, now: datetime) -> None:
        policy = self._policy()
        moved = await asyncio.to_thread(self._cabinet.reviews.move_on, seat, policy, now)
        if moved.owner != seat.owner:
            await self._post.send([card_of(moved, seat.owner)])
        name = f"{moved.id}:slow:{moved.step}:{moved.owner}"
        await self._post.send([card_of(moved), Errand(What.SLOW, moved.id, name, person=moved.writer)])

    async def _send_digests(self, now: datetime) -> None:
        policy = self._policy()
        for owner in policy.owners:
            day = await asyncio.to_thread(self._day_to_sum_up, owner, policy, now)
            if day:
                name = f"digest:{owner.id}:{day}"
                await self._post.send([Errand(What.DIGEST, owner.id, name, owner=owner.id)])
                await asyncio.to_thread(self._days.done, owner.id, day)

    def _day_to_sum_up(self, owner: Owner, policy: Policy, now: datetime) -> str | None:
        """The day whose summary an owner is to have now: once, when they are there, and only if something waits."""
        hours = policy.hours_of(owner)
        local = now.astimezone(hours.zone)
        day = local.date().isoformat()
        # Who is there day and night is not woken for a summary.
        if local.hour < _MORNING or not hours.is_open(now) or self._days.is_done(owner.id, day):
            return None
        asked = self._cabinet.reviews.waiting(owner.id)
        # Of what came in today they have just had the card.
        return day if any(seat.at < now - timedelta(hours=_FRESH) for seat in asked) else None

    def _sweep(self, now: datetime) -> Sequence[Errand]:
        """What is over is let go; whoever was asked about a draft that nobody has any more is told."""
        gone = self._cabinet.drafts.over(now)
        # Before they are gone: nobody is to answer about what nobody has any more.
        errands = taken_back(self._cabinet.reviews, gone)
        if gone:
            self._cabinet.drafts.let_go(gone)
            log.info("drafts.let_go", count=len(gone))
        self._awaiting.sweep(now)
        self._quizzes.sweep(now)
        self._days.sweep(now)
        return errands

    def _let_go(self, now: datetime) -> None:
        """Words whose time is over, once a day; a process that does the same finds nothing left."""
        policy, day = self._policy(), now.date().isoformat()
        if self._days.is_done(_RETENTION, day):
            return
        self._retention.let_go(policy.record, policy.revision, now)
        self._erasures.again(now)
        self._days.done(_RETENTION, day)

    async def _kindly(self, doing: Awaitable[None]) -> bool:
        """Whether it was done."""
        try:
            await doing
        except Exception as error:
            log.warning("clock.failed", error=type(error).__name__)
            return False
        return True
