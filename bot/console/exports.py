"""Exports made for the page: written outside the data, packed, handed out once, and gone after that or half an hour."""

from __future__ import annotations

import atexit
import json
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

from bot.audit.errors import RecordError
from bot.audit.export import Exported, ExportError, Request, export
from bot.console.archive import Archive
from bot.console.job import Job, Progress
from bot.console.tables import EXPORTS
from bot.console.undertakings import Standing

LIFE: Final = 1800.0
"""Seconds for which a packed export waits to be fetched."""
MOST: Final = 500_000_000
"""Bytes of one that is kept in a database until it is fetched."""
ERASED: Final = "export:erased"
TOO_LARGE: Final = "export:large"
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
    since: int
    """The newest entry when it was begun."""

    def told(self) -> str:
        """What the page says of it, as JSON: numbers and a digest."""
        return json.dumps({"count": self.exported.count, "manifest": self.exported.manifest, "bytes": self.bytes})


class Exports:
    """One at a time, whoever asks; each is its maker's alone. For one process: see `SharedExports`."""

    def __init__(self, archive: Archive, folder: Path | None = None) -> None:
        """`folder` is where they lie meanwhile; by default where the system keeps what is temporary."""
        self._archive, self._folder = archive, folder or Path(tempfile.gettempdir())
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[Packed]] = {}
        for left in _left_behind(self._folder):
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

    def of(self, person: str) -> Standing | None:
        """Theirs, as it stands; the result is what `Made` reads."""
        with self._lock:
            self._forget()
            job = self._jobs.get(person)
        if job is None:
            return None
        if job.is_running:
            return Standing(True, job.done, job.total)
        packed = job.result
        told = packed.told() if packed and packed.file.exists() else ""
        return Standing(False, job.done, job.total, code_of(job.error) if job.error else "", told)

    def take(self, person: str) -> Path | None:
        """Hand it out: from now on it is the caller's to delete, with the folder in which it lies."""
        with self._lock:
            self._forget()
            job = self._jobs.get(person)
            if job is None or job.is_running or job.result is None or not job.result.file.exists():
                return None
            del self._jobs[person]
            return job.result.file

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

    def _forget(self) -> None:
        """Once somebody was erased, whatever waits: words of theirs may be in it."""
        for person, job in [*self._jobs.items()]:
            if job.result and self._archive.was_somebody_erased(job.result.since):
                self._discard(person)

    def _make(self, request: Request, progress: Progress) -> Packed:
        packed = made(self._archive, self._folder, request, progress)
        _gone_in_time(packed.file.parent)
        return packed


class SharedExports:
    """The same where there are several processes: made by any, and fetched from any, through the database."""

    def __init__(self, archive: Archive, folder: Path | None = None) -> None:
        self._archive, self._folder = archive, folder or Path(tempfile.gettempdir())
        archive.undertakings.sweep()
        for left in _left_behind(self._folder):
            shutil.rmtree(left, ignore_errors=True)

    def start(self, request: Request) -> bool:
        id = _id(request.by)
        run = self._archive.undertakings.begin(id, LIFE)
        if run is None:
            return False
        Job("export", lambda _: self._make(id, run, request))
        return True

    def of(self, person: str) -> Standing | None:
        return self._archive.undertakings.find(_id(person))

    def take(self, person: str) -> Path | None:
        folder = new_folder(self._folder)
        file = folder / f"{_NAME}.zip"
        if not self._archive.undertakings.take(_id(person), file):
            shutil.rmtree(folder, ignore_errors=True)
            return None
        _gone_in_time(folder)  # should whoever fetches it break off
        return file

    def discard(self, person: str) -> None:
        self._archive.undertakings.drop(_id(person))

    def _make(self, id: str, run: str, request: Request) -> None:
        undertakings = self._archive.undertakings
        try:
            with undertakings.held(id, run):
                packed = made(self._archive, self._folder, request, undertakings.telling(id, run))
            try:
                if packed.bytes > MOST:
                    undertakings.end(id, run, error=TOO_LARGE, life=LIFE)
                    return
                undertakings.keep(id, run, packed.file)
            finally:
                shutil.rmtree(packed.file.parent, ignore_errors=True)
            undertakings.end(id, run, result=packed.told(), life=LIFE)
            # Nobody may come for it. Should this process have ended by then, the next one that starts does it.
            late = threading.Timer(LIFE + 1, self._sweep)
            late.daemon = True
            late.start()
        except Exception as error:
            undertakings.end(id, run, error=code_of(error), life=LIFE)
            raise

    def _sweep(self) -> None:
        with suppress(RecordError):  # where the database is away just then, the next one that starts does it
            self._archive.undertakings.sweep()


def exports_of(archive: Archive) -> Exports | SharedExports:
    return Exports(archive) if archive.store.file else SharedExports(archive)


def made(archive: Archive, place: Path, request: Request, progress: Progress) -> Packed:
    """A ZIP in a folder of its own. Raises as `export` does."""
    folder, since = new_folder(place), archive.last()
    try:
        exported = export(
            archive.store, archive.ledger, folder / _NAME, request,
            signer=archive.keys.signer(), checkpoints=archive.checkpoints.lines(), progress=progress,
        )  # fmt: skip
        packed = folder / f"{_NAME}.zip"
        _pack(folder / _NAME, packed)
        shutil.rmtree(folder / _NAME)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Packed(packed, exported, packed.stat().st_size, since)


def new_folder(place: Path) -> Path:
    """For its maker's eyes: mkdtemp gives the folder to this user alone."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    _OURS.add(folder)
    return folder


def _gone_in_time(folder: Path) -> None:
    late = threading.Timer(LIFE, shutil.rmtree, (folder,), {"ignore_errors": True})
    late.daemon = True
    late.start()


def code_of(error: Exception) -> str:
    """What went wrong, in a word that may be kept."""
    match error:
        case ExportError():
            return f"export:{error.code}"
        case RecordError():
            return f"record:{error.code}"
        case _:
            return type(error).__name__


def _id(person: str) -> str:
    return f"{EXPORTS}{person}"


def _left_behind(folder: Path) -> Iterator[Path]:
    """By processes that were stopped in the middle: words may be in them."""
    for found in folder.glob(f"{_PREFIX}*-*"):
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
