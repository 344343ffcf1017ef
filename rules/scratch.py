"""Folders for what is made apart, taken from there and deleted; whatever becomes of its process, none stays."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from filelock import FileLock

from rules.durable import make_folder

_IN_USE: Final = ".in-use"


class Scratch:
    """Folders in `place`, which processes share, also those of several containers, whose numbers tell nothing: a lock
    says that a folder's process still runs. Thread-safe."""

    def __init__(self, place: Path, prefix: str = "") -> None:
        """`prefix`: of their names, where other folders lie beside them."""
        self._place, self._prefix = place, prefix
        self._held: dict[Path, int] = {}

    def new(self) -> Path:
        """An empty folder for this user's eyes alone. Raises `OSError`."""
        with self._alone():
            folder = Path(tempfile.mkdtemp(prefix=self._prefix, dir=self._place))
            handle = os.open(folder / _IN_USE, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            self._held[folder] = handle
        return folder

    def let_go(self, folder: Path) -> None:
        """Delete it with what lies in it; nothing where it is gone."""
        handle = self._held.pop(folder, None)
        if handle is not None:
            os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what processes left that were stopped in the middle: words may be in it. Raises `OSError`."""
        with self._alone():
            for found in self._place.iterdir():
                if found.name.startswith(self._prefix) and found.is_dir() and not _is_in_use(found):
                    shutil.rmtree(found, ignore_errors=True)

    def _alone(self) -> FileLock:
        """So that no folder is taken for one that was left before its lock is held."""
        make_folder(self._place)
        return FileLock(self._place / ".lock", mode=0o600)


def _is_in_use(folder: Path) -> bool:
    try:
        handle = os.open(folder / _IN_USE, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
