"""Turns by a name: of all who would do the same thing, in whatever process, one does it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from bot.store import Store


class Turns:
    """For one event loop; those of others, on other machines too, are met through the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Raises `RecordError` where somebody elsewhere does not come to an end."""
        lock = self._here.setdefault(name, asyncio.Lock())
        async with lock:
            if self._store.file is not None:
                yield
                return
            let_go = await self._taken(name)
            try:
                yield
            finally:
                await asyncio.to_thread(let_go)

    async def _taken(self, name: str) -> Callable[[], None]:
        taking = asyncio.ensure_future(asyncio.to_thread(self._store.hold, name))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # The thread goes on, and what it comes to hold would be held for good.
            taking.add_done_callback(_let_go)
            raise


def _let_go(taking: asyncio.Future[Callable[[], None]]) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result()()
