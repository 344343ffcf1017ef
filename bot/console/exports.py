"""Exports made for the page: written apart, packed, handed out once, and gone after that or half an hour."""

from __future__ import annotations

import atexit
import json
import shutil
import threading
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.audit.errors import RecordError
from bot.audit.export import Exported, Request, export
from bot.audit.export_errors import ExportError
from bot.console.archive import Archive
from bot.console.job import Job, Progress
from bot.console.tables import EXPORTS
from bot.console.undertakings import Standing
from rules.scratch import Scratch

LIFE: Final = 1800.0
"""Seconds for which a packed export waits to be fetched."""
MOST: Final = 500_000_000
"""Bytes of one that is kept in a database until it is fetched."""
ERASED: Final = "export:erased"
TOO_LARGE: Final = "export:large"
_NAME: Final = "vaglio-export"


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

    def __init__(self, archive: Archive) -> None:
        self._archive, self._scratch = archive, Scratch(archive.exports)
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[Packed]] = {}
        self._scratch.sweep()
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
        """Hand it out: from now on it is the caller's to let go of."""
        with self._lock:
            self._forget()
            job = self._jobs.get(person)
            if job is None or job.is_running or job.result is None or not job.result.file.exists():
                return None
            del self._jobs[person]
            return job.result.file

    def let_go(self, file: Path) -> None:
        """Of what was taken."""
        self._scratch.let_go(file.parent)

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
            self._scratch.let_go(job.result.file.parent)

    def _forget(self) -> None:
        """Once somebody was erased, whatever waits: words of theirs may be in it."""
        for person, job in [*self._jobs.items()]:
            if job.result and self._archive.was_somebody_erased(job.result.since):
                self._discard(person)

    def _make(self, request: Request, progress: Progress) -> Packed:
        packed = made(self._archive, self._scratch, request, progress)
        _gone_in_time(self._scratch, packed.file.parent)
        return packed


class SharedExports:
    """The same where there are several processes: made by any, and fetched from any, through the database."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._scratch = archive, Scratch(archive.exports)
        archive.undertakings.sweep()
        self._scratch.sweep()

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
        folder = self._scratch.new()
        file = folder / f"{_NAME}.zip"
        if not self._archive.undertakings.take(_id(person), file):
            self._scratch.let_go(folder)
            return None
        _gone_in_time(self._scratch, folder)  # should whoever fetches it break off
        return file

    def let_go(self, file: Path) -> None:
        self._scratch.let_go(file.parent)

    def discard(self, person: str) -> None:
        self._archive.undertakings.drop(_id(person))

    def _make(self, id: str, run: str, request: Request) -> None:
        undertakings = self._archive.undertakings
        try:
            with undertakings.held(id, run):
                packed = made(self._archive, self._scratch, request, undertakings.telling(id, run))
            try:
                if packed.bytes > MOST:
                    undertakings.end(id, run, error=TOO_LARGE, life=LIFE)
                    return
                undertakings.keep(id, run, packed.file)
            finally:
                self._scratch.let_go(packed.file.parent)
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


def made(archive: Archive, scratch: Scratch, request: Request, progress: Progress) -> Packed:
    """A ZIP in a folder of its own. Raises as `export` does."""
    folder, since = scratch.new(), archive.last()
    try:
        exported = export(
            archive.store, archive.ledger, folder / _NAME, request,
            signer=archive.keys.signer(), checkpoints=archive.checkpoints.lines(), progress=progress,
        )  # fmt: skip
        packed = folder / f"{_NAME}.zip"
        _pack(folder / _NAME, packed)
        shutil.rmtree(folder / _NAME)
    except BaseException:
        scratch.let_go(folder)
        raise
    return Packed(packed, exported, packed.stat().st_size, since)


def _gone_in_time(scratch: Scratch, folder: Path) -> None:
    late = threading.Timer(LIFE, scratch.let_go, (folder,))
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


def _pack(folder: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "x", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(folder.iterdir()):
            file.write(path, f"{folder.name}/{path.name}")
