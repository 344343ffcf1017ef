"""Legal holds: while one stands, nothing that it covers is erased or let go. They live in the ledger alone."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.audit.ledger import Ledger
from bot.audit.records import canonical
from bot.store import Store
from bot.tables import Entry, PersonKey

HOLD, RELEASE = "hold", "release"


@dataclass(frozen=True, slots=True)
class Hold:
    """Who ordered it, when, and what it covers."""

    id: str
    by: str | None
    at: str
    """UTC, ISO 8601."""
    person: str | None
    """A pseudonym; None: everybody."""
    persons: frozenset[str]
    """The same with those that they had before they linked their accounts."""

    def covers(self, holder: str) -> bool:
        return self.person is None or holder in self.persons


class HeldError(Exception):
    """What was asked for may not be done while a legal hold stands; `str` is the hold's id."""


class Holds:
    """Ordered and lifted on record, each with a reason that is kept sealed."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger

    def order(self, person: str | None, *, by: str, reason: str, at: datetime) -> Hold:
        """From now on, for this person or for everybody."""
        id = f"h_{secrets.token_hex(8)}"
        self._ledger.append(
            HOLD, subject=id, facts={"person": person}, actor=by, at=at, content=canonical({"reason": reason})
        )
        return next(hold for hold in self.standing() if hold.id == id)

    def lift(self, id: str, *, by: str, reason: str, at: datetime) -> bool:
        """False: no such hold stands."""
        if id not in {hold.id for hold in self.standing()}:
            return False
        self._ledger.append(
            RELEASE, subject=id, facts={"hold": id}, actor=by, at=at, content=canonical({"reason": reason})
        )
        return True

    def standing(self) -> tuple[Hold, ...]:
        with self._store.read() as session:
            return standing(session)


def standing(session: Session) -> tuple[Hold, ...]:
    """The holds that nobody has lifted, inside a transaction."""
    found = session.exec(select(Entry).where(col(Entry.kind).in_([HOLD, RELEASE])).order_by(col(Entry.seq))).all()
    lifted = {entry.subject for entry in found if entry.kind == RELEASE}
    return tuple(_hold(session, entry) for entry in found if entry.kind == HOLD and entry.subject not in lifted)


def _hold(session: Session, entry: Entry) -> Hold:
    said = json.loads(entry.body)
    person = said["facts"]["person"]
    return Hold(entry.subject, said["actor"], entry.at, person, _all_of(session, person) if person else frozenset())


def _all_of(session: Session, person: str) -> frozenset[str]:
    """Every pseudonym of theirs, those from before and those from after this one."""
    row = session.get(PersonKey, person)
    now = row.joined if row and row.joined else person
    joined = session.exec(select(PersonKey.person).where(PersonKey.joined == now)).all()
    return frozenset({person, now, *joined})
