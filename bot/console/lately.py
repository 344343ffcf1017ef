"""What a session was shown a moment ago, in memory alone: for what follows it, and gone with it."""

from __future__ import annotations

from asyncio import TimerHandle, get_running_loop
from typing import Generic, TypeVar

T = TypeVar("T")

_LIFE = 20.0
"""Seconds for which it is kept if nobody comes for it."""
MOST = 200
"""Sessions whose newest is kept."""


class Lately(Generic[T]):
    """The newest of each session, to be taken once. For one event loop."""

    def __init__(self, life: float = _LIFE) -> None:
        self._life = life
        self._kept: dict[str, tuple[TimerHandle, T]] = {}

    def put(self, session: str, shown: T) -> None:
        """In place of what was there."""
        self.take(session)
        while len(self._kept) >= MOST:
            self.take(next(iter(self._kept)))
        timer = get_running_loop().call_later(self._life, self.take, session)
        self._kept[session] = (timer, shown)

    def take(self, session: str) -> T | None:
        if session not in self._kept:
            return None
        timer, shown = self._kept.pop(session)
        timer.cancel()
        return shown

    def __len__(self) -> int:
        return len(self._kept)
