"""What is made once from other files and kept: whole or not at all, and checked whenever it is opened."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

Report = Callable[[str, float], None]
"""Told what is being made, and how far it has come, from 0 to 1."""

_MANIFEST = "built.json"


@dataclass(frozen=True, slots=True)
class Build:
    """Something to make: a folder of files, under a name."""

    name: str
    key: str
    """Names all that it is made from, with versions or digests: another key is another build."""
    make: Callable[[Path, Report], None]
    """Writes the files into an empty folder. May raise anything: nothing is kept then."""


def silent(what: str, done: float) -> None:
    """A report that nobody reads."""


def opened(folder: Path, build: Build, report: Report = silent) -> Path:
    """The folder of `build` in `folder`, its files' digests checked; made first where it is missing, old or damaged.

    Several processes may ask at once: one makes it and the others wait. Raises `OSError` where `folder` cannot be
    written, and what `build.make` raises.
    """
    place = folder / build.name
    if not is_sound(place, build.key):
        with _alone(folder, build.name):
            if not is_sound(place, build.key):
                _make(place, build, report)
    return place


def is_sound(place: Path, key: str) -> bool:
    """Whether what stands at `place` was made with this key and is as it was made."""
    try:
        manifest = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))
        return manifest["key"] == key and all(
            digest_of(place / name) == digest for name, digest in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return False


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(place: Path, build: Build, report: Report) -> None:
    for left in place.parent.glob(f".{build.name}.*/"):
        shutil.rmtree(left, ignore_errors=True)  # by somebody who was stopped: the lock is ours
    fresh = Path(tempfile.mkdtemp(prefix=f".{build.name}.", dir=place.parent))
    try:
        build.make(fresh, report)
        files = {path.name: digest_of(path) for path in sorted(fresh.iterdir())}
        manifest = json.dumps({"key": build.key, "files": files}, indent=1)
        (fresh / _MANIFEST).write_text(manifest, encoding="utf-8")
        fresh.chmod(0o755)
        if place.exists():
            shutil.rmtree(place)
        fresh.rename(place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    report(build.name, 1.0)


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f".{name}.lock"):
        yield
