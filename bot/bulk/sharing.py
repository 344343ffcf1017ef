"""Chunks of drafts handed to the workers of every process, and their results taken back in order."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlmodel import Session, col, delete, select

from bot.audit.vault import Vault, VaultError
from bot.bulk.output import Run
from bot.bulk.posts import Row
from bot.bulk.results import Result, screened
from bot.bulk.tables import BulkChunk, BulkRun
from bot.packing import unpacked
from bot.store import Store
from bot.wording.saying import read_saying
from rules.policy import Policy
from rules.screening import Screener

log = structlog.get_logger(__name__)

WORK: Final = "bulk"
"""The kind of work that a chunk is to the engine."""
_AHEAD: Final = 16
"""Chunks that are handed out and not yet taken back: enough for some workers, and little to lose."""
_LOOK: Final = 0.2
"""Seconds between two looks for results."""
_SILENCE: Final = 30.0
"""Seconds without any result after which somebody is told."""
_KEPT: Final = 24 * 3600.0
"""Seconds after which what nobody came back for is thrown away."""
TIDY: Final = 3600
"""Seconds between two looks for such."""

Put = Callable[[Session, str, Sequence[str]], None]
"""`Engine.put`."""


class DeadlyError(Exception):
    """Worker after worker died with these lines in hand. What was written stays."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        super().__init__(first, last)


def _nothing() -> None:
    pass


class Handing:
    """The side that has the file. One for each run at a time."""

    def __init__(
        self, store: Store, vault: Vault, run: Run, put: Put, *, silent: Callable[[], object] = _nothing
    ) -> None:
        """`silent` is called when no worker has given anything back for a while."""
        self._store, self._vault, self._run, self._put = store, vault, run, put
        self._silent = silent

    def screen(self, chunks: Iterable[Sequence[Row]]) -> Iterator[list[Result]]:
        """Results of each chunk, in order. What is still in the tables when it ends, however it ends, is deleted.

        Raises `DeadlyError`.
        """
        self._begin()
        waiting: deque[tuple[str, int, int]] = deque()
        try:
            for number, chunk in enumerate(chunks):
                waiting.append((self._handed(number, chunk), chunk[0].line, chunk[-1].line))
                if len(waiting) >= _AHEAD:
                    yield from self._taken(waiting)
            while waiting:
                yield from self._taken(waiting)
        finally:
            self._end()

    def _begin(self) -> None:
        """What an earlier process of the same run handed out, and was killed, is handed out anew."""
        run = self._run
        with self._store.write() as session:
            session.exec(delete(BulkChunk).where(col(BulkChunk.run) == run.id))
            session.exec(delete(BulkRun).where(col(BulkRun.id) == run.id))
            session.add(
                BulkRun(
                    id=run.id, at=time.time(), moment=run.at, revision=run.revision, policy=run.packed,
                    words=run.words,
                )
            )  # fmt: skip

    def _handed(self, number: int, chunk: Sequence[Row]) -> str:
        id = f"{self._run.id}/{number:06}"
        wrapped, sealed = self._vault.seal(json.dumps([asdict(row) for row in chunk]).encode(), id.encode())
        with self._store.write() as session:
            session.add(BulkChunk(id=id, run=self._run.id, number=number, wrapped=wrapped, sealed=sealed))
            session.flush()
            self._put(session, WORK, [id])
        return id

    def _taken(self, waiting: deque[tuple[str, int, int]]) -> Iterator[list[Result]]:
        """The first one's results, as soon as they are there; gone from the table once they are written down."""
        (id, first, last), since = waiting[0], time.monotonic()
        while (found := self._found(id)) is None:
            time.sleep(_LOOK)
            if time.monotonic() - since > _SILENCE:
                self._silent()
                since = time.monotonic()
        if not found:
            raise DeadlyError(first, last)
        yield found
        waiting.popleft()
        with self._store.write() as session:
            session.exec(delete(BulkChunk).where(col(BulkChunk.id) == id))
            if run := session.get(BulkRun, self._run.id):
                run.at = time.time()
                session.add(run)

    def _found(self, id: str) -> list[Result] | None:
        """None where it is not done yet; nothing in it where it was given up.

        Raises `LookupError` where somebody threw it away, `VaultError`.
        """
        with self._store.read() as session:
            chunk = session.get(BulkChunk, id)
        if chunk is None:
            raise LookupError("a chunk that was handed out is gone")
        return _opened(self._vault, chunk) if chunk.is_done else None

    def _end(self) -> None:
        with self._store.write() as session:
            session.exec(delete(BulkChunk).where(col(BulkChunk.run) == self._run.id))
            session.exec(delete(BulkRun).where(col(BulkRun.id) == self._run.id))


@dataclass(frozen=True, slots=True)
class _Using:
    """What a run is screened by."""

    run: str
    screener: Screener
    at: datetime
    words: bool


class Working:
    """The side that screens, in every worker. Several runs at once take turns."""

    def __init__(self, store: Store, vault: Vault, build: Callable[[Policy], Screener]) -> None:
        self._store, self._vault, self._build = store, vault, build
        self._using: _Using | None = None
        self._lock = threading.Lock()

    async def do(self, id: str) -> None:
        """Screen a chunk, unless it is done or gone. Raises what the database raises: then it is to be tried again."""
        await asyncio.to_thread(self._do, id)

    async def give_up(self, id: str, deaths: int) -> None:
        """So many processes died with a chunk in hand: whoever handed it out is told, as soon as they come to it."""
        await asyncio.to_thread(self._give_up, id, deaths)

    def left_over(self) -> Sequence[str]:
        """What nobody has screened. It only reads: whoever asks may hold the lock to write."""
        with self._store.read() as session:
            undone = select(BulkChunk.id).where(col(BulkChunk.is_done).is_(False)).order_by(BulkChunk.id)
            return list(session.exec(undone).all())

    async def tidy(self) -> None:
        """What nobody came back for is thrown away."""
        await asyncio.to_thread(self._tidy)

    def _tidy(self) -> None:
        with self._store.write() as session:
            old = list(session.exec(select(BulkRun.id).where(BulkRun.at < time.time() - _KEPT)).all())
            session.exec(delete(BulkChunk).where(col(BulkChunk.run).in_(old)))
            session.exec(delete(BulkRun).where(col(BulkRun.id).in_(old)))

    def _do(self, id: str) -> None:
        with self._store.read() as session:
            chunk = session.get(BulkChunk, id)
            run = session.get(BulkRun, chunk.run) if chunk else None
        if chunk is None or run is None or chunk.is_done:
            return
        try:
            rows = [_row(**each) for each in _opened(self._vault, chunk)]
        except VaultError:
            log.error("bulk.unreadable", id=id, remedy="give every process the same master key")
            return
        using = self._used(run)
        self._put_back(chunk, [screened(row, using.screener, using.at, words=using.words) for row in rows])

    def _give_up(self, id: str, deaths: int) -> None:
        with self._store.read() as session:
            chunk = session.get(BulkChunk, id)
        if chunk and not chunk.is_done:
            log.error("bulk.deadly", id=id, deaths=deaths)
            self._put_back(chunk, [])

    def _put_back(self, chunk: BulkChunk, results: list[Result]) -> None:
        wrapped, sealed = self._vault.seal(json.dumps(results).encode(), chunk.id.encode())
        with self._store.write() as session:
            # Meanwhile it may have been taken back, and other lines handed out under its name: nobody wants these then.
            if (now := session.get(BulkChunk, chunk.id)) and now.sealed == chunk.sealed:
                now.is_done, now.wrapped, now.sealed = True, wrapped, sealed
                session.add(now)

    def _used(self, run: BulkRun) -> _Using:
        with self._lock:
            if self._using is None or self._using.run != run.id:
                screener = self._build(unpacked(run.policy, run.revision)[0])
                screener.load()
                screener.open_judges()
                self._using = _Using(run.id, screener, datetime.fromisoformat(run.moment), run.words)
            return self._using


def _row(line: int, fields: object, fault: object) -> Row:
    return Row(line, fields, None if fault is None else read_saying(fault))


def _opened(vault: Vault, chunk: BulkChunk) -> list[Any]:
    found: list[Any] = json.loads(vault.unseal(chunk.wrapped, chunk.sealed, chunk.id.encode()))
    return found
