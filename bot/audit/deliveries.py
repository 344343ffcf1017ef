"""Checkpoints on their way off the host: made when due, delivered until each place has them, and missed where late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from bot.audit.checkpoints import CheckpointError, Checkpoints, Rhythm
from bot.audit.recipients import Folder, Recipient, Refusal, Webhook
from bot.audit.repository import Repository
from bot.audit.statements import Signed, StatementError
from bot.audit.tables import Checkpoint, Outpost
from bot.audit.targets import Target
from bot.keys import KeyFileError
from bot.store import Store

log = structlog.get_logger(__name__)

EVERY: Final = 15
"""Seconds between two looks."""
_LEASE: Final = 180.0
"""Seconds in which another process leaves a place to whoever is at it: more than most deliveries take, and where one
takes longer, nothing worse happens than that a place is told twice."""
_FIRST, _LONGEST = 15.0, 900.0
"""Seconds to the second attempt at a place, doubled from then on up to so many."""


def open_recipients(targets: Sequence[Target], clones: Path) -> Mapping[Target, Recipient]:
    """What takes the checkpoints for each place; clones of remote repositories are kept in `clones`."""
    return {target: _recipient(target, clones) for target in targets}


def _recipient(target: Target, clones: Path) -> Recipient:
    match target.kind:
        case "dir":
            return Folder(Path(target.address))
        case "git":
            return Repository(target.address, clone=clones / target.digest if target.is_remote else None)
        case "webhook":
            return Webhook(target.address)


@dataclass(frozen=True, slots=True)
class Lateness:
    """A place that has not got a checkpoint for too long, and since when it has none."""

    target: Target
    since: datetime


class Deliveries:
    """Several processes may run one each: each checkpoint reaches each place at least once, and in order."""

    def __init__(
        self,
        store: Store,
        checkpoints: Checkpoints,
        recipients: Mapping[Target, Recipient],
        rhythm: Rhythm,
    ) -> None:
        self._store, self._checkpoints = store, checkpoints
        self._recipients, self._rhythm = recipients, rhythm
        self._said: dict[Target | None, datetime] = {}
        """When a place was last said to be late; of None, when it was said that none could be made."""

    async def look(self, now: datetime) -> None:
        """Make a checkpoint if one is due, bring each place what it lacks, and say which place is late."""
        await _kindly(self._make_if_due(now))
        await asyncio.gather(*(_kindly(self._bring_if_due(target, now)) for target in self._recipients))
        await _kindly(self._say_who_is_late(now))

    async def deliver_all(self, now: datetime, *, again: bool = False) -> Mapping[Target, Refusal | None]:
        """Bring each place what it lacks, or with `again` everything, whenever it would be tried by itself.

        What each place answered: None is yes.
        """
        answers = await asyncio.gather(*(self._bring(target, 0 if again else None, now) for target in self._recipients))
        return dict(zip(self._recipients, answers, strict=True))

    async def _make_if_due(self, now: datetime) -> None:
        try:
            made = await asyncio.to_thread(self._checkpoints.make_if_due, self._rhythm, now)
        except (CheckpointError, KeyFileError) as error:
            if self._is_news(None, now):
                log.error("checkpoint.not_made", error=type(error).__name__, remedy=str(error))
            return
        self._said.pop(None, None)
        if made is not None:
            said = made.statement()
            log.info("checkpoint.made", number=said.number, count=said.count)

    async def _bring_if_due(self, target: Target, now: datetime) -> None:
        if not await asyncio.to_thread(self._claim, target, now):
            return
        try:
            await self._bring(target, None, now)
        except asyncio.CancelledError:
            self._leave(target)
            raise

    async def _bring(self, target: Target, since: int | None, now: datetime) -> Refusal | None:
        """From after `since`, by default from where the place is."""
        has = await asyncio.to_thread(self._has, target, now) if since is None else since
        recipient = self._recipients[target]
        try:
            while found := await asyncio.to_thread(self._checkpoints.after, has, recipient.most):
                await recipient.take(found)
                has = found[-1][0]
                await asyncio.to_thread(self._took, target, has, now)
        except Refusal as refusal:
            attempts = await asyncio.to_thread(self._refused, target, now)
            log.warning(
                "checkpoint.not_delivered", kind=target.kind, place=target.digest, attempts=attempts,
                reason=refusal.why, detail=refusal.detail,
            )  # fmt: skip
            return refusal
        return None

    def _claim(self, target: Target, now: datetime) -> bool:
        """Whether there is something to bring, and nobody else is at it."""
        moment = now.timestamp()
        with self._store.write() as session:
            row = session.get(Outpost, target.digest) or Outpost(place=target.digest, since=moment)
            session.add(row)
            # A clock that was put back must not keep a place waiting for longer than anything lets it wait.
            is_due = row.due <= moment or row.due > moment + max(_LEASE, _LONGEST)
            if not is_due or session.get(Checkpoint, row.has + 1) is None:
                return False
            row.due = moment + _LEASE
            return True

    def _has(self, target: Target, now: datetime) -> int:
        with self._store.write() as session:
            row = session.get(Outpost, target.digest) or Outpost(place=target.digest, since=now.timestamp())
            session.add(row)
            return row.has

    def _leave(self, target: Target) -> None:
        """At a stop: whoever starts next need not wait."""
        with self._store.write() as session:
            if row := session.get(Outpost, target.digest):
                row.due = 0.0

    def _took(self, target: Target, number: int, now: datetime) -> None:
        with self._store.write() as session:
            row = session.get(Outpost, target.digest) or Outpost(place=target.digest, since=now.timestamp())
            row.has, row.attempts, row.due = max(row.has, number), 0, 0.0
            session.add(row)

    def _refused(self, target: Target, now: datetime) -> int:
        moment = now.timestamp()
        with self._store.write() as session:
            row = session.get(Outpost, target.digest) or Outpost(place=target.digest, since=moment)
            row.due = moment + min(_FIRST * 2.0 ** min(row.attempts, 16), _LONGEST)
            row.attempts += 1
            session.add(row)
            return row.attempts

    async def _say_who_is_late(self, now: datetime) -> None:
        late = await asyncio.to_thread(late_places, self._store, tuple(self._recipients), self._rhythm.period, now)
        for each in late:
            if self._is_news(each.target, now):
                log.warning(
                    "checkpoint.late", kind=each.target.kind, place=each.target.digest, since=each.since.isoformat()
                )
        for target in self._said.keys() - {each.target for each in late}:
            if target is not None:
                del self._said[target]
                log.info("checkpoint.in_time_again", kind=target.kind, place=target.digest)

    def _is_news(self, about: Target | None, now: datetime) -> bool:
        """Once, and then once a period: an alarm that never ends is heard by nobody."""
        said = self._said.get(about)
        if said is not None and abs(now - said) < self._rhythm.period:
            return False
        self._said[about] = now
        return True


def late_places(store: Store, targets: Sequence[Target], period: timedelta, now: datetime) -> Sequence[Lateness]:
    """The places whose newest checkpoint is older than two periods; none at all counts from the first attempt.

    One to which nothing was ever brought counts from now: Vaglio has not run since it was named.
    """
    found = []
    with store.read() as session:
        for target in targets:
            row = session.get(Outpost, target.digest)
            if row is None:
                continue
            last = session.get(Checkpoint, row.has) if row.has else None
            since = _moment(last) or datetime.fromtimestamp(row.since, UTC)
            if now - since > 2 * period:
                found.append(Lateness(target, since))
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where checkpoints go: how far it has them, of which moment its newest is, and whether it is late."""

    target: Target
    has: int
    at: datetime | None
    is_late: bool


def places(store: Store, targets: Sequence[Target], period: timedelta, now: datetime) -> Sequence[Place]:
    """How each place stands. `has` 0: nothing was brought there yet."""
    late = {each.target for each in late_places(store, targets, period, now)}
    found = []
    with store.read() as session:
        for target in targets:
            row = session.get(Outpost, target.digest)
            has = row.has if row else 0
            found.append(Place(target, has, _moment(session.get(Checkpoint, has)) if has else None, target in late))
    return found


def _moment(row: Checkpoint | None) -> datetime | None:
    try:
        return Signed(row.body, row.signature).statement().at if row else None
    except StatementError:
        return None


async def _kindly(doing: Awaitable[None]) -> None:
    try:
        await doing
    except Exception as error:
        log.warning("checkpoint.failed", error=type(error).__name__)
