"""What a process has in hand, where the next one finds it: what was in hand when it died, it may have died of.

The mark outlives the process and need not outlive the machine: that the power fails is the fault of no piece. So it is
written without waiting for the disk, and costs a piece of work some microseconds.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from bot.engine import Piece

log = structlog.get_logger("bot.work")

_ROOM: Final = 4_096
"""Bytes that are written at the beginning, so that a disk that has become full takes the marks all the same."""


class InHand:
    """One process's marks, from `open` to `close`. For one thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._handle: int | None = None
        self._pieces: set[Piece] = set()
        self._room = _ROOM

    def open(self) -> Sequence[Piece]:
        """Begin to mark. Returns what whoever was here before has died with.

        Where another process is at it, or the folder cannot be written, nothing is marked and nobody is blamed.
        """
        handle = -1
        try:
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it with the process
            size = os.fstat(handle).st_size
            left = _read(os.pread(handle, size, 0))
            os.pwrite(handle, b" " * (_ROOM - size), size)
            self._handle = handle
        except OSError as error:
            log.warning("work.not_marked", place=str(self._file), error=type(error).__name__)
            if handle >= 0:
                os.close(handle)
            return []
        return left

    def take(self, piece: Piece) -> None:
        """It is begun."""
        self._pieces.add(piece)
        self._write()

    def let_go(self, piece: Piece) -> None:
        """It is over for now, however it ended; or whatever ends the process now is not its fault."""
        if piece in self._pieces:
            self._pieces.discard(piece)
            self._write()

    def clear(self) -> None:
        """Nothing is in hand; what was there before has been counted."""
        self._pieces.clear()
        self._write()

    def close(self) -> None:
        """An orderly end, at which nothing is in hand."""
        if self._handle is not None:
            self.clear()
            os.close(self._handle)
            self._handle = None

    def _write(self) -> None:
        if self._handle is None:
            return
        said = json.dumps(sorted(self._pieces)).encode()
        # In one go, and over all that stood there before: whoever is killed at any moment leaves one or the other.
        self._room = max(self._room, len(said))
        try:
            os.pwrite(self._handle, said.ljust(self._room), 0)
        except OSError as error:
            log.warning("work.not_marked", place=str(self._file), error=type(error).__name__)


def _read(marks: bytes) -> list[Piece]:
    """What nobody can read, because the power failed, is nobody's fault."""
    try:
        return [(str(kind), str(id)) for kind, id in json.loads(marks)]
    except (ValueError, TypeError):
        return []
