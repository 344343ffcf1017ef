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
from typing import Any

import structlog
from sqlmodel import col, delete, func, select

from bot.audit.vault import Vault, VaultError
from bot.prescreen import new_id
from bot.store import Store
from bot.tables import Pending, Seen

log = structlog.get_logger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[str, Event], Awaitable[None]]

_REMEMBERED = 48 * 3600.0
"""Seconds for which an event's name is kept, to know it again: longer than any platform tries."""


_AT_ONCE = 200
"""Events that are written in one transaction."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    first: float = 1.0
    """After the first failure; after each further one twice as long, up to `longest`."""
    longest: float = 60.0
    whole: float = 3600.0
    """After which an answer that nobody takes is no help to anybody."""
    grace: float = 10.0
    """That an answer in hand has to go out when Vaglio is stopped."""


class Deferred(Enum):
    """What became of an event that was handed in."""

    TAKEN = auto()
    QUEUED = auto()
    """Taken too, but there are many before it."""
    DUPLICATE = auto()


class Retry(Exception):
    """The answer could not be delivered now; `after` seconds are what the platform asks for."""

    def __init__(self, after: float | None = None) -> None:
        self.after = after
        super().__init__("to be tried again")


class Undeliverable(Exception):
    """Nobody is there to take the answer: they left, or the conversation is closed. `reason` is the platform's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """An event that waits to be written."""

    key: str
    body: bytes = field(repr=False)
    written: Future[str | None] = field(default_factory=Future)
    """The id under which it is kept; None: it is there already."""


class Work:
    """Takes events in durably and hands each to its platform's handler until it is done."""

    def __init__(
        self, store: Store, vault: Vault, *, workers: int, backlog: int, patience: Patience = Patience()
    ) -> None:
        self._store, self._vault = store, vault
        self._workers, self._backlog, self._patience = workers, backlog, patience
        self._handlers: dict[str, Handler] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        # What is queued, in hand or waiting for its next try: the look for what was left over must not add it again.
        self._held: set[str] = set()
        # One thread, which writes whatever has come in meanwhile in one go: a hundred at once wait for one commit.
        self._incoming: deque[_Incoming] = deque()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="vaglio-intake")
        self._later: set[asyncio.Task[None]] = set()

    def on(self, platform: str, handler: Handler) -> None:
        """`handler(id, event)` is given every event of `platform`; it may be called again for the same one."""
        self._handlers[platform] = handler

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def oldest(self, now: float) -> float | None:
        """Seconds for which the event that came first has been waiting for its answer; None: nothing waits."""
        with self._store.read() as session:
            first = session.exec(select(func.min(Pending.at))).one()
        return None if first is None else max(0.0, now - first)

    async def defer(self, platform: str, name: str, event: Event) -> Deferred:
        """Take in an event, durable on return. A second one of the same `name`, the platform's own, is a duplicate."""
        body = json.dumps({"platform": platform, **event}, ensure_ascii=True).encode()
        incoming = _Incoming(_key(platform, name), body)
        self._incoming.append(incoming)
        self._writer.submit(self._write_all)
        id = await asyncio.wrap_future(incoming.written)
        if id is None:
            return Deferred.DUPLICATE
        busy = self._queue.qsize() >= self._backlog
        self._put(id)
        return Deferred.QUEUED if busy else Deferred.TAKEN

    async def run(self) -> None:
        """Work until cancelled; what is then in hand stays written and is taken up at the next start."""
        for id in await asyncio.to_thread(self._left_over):
            self._put(id)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._workers):
                    group.create_task(self._work())
        finally:
            for task in self._later:
                task.cancel()

    def close(self) -> None:
        self._writer.shutdown()

    def _put(self, id: str) -> None:
        if id not in self._held:
            self._held.add(id)
            self._queue.put_nowait(id)

    async def _work(self) -> None:
        while True:
            id = await self._queue.get()
            doing = asyncio.create_task(self._do(id))
            try:
                pause = await asyncio.shield(doing)
            except asyncio.CancelledError:
                if _is_being_cancelled():
                    await self._finish(doing)
                    raise
                # Only what was in hand was cut short, by a library of ours: the worker goes on.
                pause = self._patience.first
            except Exception as error:
                # The database itself fails: the entry is still there, and is tried again.
                log.error("work.failed", id=id, error=type(error).__name__)
                pause = self._patience.longest
            if pause is None:
                self._held.discard(id)
            else:
                self._again(id, pause)

    async def _finish(self, doing: asyncio.Task[float | None]) -> None:
        """What is half said is finished; what takes longer is said again at the next start."""
        await asyncio.wait({doing}, timeout=self._patience.grace)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    async def _do(self, id: str) -> float | None:
        """Have an event answered. Returns the pause before it must be tried again, or None if it must not."""
        pending = await asyncio.to_thread(self._read, id)
        if pending is None:
            return None
        try:
            event = json.loads(self._vault.unseal(pending.wrapped, pending.sealed, id.encode()))
        except VaultError:
            log.error("work.unreadable", id=id, remedy="restore the master key that was in use when it was taken in")
            return None
        try:
            await self._handlers[event["platform"]](id, event)
        except Undeliverable as error:
            log.warning("work.undeliverable", id=id, platform=event["platform"], reason=error.reason)
        except Exception as error:
            if time.time() - pending.at < self._patience.whole:
                log.warning("work.retry", id=id, attempt=pending.attempts + 1, error=type(error).__name__)
                await asyncio.to_thread(self._tried, id)
                return self._pause(error, pending.attempts)
            log.error("work.given_up", id=id, platform=event["platform"], error=type(error).__name__)
        await asyncio.to_thread(self._forget, id)
        return None

    def _pause(self, error: Exception, attempts: int) -> float:
        # What a platform asks for is kept to the second: to come earlier makes it ask for more.
        if isinstance(error, Retry) and error.after is not None:
            return error.after
        return min(self._patience.first * 2.0**attempts, self._patience.longest)

    def _again(self, id: str, pause: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(pause)
            self._queue.put_nowait(id)

        task = asyncio.create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # --- The tables, each touched on a thread ----------------------------------------------------------------------

    def _write_all(self) -> None:
        waiting = [self._incoming.popleft() for _ in range(min(len(self._incoming), _AT_ONCE))]
        taken = [one for one in waiting if one.written.set_running_or_notify_cancel()]
        if not taken:
            return
        try:
            ids = self._write(taken)
        except Exception as error:
            for one in taken:
                one.written.set_exception(error)
            return
        for one, id in zip(taken, ids, strict=True):
            one.written.set_result(id)

    def _write(self, taken: Sequence[_Incoming]) -> list[str | None]:
        """Their ids. Of two of one name in different processes, the database's lock lets one be first."""
        now, ids, fresh = time.time(), list[str | None](), set[str]()
        with self._store.write() as session:
            session.exec(delete(Seen).where(col(Seen.at) < now - _REMEMBERED))
            for one in taken:
                if one.key in fresh or session.get(Seen, one.key) is not None:
                    ids.append(None)
                    continue
                fresh.add(one.key)
                ids.append(id := new_id())
                wrapped, sealed = self._vault.seal(one.body, id.encode())
                session.add(Seen(key=one.key, at=now))
                session.add(Pending(id=id, at=now, wrapped=wrapped, sealed=sealed))
        return ids

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


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _key(platform: str, name: str) -> str:
    """The names of events are kept longer than the events: a digest tells them apart and says nothing."""
    return hashlib.sha256(f"{platform}:{name}".encode()).hexdigest()
