"""Drafts to be checked again before they are published, and when."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, delete, select

from bot.store import Store
from bot.tables import Reminder


class Reminders:
    """One for each draft; a later one takes the place of the one before."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set(self, screening: str, person: str, at: datetime) -> None:
        with self._store.write() as session:
            session.merge(Reminder(screening=screening, person=person, at=at.timestamp()))

    def due(self, now: datetime) -> tuple[Reminder, ...]:
        """Those whose time has come, the earliest first."""
        query = select(Reminder).where(col(Reminder.at) <= now.timestamp()).order_by(col(Reminder.at))
        with self._store.read() as session:
            return tuple(session.exec(query).all())

    def clear(self, reminder: Reminder) -> None:
        """It has been sent; one that was set anew in the meantime stays."""
        with self._store.write() as session:
            done = (Reminder.screening == reminder.screening, Reminder.at == reminder.at)
            session.exec(delete(Reminder).where(*done))  # type: ignore[arg-type]
