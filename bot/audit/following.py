"""The head follows the ledger: near enough that a lag is a stop's, and never further than what still stands."""

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
from bot.audit.head import LAG, Head, HeadFile
from bot.store import Store

log = structlog.get_logger(__name__)

BATCH: Final = 16
"""Entries that one transaction may add."""
_NEWEST = text("SELECT seq, hash, at FROM entry ORDER BY seq DESC LIMIT 1")
_HASH = text("SELECT hash FROM entry WHERE seq = :seq")


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

    def catch_up(self) -> int:
        """Bring a head that a sudden stop left behind up to the last entry, if all that it knew still stands.

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
        if is_first or (last and known and LAG - BATCH < last.seq - known.count <= LAG):
            try:
                self._advance(session)
            except OSError:
                raise RecordError("head", str(self._head.path)) from None

    def _advance(self, session: Session) -> None:
        """Raises `OSError` if the head cannot be written, `Timeout` among them if its lock cannot be had."""
        # Under a lock of its own and read anew inside it: the slower of two writers must not put the head back.
        with self._head.lock():
            known, last = self._head.read(), newest(session)
            if last is None:
                if not self._head.exists():
                    self._head.write(Head(0, records.GENESIS))
                return
            # A head that is missing, knows an entry which is not there, or lies further behind than a stop can leave
            # it, is evidence: it stays as it is.
            if known and 0 < last.seq - known.count <= LAG and _stands(session, known):
                self._head.write(Head(last.seq, last.hash))


def newest(session: Session) -> Known | None:
    """The last entry that the transaction sees."""
    found = session.connection().execute(_NEWEST).first()
    return Known(*found) if found else None


def _stands(session: Session, known: Head) -> bool:
    if known.count == 0:
        return known.hash == records.GENESIS
    return session.connection().execute(_HASH, {"seq": known.count}).scalar() == known.hash
