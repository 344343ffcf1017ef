"""Who is at work on this installation's data: as many as like at once, or one alone who replaces data or keys."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bot.audit.errors import RecordError
from rules.durable import make_folder

FILE: Final = "in-use.lock"
_PATIENCE: Final = 5.0
"""Seconds for which whoever comes while one is alone waits for them."""


class Presence:
    """That somebody is at work, for as long as this object lives; the system ends it with the process."""

    def __init__(self, handle: int) -> None:
        self.leave = weakref.finalize(self, os.close, handle)


def present(data: Path) -> Presence:
    """Beside whoever else is at work on the folder `data`. Raises `RecordError` ("locked") if one is alone there."""
    handle, until = _opened(data), time.monotonic() + _PATIENCE
    while not _locked(handle, fcntl.LOCK_SH):
        if time.monotonic() > until:
            os.close(handle)
            raise RecordError("locked", str(data / FILE))
        time.sleep(0.05)
    return Presence(handle)


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """With nobody else at work on this machine. Raises `RecordError` ("in_use") if somebody is."""
    handle = _opened(data)
    try:
        if not _locked(handle, fcntl.LOCK_EX):
            raise RecordError("in_use", str(data))
        yield
    finally:
        os.close(handle)


def _opened(data: Path) -> int:
    try:
        make_folder(data)
        return os.open(data / FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        raise RecordError("rights", str(data)) from None


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
