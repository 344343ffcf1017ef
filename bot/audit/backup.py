"""A backup: the database at one moment with the head that belongs to it, and what only the data folder has."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock
from sqlmodel import Session, col, select, text

from bot.audit import dumps, records
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.manifests import (
    DATABASES,
    HEAD,
    NAME,
    Count,
    Kind,
    Manifest,
    copied,
    digest_of,
    names_in,
)
from bot.audit.transfers import TransferError
from bot.audit.verification import verify
from bot.store import Store
from bot.tables import Entry
from rules.durable import sync

KIND: Final = "backup"
KNOWLEDGE: Final = "knowledge"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made."""

    folder: Path
    manifest: Manifest


class Backups:
    """`data` is the data folder; `apart` are folders in which no backup may lie."""

    def __init__(self, store: Store, ledger: Ledger, data: Path, apart: Sequence[Path]) -> None:
        self._store, self._ledger, self._data, self._apart = store, ledger, data, apart

    def make(self, folder: Path, *, by: str, at: datetime) -> Made:
        """Make `folder` with a backup in it, while others go on working: whole, or not at all.

        That one is made is on record before, and so in the backup. No key is in it, and nothing derived from opened
        words. Raises `TransferError`, `RecordError`, `OSError`.
        """
        self._look_at(folder)
        new = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        new.mkdir(mode=0o700, parents=True)
        try:
            self._ledger.append(KIND, subject=f"b_{secrets.token_hex(10)}", facts={"by": "command"}, actor=by, at=at)
            manifest = self._fill(new, at)
            if os.path.lexists(folder):
                raise TransferError("there", str(folder))
            new.rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        sync(folder.parent)
        return Made(folder, manifest)

    def _look_at(self, folder: Path) -> None:
        if os.path.lexists(folder):
            raise TransferError("there", str(folder))
        place = folder.resolve()
        if any(place.is_relative_to(each.resolve()) for each in self._apart):
            raise TransferError("inside", str(folder))

    def _fill(self, new: Path, at: datetime) -> Manifest:
        kind: Kind = "sqlite" if self._store.file else "postgresql"
        tables, count = self._copy_database(new / DATABASES[kind], new / HEAD)
        copy_knowledge(self._data / KNOWLEDGE, new / KNOWLEDGE)
        files = {name: digest_of(new / name) for name in names_in(new)}
        manifest = Manifest(v=1, at=records.timestamp(at), database=kind, tables=tables, ledger=count, files=files)
        handle = os.open(new / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(manifest.written())
            file.flush()
            os.fsync(file.fileno())
        for place in (*(path for path in new.rglob("*") if path.is_dir()), new):
            sync(place)
        return manifest

    def _copy_database(self, target: Path, head: Path) -> tuple[str, Count]:
        """The form of the tables, and how far the ledger in the copy goes. Raises `TransferError` for one with a fault:
        whoever keeps so many backups would keep none that is sound."""
        if self._store.file:
            dumps.copy_file(self._store.file, target)
            store = Store(f"sqlite:///{target}", read_only=True)
            try:
                with store.read() as session:
                    tables, count = _told(session)
                HeadFile(head).write(Head(count.count, count.head))
                found = verify(store, HeadFile(head))
            finally:
                store.close()
        else:
            with self._store.read() as session:
                dumps.dump(self._store, session, target)
                tables, count = _told(session)
            HeadFile(head).write(Head(count.count, count.head))
            found = self._ledger.verify()
        if not found.is_sound:
            raise TransferError("fault", self._store.place)
        return tables, count


def copy_knowledge(source: Path, target: Path) -> None:
    """What the company alone knows: keyed hashes, and no key. Raises `OSError`."""
    names = sorted(path.stem for path in source.glob("*.json"))
    if names:
        target.mkdir(mode=0o700, parents=True)
    for name in names:
        # While it is held, nobody puts another in its place.
        with FileLock(source / f".{name}.lock"):
            for path in sorted((*source.glob(f"{name}.json"), *source.glob(f"{name}@*/**/*"))):
                place = target / path.relative_to(source)
                if path.is_dir():
                    place.mkdir(mode=0o700, parents=True, exist_ok=True)
                else:
                    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    copied(path, place)


def _told(session: Session) -> tuple[str, Count]:
    last = session.exec(select(Entry.seq, Entry.hash).order_by(col(Entry.seq).desc()).limit(1)).first()
    seq, hashed = last or (0, records.GENESIS)
    tables = session.connection().execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return str(tables), Count(count=seq, head=hashed)
