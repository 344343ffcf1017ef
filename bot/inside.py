"""A server's database as one transaction sees it: everything that is done there is kept, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from alembic.util import CommandError
from sqlalchemy import Connection
from sqlmodel import Session

from bot import form
from bot.audit.errors import RecordError
from bot.audit.seals import Seals
from bot.store import Store


class Inside(Store):
    """Whatever takes a `Store` works in here, and sees what is not committed yet. One after another, on one thread."""

    def __init__(self, store: Store, connection: Connection) -> None:
        self.url, self.read_only, self.file = store.url, False, None
        self.place, self.kind, self.engine, self.named = store.place, store.kind, store.engine, store.named
        self.connection = connection

    @classmethod
    @contextmanager
    def begun(cls, store: Store) -> Iterator[Self]:
        """Holds the writers' lock, so that nobody makes tables meanwhile; committed on leaving.

        Raises `RecordError`, `StoreError`.
        """
        with store.told(absent="absent"):
            store.look_at_encoding()
            with store.engine.execution_options(vaglio_writes=60.0).begin() as connection:
                # Between two statements something large may be read elsewhere: nobody else waits for this.
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield cls(store, connection)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self.told(), Session(self.connection, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self.told(), Session(self.connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    def migrate(self, seals: Seals | None = None, to: str = form.NEWEST) -> None:
        try:
            form.upgrade(self.connection, seals, to)
        except CommandError:
            raise RecordError("tables", self.place) from None
