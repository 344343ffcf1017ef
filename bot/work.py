"""Work that must survive a crash: sealed and written before it is acknowledged, gone with its key once answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import structlog
from sqlmodel import Session, col, delete, func, select

from bot.audit.vault import Vault, VaultError
from bot.dead_letters import KIND, bury, look_after
from bot.engine import USUAL, Engine, Lost, Patience, ProcessDied, Retry, Undeliverable, was_begun
from bot.prescreen import new_id
from bot.store import Store
from bot.tables import Pending, Seen

log = structlog.get_logger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[str, Event], Awaitable[None]]

SINCE: Final = "since"
"""In an event that was tried before: from when on, in seconds since the epoch, some of its answer may be out."""

_REMEMBERED = 48 * 3600.0
"""Seconds for which an event's name is kept, to know it again: longer than any platform tries."""
_OVER = 1_000
"""Names whose time is over that one transaction lets go of at most: after a pause there may be days of them."""
_AT_ONCE = 200
"""Events that are written in one transaction."""
_FORGETTING = 4
"""Tries to forget what was answered."""
_LOOK = 60
"""Seconds between two looks at the dead letters."""


class NotSetUp(Exception):
    """Nobody here speaks to the platform of an event: its settings are gone, or other processes alone have them."""


class Deferred(Enum):
    """What became of an event that was handed in."""

    TAKEN = auto()
    QUEUED = auto()
    """Taken too, but there are many before it."""
    DUPLICATE = auto()


@dataclass(frozen=True, slots=True)
class _Incoming:
    """An event that waits to be written."""

    key: str
    body: bytes = field(repr=False)
    written: Future[Deferred] = field(default_factory=Future)


class Work:
    """Takes events in durably, and has the engine hand each to its platform's handler until it is done."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        engine: Engine,
        *,
        backlog: int,
        patience: Patience = USUAL,
        kept: int = 7,
    ) -> None:
        """`backlog`: events waiting, from which on a new one is said to be queued. `kept`: days for dead letters."""
        self._store, self._vault, self._engine = store, vault, engine
        self._backlog, self._patience, self._kept = backlog, patience, kept
        self._handlers: dict[str, Handler] = {}
        self._apologies: dict[str, Handler] = {}
        # One thread, which writes whatever has come in meanwhile in one go: a hundred at once wait for one commit.
        self._incoming: deque[_Incoming] = deque()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="vaglio-intake")
        engine.on(KIND, self._do, give_up=self._give_up, left_over=self._left_over, people_wait=True)
        engine.every(_LOOK, "dead letters", self._look)

    def on(self, platform: str, handler: Handler, apologise: Handler | None = None) -> None:
        """`handler(id, event)` is given every event of `platform`; it may be called again for the same one.

        Then the event says `SINCE` when. `apologise(id, event)` is called once processes have died of an event: it
        tells whoever waits for the answer that there will be none, and reads no word of theirs. Raises what `handler`
        raises.
        """
        self._handlers[platform] = handler
        if apologise:
            self._apologies[platform] = apologise

    @property
    def waiting(self) -> int:
        """Events that nobody has in hand. Asks the database: for a thread."""
        with self._store.read() as session:
            return self._engine.waiting(session, KIND)

    def oldest(self, now: float) -> float | None:
        """Seconds for which the event that came first has been waiting for its answer; None: nothing waits."""
        with self._store.read() as session:
            first = session.exec(select(func.min(Pending.at))).one()
        return None if first is None else max(0.0, now - first)

    async def defer(self, platform: str, name: str, event: Event) -> Deferred:
        """Take in an event, durable on return. A second one of the same `name`, the platform's own, is a duplicate."""
        incoming = _incoming(platform, name, event)
        self._incoming.append(incoming)
        self._writer.submit(self._write_all)
        return await asyncio.wrap_future(incoming.written)

    def put(self, session: Session, platform: str, name: str, event: Event) -> None:
        """As `defer`, inside a transaction of `Store.write`: taken in once that is committed, and only then."""
        self._write_in(session, [_incoming(platform, name, event)])

    async def still_ours(self) -> None:
        """To be asked by a handler right before an answer goes out. Raises `Lost`: another worker has the event."""
        await self._engine.still_ours()

    async def run(self) -> None:
        """Work until cancelled; what is then in hand stays written and is taken up at the next start."""
        await self._look()
        await self._engine.run()

    def close(self) -> None:
        self._writer.shutdown()

    async def _look(self) -> None:
        await asyncio.to_thread(self._look_at_the_dead)

    async def _do(self, id: str) -> None:
        """Have an event answered. Raises `Retry` where that is to be tried again, and `Lost`."""
        if (opened := await self._opened(id)) is None:
            return
        pending, event = opened
        platform = event["platform"]
        if error := await self._handled(pending, event, self._handlers):
            log.error("work.given_up", id=id, platform=platform, error=type(error).__name__)
            await asyncio.to_thread(self._bury, id, platform, error)
        else:
            await self._forget_in_time(id)

    async def _give_up(self, id: str, deaths: int) -> None:
        """Processes die of it: whoever waits is told, and it is left to an operator. Raises as `_do` does."""
        if (opened := await self._opened(id)) is None:
            return
        pending, event = opened
        platform = event["platform"]
        # Not for ever either: it may be this that they die of.
        if deaths < 2 * self._patience.deaths and platform in self._apologies:
            await self._handled(pending, event, self._apologies)
        log.error("work.deadly", id=id, platform=platform, deaths=deaths, remedy="see vaglio queue dead")
        await asyncio.to_thread(self._bury, id, platform, ProcessDied(), deaths)

    async def _opened(self, id: str) -> tuple[Pending, Event] | None:
        """None where there is nothing to do, or nobody can read it."""
        pending = await asyncio.to_thread(self._read, id)
        if pending is None:
            return None
        try:
            event = json.loads(self._vault.unseal(pending.wrapped, pending.sealed, id.encode()))
        except VaultError as error:
            log.error("work.unreadable", id=id, remedy="restore the master key that was in use when it was taken in")
            await asyncio.to_thread(self._bury, id, "", error)
            return None
        if was_begun():
            event[SINCE] = pending.at
        return pending, event

    async def _handled(self, pending: Pending, event: Event, handlers: Mapping[str, Handler]) -> Exception | None:
        """Have it done. What is returned has gone wrong for too long. Raises `Retry` and `Lost`."""
        id, platform = pending.id, event["platform"]
        try:
            if platform not in handlers:
                raise NotSetUp
            await handlers[platform](id, event)
        except Lost:
            raise
        except Undeliverable as error:
            log.warning("work.undeliverable", id=id, platform=platform, reason=error.reason)
        except Exception as error:
            if time.time() - pending.at < self._patience.whole or pending.attempts + 1 < self._patience.tries:
                kind = type(error).__name__
                log.warning("work.retry", id=id, platform=platform, attempt=pending.attempts + 1, error=kind)
                await asyncio.to_thread(self._tried, id)
                raise Retry(self._pause(error, pending.attempts)) from None
            return error
        return None

    async def _forget_in_time(self, id: str) -> None:
        """A database that is away for a moment is waited for: what is not forgotten is answered once more."""
        for attempt in range(_FORGETTING):
            try:
                await asyncio.to_thread(self._forget, id)
            except Exception:
                if attempt + 1 == _FORGETTING:
                    raise
                await asyncio.sleep(self._patience.after(attempt))
            else:
                return

    def _pause(self, error: Exception, attempts: int) -> float:
        # What a platform asks for is kept to the second: to come earlier makes it ask for more.
        if isinstance(error, Retry) and error.after is not None:
            return error.after
        return self._patience.after(attempts)

    # --- The tables, each touched on a thread ----------------------------------------------------------------------

    def _write_all(self) -> None:
        waiting = [self._incoming.popleft() for _ in range(min(len(self._incoming), _AT_ONCE))]
        taken = [one for one in waiting if one.written.set_running_or_notify_cancel()]
        if not taken:
            return
        try:
            deferred = self._write(taken)
        except Exception as error:
            for one in taken:
                one.written.set_exception(error)
            return
        for one, became in zip(taken, deferred, strict=True):
            one.written.set_result(became)

    def _write(self, taken: Sequence[_Incoming]) -> list[Deferred]:
        """What became of each. Of two of one name in different processes, the database's lock lets one be first."""
        with self._store.write() as session:
            return self._write_in(session, taken)

    def _write_in(self, session: Session, taken: Sequence[_Incoming]) -> list[Deferred]:
        now, found, fresh = time.time(), list[Deferred](), dict[str, str]()
        waiting = self._engine.waiting(session, KIND, self._backlog)
        over = select(Seen.key).where(col(Seen.at) < now - _REMEMBERED).limit(_OVER)
        session.exec(delete(Seen).where(col(Seen.key).in_(over)).execution_options(synchronize_session=False))
        for one in taken:
            if one.key in fresh or session.get(Seen, one.key) is not None:
                found.append(Deferred.DUPLICATE)
                continue
            found.append(Deferred.QUEUED if waiting + len(fresh) >= self._backlog else Deferred.TAKEN)
            fresh[one.key] = id = new_id()
            wrapped, sealed = self._vault.seal(one.body, id.encode())
            session.add(Seen(key=one.key, at=now))
            session.add(Pending(id=id, at=now, wrapped=wrapped, sealed=sealed))
        session.flush()
        self._engine.put(session, KIND, list(fresh.values()))
        return found

    def _left_over(self) -> list[str]:
        with self._store.read() as session:
            return list(session.exec(select(Pending.id).order_by(col(Pending.at))).all())

    def _read(self, id: str) -> Pending | None:
        with self._store.read() as session:
            return session.get(Pending, id)

    def _tried(self, id: str) -> None:
        with self._store.write() as session:
            if pending := session.get(Pending, id):
                pending.attempts += 1
                session.add(pending)

    def _forget(self, id: str) -> None:
        with self._store.write() as session:
            session.exec(delete(Pending).where(col(Pending.id) == id))

    def _bury(self, id: str, platform: str, error: Exception, tries: int = 1) -> None:
        with self._store.write() as session:
            if pending := session.get(Pending, id):
                bury(session, pending, platform, error, tries)

    def _look_at_the_dead(self) -> None:
        over = time.time() - self._kept * 86_400
        revived, gone = look_after(self._store, self._engine, self._vault, over)
        if revived or gone:
            log.info("work.dead_letters", revived=revived, let_go=gone)


def _incoming(platform: str, name: str, event: Event) -> _Incoming:
    return _Incoming(_key(platform, name), json.dumps({"platform": platform, **event}, ensure_ascii=True).encode())


def _key(platform: str, name: str) -> str:
    """The names of events are kept longer than the events: a digest tells them apart and says nothing."""
    return hashlib.sha256(f"{platform}:{name}".encode()).hexdigest()
