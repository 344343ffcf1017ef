"""Programs that may hand in drafts by the HTTP API: each by a token of its own, let in and ended on record."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from bot.accounts import client_account
from bot.audit.ledger import Ledger, NewEntry
from bot.console.tables import Client
from bot.people import People
from bot.store import Store

KIND: Final = "client"
"""Of the entries that say that one was let in or ended."""
LONGEST: Final = 80
"""Characters of a name."""
_MINUTE: Final = 60.0


class NoNameError(ValueError):
    """It cannot be a program's name: it is empty, longer than `LONGEST`, or holds what cannot be printed."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """One program, as it stands. Nothing here opens anything."""

    id: str
    name: str
    by: str
    """The pseudonym of who let it in."""
    at: datetime
    seen: datetime | None = None
    """When it was last used, to the minute."""
    ended: datetime | None = None

    @property
    def account(self) -> str:
        """By which its drafts are counted and recorded."""
        return client_account(self.id)


class Clients:
    """Knows tokens only by their hash. Thread-safe."""

    def __init__(self, store: Store, ledger: Ledger, people: People) -> None:
        self._store, self._ledger, self._people = store, ledger, people

    def admit(self, name: str, by: str, at: datetime) -> tuple[Admitted, str]:
        """Let a program in. Its token is known to nobody after this. Raises `NoNameError`."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST or not name.isprintable():
            raise NoNameError("not a name")
        token = f"vgl_{secrets.token_urlsafe(32)}"
        id = f"c_{secrets.token_hex(10)}"
        person = self._people.person(client_account(id))
        row = Client(id=id, name=name, token=_hash(token), program=person, person=by, at=at.timestamp())
        with self._store.write() as session:
            session.add(row)
            self._record(session, "admit", id, person, by, at)
            session.flush()
            admitted = _admitted(row)
        self._ledger.let_head_follow()
        return admitted, token

    def find(self, token: str, now: datetime) -> Admitted | None:
        """Whose token it is; None where it was ended, or was never one."""
        hashed = _hash(token)
        with self._store.read() as session:
            row = session.exec(select(Client).where(Client.token == hashed)).first()
        if row is None or not hmac.compare_digest(row.token, hashed) or row.ended is not None:
            return None
        if row.seen is None or now.timestamp() - row.seen >= _MINUTE:
            self._notice(row.id, now)
        return _admitted(row)

    def end(self, id: str, by: str, at: datetime) -> bool:
        """Its token opens nothing from now on. False: there is no such program, or it was ended before."""
        account = client_account(id)
        # Whoever guesses an id makes nobody known by it.
        person = self._people.person(account) if self._people.is_known(account) else None
        with self._store.write() as session:
            row = session.get(Client, id)
            if row is None or row.ended is not None:
                return False
            row.ended = at.timestamp()
            session.add(row)
            self._record(session, "end", id, person, by, at)
        self._ledger.let_head_follow()
        return True

    def all(self) -> Sequence[Admitted]:
        """Those that were ended too, the newest first."""
        with self._store.read() as session:
            rows = session.exec(select(Client).order_by(col(Client.at).desc(), col(Client.id))).all()
        return [_admitted(row) for row in rows]

    def _record(self, session: Session, change: str, id: str, person: str | None, by: str, at: datetime) -> None:
        # What it is called may be anything, and an entry is for ever: the table has that.
        facts = {"change": change, "client": id, "person": person}
        self._ledger.append_in(session, NewEntry(KIND, f"n_{secrets.token_hex(10)}", facts, actor=by, at=at))

    def _notice(self, id: str, now: datetime) -> None:
        with self._store.write() as session:
            if row := session.get(Client, id):
                row.seen = now.timestamp()
                session.add(row)


def _admitted(row: Client) -> Admitted:
    return Admitted(row.id, row.name, row.person, _moment(row.at), _known(row.seen), _known(row.ended))


def _known(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
