"""The note beside an SQLite database that its record goes on elsewhere: two that both grow would be two records."""

from __future__ import annotations

import hmac
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.audit.errors import RecordError
from bot.audit.manifests import Count
from bot.audit.records import canonical
from bot.audit.seals import TEXTS
from bot.keys import derived, existing_key
from bot.wording import Wording
from rules.durable import sync

_SUFFIX: Final = ".moved"


class Note(BaseModel):
    """`moving` from before the target's transaction is committed, `moved` after. `entry` is the one that says it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    v: Literal[1] = 1
    state: Literal["moving", "moved"]
    to: str
    """The place, without a user or a password."""
    at: str
    entry: Count
    head: Count | None = Field(default=None)
    """How far the record in the file went."""
    seal: str | None = None
    """By a key that lies apart from the data, so that nobody who has the data alone can write such a note. An older
    Vaglio's has none."""

    def sealed(self, key: bytes | None) -> Self:
        return self.model_copy(update={"seal": self._seal(key) if key else None})

    def is_sealed_by(self, key: bytes) -> bool:
        return self.seal is not None and hmac.compare_digest(self.seal.encode(), self._seal(key).encode())

    def _seal(self, key: bytes) -> str:
        # Not of the state, which alone changes while it lies there.
        said = canonical(self.model_dump(mode="json", exclude={"seal", "state"}))
        return hmac.digest(derived(key, "moves"), said, "sha256").hex()


def read_note(file: Path) -> Note | None:
    """What is noted beside the database `file`; one that cannot be read is taken for a move that was broken off."""
    try:
        return Note.model_validate_json(_place(file).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise RecordError("moving", str(file)) from None


def has_note(file: Path) -> bool:
    """Whatever it says."""
    return _place(file).exists()


def departure(file: Path | None, keys: Path) -> Note | None:
    """The note beside `file` that can be believed: sealed by the key in `keys`, and saying where the file ends.

    Nothing is made. None for any other note: what a file says that lies beside the data is no evidence by itself.
    """
    note, key = None, existing_key(keys, TEXTS)
    with suppress(RecordError):
        note = read_note(file) if file else None
    if note is None or key is None or not note.is_sealed_by(key):
        return None
    return note if note.head and note.head.count == note.entry.count - 1 else None


def left_behind(data: Path) -> list[Path]:
    """The databases in the folder `data` whose record goes on elsewhere: all of it lies there still."""
    files = (place.with_name(place.name.removesuffix(_SUFFIX)) for place in sorted(data.glob(f"*{_SUFFIX}")))
    return [file for file in files if file.exists()]


def left_said(file: Path, wording: Wording) -> str:
    return wording.say(
        "{file}: the record went on from there to PostgreSQL, and all that was on it still lies there. No erasure "
        "reaches it: delete it once all is well.",
        file=file,
    )


def write_note(file: Path, note: Note) -> None:
    """Durable on return. Raises `OSError`."""
    place = _place(file)
    new = place.with_name(f".{place.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as written:
        written.write(note.model_dump_json() + "\n")
        written.flush()
        os.fsync(written.fileno())
    new.replace(place)
    sync(place.parent)


def remove_note(file: Path) -> None:
    """Raises `OSError`."""
    _place(file).unlink(missing_ok=True)
    sync(file.parent)


def _place(file: Path) -> Path:
    return file.with_name(file.name + _SUFFIX)
