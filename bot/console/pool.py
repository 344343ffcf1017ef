"""Screening blocks, and the event loop must not: a few threads, and a queue that says no before it grows long."""

from __future__ import annotations

from asyncio import Lock, create_task
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from fastapi import Request

T = TypeVar("T")


class Busy(Exception):
    """So many are waiting already that one more would wait too long."""


class Pool:
    """Runs blocking calls, `workers` at a time, while up to `backlog` others wait."""

    def __init__(self, workers: int, backlog: int) -> None:
        self._limiter = CapacityLimiter(workers)
        self._backlog = backlog

    @property
    def waiting(self) -> int:
        return self._limiter.statistics().tasks_waiting

    async def run(self, call: Callable[[], T]) -> T:
        """The result of `call()`. Raises `Busy`, and whatever the call raises."""
        if self.waiting >= self._backlog:
            raise Busy
        return await to_thread.run_sync(call, limiter=self._limiter)


class Overtaken(Exception):
    """Nobody waits for the answer any more."""


class Newest:
    """For each name one call at a time; of those that wait for it to end, only the newest is ever run."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._newest: dict[str, object] = {}
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    async def run(self, name: str, call: Callable[[], T], is_wanted: Callable[[], bool]) -> T:
        """The result of `call()`. Raises `Overtaken`, `Busy`, and whatever the call raises."""
        mine = self._newest[name] = object()
        turn = self._turns.setdefault(name, Lock())

        def if_wanted() -> T:
            # A call that is under way cannot be stopped; one that has not begun need not begin.
            if self._newest.get(name) is not mine or not is_wanted():
                raise Overtaken
            return call()

        try:
            async with turn:
                if self._newest.get(name) is not mine or not is_wanted():
                    raise Overtaken
                return await self._pool.run(if_wanted)
        finally:
            if self._newest.get(name) is mine:
                del self._newest[name]


@asynccontextmanager
async def listening(request: Request) -> AsyncIterator[Callable[[], bool]]:
    """Inside, whether whoever asked is still there; their request has been read to its end."""
    gone = create_task(_hung_up(request))
    try:
        yield lambda: not gone.done()
    finally:
        gone.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
