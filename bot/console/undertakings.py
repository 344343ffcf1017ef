"""What takes long at the console, known to every process: how far it is, what came of it, and what was made."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, cast

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, delete, select

from bot.audit.errors import Code, RecordError
from bot.audit.vault import Vault, VaultError, decrypted, encrypted, new_key
from bot.console.tables import Undertaking, UndertakingPiece
from bot.store import Store

_log = structlog.get_logger("vaglio.console")

_LEASE: Final = 60.0
"""Seconds in which whoever does it says how far it is."""
_LOOKS: Final = 4
"""Times within it that this is said in any case."""
_TELLS: Final = 1.0
"""Seconds between two times that it is written down."""
_PIECE: Final = 1_000_000
_TOGETHER: Final = 4
"""Pieces that one transaction adds: writers wait for it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far something is, wherever it is done."""

    is_running: bool
    done: int = 0
    total: int = 0
    error: str = ""
    """The code of what went wrong."""
    result: str = ""

    def of_record(self, place: str) -> RecordError | None:
        """What was wrong, where it was the record; `place` is where that lies."""
        kind, _, code = self.error.partition(":")
        return RecordError(cast("Code", code), place) if kind == "record" else None


class Undertakings:
    """Thread-safe. What is made is sealed under a key that goes with it."""

    def __init__(self, store: Store, vault: Vault, now: Callable[[], float] = time.time) -> None:
        self._store, self._vault, self._now = store, vault, now

    def begin(self, id: str, life: float) -> str | None:
        """A name for the run; None: one of the same kind is under way. `life`: seconds for which its end is kept."""
        now, run, kind = self._now(), secrets.token_hex(8), id.partition(":")[0]
        with self._store.write() as session:
            _sweep(session, now)
            of_kind = col(Undertaking.id).startswith(kind, autoescape=True)
            busy = select(Undertaking).where(of_kind, Undertaking.state == "running", Undertaking.due >= now)
            if session.exec(busy).first() is not None:
                return None
            _let_go(session, col(Undertaking.id) == id)
            session.add(Undertaking(id=id, at=now, due=now + _LEASE, until=now + life, state="running", by=run))
        return run

    def telling(self, id: str, run: str) -> Callable[[int, int], None]:
        """What is told how much of how much is done: it is written down once a second."""
        last = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal last
            if (moment := time.monotonic()) - last < _TELLS:
                return
            last = moment
            # Of a database that does not answer for a moment the work itself tells.
            with suppress(RecordError):
                self._change(id, run, done=done, total=total, due=self._now() + _LEASE)

        return tell

    @contextmanager
    def held(self, id: str, run: str) -> Iterator[None]:
        """Inside it counts as under way, also while what is done tells nothing: a file is packed, a place is asked."""
        over = threading.Event()

        def hold() -> None:
            while not over.wait(_LEASE / _LOOKS):
                with suppress(RecordError):
                    self._change(id, run, due=self._now() + _LEASE)

        holding = threading.Thread(target=hold, name="vaglio-holding", daemon=True)
        holding.start()
        try:
            yield
        finally:
            over.set()
            holding.join()

    def end(self, id: str, run: str, *, result: str = "", error: str = "", life: float) -> None:
        now = self._now()
        state = "failed" if error else "done"
        self._change(id, run, state=state, result=error or result, due=now, until=now + life)

    def find(self, id: str) -> Standing | None:
        """None: there is none, its time is over, or whoever did it was stopped."""
        now = self._now()
        with self._store.read() as session:
            row = session.get(Undertaking, id)
        # `until` was set when it began, and says nothing of what takes longer.
        if row is None or (row.due if row.state == "running" else row.until) < now:
            return None
        if row.state == "running":
            return Standing(True, row.done, row.total)
        is_done = row.state == "done"
        return Standing(False, row.done, row.total, "" if is_done else row.result, row.result if is_done else "")

    def drop(self, id: str) -> None:
        """Unless it is under way."""
        now = self._now()
        is_over = (col(Undertaking.state) != "running") | (col(Undertaking.due) < now)
        with self._store.write() as session:
            _let_go(session, (col(Undertaking.id) == id) & is_over)

    def sweep(self) -> None:
        """Let go of what nobody came for in time."""
        with self._store.write() as session:
            _sweep(session, self._now())

    # --- What was made ------------------------------------------------------------------------------------------------

    def keep(self, id: str, run: str, made: Path) -> None:
        """Seal the file and put it by, piece by piece. Raises `RecordError`, `OSError`."""
        key, count = new_key(), 0
        self._change(id, run, wrapped=self._vault.wrap(key, id.encode()))
        with made.open("rb") as file:
            pieces = iter(lambda: file.read(_PIECE), b"")
            while batch := list(islice(pieces, _TOGETHER)):
                with self._store.write() as session:
                    row = session.get(Undertaking, id)
                    if row is None or row.by != run:
                        _log.warning("undertaking.not_kept")
                        return
                    for number, piece in enumerate(batch, start=count):
                        sealed = encrypted(key, piece, _about(id, number))
                        session.add(UndertakingPiece(undertaking=id, number=number, sealed=sealed))
                    count += len(batch)
                    row.pieces, row.due = count, self._now() + _LEASE
                    session.add(row)

    def take(self, id: str, into: Path) -> bool:
        """Put what was made into a new file, once, and let go of it. False: there is nothing, or somebody has it."""
        now = self._now()
        with self._store.write() as session:
            row = session.get(Undertaking, id)
            if row is None or row.state != "done" or row.until < now:
                return False
            row.state = "taken"
            session.add(row)
        try:
            with into.open("xb") as file:
                for piece in self._pieces(row):
                    file.write(piece)
        except (VaultError, LookupError) as error:
            _log.error("export.unreadable", error=type(error).__name__)
            return False
        finally:
            with self._store.write() as session:
                _let_go(session, col(Undertaking.id) == id)
        return True

    def _pieces(self, row: Undertaking) -> Iterator[bytes]:
        key = self._vault.unwrap(row.wrapped, row.id.encode())
        for number in range(row.pieces):
            with self._store.read() as session:
                piece = session.get(UndertakingPiece, (row.id, number))
            if piece is None:
                raise LookupError("a piece is missing")
            yield decrypted(key, piece.sealed, _about(row.id, number))

    def _change(self, id: str, run: str, **changes: object) -> None:
        with self._store.write() as session:
            row = session.get(Undertaking, id)
            if row is not None and row.by == run:
                row.sqlmodel_update(changes)
                session.add(row)


def _sweep(session: Session, now: float) -> None:
    _let_go(session, (col(Undertaking.until) < now) & (col(Undertaking.due) < now))


def _let_go(session: Session, which: ColumnElement[bool]) -> None:
    ids = session.exec(select(Undertaking.id).where(which)).all()
    session.exec(delete(UndertakingPiece).where(col(UndertakingPiece.undertaking).in_(ids)))
    session.exec(delete(Undertaking).where(col(Undertaking.id).in_(ids)))


def _about(id: str, number: int) -> bytes:
    return f"{id}:{number}".encode()
