"""The head follows the ledger: near enough that a lag is a stop's, and never further than what still stands.

On a server the others on it are other machines, each with a head of its own: what they have written lies between this
head and the last entry, however much it is, and the head moves over it by walking along the chain.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

import structlog
from filelock import Timeout
from sqlalchemy import text
from sqlmodel import Session

from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.forms import read
from bot.audit.head import LAG, Head, HeadFile
from bot.store import Store

log = structlog.get_logger(__name__)

BATCH: Final = 16
"""Entries that one transaction may add."""
_NEWEST = text("SELECT seq, hash, at FROM entry ORDER BY seq DESC LIMIT 1")
_HASH = text("SELECT hash FROM entry WHERE seq = :seq")
_NEXT = text("SELECT seq, hash, body FROM entry WHERE seq > :seq AND seq <= :last ORDER BY seq LIMIT 1000")
_NOTHING = Head(0, records.GENESIS)


@dataclass(frozen=True, slots=True)
class Known:
    """What the next entry has to know of the one before it."""

    seq: int
    hash: str
    at: str


class Following:
    """Moves the head of one ledger."""

    def __init__(self, store: Store, head: HeadFile) -> None:
        self._store, self._head = store, head
        self._turn, self._is_behind = threading.Lock(), False
        self._is_shared, self._is_known = store.file is None, False
        self._dead_end: Head | None = None
        """From here the chain does not lead on: that is evidence, and need not be found out at every entry."""

    def follow(self) -> None:
        """Once a transaction that added entries is over."""
        self._is_behind = True
        # One does it for all; whoever comes meanwhile leaves it to them, and they look once more.
        while self._is_behind and self._turn.acquire(blocking=False):
            try:
                self._is_behind = False
                with self._store.read() as session:
                    self._advance(session)
            except OSError as error:
                # The entry is durable; the next one moves the head over both.
                log.warning("ledger.head_waits", error=type(error).__name__)
            finally:
                self._turn.release()

    def keep_up(self) -> None:
        """Where others write too: move the head over their entries. Cheap where there is none."""
        with self._store.read() as session:
            last = newest(session)
        known = self._head.read()
        if last and (known is None or known.count < last.seq):
            self.follow()

    def catch_up(self) -> int:
        """Bring a head that a sudden stop or an absence left behind up to the last entry, if what it knew still stands.

        Returns how many entries it missed. To be called at start, before anything is appended.
        """
        before = self._head.read()
        try:
            with self._store.read() as session:
                self._advance(session)
        except Timeout:
            log.warning("ledger.head_waits", error="Timeout")
        except OSError:
            raise RecordError("head", str(self._head.path)) from None
        after = self._head.read()
        return after.count - before.count if before and after else 0

    def keep_near(self, session: Session, last: Known | None) -> None:
        """Before a transaction adds entries, and inside it: there is a head, and after it none lies over `LAG` behind.

        A ledger whose head cannot be written must stop growing before its lag looks like somebody's work.
        """
        known = self._head.read()
        is_first = last is None and not self._head.exists()
        behind = last.seq - known.count if last and known else 0
        if is_first or (behind > LAG - BATCH and (behind <= LAG or self._is_shared)):
            try:
                self._advance(session)
            except OSError:
                raise RecordError("head", str(self._head.path)) from None

    def _advance(self, session: Session) -> None:
        """Raises `OSError` if the head cannot be written, `Timeout` among them if its lock cannot be had."""
        last = newest(session)
        walked = self._walked(session, last) if last and self._is_shared else None
        # Under a lock of its own and read anew inside it: the slower of two writers must not put the head back.
        with self._head.lock():
            known = self._head.read()
            if last is None:
                if not self._head.exists():
                    self._head.write(_NOTHING)
            # A head that is missing, knows an entry which is not there, or lies further behind than a stop can leave
            # it, is evidence: it stays as it is.
            elif known and 0 < last.seq - known.count <= LAG and _stands(session, known):
                self._head.write(Head(last.seq, last.hash))
            elif walked and (known == walked or (walked == _NOTHING and self._head.is_new())):
                self._head.write(Head(last.seq, last.hash))
                log.info("ledger.head_follows", entries=last.seq - walked.count, is_new=known is None)
            if self._is_shared and not self._is_known and self._head.exists():
                self._head.join()
                self._is_known = True

    def _walked(self, session: Session, last: Known) -> Head | None:
        """The head from which the chain was walked to the last entry; None where it need not be, or leads nowhere.

        A machine that is new here begins with the first entry.
        """
        known = _NOTHING if self._head.is_new() else self._head.read()
        if known is None or last.seq - known.count <= (LAG if known != _NOTHING else 0) or known == self._dead_end:
            return None
        if _leads_on(session, known, last):
            return known
        self._dead_end = known
        log.error("ledger.head_stays", entry=known.count, remedy="run vaglio audit verify")
        return None


def newest(session: Session) -> Known | None:
    """The last entry that the transaction sees."""
    found = session.connection().execute(_NEWEST).first()
    return Known(*found) if found else None


def _stands(session: Session, known: Head) -> bool:
    if known.count == 0:
        return known.hash == records.GENESIS
    return session.connection().execute(_HASH, {"seq": known.count}).scalar() == known.hash


def _leads_on(session: Session, known: Head, last: Known) -> bool:
    """Whether every entry from `known` to `last` is what was hashed, and names the one before it."""
    if not _stands(session, known):
        return False
    seq, before = known.count, known.hash
    while seq < last.seq:
        for entry in session.connection().execute(_NEXT, {"seq": seq, "last": last.seq}).all():
            said = read(bytes(entry.body))
            is_next = said is not None and (entry.seq, said["seq"], said["previous"]) == (seq + 1, seq + 1, before)
            if not is_next or records.digest(bytes(entry.body)) != entry.hash:
                return False
            seq, before = entry.seq, entry.hash
    return before == last.hash
