"""Screening blocks, and the event loop must not: a few threads, and a queue that says no before it grows long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

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
