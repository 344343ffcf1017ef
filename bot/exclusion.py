"""Turns among the threads of one process: one of them is inside at a time, and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bot.audit.errors import Code, RecordError


class Exclusion:
    """What is waited for here is waited for without a connection: with a pool in hand, each would wait for another."""

    def __init__(self, code: Code, place: str) -> None:
        """What whoever waits for too long is told, as a `RecordError`."""
        self._code, self._place = code, place
        self._turn, self._inside = threading.Lock(), 0

    @property
    def is_ours(self) -> bool:
        """Whether this thread is the one that is inside."""
        return self._inside == threading.get_ident()

    @contextmanager
    def held(self, patience: float) -> Iterator[None]:
        """`patience` is in seconds. Raises `RecordError`; `RuntimeError` for whoever is inside already."""
        if self.is_ours:
            raise RuntimeError("whoever writes would wait for themselves")
        if not self._turn.acquire(timeout=patience):
            raise RecordError(self._code, self._place)
        self._inside = threading.get_ident()
        try:
            yield
        finally:
            self._inside = 0
            self._turn.release()
