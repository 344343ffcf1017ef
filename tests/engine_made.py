"""The engine that belongs to a database, brisk enough for tests."""

from __future__ import annotations

from bot.engine import Engine, Patience
from bot.in_process import InProcess
from bot.queue import Pulse, Queue
from bot.store import Store

PULSE = Pulse(beat=0.2, dead=1.0, rescue=1, poll=0.2, sweep=1)
"""Workers that are known to be gone within a second or two."""


def engine_of(store: Store, *, workers: int, patience: Patience, pulse: Pulse = PULSE) -> Engine:
    if store.file:
        return InProcess(store, workers=workers, patience=patience)
    return Queue(store, workers=workers, patience=patience, pulse=pulse)
