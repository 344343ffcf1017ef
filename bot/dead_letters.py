"""Dead letters: what nobody could answer or read, kept sealed for some days, to be tried once more or dropped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, delete, select

from bot.audit.vault import Vault, VaultError
from bot.engine import Engine
from bot.store import Store
from bot.tables import Pending
from bot.work_tables import DeadLetter

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


class DeadLetters:
    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine = store, engine

    def all(self) -> Sequence[Letter]:
        """The oldest first."""
        with self._store.read() as session:
            rows = session.exec(select(DeadLetter).order_by(col(DeadLetter.at), col(DeadLetter.id))).all()
            return [Letter(row.id, row.platform, row.at, row.died, row.attempts, row.error) for row in rows]

    def replay(self, id: str, *, session: Session) -> bool:
        """Have it answered once more, with the whole patience before it. False: there is none of this id."""
        if row := session.get(DeadLetter, id):
            _revive(session, self._engine, [row])
        return row is not None

    def drop(self, id: str, *, session: Session) -> bool:
        """Its words and their key go, and nobody will ever answer. False: there is none of this id."""
        row = session.get(DeadLetter, id)
        if row:
            session.delete(row)
        return row is not None


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


def revive_readable(session: Session, engine: Engine, vault: Vault) -> int:
    """Have answered what could not be read and now can: the right key is back. Returns how many."""
    unread = session.exec(select(DeadLetter).where(col(DeadLetter.error) == _UNREAD)).all()
    readable = [row for row in unread if _opens(row, vault)]
    _revive(session, engine, readable)
    return len(readable)


def let_go(session: Session, before: float) -> int:
    """Those that were given up before this moment, with their keys. Returns how many."""
    over = session.exec(select(DeadLetter.id).where(col(DeadLetter.died) < before)).all()
    session.exec(delete(DeadLetter).where(col(DeadLetter.id).in_(over)))
    return len(over)


def _revive(session: Session, engine: Engine, rows: Sequence[DeadLetter]) -> None:
    for row in rows:
        session.add(Pending(id=row.id, at=time.time(), wrapped=row.wrapped, sealed=row.sealed))
        session.delete(row)
    session.flush()
    engine.put(session, KIND, [row.id for row in rows])


def _opens(row: DeadLetter, vault: Vault) -> bool:
    try:
        vault.unseal(row.wrapped, row.sealed, row.id.encode())
    except VaultError:
        return False
    return True
