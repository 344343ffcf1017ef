"""Who is signed in at the console: each session is a row, so that it ends everywhere at once, in every process."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlmodel import col, delete, select

from bot.console.tables import SignedIn
from bot.store import Store

Way = Literal["link", "provider"]
LIFE = 12 * 60 * 60
"""Seconds for which a session lasts, however busy it is."""
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Sitting:
    """One session, as the people page lists it. `id` cannot be turned back into the cookie."""

    id: str
    person: str
    at: datetime
    seen: datetime
    way: str


class Sessions:
    """Knows sessions only by their hash. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, person: str, way: Way, now: float) -> str:
        """The secret of a new session. `now` is in seconds since the epoch."""
        secret = secrets.token_urlsafe(32)
        with self._store.write() as session:
            session.exec(delete(SignedIn).where(col(SignedIn.until) <= now))
            session.add(SignedIn(id=_hash(secret), person=person, at=now, until=now + LIFE, seen=now, way=way))
        return secret

    def person(self, secret: str, now: float) -> str | None:
        """The pseudonym of whose session it is; None where it is over, taken away, or was never one."""
        with self._store.read() as session:
            row = session.get(SignedIn, _hash(secret))
        if row is None or row.until <= now:
            return None
        if now - row.seen >= _MINUTE:
            self._notice(row.id, now)
        return row.person

    def end(self, secret: str) -> None:
        self.revoke(_hash(secret))

    def revoke(self, id: str) -> None:
        """End the session of that id, whoever's it is."""
        with self._store.write() as session:
            session.exec(delete(SignedIn).where(col(SignedIn.id) == id))

    def revoke_all(self, person: str) -> int:
        """End all of somebody's. Returns how many there were."""
        with self._store.write() as session:
            gone = session.exec(delete(SignedIn).where(col(SignedIn.person) == person))
            return int(gone.rowcount)

    def standing(self, now: float) -> Sequence[Sitting]:
        """Everybody's, the newest first."""
        with self._store.read() as session:
            rows = session.exec(
                select(SignedIn).where(col(SignedIn.until) > now).order_by(col(SignedIn.at).desc())
            ).all()
        return [_sitting(row) for row in rows]

    def of(self, person: str, now: float) -> Sequence[Sitting]:
        """One person's, the newest first."""
        with self._store.read() as session:
            theirs = select(SignedIn).where(SignedIn.person == person, col(SignedIn.until) > now)
            return [_sitting(row) for row in session.exec(theirs.order_by(col(SignedIn.at).desc())).all()]

    def _notice(self, id: str, now: float) -> None:
        # Not merged: a session that was taken away a moment ago must not come back by being used.
        with self._store.write() as session:
            if row := session.get(SignedIn, id):
                row.seen = now
                session.add(row)


def id_of(secret: str) -> str:
    """By which the session is listed whose secret a cookie holds."""
    return _hash(secret)


def _sitting(row: SignedIn) -> Sitting:
    return Sitting(row.id, row.person, _moment(row.at), _moment(row.seen), row.way)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
