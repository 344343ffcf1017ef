"""The ledger: entries in a chain of hashes, written before anybody is answered, checked by walking it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from sqlmodel import Session, col, select

from bot.audit import records
from bot.people import People
from bot.prescreen import Keepsake, Screening
from bot.store import Content, Entry, Store, Tally
from rules.draft import Account

_SALT_BYTES = 32
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written, and the entry where it shows."""

    seq: int
    what: str
    """`gap`, `hash`, `chain`, `content`, `missing`, `head`, `body`."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a walk. `lag` counts entries that the head did not know yet: a stop came between the two."""

    count: int
    head: str
    faults: tuple[Fault, ...]
    lag: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.faults


class Ledger:
    """Appends and reads. The head, a file beside the database, holds the count of entries and the last one's hash."""

    def __init__(self, store: Store, head: Path) -> None:
        self._store = store
        self._head = head
        self._people = People(store)
        head.parent.mkdir(parents=True, exist_ok=True)

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        """One entry for one screening, durable on return; of a private draft only a count."""
        if screening.draft.account is Account.PRIVATE:
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
        salt = secrets.token_bytes(_SALT_BYTES) if content is not None else b""
        committed = records.commitment(salt, content) if content is not None else None
        with self._store.write() as session:
            known = session.exec(select(Entry).where(Entry.kind == kind, Entry.subject == subject)).first()
            if known is not None:
                return known
            last = _last(session)
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
        self._advance_head()
        return entry

    def entries(self, *, newest: int | None = None) -> Sequence[Entry]:
        """The newest entries first, all of them by default."""
        with self._store.read() as session:
            return session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(newest)).all()

    def entry(self, name: str) -> tuple[Entry, Content | None] | None:
        """An entry and its content, by its number or by its subject's id."""
        number = int(name) if name.isascii() and name.isdigit() else -1
        with self._store.read() as session:
            found = session.exec(select(Entry).where((Entry.seq == number) | (Entry.subject == name))).first()
            return (found, session.get(Content, found.seq)) if found else None

    def verify(self) -> Verification:
        """Walk the chain: numbers, hashes, contents and the head must all agree."""
        faults, count, previous = list[Fault](), 0, records.GENESIS
        head = self._read_head()
        at_head = records.GENESIS
        with self._store.read() as session:
            for entry in _walk(session):
                faults += _checked(entry, session.get(Content, entry.seq), count + 1, previous)
                count, previous = entry.seq, entry.hash
                if head and entry.seq == head.count:
                    at_head = entry.hash
        if head is None:
            faults += [Fault(count, "head")] if count else []
            return Verification(count, previous, tuple(faults))
        if head.count > count:
            faults += [Fault(count + 1, "missing")]
        elif at_head != head.hash:
            faults += [Fault(head.count, "head")]
        return Verification(count, previous, tuple(faults), lag=max(0, count - head.count))

    def catch_up(self) -> int:
        """Bring a head that a sudden stop left behind up to the last entry, if all that it knew still stands.

        Returns how many entries it missed. To be called at start, before anything is appended.
        """
        before = self._read_head()
        with self._store.read() as session:
            last = _last(session)
        if before is None and last is None:
            self._write_head(Head(0, records.GENESIS))
        self._advance_head()
        after = self._read_head()
        return after.count - before.count if before and after else 0

    def _advance_head(self) -> None:
        # Under a lock of its own and read anew inside it: the slower of two writers must not put the head back.
        with FileLock(self._head.with_suffix(".lock")):
            known = self._read_head()
            with self._store.read() as session:
                last = _last(session)
                there = session.get(Entry, known.count) if known and known.count else None
            # A head that is missing, or that knows an entry which is not there, is evidence: it stays as it is.
            stands = known is not None and (known.count == 0 or (there is not None and there.hash == known.hash))
            if last and known and stands and known.count < last.seq:
                self._write_head(Head(last.seq, last.hash))

    def _read_head(self) -> Head | None:
        try:
            found = json.loads(self._head.read_text(encoding="utf-8"))
            return Head(int(found["count"]), str(found["hash"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_head(self, head: Head) -> None:
        """Atomic and durable: a new file, synced, put in the old one's place."""
        new = self._head.with_suffix(".new")
        with new.open("w", encoding="utf-8") as file:
            file.write(json.dumps({"count": head.count, "hash": head.hash}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._head)

    def _count(self, at: datetime) -> None:
        day = at.astimezone(UTC).date().isoformat()
        with self._store.write() as session:
            tally = session.get(Tally, day) or Tally(day=day, count=0)
            tally.count += 1
            session.add(tally)


@dataclass(frozen=True, slots=True)
class Head:
    count: int
    hash: str


def _last(session: Session) -> Entry | None:
    return session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()


def _walk(session: Session) -> Iterator[Entry]:
    reached = 0
    while page := session.exec(select(Entry).where(Entry.seq > reached).order_by(col(Entry.seq)).limit(_PAGE)).all():
        yield from page
        reached = page[-1].seq
        session.expunge_all()


def _checked(entry: Entry, content: Content | None, expected: int, previous: str) -> Iterator[Fault]:
    if entry.seq != expected:
        yield Fault(expected, "gap")
    body = _as_bytes(entry.body)
    if records.digest(body) != entry.hash:
        yield Fault(entry.seq, "hash")
    try:
        said = json.loads(body)
        columns = (said["seq"], said["at"], said["kind"], said["subject"])
        committed, named = said["commitment"], said["previous"]
    except (ValueError, KeyError, TypeError):
        yield Fault(entry.seq, "body")
        return
    if columns != (entry.seq, entry.at, entry.kind, entry.subject):
        yield Fault(entry.seq, "body")
    # After a gap the entry before is gone, and what this one names cannot be held against it.
    if entry.seq == expected and named != previous:
        yield Fault(entry.seq, "chain")
    kept = records.commitment(_as_bytes(content.salt), _as_bytes(content.body)) if content else None
    if committed != kept:
        yield Fault(entry.seq, "content")


def _as_bytes(stored: bytes | str) -> bytes:
    """SQLite keeps whatever type is written: a row that was tampered with may come back as text."""
    return stored if isinstance(stored, bytes) else str(stored).encode("utf-8", "surrogatepass")
