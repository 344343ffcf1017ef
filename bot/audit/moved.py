"""The note beside an SQLite database that its record goes on elsewhere: two that both grow would be two records."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.audit.errors import RecordError
from bot.audit.manifests import Count
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
    """What the ledger's head said before."""


def read_note(file: Path) -> Note | None:
    """What is noted beside the database `file`; one that cannot be read is taken for a move that was broken off."""
    try:
        return Note.model_validate_json(_place(file).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise RecordError("moving", str(file)) from None


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
