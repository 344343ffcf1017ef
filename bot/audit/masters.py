"""Which master key opens what lies in the database: the one in its place, the one that is to follow, or an old one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final, cast

from sqlalchemy import Connection, event, inspect
from sqlalchemy.orm import load_only
from sqlmodel import Session, SQLModel, select

from bot.audit.errors import RecordError
from bot.audit.seals import Seals, person_about
from bot.audit.tables import MasterKey
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
_WRAPPING: Final = ("wrapped", "awaited")
"""What stands in whichever statement writes a wrapped key; of the second table see `bot.audit.rotation`."""
_NOTED: Final = "SELECT fingerprint FROM masterkey WHERE id = 'master'"

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
    """As `fits`, of the key itself. Raises `RecordError`."""
    return fits(store, Vault(master))


def fits(store: Store, vault: Vault) -> bool | None:
    """Whether the master key of `vault` wraps what lies in the database; None if nothing lies there.

    What was noted of the key counts. Where nothing was, one row that opens is enough; where it was another one, every
    row has to: a key that was replaced is told also if somebody went on with it for a while, and whoever can write the
    database does not pass the right one off as lost. Raises `RecordError`.
    """
    if store.file and not store.file.exists():
        return None  # to ask it would make it
    found: bool | None = None
    try:
        with store.read() as session:
            noted = _noted(session)
            if noted == vault.fingerprint:
                return True
            # Of most keys the first few rows tell that it is not theirs.
            for row in chain(_some(session, _LOOKED_AT), _some(session, None) if noted else ()):
                found = _opens(row, vault)
                if found is (noted is None):
                    break
    except RecordError as error:
        if error.code != "none":
            raise
    return found


def bind(store: Store, vault: Vault, folder: Path) -> None:
    """From here on nothing is wrapped by way of `store` unless the key of `vault` is still the one that wraps what
    lies there; at the first start, it is noted that it is. Raises `RecordError` ("master").

    It is asked in the very transaction that writes a wrapped key: a rotation is over before it begins, or begins after.
    """
    with store.read() as session:
        noted = _noted(session)
    if noted != vault.fingerprint:
        # Not of the key in its place, which may be another by now.
        is_other = fits(store, vault) is False
        with store.write() as session:
            if is_other or _noted(session) not in (noted, vault.fingerprint):
                raise RecordError("master", str(folder / FILE))
            note(session, vault)

    def look_again(connection: Connection, _: object, statement: str, *__: object) -> None:
        is_wrapping = statement.startswith(("INSERT", "UPDATE")) and any(each in statement for each in _WRAPPING)
        if is_wrapping and connection.exec_driver_sql(_NOTED).scalar() != vault.fingerprint:
            raise RecordError("master", str(folder / FILE))

    event.listen(store.engine, "before_cursor_execute", look_again)


def note(session: Session, vault: Vault) -> None:
    """That it is the key of this vault which wraps what lies here; in a database of an older form, the next start."""
    if inspect(session.connection()).has_table(_name(MasterKey)):
        session.merge(MasterKey(fingerprint=vault.fingerprint))
        session.flush()


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


def _noted(session: Session) -> str | None:
    made = inspect(session.connection()).has_table(_name(MasterKey))
    return session.connection().exec_driver_sql(_NOTED).scalar() if made else None


def _opens(row: Wrapped, vault: Vault) -> bool:
    try:
        vault.unwrap(row.wrapped, about(row))
    except VaultError:
        return False
    return True


def _some(session: Session, most: int | None) -> Iterator[Wrapped]:
    """So many of each table; with None all of them."""
    made = inspect(session.connection())
    for table in TABLES:
        # A database of an older form has not all of them.
        if made.has_table(_name(table)):
            yield from rows(session, table, most)


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
