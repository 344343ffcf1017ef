"""What the company alone knows, taken in, removed, and brought to every machine: each change is on record.

On a server each version lies in the database, sealed, and every machine lays it out into its own folder. With SQLite
there is one machine, and its folder is enough.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import structlog
from filelock import FileLock
from sqlmodel import Session, col, delete, func, select

from bot import parcels
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.vault import Vault, VaultError, new_key
from bot.keys import key_in
from bot.knowledge_tables import Collection, CollectionPiece
from bot.store import Store
from bot.wording.saying import saying
from rules.knowledge.store import Knowledge, KnowledgeError, Manifest, check_name

log = structlog.get_logger(__name__)

KIND: Final = "knowledge"
"""Of the ledger's entries."""
_TOGETHER: Final = 4
"""Pieces that one transaction adds: writers wait for it."""
_LEFT: Final = timedelta(days=1)
"""After which a version that never became whole was left by somebody who was stopped."""
_PATIENCE: Final = 120.0
"""Seconds for which another process of this machine is waited for: it may be laying out a large table."""
_AGAIN: Final = 30
"""Looks after which a version that could not be laid out is tried once more."""

KEY: Final = "knowledge.key"

Make = Callable[[Knowledge], Manifest]


def knowledge_key(folder: Path) -> bytes:
    """Made in `folder` at the very first need. Raises `KeyFileError`."""
    return key_in(folder, KEY, saying("the key of the company's knowledge"))


class Collections:
    """Safe for several threads, processes and machines: of two who add the same, one is the newest everywhere."""

    def __init__(self, store: Store, vault: Vault, ledger: Ledger | None, here: Knowledge) -> None:
        """`here` is this machine's own folder. Without a ledger nothing can be added or removed."""
        self._store, self._vault, self._ledger, self._here = store, vault, ledger, here
        self._is_shared = store.file is None
        self._rest: dict[str, int] = {}

    def add(self, make: Make, *, by: str | None, at: datetime) -> Manifest:
        """Take in what `make` puts into an empty place, on record; the old version stays in force until then.

        Raises `KnowledgeError`, `RecordError`, `OSError`; what `make` raises.
        """
        with self._here.apart() as place:
            made = make(place)
            return self._taken(place, made, by, at) or made

    def adopt(self, *, at: datetime) -> list[str]:
        """Where machines share: give the others what lies on this one alone, under names that nobody has used yet.

        It is there where Vaglio ran on one machine before. Returns the names. Raises as `add` does.
        """
        if not self._is_shared:
            return []
        known, adopted = self._newest(), list[str]()
        for manifest in [one for one in self._here.names() if one.name not in known]:
            with self._here.apart() as place:
                version, folder = self._here.version(manifest.name)
                copied = place.copy(version, folder)
                if self._taken(place, copied, None, at, is_first=True) is not None:
                    adopted.append(manifest.name)
        return adopted

    def remove(self, name: str, *, by: str | None, at: datetime) -> None:
        """On every machine. Raises `KnowledgeError` where there is none, `RecordError`."""
        check_name(name)
        with self._alone():
            digest, id = self._in_force(name), _new_id()
            with self._store.write() as session:
                if self._is_shared:
                    session.add(Collection(id=id, name=name, at=at.timestamp(), wrapped=b""))
                    session.flush()
                    self._put_in_force(session, id, name, 0, at)
                self._record(session, id, "remove", name, digest, by, at)
            with suppress(KnowledgeError):  # on a server it need not have been laid out here
                self._here.remove(name)
        self._follow()

    def keep_up(self) -> None:
        """Lay out here what is newer in the database, and let go of what was removed. Cheap where there is nothing.

        What cannot be laid out is logged, and the old version stays. Raises `RecordError`, `OSError`.
        """
        if self._is_shared and any(self._wanted()):
            with self._alone():
                for row in self._wanted():
                    self._lay_out(row)

    def _in_force(self, name: str) -> str:
        """Its digest. Raises `KnowledgeError`."""
        row = self._newest().get(name) if self._is_shared else None
        return row.digest if row and row.digest else self._here.version(name)[0].digest

    # --- In force -----------------------------------------------------------------------------------------------------

    def _taken(
        self, place: Knowledge, made: Manifest, by: str | None, at: datetime, *, is_first: bool = False
    ) -> Manifest | None:
        """On record, in force and in place; None where it should have been the first of its name and is not."""
        manifest, folder = place.version(made.name)
        id = _new_id()
        count = self._send(id, manifest, folder, place.folder, at) if self._is_shared else 0
        with self._alone():
            with self._store.write() as session:
                if is_first and self._is_used(session, manifest.name):
                    _drop(session, [id])
                    return None
                if self._is_shared:
                    self._put_in_force(session, id, manifest.name, count, at)
                self._record(session, id, "add", manifest.name, manifest.digest, by, at)
            self._here.take(manifest, folder)
        self._follow()
        return manifest

    def _is_used(self, session: Session, name: str) -> bool:
        whole = select(Collection.id).where(Collection.name == name, col(Collection.version).is_not(None))
        return session.exec(whole).first() is not None

    def _put_in_force(self, session: Session, id: str, name: str, pieces: int, at: datetime) -> None:
        """It is whole; what was in force before it goes, and what somebody left unfinished."""
        row = session.get_one(Collection, id)
        last = session.exec(select(func.max(Collection.version)).where(Collection.name == name)).one()
        row.version, row.pieces = (last or 0) + 1, pieces
        session.add(row)
        session.flush()
        old = (col(Collection.name) == name) & (col(Collection.version) < row.version)
        left = col(Collection.version).is_(None) & (col(Collection.at) < (at - _LEFT).timestamp())
        _drop(session, session.exec(select(Collection.id).where(old | left)).all())

    def _record(
        self, session: Session, id: str, change: str, name: str, digest: str, by: str | None, at: datetime
    ) -> None:
        if self._ledger is None:
            raise ValueError("without a ledger nothing is changed")
        facts = {"change": change, "collection": name, "digest": digest}
        self._ledger.append_in(session, NewEntry(KIND, id, facts, actor=by, at=at))

    def _follow(self) -> None:
        if self._ledger:
            self._ledger.let_head_follow()

    def _alone(self) -> FileLock:
        """On this machine nobody else changes what is in force here, so that the newest is also the last in place."""
        self._here.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self._here.folder / ".keeping.lock", timeout=_PATIENCE, mode=0o600)

    # --- Through the database -----------------------------------------------------------------------------------------

    def _send(self, id: str, manifest: Manifest, made: Path, folder: Path, at: datetime) -> int:
        """Piece by piece, so that no writer waits long; it counts for nothing yet. Returns how many there are."""
        key, count = new_key(), 0
        wrapped = self._vault.wrap(key, id.encode())
        with self._store.write() as session:
            session.add(
                Collection(id=id, name=manifest.name, at=at.timestamp(), digest=manifest.digest, wrapped=wrapped)
            )
        pieces = parcels.sealed(manifest, made, folder / f"{id}.zip", id, key)
        while batch := list(islice(pieces, _TOGETHER)):
            with self._store.write() as session:
                session.add_all(
                    CollectionPiece(collection=id, number=number, sealed=sealed)
                    for number, sealed in enumerate(batch, start=count)
                )
            count += len(batch)
        return count

    def _newest(self) -> Mapping[str, Collection]:
        """Of each name what is in force, also that there is none any more."""
        with self._store.read() as session:
            whole = select(Collection).where(col(Collection.version).is_not(None)).order_by(col(Collection.version))
            return {row.name: row for row in session.exec(whole).all()}

    def _wanted(self) -> Iterator[Collection]:
        """What is otherwise here than in the database."""
        here = {one.name: one.digest for one in self._here.names()}
        for row in self._newest().values():
            is_right = here.get(row.name) == row.digest if row.digest else row.name not in here
            if not is_right and not self._rests(row.id):
                yield row

    def _rests(self, id: str) -> bool:
        left = self._rest.get(id, 0)
        self._rest[id] = max(0, left - 1)
        return left > 0

    def _lay_out(self, row: Collection) -> None:
        try:
            if not row.digest:
                self._here.remove(row.name)
            elif not self._fetch(row):
                return  # a newer one took its place meanwhile, and the next look finds that
        except (KnowledgeError, VaultError, OSError) as error:
            log.error("knowledge.not_laid_out", collection=row.name, error=type(error).__name__, remedy="add it again")
            self._rest[row.id] = _AGAIN
            return
        log.info("knowledge.in_force", collection=row.name, digest=row.digest[:12] or None)

    def _fetch(self, row: Collection) -> bool:
        with self._here.apart() as place:
            made = place.folder / "made"
            made.mkdir(mode=0o700)
            key = self._vault.unwrap(row.wrapped, row.id.encode())
            with self._store.read() as session:
                if session.get(Collection, row.id) is None:
                    return False
                pieces = (_piece(session, row.id, number) for number in range(row.pieces))
                manifest = parcels.opened(pieces, place.folder / "parcel.zip", made, row.id, key)
            if (manifest.name, manifest.digest) != (row.name, row.digest):
                raise KnowledgeError(f"{row.name}: the database keeps something else under this name")
            self._here.take(manifest, made)
        return True


def _piece(session: Session, id: str, number: int) -> bytes:
    found = session.exec(
        select(CollectionPiece.sealed).where(CollectionPiece.collection == id, CollectionPiece.number == number)
    ).first()
    if found is None:
        raise KnowledgeError("a piece of what the database keeps is missing")
    return found


def _drop(session: Session, ids: Sequence[str]) -> None:
    session.exec(delete(CollectionPiece).where(col(CollectionPiece.collection).in_(ids)))
    session.exec(delete(Collection).where(col(Collection.id).in_(ids)))


def _new_id() -> str:
    return f"kn_{secrets.token_hex(10)}"
