"""Processes of this machine that screen chunk after chunk, each with the models open once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from multiprocessing.connection import wait
from typing import Final

from bot.bulk.posts import Row
from bot.bulk.results import Result, screened
from rules.screening import Screener

Chunk = Sequence[Row]
Build = Callable[[], Screener]
"""Called once in each process: must be something that can be pickled."""

_AHEAD: Final = 3
"""Chunks for each process that are read before they are needed, so that none waits."""


class Lost(Exception):
    """A process ended by itself, for want of memory as a rule. What was written stays."""


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Processes:
    """Screens with so many processes at once; results come in the order of the chunks."""

    def __init__(self, build: Build, count: int, at: datetime, *, words: bool) -> None:
        # Not forked: a copy of a process with threads may stand still for ever.
        self._pool = ProcessPoolExecutor(
            count, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(build, at, words)
        )
        self._ahead = count * _AHEAD

    def screen(self, chunks: Iterable[Chunk]) -> Iterator[list[Result]]:
        """Raises `Lost`. Whoever stops asking, or is stopped, waits for the chunks in hand: a second or two."""
        waiting: deque[Future[list[Result]]] = deque()
        try:
            for chunk in chunks:
                waiting.append(self._submitted(chunk, first=not waiting))
                if len(waiting) >= self._ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool:
            raise Lost from None
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _submitted(self, chunk: Chunk, *, first: bool) -> Future[list[Result]]:
        if not first or threading.current_thread() is not threading.main_thread():
            return self._pool.submit(_screen, chunk)
        # Ctrl-C in a terminal reaches every process of it. Those that begin now leave it to this one from birth.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return self._pool.submit(_screen, chunk)
        finally:
            signal.signal(signal.SIGINT, before)


# --- In each process --------------------------------------------------------------------------------------------------

_HELD: list[tuple[Screener, datetime, bool]] = []
"""What this process screens with: the pool hands each chunk to a plain function."""


def _prepare(build: Build, at: datetime, words: bool) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, name="vaglio-parent", daemon=True).start()
    screener = build()
    screener.load()
    screener.open_judges()
    _HELD[:] = [(screener, at, words)]


def _leave_with_parent() -> None:
    """Whoever began us may be killed, and then nobody would ever tell us to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _screen(chunk: Chunk) -> list[Result]:
    ((screener, at, words),) = _HELD
    return [screened(row, screener, at, words=words) for row in chunk]
