"""Where messages stand that change later, and the words that somebody still owes: what a platform would forget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, or_, select, update

from bot.audit.seals import Seals
from bot.store import Store
from bot.tables import Awaited, Card, Digest, Pending

_PATIENCE = timedelta(hours=1)
"""For which the next message of somebody is taken for the words that they were asked for."""
_AT_ONCE: Final = 100
"""Things whose messages one statement forgets."""


class Cards:
    """A message for each thing and place: posted once, and changed from then on."""

    def __init__(self, store: Store) -> None:
        self.store = self._store = store

    def message(self, about: str, place: str) -> str | None:
        """The platform's name of the message that shows `about` at `place`."""
        with self._store.read() as session:
            card = session.get(Card, (about, place))
        return card.message if card else None

    def put(self, about: str, place: str, message: str) -> None:
        with self._store.write() as session:
            session.merge(Card(about=about, place=place, message=message))

    def put_at(self, about: str, places: Iterable[str], message: str) -> None:
        """One message that goes by several names of its place: all of them are noted, or none."""
        with self._store.write() as session:
            for place in places:
                session.merge(Card(about=about, place=place, message=message))

    def places(self, about: str) -> dict[str, str]:
        """Every place at which `about` is shown, and the message."""
        with self._store.read() as session:
            return {card.place: card.message for card in session.exec(select(Card).where(Card.about == about)).all()}

    def out(self, id: str) -> int:
        """How many messages of the answer to the event `id` are out: whoever tries again goes on from there."""
        with self._store.read() as session:
            pending = session.get(Pending, id)
        return pending.out if pending else 0

    def are_out(self, id: str, count: int) -> None:
        with self._store.write() as session:
            session.exec(update(Pending).where(col(Pending.id) == id).values(out=count))

    def drop(self, about: str, place: str) -> None:
        """It is not there any more: the next one is posted anew."""
        with self._store.write() as session:
            session.exec(delete(Card).where(col(Card.about) == about, col(Card.place) == place))


def forget_cards(session: Session, ids: Sequence[str]) -> None:
    """Those of these things, and those that are named after one and an owner (`bot.errands.card_name`)."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        session.exec(delete(Card).where(col(Card.about).in_(some)))
        named = delete(Card).where(or_(*(_begins(session, id) for id in some)))
        session.exec(named.execution_options(synchronize_session=False))


def _begins(session: Session, id: str) -> ColumnElement[bool]:
    """What is named after this thing and something else. By bytes: in a country's order a range is no beginning."""
    first, beyond = f"{id}/", f"{id}{chr(ord('/') + 1)}"
    if session.connection().dialect.name == "sqlite":
        return (col(Card.about) >= first) & (col(Card.about) < beyond)
    return col(Card.about).op("~>=~", is_comparison=True)(first) & col(Card.about).op("~<~", is_comparison=True)(beyond)


class Awaiting:
    """For platforms without forms: whose next message is meant for which action."""

    def __init__(self, store: Store, seals: Seals) -> None:
        self._store, self._name = store, seals.name

    def ask(self, account: str, action: str, now: datetime) -> None:
        """What was asked for before is not waited for any more."""
        with self._store.write() as session:
            session.merge(Awaited(key=self._key(account), action=action, until=(now + _PATIENCE).timestamp()))

    def asked(self, account: str, now: datetime) -> str | None:
        """The action that waits for this account's words."""
        with self._store.read() as session:
            awaited = session.get(Awaited, self._key(account))
        return awaited.action if awaited and awaited.until > now.timestamp() else None

    def change(self, account: str, change: Callable[[str], str | None], now: datetime) -> bool:
        """Put what `change` makes of the action that waits in its place. False: there is none, or it makes nothing.

        Of several who come at once, in whatever process, each sees what the one before has made of it.
        """
        with self._store.write() as session:
            awaited = session.get(Awaited, self._key(account))
            changed = change(awaited.action) if awaited and awaited.until > now.timestamp() else None
            if awaited is None or changed is None:
                return False
            awaited.action, awaited.until = changed, (now + _PATIENCE).timestamp()
            session.add(awaited)
        return True

    def clear(self, account: str) -> None:
        with self._store.write() as session:
            session.exec(delete(Awaited).where(col(Awaited.key) == self._key(account)))

    def sweep(self, now: datetime) -> None:
        with self._store.write() as session:
            session.exec(delete(Awaited).where(col(Awaited.until) <= now.timestamp()))

    def _key(self, account: str) -> str:
        return self._name("awaited", account)


class Days:
    """Which owners have had the summary of which day."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_done(self, owner: str, day: str) -> bool:
        with self._store.read() as session:
            return session.get(Digest, (owner, day)) is not None

    def done(self, owner: str, day: str) -> None:
        with self._store.write() as session:
            session.merge(Digest(owner=owner, day=day))

    def sweep(self, now: datetime) -> None:
        """A month is more than anybody's day."""
        with self._store.write() as session:
            session.exec(delete(Digest).where(col(Digest.day) < (now - timedelta(days=31)).date().isoformat()))
