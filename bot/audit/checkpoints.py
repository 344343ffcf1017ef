"""Checkpoints: signed statements of how far the ledger goes and what its last entry is, made once and kept in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.audit import records
from bot.audit.admissions import admissions
from bot.audit.signing import Signer, SigningKeys, is_signed
from bot.audit.statements import FIRST, Signed, Statement, StatementError, is_pseudonym
from bot.audit.tables import Checkpoint
from bot.store import Store
from bot.tables import Entry
from bot.wording.saying import SaidError, saying

log = structlog.get_logger(__name__)


class CheckpointError(SaidError):
    """A checkpoint that cannot be made or taken in; it says why, and the remedy."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A checkpoint is due after so many entries, and after so much time whether or not any were added."""

    entries: int
    period: timedelta

    def is_due(self, last: Statement | None, count: int, now: datetime) -> bool:
        if last is None:
            return True
        # A clock that was put back must not silence them until it is where it was.
        return abs(now - last.at) >= self.period or count - last.count >= self.entries


class Checkpoints:
    """Made inside the ledger's own write lock: of several processes, one makes each."""

    def __init__(self, store: Store, keys: SigningKeys) -> None:
        self._store, self._keys = store, keys

    def newest(self) -> Signed | None:
        with self._store.read() as session:
            return _newest(session)

    def after(self, number: int, most: int) -> Sequence[tuple[int, Signed]]:
        """The first `most` that come after that number, by their numbers."""
        chosen = select(Checkpoint).where(col(Checkpoint.number) > number).order_by(col(Checkpoint.number)).limit(most)
        with self._store.read() as session:
            return [(row.number, Signed(row.body, row.signature)) for row in session.exec(chosen)]

    def lines(self) -> Iterator[str]:
        """All of them, as they are delivered."""
        return (signed.line for _, signed in self.after(0, 2**31 - 1))

    def make_if_due(self, rhythm: Rhythm, now: datetime) -> Signed | None:
        """The one that was made, or None. Raises as `make` does."""
        with self._store.read() as session:
            if not rhythm.is_due(_read(_newest(session)), _end(session)[0], now):
                return None
        with self._store.write() as session:
            # Another process may have made it in between.
            last = _newest(session)
            if not rhythm.is_due(_read(last), _end(session)[0], now):
                return None
            return self._make(session, last, now)

    def make(self, now: datetime) -> Signed:
        """One checkpoint of the ledger as it is now. Raises `CheckpointError`, `KeyFileError`, `RecordError`."""
        with self._store.write() as session:
            return self._make(session, _newest(session), now)

    def rotate(self, now: datetime, *, is_lost: bool = False) -> str:
        """Go over to a new key, for which the last checkpoint of the old one vouches; its public half is returned.

        With `is_lost` the old key is no longer there: nothing vouches for the new one, and whoever checks must be told.
        Both checkpoints are stored at once, and only then does the new key take the old one's place; if that is
        broken off, the next checkpoint does it. Raises `CheckpointError`, `KeyFileError`, `RecordError`.
        """
        before = _read(self.newest())
        if before:
            self._keys.of(before.next_signer)  # ends a rotation that was broken off: its key is no new one
        following = self._keys.next()
        with self._store.write() as session:
            last = _newest(session)
            if not is_lost:
                last = self._make(session, last, now, following.public)
            _add(session, following, last, now)
        self._keys.put_next_in_place()
        return following.public

    def take_in(self, found: Sequence[Signed]) -> int:
        """Checkpoints that a place off the host has and this database does not, as after a backup was put back.

        They go on from the newest one here, so that the next one made is numbered after them. Returns how many were
        new. Raises `CheckpointError` for the first one that does not follow; none is taken then. Only what was checked
        against keys that are trusted is to be handed over (see `bot.audit.comparison`).
        """
        with self._store.write() as session:
            taken = 0
            for signed in found:
                statement = _read(signed)
                known = session.get(Checkpoint, statement.number) if statement else None
                if known is not None and known.body == signed.body:
                    continue
                last = _newest(session)
                if statement is None or not _follows(statement, signed, last):
                    raise CheckpointError(
                        saying("A checkpoint does not follow those that are here: run vaglio audit verify.")
                    )
                session.add(Checkpoint(number=statement.number, body=signed.body, signature=signed.signature))
                session.flush()
                taken += 1
            return taken

    def _make(self, session: Session, last: Signed | None, now: datetime, next_key: str | None = None) -> Signed:
        before = _read(last)
        if last is not None and before is None:
            raise CheckpointError(saying("The newest checkpoint in the database was changed: run vaglio audit verify."))
        signer = self._keys.of(before.next_signer) if before else self._keys.signer()
        if signer is None:
            raise CheckpointError(
                saying(
                    "{path} is not the key that the checkpoint before names. Restore it from where you keep it; if it "
                    "is lost for good: vaglio keys rotate signing --lost",
                    path=self._keys.path,
                )
            )
        if before and not (_stands(session, before) or _is_admitted(session, before)):
            # It is signed all the same: what the ledger was after the change is evidence too.
            log.error("checkpoint.ledger_differs", number=before.number, remedy="run vaglio audit verify")
        return _add(session, signer, last, now, next_key)


def _add(session: Session, signer: Signer, last: Signed | None, now: datetime, next_key: str | None = None) -> Signed:
    before = _read(last)
    count, head = _end(session)
    statement = Statement(
        number=before.number + 1 if before else 1,
        at=now.astimezone(UTC),
        count=count,
        head=head,
        previous=last.digest if last else FIRST,
        erased=tuple(dict.fromkeys(_erased(session, count))),
        key=signer.public,
        next_key=next_key,
    )
    signed = signer.sign(statement)
    if _read(signed) is None:
        # Nothing could be built upon it.
        raise CheckpointError(saying("The newest entry in the database was changed: run vaglio audit verify."))
    session.add(Checkpoint(number=statement.number, body=signed.body, signature=signed.signature))
    session.flush()
    return signed


def _newest(session: Session) -> Signed | None:
    row = session.exec(select(Checkpoint).order_by(col(Checkpoint.number).desc()).limit(1)).first()
    return Signed(row.body, row.signature) if row else None


def _read(signed: Signed | None) -> Statement | None:
    try:
        return signed.statement() if signed else None
    except StatementError:
        return None


def _end(session: Session) -> tuple[int, str]:
    """How many entries there are, and the last one's hash."""
    last = session.exec(select(Entry.seq, Entry.hash).order_by(col(Entry.seq).desc()).limit(1)).first()
    return last or (0, records.GENESIS)


def _stands(session: Session, statement: Statement) -> bool:
    """Whether the ledger still is what that checkpoint says that it was."""
    if statement.count == 0:
        return statement.head == records.GENESIS
    entry = session.get(Entry, statement.count)
    return entry is not None and entry.hash == statement.head


def _is_admitted(session: Session, statement: Statement) -> bool:
    """Whether the ledger itself says that a backup was put back, and what that checkpoint knows was lost by it."""
    reached = _borne_out(session)
    return any(each.covers(statement.count, reached) for each in admissions(session))


def _borne_out(session: Session) -> int:
    """The last entry that the newest checkpoint knows which the ledger still bears out; 0 where none is."""
    most = session.exec(select(func.max(Checkpoint.number))).one() or 0
    for number in range(most, 0, -1):
        row = session.get(Checkpoint, number)
        statement = _read(Signed(row.body, row.signature)) if row else None
        if statement and _stands(session, statement):
            return statement.count
    return 0


def _erased(session: Session, count: int) -> Iterator[str]:
    """Whoever was erased since the newest checkpoint that the ledger still bears out.

    That is the one before, unless a backup was put back: erasures since then have the numbers of entries that are lost.
    """
    chosen = select(Entry.body).where(
        Entry.kind == "erasure", col(Entry.seq) > _borne_out(session), col(Entry.seq) <= count
    ).order_by(col(Entry.seq))  # fmt: skip
    for body in session.exec(chosen):
        # An entry that was changed is for the walk along the chain to name.
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            person = json.loads(body)["facts"]["person"]
            if is_pseudonym(person):
                yield person


def _follows(statement: Statement, signed: Signed, last: Signed | None) -> bool:
    before = _read(last)
    if last is not None and before is None:
        return False
    number, previous = (before.number + 1, last.digest) if before and last else (1, FIRST)
    return statement.number == number and statement.previous == previous and is_signed(signed, statement.key)
