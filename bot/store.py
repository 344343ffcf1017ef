"""The tables, and sessions on them; with `bot/audit` the only place that knows the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, LargeBinary, event, make_url
from sqlmodel import Field, Session, SQLModel, create_engine

MIGRATIONS = Path(__file__).parent / "migrations"


class Person(SQLModel, table=True):
    """Someone who writes to Vaglio. The ledger knows only `id`, which says nothing once this row is gone."""

    id: str = Field(primary_key=True)
    """`p_` and random digits: a pseudonym, derived from nothing."""
    account: str = Field(unique=True, index=True)
    """`slack:TEAM:USER`, `telegram:USER` or `local:NAME`."""
    locale: str | None = None
    """What the platform says of their language."""
    language: str | None = None
    """What they chose themselves, which counts more."""


class Entry(SQLModel, table=True):
    """One link of the ledger's chain. Never updated, never deleted: triggers see to it."""

    seq: int = Field(primary_key=True)
    at: str = Field(index=True)
    """UTC, ISO 8601 with microseconds, as in `body`."""
    kind: str = Field(index=True)
    subject: str = Field(index=True)
    """What the entry is about: a screening's id."""
    body: bytes = Field(sa_type=LargeBinary)
    """Canonical JSON (RFC 8785): exactly the bytes that were hashed."""
    hash: str
    """SHA-256 of `body`, hexadecimal; `body` names the hash before it."""


class Content(SQLModel, table=True):
    """The masked text that an entry commits to. It may be sealed or forgotten; the entry stays."""

    seq: int = Field(primary_key=True, foreign_key="entry.seq")
    salt: bytes = Field(sa_type=LargeBinary)
    body: bytes = Field(sa_type=LargeBinary)
    """Canonical JSON; the entry's commitment is SHA-256 of `salt` and this."""


class Tally(SQLModel, table=True):
    """How many drafts marked private were screened on a day: all that remains of them."""

    day: str = Field(primary_key=True)
    count: int = 0


class Pending(SQLModel, table=True):
    """Work acknowledged and not yet answered, sealed under a key of its own that goes with the row."""

    id: str = Field(primary_key=True)
    at: float = Field(index=True)
    """Seconds since the epoch."""
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    attempts: int = 0


class Seen(SQLModel, table=True):
    """Events already taken in, so that one delivered again is answered once."""

    key: str = Field(primary_key=True)
    """A digest of the platform's own name for the event."""
    at: float = Field(index=True)


class Store:
    """One database. `read` and `write` give sessions; only one writer is inside `write` at a time."""

    def __init__(self, url: str) -> None:
        self.url = url
        address = make_url(url)
        if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
            Path(str(address.database)).parent.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(url)
        if address.get_backend_name() == "sqlite":
            _prepare_sqlite(self.engine)
        self._writing = self.engine.execution_options(vaglio_writes=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that holds the write lock from its first statement; committed on leaving."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the tables to the newest form."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self._writing
        command.upgrade(config, "head")

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: object, _: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves, below
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=15000",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("vaglio_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
