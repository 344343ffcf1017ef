"""Backtests: what another policy would have said of the last drafts. Any process goes on where one has stopped."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, cast

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from bot.audit.ledger import Ledger
from bot.packing import packed, unpacked
from bot.proposals.recorded import last_ones
from bot.proposals.replaying import Replayer
from bot.proposals.results import Backtest, Flip, Found, LeftOut, RuleCount, State
from bot.proposals.samples import Sample, samples_of
from bot.proposals.sharing import Put, Sharing, together
from bot.proposals.stretches import BusyError, Lease, Progress, Stretch
from bot.proposals.tables import Backtest as Row
from bot.revisions import RevisionError, Revisions
from bot.store import Store
from bot.tables import Tally
from rules.judges import Judges
from rules.policy import Policy
from rules.problems import PolicyError

__all__ = ["Backtest", "Backtests", "BusyError", "Flip", "LeftOut", "RuleCount", "Sample", "State"]

KIND: Final = "backtest"
"""Of the ledger's entry that says that one was begun."""


class Backtests:
    """Safe for several threads and processes at once: of those who run the same backtest, one does."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        revisions: Revisions | None = None,
        judges: Judges | None = None,
        put: Put | None = None,
    ) -> None:
        """`revisions`: the policies under which drafts were screened; `judges` read where no score is stored.

        `put`: by which workers are given pieces; without, nothing is handed out.
        """
        self._store, self._ledger, self._revisions, self._judges = store, ledger, revisions, judges
        self.sharing = Sharing(store, ledger, self._replayer, put)
        """Backtests in pieces, for the workers of every process."""

    def begin(
        self, before: Policy, after: Policy, *, person: str, at: datetime, last: int = 1000, proposal: str | None = None
    ) -> str:
        """The id of a new backtest over the `last` screenings, which is on record; `run` does it. `person` asked."""
        id = f"b_{secrets.token_hex(8)}"
        with self._store.read() as session:
            total, newest = last_ones(session.connection(), last)
        facts = {"previous": before.revision, "revision": after.revision, "count": total}
        self._ledger.append(KIND, subject=id, facts=facts, actor=person, at=at)
        with self._store.write() as session:
            session.add(
                Row(
                    id=id, at=at.timestamp(), person=person, proposal=proposal, before=before.revision,
                    after=after.revision, state="stopped", total=total, beyond=newest + 1,
                    policies=packed(before, after),
                )
            )  # fmt: skip
        return id

    def run(self, id: str, progress: Progress = lambda done, total: None) -> Backtest:
        """Go on with it until it is done, stopped or taken over. What was done is kept, however it ends.

        Raises `LookupError` if there is none, `BusyError` while somebody else is at it, and what the record raises.
        """
        if pieces := self.sharing.pieces(id):
            return self._run_pieces(id, pieces, progress)
        taken = Lease.take(self._store, id)
        if taken is None:
            return self._told(id)
        lease, row = taken
        try:
            found, replayer = Found.read(row.result), self._replayer(row)
            found.not_comparable |= dict.fromkeys(sorted(replayer.not_comparable))
            if Stretch(lease, self._ledger, replayer, found, row.total, row.done, row.beyond).go_on(progress):
                lease.write(state="done", policies=b"")  # which nobody needs any more
        except BaseException as error:
            # Ctrl-C stops it; whatever else happens is a fault.
            lease.write(state="failed" if isinstance(error, Exception) else "stopped")
            raise
        return self._told(id)

    def _run_pieces(self, id: str, pieces: Sequence[str], progress: Progress) -> Backtest:
        """What was handed out and stopped: this process does what no worker has done."""
        self.sharing.hand_out(id)
        for piece in pieces:
            told = self._told(id)
            progress(told.done, told.total)
            self.sharing.work_on(piece)
        return self._told(id)

    def _replayer(self, row: Row) -> Replayer:
        before, after = unpacked(row.policies, row.before, row.after)
        return Replayer(before, after, self._published, self._judges)

    def stop(self, id: str) -> None:
        """Whoever is at it stops within seconds; `run` goes on with it."""
        running = (col(Row.id) == id) & (col(Row.state) == "running")
        with self._store.write() as session:
            session.connection().execute(update(Row).where(running).values(state="stopped"))

    def find(self, id: str) -> Backtest | None:
        """How far it is and what it has found so far."""
        with self._store.read() as session:
            row = session.get(Row, id)
            return None if row is None else _as_told(row, session)

    def newest(self, *, proposal: str | None = None, person: str | None = None, most: int = 20) -> Sequence[Backtest]:
        """The newest first: of that proposal, of that person, or of everybody."""
        chosen = select(Row).order_by(col(Row.at).desc(), col(Row.id)).limit(most)
        if proposal is not None:
            chosen = chosen.where(col(Row.proposal) == proposal)
        if person is not None:
            chosen = chosen.where(col(Row.person) == person)
        with self._store.read() as session:
            return [_as_told(row, session) for row in session.exec(chosen).all()]

    def samples(self, id: str, most: int = 5, *, by: str, at: datetime) -> Sequence[Sample]:
        """Some drafts that would end differently, masked and without their authors; that `by` sees them is on record.

        What was erased since is not among them. Raises `LookupError` if there is no such backtest, and as `look`.
        """
        return samples_of(self._store, self._ledger, self._told(id).flips, most, by=by, at=at)

    def _published(self, revision: str) -> Policy | None:
        """None: it was not published, or cannot be read any more."""
        try:
            return self._revisions.policy_of(revision) if self._revisions else None
        except (RevisionError, PolicyError):
            return None

    def _told(self, id: str) -> Backtest:
        found = self.find(id)
        if found is None:
            raise LookupError("there is no such backtest")
        return found


def _as_told(row: Row, session: Session) -> Backtest:
    found, done = together(session, row)
    at = datetime.fromtimestamp(row.at, UTC)
    return Backtest(
        id=row.id, at=at, person=row.person, proposal=row.proposal, before=row.before, after=row.after,
        state=cast(State, row.state), is_left=row.state == "running" and row.due <= time.time(),
        total=row.total, done=done, outcomes=found.outcomes, rules=found.counts(),
        not_comparable=tuple(found.not_comparable), left_out=found.left_out(_private(found.since, at, session)),
        flips=tuple(found.flips),
    )  # fmt: skip


def _private(since: str, at: datetime, session: Session) -> int:
    if not since:
        return 0
    days = (col(Tally.day) >= since) & (col(Tally.day) <= at.date().isoformat())
    return session.exec(select(func.coalesce(func.sum(Tally.count), 0)).where(days)).one()
