"""The ledger: entries in a chain of hashes, written before anybody is answered, checked by walking it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from filelock import Timeout
from sqlmodel import Session, col, select

from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.head import LAG, Head, HeadFile
from bot.audit.verification import Fault, Verification, verify
from bot.people import People
from bot.prescreen import Keepsake, Screening
from bot.store import Store
from bot.tables import Content, Entry, Tally

__all__ = ["Fault", "Ledger", "Verification"]

log = structlog.get_logger(__name__)

_MOST = 2**31 - 1
"""The largest number that every database takes for an entry's."""


class Ledger:
    """Appends and reads. The head, a file beside the database, holds the count of entries and the last one's hash."""

    def __init__(self, store: Store, head: Path) -> None:
        self._store = store
        self._head = HeadFile(head)
        self._people = People(store)

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        """One entry for one screening, durable on return; of a private draft only a count."""
        if screening.is_forgotten:
            self._count(screening.at)
            return
        content = records.screening_content(keepsake, len(screening.verdict.findings))
        actor = self._people.pseudonym(screening.draft.author) if screening.draft.author else None
        self.append(
            "screening",
            subject=screening.id,
            facts=records.screening_facts(screening),
            actor=actor,
            at=screening.at,
            content=content,
        )

    def append(
        self,
        kind: str,
        *,
        subject: str,
        facts: records.Facts,
        actor: str | None = None,
        at: datetime | None = None,
        content: bytes | None = None,
    ) -> Entry:
        """The new entry, or the one that says the same kind of thing of the same subject already."""
        at = at or datetime.now(UTC)
        salt = secrets.token_bytes(records.SALT_BYTES) if content is not None else b""
        committed = records.commitment(salt, content) if content is not None else None
        with self._store.write() as session:
            known = session.exec(select(Entry).where(Entry.kind == kind, Entry.subject == subject)).first()
            if known is not None:
                return known
            last = _last(session)
            self._keep_head_near(session, last)
            seq, previous = (last.seq + 1, last.hash) if last else (1, records.GENESIS)
            body = records.entry_body(
                seq=seq,
                previous=previous,
                at=at,
                kind=kind,
                actor=actor,
                subject=subject,
                facts=facts,
                committed=committed,
            )
            entry = Entry(
                seq=seq, at=records.timestamp(at), kind=kind, subject=subject, body=body, hash=records.digest(body)
            )
            session.add(entry)
            session.flush()
            if content is not None:
                session.add(Content(seq=seq, salt=salt, body=content))
        self._let_head_follow()
        return entry

    def _let_head_follow(self) -> None:
        try:
            with self._store.read() as session:
                self._advance_head(session)
        except OSError as error:
            # The entry is durable; the next one moves the head over both.
            log.warning("ledger.head_waits", error=type(error).__name__)

    def entries(self, *, newest: int | None = None) -> Sequence[Entry]:
        """The newest entries first, all of them by default."""
        limit = None if newest is None else min(newest, _MOST)
        with self._store.read() as session:
            return session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(limit)).all()

    def entry(self, name: str) -> tuple[Entry, Content | None] | None:
        """An entry and its content, by its number or by its subject's id."""
        if not name.isascii():  # as no number and no id is; and half a character could not even be asked for
            return None
        number = int(name) if name.isdigit() and len(name) < len(str(_MOST)) else 0
        with self._store.read() as session:
            found = session.exec(select(Entry).where((Entry.seq == number) | (Entry.subject == name))).first()
            return (found, session.get(Content, found.seq)) if found else None

    def verify(self) -> Verification:
        """Walk the chain: numbers, hashes, contents and the head must all agree."""
        return verify(self._store, self._head)

    def catch_up(self) -> int:
        """Bring a head that a sudden stop left behind up to the last entry, if all that it knew still stands.

        Returns how many entries it missed. To be called at start, before anything is appended.
        """
        before = self._head.read()
        try:
            with self._store.read() as session:
                self._advance_head(session)
        except Timeout:
            log.warning("ledger.head_waits", error="Timeout")
        except OSError:
            raise RecordError("head", str(self._head.path)) from None
        after = self._head.read()
        return after.count - before.count if before and after else 0

    def _keep_head_near(self, session: Session, last: Entry | None) -> None:
        """Before an entry is added, and inside its transaction: there is a head, and it lies less than `LAG` behind.

        A ledger whose head cannot be written must stop growing before its lag looks like somebody's work.
        """
        known = self._head.read()
        is_first = last is None and not self._head.exists()
        if is_first or (last and known and last.seq - known.count == LAG):
            try:
                self._advance_head(session)
            except OSError:
                raise RecordError("head", str(self._head.path)) from None

    def _advance_head(self, session: Session) -> None:
        """Raises `OSError` if the head cannot be written, `Timeout` among them if its lock cannot be had."""
        # Under a lock of its own and read anew inside it: the slower of two writers must not put the head back.
        with self._head.lock():
            known, last = self._head.read(), _last(session)
            if last is None:
                if not self._head.exists():
                    self._head.write(Head(0, records.GENESIS))
                return
            # A head that is missing, knows an entry which is not there, or lies further behind than a stop can leave
            # it, is evidence: it stays as it is.
            if known and 0 < last.seq - known.count <= LAG and _stands(session, known):
                self._head.write(Head(last.seq, last.hash))

    def _count(self, at: datetime) -> None:
        day = at.astimezone(UTC).date().isoformat()
        with self._store.write() as session:
            tally = session.get(Tally, day) or Tally(day=day, count=0)
            tally.count += 1
            session.add(tally)


def _last(session: Session) -> Entry | None:
    return session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()


def _stands(session: Session, known: Head) -> bool:
    if known.count == 0:
        return known.hash == records.GENESIS
    there = session.get(Entry, known.count)
    return there is not None and there.hash == known.hash
