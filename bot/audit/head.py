"""The head: a file beside the database with the number of entries and the last one's hash."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from bot.audit.errors import RecordError
from rules.durable import make_folder, sync

LAG = 64
"""How far the head may lie behind. A writer that finds it so far behind moves it before it appends, or does not append:
more than this is therefore no sudden stop, however many write."""

_PATIENCE = 5.0
_POLL = 0.002
"""Seconds between two tries: it is held for as long as one small file takes to be written."""
_BYTES = 4_096
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Head:
    count: int
    hash: str


class HeadFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def is_new(self) -> bool:
        """Whether there never was one in this folder, as far as anybody can tell: see `join`."""
        return not self.exists() and not self._joined.exists()

    def join(self) -> None:
        """From now on a head that is missing here was removed. Raises `OSError`."""
        os.close(os.open(self._joined, os.O_WRONLY | os.O_CREAT, 0o600))
        sync(self.path.parent)

    @property
    def _joined(self) -> Path:
        return self.path.with_suffix(".joined")

    def read(self) -> Head | None:
        """None if it is missing or says nothing that a head can say. Raises `RecordError` if it may not be read."""
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(_BYTES))
            count, last = found["count"], found["hash"]
        except PermissionError:
            raise RecordError("rights", str(self.path)) from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        # `true` and 3.0 are not how Vaglio writes a number.
        sensible = type(count) is int and 0 <= count <= _MOST and isinstance(last, str)
        return Head(count, last) if sensible else None

    def write(self, head: Head) -> None:
        """Atomic and durable: a new file, synced, put in the old one's place, and the name synced too.

        Without that a power cut would bring back an older head, which may lie further behind than `LAG`. Raises
        `OSError`.
        """
        new = self.path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps({"count": head.count, "hash": head.hash}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync(self.path.parent)

    def lock(self) -> FileLock:
        """One writer at a time. Entering raises `filelock.Timeout`, an `OSError`, when it cannot be had."""
        make_folder(self.path.parent)
        return FileLock(self.path.with_suffix(".lock"), timeout=_PATIENCE, mode=0o600, poll_interval=_POLL)
