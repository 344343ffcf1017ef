"""Which master key opens what lies in the database: the one in its place, the one that is to follow, or an old one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, cast

from sqlalchemy import inspect
from sqlalchemy.orm import load_only
from sqlmodel import Session, SQLModel, select

from bot.audit.errors import RecordError
from bot.audit.seals import Seals, person_about
from bot.audit.vault import Vault, VaultError
from bot.bulk.tables import BulkChunk
from bot.console.tables import SavedSearch, Undertaking
from bot.keys import KEY_BYTES
from bot.knowledge_tables import Collection
from bot.store import Store
from bot.tables import Appeal, Held, Pending, PersonKey, Review, Seat
from bot.work_tables import DeadLetter
from rules.durable import sync

FILE: Final = "master.key"
NEXT: Final = "master.next"
"""A new key from the moment it is made until what the old one wraps is wrapped anew."""
_OLD: Final = "master-{}.old"
_LOOKED_AT: Final = 5
"""Rows of each table: one alone might have been damaged."""

_Kept = PersonKey | Pending | DeadLetter | Held | Review | Seat | Appeal
Wrapped = _Kept | SavedSearch | Collection | Undertaking | BulkChunk
TABLES: Final[tuple[type[Wrapped], ...]] = (
    *(PersonKey, Pending, DeadLetter, Held, Review, Seat, Appeal),
    *(SavedSearch, Collection, Undertaking, BulkChunk),
)
"""Whatever the master key wraps; see also `bot.audit.rotation` for what is asked for in words."""


def about(row: Wrapped) -> bytes:
    """What a wrapped key is bound to."""
    return person_about(row.person) if isinstance(row, PersonKey) else row.id.encode()


def opens(store: Store, master: bytes) -> bool | None:
    """Whether this master key opens what lies in the database; None if nothing lies there. Raises `RecordError`."""
    if store.file and not store.file.exists():
        return None  # to ask it would make it
    vault, seen = Vault(master), False
    try:
        with store.read() as session:
            for row in _some(session):
                seen = True
                with suppress(VaultError):
                    vault.unwrap(row.wrapped, about(row))
                    return True
    except RecordError as error:
        if error.code != "none":
            raise
    return False if seen else None


def settle(folder: Path, store: Store) -> None:
    """Finish a rotation that was broken off, or take it back: whichever key opens the database is the right one."""
    following = _key(folder / NEXT)
    if following is None:
        return
    if opens(store, following):
        put_next_in_place(folder)
    elif (folder / FILE).exists():
        # Nothing was sealed under it.
        (folder / NEXT).unlink(missing_ok=True)


def put_next_in_place(folder: Path) -> None:
    """The old key is kept beside, for backups of its time. Raises `OSError`."""
    current, old = folder / FILE, _key(folder / FILE)
    if old is not None:
        with suppress(FileExistsError):
            (folder / _OLD.format(_digest(old))).hardlink_to(current)
    (folder / NEXT).replace(current)
    sync(folder)


def set_aside(folder: Path) -> None:
    """A key that opens nothing here is kept, under another name. Raises `OSError`."""
    if (folder / FILE).exists():
        found = (folder / FILE).read_bytes()
        (folder / FILE).replace(folder / _OLD.format(_digest(found)))
        sync(folder)


def look(folder: Path, store: Store) -> None:
    """Raises `RecordError` ("master") if the master key is missing, or another than sealed what lies here.

    To be asked before a missing key would be made anew.
    """
    if is_lost(folder, store):
        raise RecordError("master", str(folder / FILE))


def is_lost(folder: Path, store: Store) -> bool:
    """Whether something lies in the database that the key in its place does not open. Raises `RecordError`."""
    return opens(store, _key(folder / FILE) or bytes(KEY_BYTES)) is False


def fitting(folder: Path, store: Store) -> Seals | None:
    """For who only reads: with whichever key opens the database, None if there is none. Nothing is made.

    Raises `VaultError` where another key cannot be read.
    """
    for name in (FILE, NEXT):
        key = _key(folder / name)
        if key is not None and opens(store, key) is not False:
            return Seals.open(folder, Vault(key))
    return None


def old_ones(folder: Path) -> Iterator[bytes]:
    """Keys that were in use before."""
    for path in sorted(folder.glob(_OLD.format("*"))):
        key = _key(path)
        if key is not None:
            yield key


def _some(session: Session) -> Iterator[Wrapped]:
    made = inspect(session.connection())
    for table in TABLES:
        # A database of an older form has not all of them.
        if made.has_table(_name(table)):
            yield from rows(session, table, _LOOKED_AT)


def rows(session: Session, table: type[Wrapped], most: int | None = None) -> Sequence[Wrapped]:
    """Those of a table that hold a wrapped key: a seat has none before it is decided."""
    # A table of an older form may lack columns that are none of this one's business.
    asked = select(table).options(load_only(table.wrapped)).limit(most)  # type: ignore[arg-type]
    found = cast("Sequence[Wrapped]", session.exec(asked).all())
    return [row for row in found if row.wrapped]


def _name(table: type[SQLModel]) -> str:
    return str(table.__tablename__)


def _key(path: Path) -> bytes | None:
    """None if it is not there, or is no key: what reads it in earnest says which."""
    try:
        key = path.read_bytes()
    except OSError:
        return None
    return key if len(key) == KEY_BYTES else None


def _digest(key: bytes) -> str:
    """By which a key is told from others, and nothing of it."""
    return hashlib.sha256(b"master key\n" + key).hexdigest()[:12]
