"""Work that must survive a crash: sealed and written before it is acknowledged, gone with its key once answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import Enum, auto
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from bot.audit.vault import Vault, VaultError
from bot.prescreen import new_id
from bot.store import Pending, Seen, Store

log = structlog.get_logger(__name__)

Event = Mapping[str, Any]
Handler = Callable[[str, Event], Awaitable[None]]

_REMEMBERED = 48 * 3600.0
"""Seconds for which an event's name is kept, to know it again: longer than any platform tries."""
_GIVEN_UP = 3600.0
"""Seconds after which an answer that nobody will take is no help to anybody."""
_LONGEST_PAUSE = 60.0
_GRACE = 10.0
"""Seconds that an answer in hand has to go out when Vaglio is stopped."""


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


class Work:
    """Takes events in durably and hands each to its platform's handler until it is done."""

    def __init__(self, store: Store, vault: Vault, *, workers: int, backlog: int) -> None:
        self._store, self._vault = store, vault
        self._workers, self._backlog = workers, backlog
        self._handlers: dict[str, Handler] = {}
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        # One thread: in this process, events wait for each other here and not for the database's lock.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="vaglio-intake")
        self._later: set[asyncio.Task[None]] = set()

    def on(self, platform: str, handler: Handler) -> None:
        """`handler(id, event)` is given every event of `platform`; it may be called again for the same one."""
        self._handlers[platform] = handler

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    async def defer(self, platform: str, name: str, event: Event) -> Deferred:
        """Take in an event, durable on return. A second one of the same `name`, the platform's own, is a duplicate."""
        body = json.dumps({"platform": platform, **event}, ensure_ascii=True).encode()
        loop = asyncio.get_running_loop()
        id = await loop.run_in_executor(self._writer, self._write, _key(platform, name), body)
        if id is None:
            return Deferred.DUPLICATE
        busy = self._queue.qsize() >= self._backlog
        self._queue.put_nowait(id)
        return Deferred.QUEUED if busy else Deferred.TAKEN

    async def run(self) -> None:
        """Work until cancelled; what is then in hand stays written and is taken up at the next start."""
        for id in await asyncio.to_thread(self._left_over):
            self._queue.put_nowait(id)
        async with asyncio.TaskGroup() as group:
            for _ in range(self._workers):
                group.create_task(self._work())

    def close(self) -> None:
        self._writer.shutdown()

    def _write(self, key: str, body: bytes) -> str | None:
        id, now = new_id(), time.time()
        wrapped, sealed = self._vault.seal(body, id.encode())
        try:
            with self._store.write() as session:
                session.exec(delete(Seen).where(col(Seen.at) < now - _REMEMBERED))
                session.add(Seen(key=key, at=now))
                session.add(Pending(id=id, at=now, wrapped=wrapped, sealed=sealed))
        except IntegrityError:
            return None
        return id

    def _left_over(self) -> list[str]:
        with self._store.read() as session:
            return list(session.exec(select(Pending.id).order_by(col(Pending.at))).all())

    async def _work(self) -> None:
        while True:
            id = await self._queue.get()
            doing = asyncio.get_running_loop().create_task(self._do(id))
            try:
                await asyncio.shield(doing)
            except asyncio.CancelledError:
                # What is half said is finished; what takes longer is said again at the next start.
                await asyncio.wait({doing}, timeout=_GRACE)
                raise
            except Exception as error:
                # The database itself fails: the entry is still there, and is tried again.
                log.error("work.failed", id=id, error=type(error).__name__)
                self._again(id, _LONGEST_PAUSE)

    async def _do(self, id: str) -> None:
        pending = await asyncio.to_thread(self._read, id)
        if pending is None:
            return
        try:
            event = json.loads(self._vault.unseal(pending.wrapped, pending.sealed, id.encode()))
        except VaultError:
            log.error("work.unreadable", id=id, remedy="restore the master key that was in use when it was taken in")
            return
        try:
            await self._handlers[event["platform"]](id, event)
        except Undeliverable as error:
            log.warning("work.undeliverable", id=id, platform=event["platform"], reason=error.reason)
        except Exception as error:
            if time.time() - pending.at < _GIVEN_UP:
                pause = error.after if isinstance(error, Retry) and error.after is not None else 2.0**pending.attempts
                log.warning("work.retry", id=id, attempt=pending.attempts + 1, error=type(error).__name__)
                await asyncio.to_thread(self._tried, id)
                self._again(id, min(pause, _LONGEST_PAUSE))
                return
            log.error("work.given_up", id=id, platform=event["platform"], error=type(error).__name__)
        await asyncio.to_thread(self._forget, id)

    def _again(self, id: str, pause: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(pause)
            self._queue.put_nowait(id)

        task = asyncio.get_running_loop().create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

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


def _key(platform: str, name: str) -> str:
    """The names of events are kept longer than the events: a digest tells them apart and says nothing."""
    return hashlib.sha256(f"{platform}:{name}".encode()).hexdigest()
