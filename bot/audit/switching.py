"""New files in place of old ones: all of them or none, also across a sudden stop, and the old ones kept aside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bot.audit.presence import FILE as IN_USE
from bot.audit.shelf import FILE as SEARCH
from bot.folders import EXPORTS
from rules.durable import make_folder, sync

_STAGE: Final = "restoring"
_ASIDE: Final = "data.before-"
_JOURNAL: Final = "journal.json"
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
_SEARCH: Final = tuple(SEARCH + each for each in _BESIDE)


class Switch:
    """A stage beside the files in use, and a journal: once it is written, the switch is finished whoever comes next.

    `database` is where a database in a file is to lie.
    """

    def __init__(self, data: Path, database: Path | None) -> None:
        self._data = data.absolute()
        self._stage = self._data / _STAGE
        self.files = self._stage / "files"
        """What is to be in the data folder."""
        inside = database is None or database.parent == self._data
        self._database = database
        self.database = (
            None
            if database is None
            else (self.files / database.name if inside else database.with_name(f".{database.name}.restoring"))
        )
        """Where the new database is made ready."""

    @property
    def journal(self) -> Mapping[str, Any] | None:
        """What was noted of a switch that was broken off; None: there is none."""
        return broken_off(self._data)

    def prepare(self) -> None:
        """An empty stage. Raises `OSError`."""
        self.clear()
        self.files.mkdir(mode=0o700, parents=True)

    def clear(self) -> None:
        """Without what somebody began to make ready, and never put in place."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self._stage)
        if self.database:
            for suffix in _BESIDE:
                self.database.with_name(self.database.name + suffix).unlink(missing_ok=True)

    def note(self, said: Mapping[str, object]) -> None:
        """From here on nobody starts on this data until `finish` is through."""
        new = self._stage / f".{_JOURNAL}"
        with new.open("w", encoding="utf-8") as file:
            file.write(json.dumps(said))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._stage / _JOURNAL)
        sync(self._stage)
        sync(self._data)

    def plan(self, name: str) -> Mapping[str, object]:
        """Which renames are to be done, and where the old files are kept: `data.before-` and `name`."""
        while os.path.lexists(self._aside(f"{_ASIDE}{name}")):
            name += "-again"
        aside = self._aside(f"{_ASIDE}{name}")
        away = [(path, aside / path.name) for path in self._in_use()]
        into = [(path, self._data / path.name) for path in sorted(self.files.iterdir())]
        if self._database and self.database and self._database.parent != self._data:
            # Another disk, perhaps: what lies there stays there.
            before, fresh = self._database.with_name(f"{self._database.name}.before-{name}"), self.database
            away += [(_with(self._database, each), _with(before, each)) for each in _BESIDE]
            into += [(_with(fresh, each), _with(self._database, each)) for each in _BESIDE]
        pairs = [[str(old), str(new)] for old, new in (*away, *into)]
        # What was derived from the old database fits no other.
        places = {self._data, self._database.parent if self._database else self._data}
        derived = [str(place / each) for place in sorted(places) for each in _SEARCH]
        is_needed = any(old.exists() for old, _ in away)
        return {"aside": str(aside) if is_needed else None, "moves": pairs, "derived": derived}

    def finish(self) -> None:
        """Do what the journal says, from wherever it was broken off. Raises `OSError`."""
        said = broken_off(self._data) or {}
        if said.get("aside"):
            make_folder(Path(said["aside"]))
        for old, new in ((Path(old), Path(new)) for old, new in said.get("moves", ())):
            # Whatever has its new name has been moved; what lies under its old one then came after it.
            if os.path.lexists(old) and not os.path.lexists(new):
                old.rename(new)
        for path in said.get("derived", ()):
            Path(path).unlink(missing_ok=True)
        shutil.rmtree(self._data / EXPORTS, ignore_errors=True)
        folders = {Path(each).parent for pair in said.get("moves", ()) for each in pair}
        for folder in folders:
            if folder.is_dir():
                sync(folder)
        (self._stage / _JOURNAL).unlink(missing_ok=True)
        sync(self._stage)
        self.clear()

    def _in_use(self) -> Iterator[Path]:
        names = {path.name for path in self._data.iterdir()}
        if self._database and self._database.parent == self._data:
            # Somebody who only reads may make these at any moment.
            names |= {self._database.name + each for each in _BESIDE}
        for name in sorted(names):
            # What was derived holds words in clear: it goes, and is not kept aside.
            if name not in (_STAGE, IN_USE, EXPORTS, *_SEARCH) and not name.startswith(_ASIDE):
                yield self._data / name

    def _aside(self, name: str) -> Path:
        """Beside the data folder; within it where that is a disk of its own, or nobody may write beside it."""
        beside = self._data.parent
        can = beside.stat().st_dev == self._data.stat().st_dev and os.access(beside, os.W_OK)
        return (beside if can else self._data) / name


def broken_off(data: Path) -> Mapping[str, Any] | None:
    """What a switch noted that was begun on this data folder and is not through."""
    try:
        found = json.loads((data / _STAGE / _JOURNAL).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
