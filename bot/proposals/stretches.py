"""One process's stretch of work on a backtest: after every second or so it is written down how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from sqlalchemy import update
from sqlmodel import col

from bot.audit.ledger import Ledger
from bot.proposals.recorded import Recorded, recorded
from bot.proposals.replaying import Replayer
from bot.proposals.results import Found
from bot.proposals.tables import Backtest as Row
from bot.store import Store

LEASE: Final = 30.0
"""Seconds after which another process may go on with what one has left: several times what a stretch can take."""
_AT_ONCE: Final = 1.0
"""Seconds of work, and..."""
_MOST: Final = 100
"""...drafts, after which it is written down."""

Progress = Callable[[int, int], None]
"""Told how many drafts are done, and of how many."""


class BusyError(Exception):
    """Somebody else is at this backtest."""


@dataclass(slots=True)
class Lease:
    """The right to go on with a backtest, until `due`: by that moment it is known whose it is."""

    store: Store
    id: str
    due: float

    @classmethod
    def take(cls, store: Store, id: str) -> tuple[Self, Row] | None:
        """None: it is done. Raises `LookupError` if there is none, `BusyError` while somebody is at it."""
        with store.write() as session:
            row = session.get(Row, id)
            if row is None:
                raise LookupError("there is no such backtest")
            now = time.time()
            if row.state == "running" and row.due > now:
                raise BusyError
            if row.state == "done":
                return None
            row.state, row.due = "running", now + LEASE
            session.add(row)
            session.flush()
            return cls(store, id, row.due), row

    def write(self, **values: Any) -> bool:
        """Whether it was still ours to write."""
        ours = (col(Row.id) == self.id) & (col(Row.state) == "running") & (col(Row.due) == self.due)
        due = time.time() + LEASE
        with self.store.write() as session:
            done = session.connection().execute(update(Row).where(ours).values(due=due, **values))
        self.due = due
        return bool(done.rowcount)


class Hold(Protocol):
    """The right to go on with a backtest or a piece of one, as long as nobody takes it away."""

    @property
    def store(self) -> Store: ...

    def write(self, **values: Any) -> bool:
        """How far it is. Whether it was still ours to write."""
        ...


@dataclass(slots=True)
class Stretch:
    """What is left of one backtest, or of a piece of one, while one thread is at it."""

    lease: Hold
    ledger: Ledger
    replayer: Replayer
    found: Found
    total: int
    done: int
    beyond: int

    def go_on(self, progress: Progress) -> bool:
        """Until it is done, which is what it returns, or stopped or taken over by somebody else."""
        progress(self.done, self.total)
        while self.done < self.total:
            if not self._piece():
                return False
            progress(self.done, self.total)
        return True

    def _piece(self) -> bool:
        """Some drafts more. Whether somebody wants it to go on."""
        until = time.monotonic() + _AT_ONCE
        with self.lease.store.read() as session:
            rows = recorded(self.ledger, session, beyond=self.beyond, most=min(_MOST, self.total - self.done))
        for seq, one in rows:
            if isinstance(one, Recorded):
                self.found.add(one, self.replayer.replay(one))
            else:
                self.found.missing[one] += 1
            self.beyond, self.done = seq, self.done + 1
            if time.monotonic() >= until:
                break
        if not rows:  # fewer than there were: the record itself has lost some
            self.done = self.total
        return self.lease.write(done=self.done, beyond=self.beyond, result=self.found.json())
