"""Where knowledge is kept: a folder a name, put in place whole or not at all, read under the key it was made with."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import regex
from filelock import FileLock

from rules.durable import make_folder, sync
from rules.knowledge.hashing import Keyed
from rules.scratch import Scratch

_NAME = regex.compile(r"[a-z][a-z0-9\-]{0,40}")
_VERSION = 1
_CHUNK = 1_000_000
_APART = ".new-"


class KnowledgeError(Exception):
    """Knowledge that cannot be made or read. The message names the place and the remedy, and no word of the content."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stands beside the hashes."""

    name: str
    kind: str
    key: str
    made: str
    about: dict[str, Any]
    """Counts, columns, names of files: whatever its kind needs."""
    digest: str = ""
    """SHA-256 of what it is, when and where it was made left out; empty where an older Vaglio wrote it."""

    @property
    def mark(self) -> str:
        """Tells this version from others, in what a verdict says of itself."""
        return self.digest[:12]


class Knowledge:
    """All that is kept in one folder under one key. Thread-safe; what is replaced meanwhile is read anew."""

    def __init__(self, folder: Path, keyed: Keyed) -> None:
        self.folder, self.keyed = folder, keyed
        self._scratch = Scratch(folder, _APART)
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[str, object]] = {}

    def names(self) -> Iterator[Manifest]:
        """Everything there is, in order of name; what cannot be read is left out."""
        for path in sorted(self.folder.glob("*.json")):
            with suppress(KnowledgeError):
                yield self._manifest(path.stem)[0]

    def get(self, name: str, kind: str, load: Callable[[Path, Manifest], object]) -> Any:
        """What `load` makes of the newest version of `name`, opened once. Raises `KnowledgeError`."""
        while True:
            manifest, place = self._manifest(name)
            self._check(manifest, kind)
            with self._lock:
                known = self._opened.get(name)
                if known is not None and known[0] == place.name:
                    return known[1]
                try:
                    opened = load(place, _with_digest(manifest, place))
                except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
                    if self._manifest(name)[1] != place:
                        continue  # replaced meanwhile, and the old version is cleared away
                    raise KnowledgeError(f"{place}: damaged ({type(error).__name__}); add the source again") from error
                self._opened[name] = place.name, opened
                return opened

    def _check(self, manifest: Manifest, kind: str) -> None:
        name = manifest.name
        if manifest.kind != kind:
            raise KnowledgeError(f"{name}: it holds {manifest.kind}, and {kind} are wanted")
        if manifest.key != self.keyed.mark:
            raise KnowledgeError(
                f"{name}: it was made with another key (knowledge.key); restore that key, or add the source again"
            )

    def put(self, name: str, kind: str, write: Callable[[Path], dict[str, Any]]) -> Manifest:
        """Put in place what `write` writes into an empty folder; it returns what is to be known of it.

        The old version stays in force until the new one is whole, and where `write` raises. Raises `KnowledgeError`.
        """
        check_name(name)
        with self._alone(name) as fresh:
            about = write(fresh)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            manifest = _with_digest(Manifest(name, kind, self.keyed.mark, now, about), fresh)
            self._settle(manifest, fresh)
        return manifest

    @contextmanager
    def apart(self) -> Iterator[Knowledge]:
        """A place in which something can be made before it counts; what was not taken from it is gone at the end."""
        self._scratch.sweep()
        place = self._scratch.new()
        try:
            yield Knowledge(place, self.keyed)
        finally:
            self._scratch.let_go(place)

    def take(self, manifest: Manifest, made: Path) -> None:
        """Put in place what lies whole in the folder `made`, on the same disk. Raises `KnowledgeError`, `OSError`."""
        check_name(manifest.name)
        if _with_digest(replace(manifest, digest=""), made).digest != manifest.digest:
            raise KnowledgeError(f"{manifest.name}: it is not what was taken in; add the source again")
        with self._alone(manifest.name) as fresh:
            for file in sorted(made.iterdir()):
                file.replace(fresh / file.name)
            self._settle(manifest, fresh)

    def copy(self, manifest: Manifest, source: Path) -> Manifest:
        """Put the arrays of another place in here, with what was known of them. Raises `OSError`."""
        with self._alone(manifest.name) as fresh:
            for file in sorted(source.iterdir()):
                shutil.copyfile(file, fresh / file.name)
            self._settle(manifest, fresh)
        return manifest

    @contextmanager
    def _alone(self, name: str) -> Iterator[Path]:
        """An empty folder for a version of `name`, gone again if what is inside fails; nobody else changes the name."""
        make_folder(self.folder)
        with FileLock(self.folder / f".{name}.lock"):
            fresh = Path(tempfile.mkdtemp(prefix=f"{name}@", dir=self.folder))
            try:
                yield fresh
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise

    def _settle(self, manifest: Manifest, fresh: Path) -> None:
        # The old version goes: the new one has to outlast a power cut first.
        for path in (*fresh.iterdir(), fresh):
            sync(path)
        self._point(manifest, fresh)
        for old in self.folder.glob(f"{manifest.name}@*"):
            if old != fresh:
                shutil.rmtree(old, ignore_errors=True)

    def version(self, name: str) -> tuple[Manifest, Path]:
        """What there is under `name`, with its digest, and the folder that holds it. Raises `KnowledgeError`."""
        manifest, place = self._manifest(name)
        try:
            return _with_digest(manifest, place), place
        except OSError as error:
            raise KnowledgeError(f"{place}: damaged ({type(error).__name__}); add the source again") from error

    def remove(self, name: str) -> None:
        """Raises `KnowledgeError` where there is none."""
        check_name(name)
        with FileLock(self.folder / f".{name}.lock"):
            try:
                (self.folder / f"{name}.json").unlink()
            except FileNotFoundError:
                raise KnowledgeError(f"there is no {name} in {self.folder}") from None
            for old in self.folder.glob(f"{name}@*"):
                shutil.rmtree(old, ignore_errors=True)

    def _point(self, manifest: Manifest, place: Path) -> None:
        """From now on the name means that folder: one rename, so that nobody sees half of it."""
        written = {
            "version": _VERSION, "name": manifest.name, "kind": manifest.kind, "key": manifest.key,
            "made": manifest.made, "folder": place.name, "about": manifest.about, "digest": manifest.digest,
        }  # fmt: skip
        target = self.folder / f"{manifest.name}.json"
        part = target.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(written, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync(self.folder)

    def _manifest(self, name: str) -> tuple[Manifest, Path]:
        path = self.folder / f"{name}.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw["version"] != _VERSION:
                raise KnowledgeError(f"{path}: written by another version of Vaglio; add the source again")
            digest = raw.get("digest", "")
            manifest = Manifest(raw["name"], raw["kind"], raw["key"], raw["made"], raw["about"], digest)
            return manifest, self.folder / Path(raw["folder"]).name
        except FileNotFoundError:
            raise KnowledgeError(f"there is no {name} in {self.folder}: vaglio knowledge add ...") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KnowledgeError(f"{path}: it cannot be read ({type(error).__name__}); add the source again") from error


def _with_digest(manifest: Manifest, place: Path) -> Manifest:
    """Raises `OSError`."""
    if manifest.digest:
        return manifest
    said = {"kind": manifest.kind, "key": manifest.key, "about": manifest.about}
    whole = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for path in sorted(place.iterdir()):
        whole.update(f"\n{path.name} {path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                whole.update(chunk)
    return replace(manifest, digest=whole.hexdigest())


def check_name(name: str) -> None:
    """Raises `KnowledgeError` for what is no name of a table or a collection."""
    if not _NAME.fullmatch(name):
        raise KnowledgeError(
            f"{name!r} is no name: a small letter, then small letters, digits, hyphens; as in --name customers"
        )
