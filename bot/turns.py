"""Turns by a name: of all who would do the same thing, in whatever process, one does it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot import postgres
from bot.audit.errors import RecordError
from bot.store import Store

_PATIENCE: Final = 60.0
"""Seconds for which somebody elsewhere is waited for."""
_FIRST, _LONGEST = 0.02, 0.25
"""Seconds between two tries: each pause is twice as long as the one before, up to the longest."""


class Turns:
    """For one event loop; those of others, on other machines too, are met through the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._locks = None if store.file else _Locks(store)

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Raises `RecordError` where somebody elsewhere does not come to an end, or the database fails."""
        lock = self._here.setdefault(name, asyncio.Lock())
        async with lock:
            if self._locks is None:
                yield
                return
            try:
                await self._taken(self._locks, name)
                yield
            finally:
                self._locks.let_go(name)

    async def _taken(self, locks: _Locks, name: str) -> None:
        # Asked for again and again: whoever waited for it on the server would keep a thread and a connection from those
        # whom they wait for.
        now = asyncio.get_running_loop().time
        until, pause = now() + _PATIENCE, _FIRST
        while not await locks.take(name):
            if now() > until:
                raise RecordError("locked", self._store.place)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST)


class _Locks:
    """Locks on the server that are this process's, all of one connection; it is there while there are any.

    One thread of its own does what there is to do, in the order in which it comes, and never waits for a lock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vaglio-turns")
        self._connection: Connection | None = None
        self._held = set[str]()

    async def take(self, name: str) -> bool:
        """False where somebody else has it. To be followed by `let_go`, also where this is cancelled meanwhile."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._take, name)

    def let_go(self, name: str) -> None:
        """Whether it was taken or not; nobody need wait for it."""
        self._thread.submit(self._let_go, name)

    def _take(self, name: str) -> bool:
        try:
            if self._connection is None:
                self._connection = self._store.apart()
            with self._store.told():
                is_taken = postgres.take(self._connection, name)
        except BaseException:
            self._end()
            raise
        if is_taken:
            self._held.add(name)
        return is_taken

    def _let_go(self, name: str) -> None:
        is_held = name in self._held
        self._held.discard(name)
        if not self._held:
            self._end()
        elif is_held and self._connection is not None:
            try:
                postgres.let_go(self._connection, name)
            except Exception:
                self._end()  # the server has gone, and has none of them any more

    def _end(self) -> None:
        connection, self._connection = self._connection, None
        self._held.clear()
        if connection is not None:
            postgres.end(connection)
