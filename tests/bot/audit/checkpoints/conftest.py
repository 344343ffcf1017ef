"""A ledger that grows, and what signs and delivers checkpoints of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, delete, select

from bot.audit import records
from bot.audit.checkpoints import Checkpoints, Rhythm
from bot.audit.deliveries import Deliveries
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.recipients import Recipient
from bot.audit.signing import SigningKeys
from bot.audit.targets import Target
from bot.store import Store
from bot.tables import Content, Entry

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return datetime(2027, 1, 10, 9, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path / "keys")


@pytest.fixture
def checkpoints(store: Store, keys: SigningKeys) -> Checkpoints:
    return Checkpoints(store, keys)


@pytest.fixture
def grow(ledger: Ledger) -> Callable[..., None]:
    """Add so many entries, of whatever kind and facts."""

    def add(number: int, kind: str = "role", **facts: object) -> None:
        count = ledger.verify().count
        for each in range(number):
            ledger.append(kind, subject=f"{kind}:{count + each}", facts=facts)

    return add


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A folder that stands for one on another machine."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder


@pytest.fixture
def delivering(store: Store, checkpoints: Checkpoints) -> Callable[..., Deliveries]:
    def deliver_to(target: Target, recipient: Recipient, entries: int = 10) -> Deliveries:
        return Deliveries(store, checkpoints, {target: recipient}, Rhythm(entries, HOUR))

    return deliver_to


@pytest.fixture
def cut(store: Store, tmp_path: Path) -> Callable[[int], None]:
    """Remove all entries after that number, and put the head back to it, as somebody with both files could."""

    def remove(count: int) -> None:
        with store.write() as session:
            unguard(session)
            session.exec(delete(Content).where(col(Content.seq) > count))
            session.exec(delete(Entry).where(col(Entry.seq) > count))
            guard(session)
            last = session.get(Entry, count)
            set_head(tmp_path, Head(count, last.hash if last else records.GENESIS))

    return remove


@pytest.fixture
def rewrite(store: Store, tmp_path: Path) -> Callable[[int], None]:
    """Change what an entry says, and make the chain from there on and the head fit it again."""

    def change(seq: int) -> None:
        with store.write() as session:
            unguard(session)
            previous = None
            for entry in session.exec(select(Entry).where(col(Entry.seq) >= seq).order_by(col(Entry.seq))):
                said = json.loads(entry.body)
                said = said | ({"previous": previous} if previous else {"facts": {"changed": True}})
                entry.body = records.canonical(said)
                entry.hash = previous = records.digest(entry.body)
                session.add(entry)
            session.flush()
            guard(session)
            last = session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).one()
            set_head(tmp_path, Head(last.seq, last.hash))

    return change


@pytest.fixture
def spoil(store: Store) -> Callable[[], None]:
    """Write nonsense in place of the last entry's hash."""

    def write() -> None:
        with store.write() as session:
            unguard(session)
            last = session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).one()
            last.hash = "x"
            session.add(last)
            session.flush()
            guard(session)

    return write


def set_head(tmp_path: Path, head: Head) -> None:
    HeadFile(tmp_path / "data" / "ledger.head").write(head)


def unguard(session: Session) -> None:
    """The triggers stop mistakes, and not somebody who has the database."""
    if session.connection().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            session.connection().exec_driver_sql(f"DROP TRIGGER entry_no_{verb}")
    else:
        session.connection().exec_driver_sql("ALTER TABLE entry DISABLE TRIGGER USER")


def guard(session: Session) -> None:
    if session.connection().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            session.connection().exec_driver_sql(
                f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry "
                "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
            )
    else:
        for verb in ("update", "delete", "truncate"):
            session.connection().exec_driver_sql(f"ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_{verb}")
