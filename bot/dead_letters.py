"""Dead letters: what nobody could answer or read, kept sealed for some days, to be tried once more or dropped."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, delete, func, select

from bot.audit.ledger import Ledger, NewEntry
from bot.audit.vault import Vault, VaultError
from bot.engine import Engine
from bot.store import Store
from bot.tables import Pending
from bot.work_tables import DeadLetter

ENTRY: Final = "dead_letter"
"""The kind of entry that says what became of some."""
KIND: Final = "event"
"""The kind of work that an event is to the engine."""
_UNREAD: Final = VaultError.__name__


@dataclass(frozen=True, slots=True)
class Letter:
    """What may be told of one: never a word of it, nor whose it is. Moments are in seconds since the epoch."""

    id: str
    platform: str
    """Empty where it could not be read."""
    at: float
    died: float
    attempts: int
    error: str


class BackupRestored(Exception):
    """Why nobody tries it any more: it waited in a backup that was put back, and may have been answered since then."""


class DeadLetters:
    """An operator's view of them. What is done to one is an entry of the record: somebody waited for that answer."""

    def __init__(self, store: Store, engine: Engine, ledger: Ledger) -> None:
        self._store, self._engine, self._ledger = store, engine, ledger

    def all(self) -> Sequence[Letter]:
        """The oldest first."""
        told = tuple(getattr(DeadLetter, name) for name in Letter.__slots__)  # without what is sealed
        with self._store.read() as session:
            rows = session.exec(select(*told).order_by(col(DeadLetter.at), col(DeadLetter.id))).all()
        return [Letter(*row) for row in rows]

    def count(self) -> int:
        with self._store.read() as session:
            return session.exec(select(func.count()).select_from(DeadLetter)).one()

    def replay(self, ids: Collection[str], by: str, now: datetime) -> Sequence[str]:
        """Have these answered once more, with the whole patience before them. Returns which of them were there."""
        with self._store.write() as session:
            rows = _of(session, ids)
            found = self._recorded(session, "replay", rows, by, now)
            _revive(session, self._engine, rows)
        self._ledger.let_head_follow()
        return found

    def drop(self, ids: Collection[str], by: str, now: datetime) -> Sequence[str]:
        """Their words and keys go, and nobody will ever answer. Returns which of them were there."""
        with self._store.write() as session:
            rows = _of(session, ids)
            found = self._recorded(session, "drop", rows, by, now)
            for row in rows:
                session.delete(row)
        self._ledger.let_head_follow()
        return found

    def _recorded(
        self, session: Session, change: str, rows: Sequence[DeadLetter], by: str, now: datetime
    ) -> Sequence[str]:
        found = [row.id for row in rows]
        if found:
            facts = {"change": change, "count": len(found), "letters": found}
            self._ledger.append_in(session, NewEntry(ENTRY, f"l_{secrets.token_hex(10)}", facts, by, now))
        return found


def _of(session: Session, ids: Collection[str]) -> Sequence[DeadLetter]:
    return [row for id in sorted(set(ids)) if (row := session.get(DeadLetter, id))]


def bury(session: Session, pending: Pending, platform: str, error: Exception) -> None:
    """Nobody tries it any more, unless somebody has it replayed. `platform`: empty where it cannot be read."""
    dead = DeadLetter(
        id=pending.id,
        at=pending.at,
        died=time.time(),
        platform=platform,
        attempts=pending.attempts + 1,
        error=type(error).__name__,
        wrapped=pending.wrapped,
        sealed=pending.sealed,
    )
    session.merge(dead)
    session.delete(pending)


def bury_waiting(session: Session, vault: Vault) -> int:
    """Of a backup that was put back: what waited then is answered only if somebody has it replayed.

    Returns how many such letters there are, also of a restore that was broken off.
    """
    for row in session.exec(select(Pending)).all():
        row.attempts -= 1  # nobody tried it
        bury(session, row, _platform(row, vault), BackupRestored())
    session.flush()
    restored = col(DeadLetter.error) == BackupRestored.__name__
    return session.exec(select(func.count()).select_from(DeadLetter).where(restored)).one()


def revive_readable(session: Session, engine: Engine, vault: Vault) -> int:
    """Have answered what could not be read and now can: the right key is back. Returns how many."""
    unread = session.exec(select(DeadLetter).where(col(DeadLetter.error) == _UNREAD)).all()
    readable = [row for row in unread if _opens(row, vault)]
    _revive(session, engine, readable)
    return len(readable)


def let_go(session: Session, before: float) -> int:
    """Those that were given up before this moment, with their keys. Returns how many."""
    return session.exec(delete(DeadLetter).where(col(DeadLetter.died) < before)).rowcount


def forget(session: Session, vault: Vault, accounts: Collection[str]) -> None:
    """Drop what came from these accounts, or was to go to them: nobody is there any more to be answered.

    What still waits too: it would be put on record, of somebody who is known anew by it.
    """
    if not accounts:
        return
    rows: list[DeadLetter | Pending] = [*session.exec(select(DeadLetter)).all(), *session.exec(select(Pending)).all()]
    for row in rows:
        with suppress(VaultError):
            event = json.loads(vault.unseal(row.wrapped, row.sealed, row.id.encode()))
            writer = ":".join(str(event[part]) for part in ("platform", "team", "user") if part in event)
            if not {writer, event.get("to")}.isdisjoint(accounts):
                session.delete(row)


def _revive(session: Session, engine: Engine, rows: Sequence[DeadLetter]) -> None:
    for row in rows:
        session.add(Pending(id=row.id, at=time.time(), wrapped=row.wrapped, sealed=row.sealed))
        session.delete(row)
    session.flush()
    engine.put(session, KIND, [row.id for row in rows])


def _platform(row: Pending, vault: Vault) -> str:
    """Empty where it cannot be read."""
    try:
        return str(json.loads(vault.unseal(row.wrapped, row.sealed, row.id.encode()))["platform"])
    except (VaultError, ValueError, KeyError):
        return ""


def _opens(row: DeadLetter, vault: Vault) -> bool:
    try:
        vault.unseal(row.wrapped, row.sealed, row.id.encode())
    except VaultError:
        return False
    return True
