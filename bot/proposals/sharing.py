"""Backtests in pieces that any worker of any process does; they add up to what one process would have found."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import structlog
from sqlalchemy import text, update
from sqlmodel import Session, col, delete, select

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.engine import Retry
from bot.proposals.recorded import KIND as SCREENING
from bot.proposals.replaying import Replayer
from bot.proposals.results import Found
from bot.proposals.stretches import LEASE, BusyError, Progress, Stretch
from bot.proposals.tables import Backtest as Row
from bot.proposals.tables import BacktestPiece as Piece
from bot.store import Store

log = structlog.get_logger(__name__)

WORK: Final = "backtest"
"""The kind of work that a piece is to the engine."""
_LEAST: Final = 250
"""Drafts of a piece: some seconds of work at the most, as far as scores are stored..."""
_PIECES: Final = 1_000
"""...and so many pieces at most."""

Put = Callable[[Session, str, Sequence[str]], None]
"""`Engine.put`."""
Replaying = Callable[[Row], Replayer]

# The newest draft of each piece; pieces are counted from the newest of all.
_FIRST = text(
    "SELECT seq, place FROM (SELECT seq, row_number() OVER (ORDER BY seq DESC) - 1 AS place FROM entry"
    " WHERE kind = :kind AND seq < :beyond ORDER BY seq DESC LIMIT :most) AS chosen WHERE place % :size = 0"
    " ORDER BY place"
)


class Sharing:
    """Hands backtests out, and does pieces of them. Safe for several threads and processes at once."""

    def __init__(self, store: Store, ledger: Ledger, replaying: Replaying, put: Put | None = None) -> None:
        """`put`: where pieces go; without, nothing is handed out from here."""
        self._store, self._ledger, self._replaying, self._put = store, ledger, replaying, put

    @property
    def hands_out(self) -> bool:
        return self._put is not None

    def hand_out(self, id: str) -> None:
        """Have the workers go on with it, from where it is.

        Raises `LookupError` if there is none, `BusyError` while one process is at all of it.
        """
        # Planned before anybody is kept from writing: to look through millions of entries takes seconds. Where somebody
        # has gone on with it meanwhile, there is less to plan.
        while not self._handed_out(id, self._planned(id)):
            pass

    async def do(self, id: str) -> None:
        """A piece, or a whole backtest that its process has left. What cannot be done marks the backtest as failed.

        Raises what the database raises: then it is to be tried again; and `Retry` while somebody has the piece, who may
        be dead.
        """
        halt = threading.Event()
        try:
            await asyncio.to_thread(self._do, id, halt)
        except asyncio.CancelledError:
            halt.set()  # the thread ends within a second or so, and another worker goes on
            raise

    async def give_up(self, id: str, deaths: int) -> None:
        """So many processes died with a piece in hand: all of it has failed, until somebody goes on with it."""
        await asyncio.to_thread(self._give_up, id, deaths)

    def left_over(self) -> Sequence[str]:
        """What is still to be done: pieces, and backtests whose process is gone."""
        with self._store.read() as session:
            running = select(Row).where(Row.state == "running").order_by(col(Row.at))
            rows, left = session.exec(running).all(), list[str]()
            for row in rows:
                pieces = _undone(session, row.id)
                left += pieces or ([row.id] if row.due <= time.time() else [])
        return left

    def work_on(self, id: str, progress: Progress = lambda done, total: None) -> bool:
        """Do a piece, as far as nobody stops it or is at it. Whether it is done, by whomever."""
        taken = _Hold.take(self._store, id)
        if taken is None:
            return False
        hold, piece, row = taken
        try:
            found, replayer = Found.read(piece.result), self._replaying(row)
            found.not_comparable |= dict.fromkeys(sorted(replayer.not_comparable))
            return Stretch(hold, self._ledger, replayer, found, piece.total, piece.done, piece.beyond).go_on(progress)
        except BaseException as error:
            hold.let_go(failed=isinstance(error, Exception) and not isinstance(error, RecordError | _HaltedError))
            raise

    def pieces(self, id: str) -> Sequence[str]:
        """Those that are still to be done."""
        with self._store.read() as session:
            return _undone(session, id)

    def _do(self, id: str, halt: threading.Event) -> None:
        try:
            if "/" not in id:
                self.hand_out(id)
            elif not self.work_on(id, lambda done, total: _halt(halt)) and (held := self._held(id)) is not None:
                raise Retry(held)
        except (_HaltedError, BusyError, LookupError):
            pass
        except (RecordError, Retry):
            raise
        except Exception as error:
            # Its message may hold words of a draft.
            log.error("a backtest failed", backtest=id, error=type(error).__name__)

    def _held(self, id: str) -> float | None:
        """Seconds for which a piece that is still to be done is somebody's; None: there is nothing to wait for."""
        with self._store.read() as session:
            piece = session.get(Piece, id)
            row = session.get(Row, piece.backtest) if piece else None
        if piece is None or row is None or row.state != "running" or piece.done >= piece.total:
            return None
        return max(0.0, piece.due - time.time())

    def _planned(self, id: str) -> _Plan | None:
        """Pieces for all that is left; None where there is nothing to plan. Raises as `hand_out` does."""
        with self._store.read() as session:
            row, is_planned = _found(session, id)
            if is_planned:
                return None
            left = row.total - row.done
            size = max(_LEAST, -(-left // _PIECES))
            chosen = {"kind": SCREENING, "beyond": row.beyond, "most": left, "size": size}
            firsts = session.connection().execute(_FIRST, chosen).all()
        pieces = [
            Piece(id=f"{id}/{number:04}", backtest=id, number=number, total=min(size, left - first.place),
                  beyond=first.seq + 1)
            for number, first in enumerate(firsts)
        ]  # fmt: skip
        return _Plan(row.done, row.beyond, pieces)

    def _handed_out(self, id: str, plan: _Plan | None) -> bool:
        """Whether the plan still fits. Raises as `hand_out` does."""
        with self._store.write() as session:
            row, is_planned = _found(session, id)
            if row.state == "done":
                return True
            if not is_planned:
                if plan is None or (plan.done, plan.beyond) != (row.done, row.beyond):
                    return False
                session.add_all(plan.pieces)
            row.state, row.due = "running", time.time() + LEASE
            session.add(row)
            session.flush()
            if not (left := _undone(session, id)):
                _settle(session, row)
            elif self._put:
                self._put(session, WORK, left)
        return True

    def _give_up(self, id: str, deaths: int) -> None:
        backtest = id.partition("/")[0]
        log.error("backtest.deadly", backtest=backtest, deaths=deaths)
        with self._store.write() as session:
            _fail(session, backtest)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Pieces of what was left when so much was done, down to there."""

    done: int
    beyond: int
    pieces: Sequence[Piece]


class _HaltedError(Exception):
    """This process is told to stop."""


def _halt(halt: threading.Event) -> None:
    if halt.is_set():
        raise _HaltedError


@dataclass(slots=True)
class _Hold:
    """A piece in one worker's hands, until `due`."""

    store: Store
    id: str
    backtest: str
    due: float

    @classmethod
    def take(cls, store: Store, id: str) -> tuple[Self, Piece, Row] | None:
        """None: it is done, stopped, or in somebody's hands."""
        with store.write() as session:
            piece = session.get(Piece, id)
            row = session.get(Row, piece.backtest) if piece else None
            now = time.time()
            if piece is None or row is None or row.state != "running" or piece.due > now or piece.done >= piece.total:
                return None
            piece.due = row.due = now + LEASE
            session.add_all((piece, row))
            session.flush()
            return cls(store, id, row.id, piece.due), piece, row

    def write(self, **values: Any) -> bool:
        """Whoever writes the last draft of all pieces adds them up, in one go: nobody would come to do it later."""
        with self.store.write() as session:
            is_ours = self._write(session, **values)
            if is_ours and not _undone(session, self.backtest) and (row := session.get(Row, self.backtest)):
                _settle(session, row)
            return is_ours

    def let_go(self, *, failed: bool) -> None:
        """Another may go on with it at once; where it failed, nobody does before somebody asks for it."""
        with self.store.write() as session:
            if self._write(session):
                session.connection().execute(update(Piece).where(col(Piece.id) == self.id).values(due=0.0))
            if failed:
                _fail(session, self.backtest)

    def _write(self, session: Session, **values: Any) -> bool:
        running = select(Row.id).where(Row.id == self.backtest, Row.state == "running")
        ours = (col(Piece.id) == self.id) & (col(Piece.due) == self.due) & running.exists()
        due = time.time() + LEASE
        connection = session.connection()
        done = connection.execute(update(Piece).where(ours).values(**{"due": due, **values}))
        if done.rowcount:
            connection.execute(update(Row).where(col(Row.id) == self.backtest).values(due=due))
            self.due = values.get("due", due)
        return bool(done.rowcount)


def together(session: Session, row: Row) -> tuple[Found, int]:
    """What was found so far by whoever was at it, and in how many drafts."""
    found, done = Found.read(row.result), row.done
    for piece in session.exec(select(Piece).where(Piece.backtest == row.id).order_by(col(Piece.number))):
        found.add_all(Found.read(piece.result))
        done += piece.done
    return found, done


def _found(session: Session, id: str) -> tuple[Row, bool]:
    """A backtest, and whether there is nothing to plan: it is done, or in pieces. Raises `LookupError`, `BusyError`."""
    row = session.get(Row, id)
    if row is None:
        raise LookupError("there is no such backtest")
    if row.state == "done" or _undone(session, id):
        return row, True
    if row.state == "running" and row.due > time.time():
        raise BusyError
    return row, False


def _undone(session: Session, id: str) -> list[str]:
    left = select(Piece.id).where(Piece.backtest == id, Piece.done < Piece.total).order_by(col(Piece.number))
    return list(session.exec(left).all())


def _fail(session: Session, id: str) -> None:
    """Nobody goes on with it before somebody asks for it."""
    running = (col(Row.id) == id) & (col(Row.state) == "running")
    session.connection().execute(update(Row).where(running).values(state="failed"))


def _settle(session: Session, row: Row) -> None:
    """All pieces are done: they become one result."""
    session.expire_all()
    found, _ = together(session, row)
    row.result, row.done, row.state, row.policies = found.json(), row.total, "done", b""
    session.add(row)
    session.flush()
    session.connection().execute(delete(Piece).where(col(Piece.backtest) == row.id))
