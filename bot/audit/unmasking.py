"""Who a pseudonym is: told with a reason, on record, and where the house wants it only when a second person agrees."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from sqlmodel import col, select

from bot.audit.ledger import Ledger
from bot.audit.records import canonical, timestamp
from bot.people import People
from bot.store import Store
from bot.tables import Entry

ASKED, DONE = "unmask_request", "unmask"
LIFE: Final = timedelta(days=1)
"""For which a request waits for the second person."""


class Refusal(Enum):
    """Why somebody's name is not told."""

    UNKNOWN = auto()
    """Nobody has this pseudonym, or they were erased; or there is no such request."""
    OWN = auto()
    """Whoever asked cannot be the second person too."""
    OVER = auto()
    """The request waited for longer than `LIFE`."""


@dataclass(frozen=True, slots=True)
class Request:
    """Waits for a second person."""

    id: str
    person: str
    by: str
    at: str = ""
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Unmasked:
    """The accounts of whoever has the pseudonym."""

    person: str
    accounts: tuple[str, ...]


class Unmasking:
    """Requests and answers live in the ledger alone."""

    def __init__(self, store: Store, ledger: Ledger, people: People, *, needs_two: bool) -> None:
        self._store, self._ledger, self._people, self._needs_two = store, ledger, people, needs_two

    def ask(self, person: str, *, by: str, reason: str, at: datetime) -> Unmasked | Request | Refusal:
        """Who `person` is; or a request for which a second person has to `agree`. The reason is kept sealed."""
        accounts = self._people.accounts(person)
        if not accounts:
            return Refusal.UNKNOWN
        id, content = f"u_{secrets.token_hex(8)}", canonical({"reason": reason})
        kind = ASKED if self._needs_two else DONE
        self._ledger.append(kind, subject=id, facts={"person": person}, actor=by, at=at, content=content)
        return Request(id, person, by, timestamp(at)) if self._needs_two else Unmasked(person, accounts)

    def agree(self, id: str, *, by: str, at: datetime) -> Unmasked | Refusal:
        """The second person says yes, and both may be told. Once agreed, it is told again within `LIFE`."""
        found = self._request(id)
        if found is None:
            return Refusal.UNKNOWN
        request, asked_at = found
        # Under another pseudonym, by an account that they have linked since, they are the same person.
        is_own = (self._people.whose(by) or by) == (self._people.whose(request.by) or request.by)
        if is_own and not self._is_agreed(id):
            return Refusal.OWN
        if asked_at < timestamp(at - LIFE):
            return Refusal.OVER
        accounts = self._people.accounts(request.person)
        if not accounts:  # erased since it was asked
            return Refusal.UNKNOWN
        # Each telling is an entry of its own.
        facts = {"person": request.person, "asked_by": request.by, "request": id}
        self._ledger.append(DONE, subject=f"{id}/{secrets.token_hex(4)}", facts=facts, actor=by, at=at)
        return Unmasked(request.person, accounts)

    def waiting(self, at: datetime) -> tuple[Request, ...]:
        """The requests that a second person may still agree to, the oldest first."""
        asked = select(Entry).where(Entry.kind == ASKED, Entry.at >= timestamp(at - LIFE)).order_by(col(Entry.seq))
        with self._store.read() as session:
            found = session.exec(asked).all()
        return tuple(_read(entry) for entry in found if not self._is_agreed(entry.subject))

    def _request(self, id: str) -> tuple[Request, str] | None:
        with self._store.read() as session:
            entry = session.exec(select(Entry).where(Entry.kind == ASKED, Entry.subject == id)).first()
        if entry is None:
            return None
        return _read(entry), entry.at

    def _is_agreed(self, id: str) -> bool:
        told = select(Entry.seq).where(Entry.kind == DONE, col(Entry.subject).startswith(f"{id}/"))
        with self._store.read() as session:
            return session.exec(told).first() is not None


def _read(entry: Entry) -> Request:
    said = json.loads(entry.body)
    return Request(entry.subject, said["facts"]["person"], said["actor"], entry.at)
