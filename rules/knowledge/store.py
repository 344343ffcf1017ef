"""Where knowledge is kept: a folder a name, put in place whole or not at all, read under the key it was made with."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import regex
from filelock import FileLock

from rules.knowledge.hashing import Keyed

_NAME = regex.compile(r"[a-z][a-z0-9\-]{0,40}")
_VERSION = 1


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


class Knowledge:
    """All that is kept in one folder under one key. Thread-safe; what is replaced meanwhile is read anew."""

    def __init__(self, folder: Path, keyed: Keyed) -> None:
        self.folder, self.keyed = folder, keyed
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
                    opened = load(place, manifest)
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
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(self.folder / f".{name}.lock"):
            fresh = Path(tempfile.mkdtemp(prefix=f"{name}@", dir=self.folder))
            try:
                about = write(fresh)
                now = datetime.now(UTC).isoformat(timespec="seconds")
                manifest = Manifest(name, kind, self.keyed.mark, now, about)
                self._point(manifest, fresh)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
            for old in self.folder.glob(f"{name}@*"):
                if old != fresh:
                    shutil.rmtree(old, ignore_errors=True)
        return manifest

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
            "made": manifest.made, "folder": place.name, "about": manifest.about,
        }  # fmt: skip
        target = self.folder / f"{manifest.name}.json"
        part = target.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(written, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)

    def _manifest(self, name: str) -> tuple[Manifest, Path]:
        path = self.folder / f"{name}.json"
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            if raw["version"] != _VERSION:
                raise KnowledgeError(f"{path}: written by another version of Vaglio; add the source again")
            manifest = Manifest(raw["name"], raw["kind"], raw["key"], raw["made"], raw["about"])
            return manifest, self.folder / Path(raw["folder"]).name
        except FileNotFoundError:
            raise KnowledgeError(f"there is no {name} in {self.folder}: vaglio knowledge add ...") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KnowledgeError(f"{path}: it cannot be read ({type(error).__name__}); add the source again") from error


def check_name(name: str) -> None:
    """Raises `KnowledgeError` for what is no name of a table or a collection."""
    if not _NAME.fullmatch(name):
        raise KnowledgeError(
            f"{name!r} is no name: a small letter, then small letters, digits, hyphens; as in --name customers"
        )
