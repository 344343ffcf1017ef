"""Exports made for the page: written outside the data, packed, handed out once, and gone after that or half an hour."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audit.export import Exported, Request, export
from bot.console.archive import Archive
from bot.console.job import Job, Progress

LIFE: Final = 1800.0
"""Seconds for which a packed export waits to be fetched."""
_PREFIX: Final = "vaglio-export-"
_NAME: Final = "vaglio-export"
_OURS: Final = set[Path]()
"""Folders that this process has made: in a container, the one before it had the same number."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A ZIP that waits to be fetched."""

    file: Path
    exported: Exported
    bytes: int


class Exports:
    """One at a time, whoever asks; each is its maker's alone."""

    def __init__(self, archive: Archive, folder: Path | None = None) -> None:
        """`folder` is where they lie meanwhile; by default where the system keeps what is temporary."""
        self._archive, self._folder = archive, folder or Path(tempfile.gettempdir())
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[Packed]] = {}
        for left in self._left_behind():
            shutil.rmtree(left, ignore_errors=True)
        atexit.register(self.close)

    def start(self, request: Request) -> bool:
        """Begin to make it. False: another one is being made, perhaps for somebody else."""
        with self._lock:
            if any(job.is_running for job in self._jobs.values()):
                return False
            self._discard(request.by)
            self._jobs[request.by] = Job("export", lambda progress: self._make(request, progress))
            return True

    def of(self, person: str) -> Job[Packed] | None:
        """Theirs, as it stands."""
        with self._lock:
            return self._jobs.get(person)

    def take(self, person: str) -> Packed | None:
        """Hand it out: from now on it is the caller's to delete, with the folder in which it lies."""
        with self._lock:
            job = self._jobs.get(person)
            if job is None or job.is_running or job.result is None or not job.result.file.exists():
                return None
            del self._jobs[person]
            return job.result

    def discard(self, person: str) -> None:
        """Delete theirs unfetched; one that is being made goes on."""
        with self._lock:
            self._discard(person)

    def close(self) -> None:
        with self._lock:
            for person in [*self._jobs]:
                self._discard(person)

    def _discard(self, person: str) -> None:
        job = self._jobs.get(person)
        if job is None or job.is_running:
            return
        del self._jobs[person]
        if job.result is not None:
            shutil.rmtree(job.result.file.parent, ignore_errors=True)

    def _make(self, request: Request, progress: Progress) -> Packed:
        archive = self._archive
        # For its maker's eyes: mkdtemp gives the folder to this user alone.
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=self._folder))
        _OURS.add(folder)
        try:
            made = folder / _NAME
            exported = export(
                archive.store, archive.ledger, made, request,
                signer=archive.keys.signer(), checkpoints=archive.checkpoints.lines(), progress=progress,
            )  # fmt: skip
            packed = folder / f"{_NAME}.zip"
            _pack(made, packed)
            shutil.rmtree(made)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        late = threading.Timer(LIFE, shutil.rmtree, (folder,), {"ignore_errors": True})
        late.daemon = True
        late.start()
        return Packed(packed, exported, packed.stat().st_size)

    def _left_behind(self) -> Iterator[Path]:
        """By processes that were stopped in the middle: words may be in them."""
        for found in self._folder.glob(f"{_PREFIX}*-*"):
            number = found.name.removeprefix(_PREFIX).partition("-")[0]
            with suppress(OSError):
                is_left = found not in _OURS and number.isdecimal() and not _runs(int(number))
                if is_left and found.stat().st_uid == os.getuid():
                    yield found


def _pack(folder: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(folder.iterdir()):
            file.write(path, f"{folder.name}/{path.name}")


def _runs(process: int) -> bool:
    """Whether another process of this number is at work."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
