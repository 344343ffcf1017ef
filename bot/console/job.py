"""Something that takes long, on a thread of its own: a page says how far it is, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger("vaglio.console")

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how much of how much is done."""


class Job(Generic[T]):
    """Runs `doing` at once. `error` is what it raised, `result` what it returned; both None while it runs."""

    def __init__(self, name: str, doing: Callable[[Progress], T]) -> None:
        self.begun = datetime.now(UTC)
        self.ended: datetime | None = None
        self.done, self.total = 0, 0
        self.result: T | None = None
        self.error: Exception | None = None
        self._name, self._doing = name, doing
        # A stop does not wait for it: what it leaves half done is nobody's.
        self._thread = threading.Thread(target=self._run, name=f"vaglio-{name}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self.ended is None

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        self._thread.join(seconds)
        return not self.is_running

    def _run(self) -> None:
        try:
            self.result = self._doing(self._progress)
        except Exception as error:
            _log.error("a job failed", job=self._name, error=type(error).__name__)
            self.error = error
        finally:
            self.ended = datetime.now(UTC)

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
