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
from bot.casualties import suspect
from bot.engine import USUAL, Engine, ProcessDied
from bot.store import Store
from bot.tables import Pending
from bot.work_tables import DeadLetter

ENTRY: Final = "dead_letter"
"""The kind of entry that says what became of some."""
KIND: Final = "event"
"""The kind of work that an event is to the engine."""
DIED: Final = ProcessDied.__name__
"""The `error` of one that processes died of."""
PORTION: Final = 5_000
"""That one transaction lets go of: everybody who writes waits for it."""
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
        """Have these answered once more, with the whole patience before them. Returns which of them were there.

        What processes died of is tried once, apart from others: at the next death it is given up again.
        """
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


def bury(session: Session, pending: Pending, platform: str, error: Exception, tries: int = 1) -> None:
    """Nobody tries it any more, unless somebody has it replayed. `platform`: empty where it cannot be read.

    `tries`: those that it has not counted itself.
    """
    dead = DeadLetter(
        id=pending.id,
        at=pending.at,
        died=time.time(),
        platform=platform,
        attempts=pending.attempts + tries,
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
        bury(session, row, _platform(row, vault), BackupRestored(), 0)
    session.flush()
    restored = col(DeadLetter.error) == BackupRestored.__name__
    return session.exec(select(func.count()).select_from(DeadLetter).where(restored)).one()


def look_after(store: Store, engine: Engine, vault: Vault, over: float) -> tuple[int, int]:
    """What can be read again is answered; what was given up before `over` is let go. Returns how many of each."""
    with store.read() as session:
        found, has_over = readable(session, vault), has_died(session, over)
    if found:
        with store.write() as session:
            found = revive(session, engine, found)
    gone, some = 0, PORTION if has_over else 0
    while some == PORTION:
        with store.write() as session:
            some = let_go(session, over)
        gone += some
    return len(found), gone


def readable(session: Session, vault: Vault) -> Sequence[str]:
    """Those that nobody could read and that can be read now: the right key is back."""
    # Not what a handler found unreadable, such as a damaged row: it would be given up and revived for ever.
    is_unread = (col(DeadLetter.error) == _UNREAD, col(DeadLetter.platform) == "")
    unread = session.exec(select(DeadLetter).where(*is_unread)).all()
    return [row.id for row in unread if _opens(row, vault)]


def revive(session: Session, engine: Engine, ids: Collection[str]) -> Sequence[str]:
    """Have these answered. Returns which of them were still there."""
    rows = _of(session, ids)
    found = [row.id for row in rows]
    _revive(session, engine, rows)
    return found


def has_died(session: Session, before: float) -> bool:
    """Whether any was given up before this moment."""
    return session.exec(select(DeadLetter.id).where(col(DeadLetter.died) < before).limit(1)).first() is not None


def let_go(session: Session, before: float) -> int:
    """Of those that were given up before this moment, `PORTION` at the most, with their keys. Returns how many."""
    over = select(DeadLetter.id).where(col(DeadLetter.died) < before).limit(PORTION)
    dropped = delete(DeadLetter).where(col(DeadLetter.id).in_(over)).execution_options(synchronize_session=False)
    return session.exec(dropped).rowcount


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
    deadly = [row.id for row in rows if row.error == DIED]
    suspect(session, KIND, deadly, USUAL.deaths - 1)
    session.flush()
    engine.put(session, KIND, [row.id for row in rows if row.error != DIED])
    engine.put(session, KIND, deadly, alone=True)


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
