"""Work done by the process that takes it in, on one event loop: for SQLite, where there is only one."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy import event
from sqlmodel import Session

from bot.engine import USUAL, Do, LeftOver, Patience, Periodic, Standing, State, attempt, is_being_cancelled

log = structlog.get_logger("bot.work")

_LOOK = 15.0
"""Seconds between two looks for what somebody else has put into the database, such as a command."""


@dataclass(frozen=True, slots=True)
class _Kind:
    do: Do
    left_over: LeftOver | None
    lane: _Lane


@dataclass(slots=True)
class _Lane:
    """Pieces in the order in which they came, for so many workers."""

    width: int
    pieces: deque[tuple[str, str]] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class InProcess:
    """Keeps no list of its own: what is to be done is in the tables of whoever put it, who names what is left over."""

    def __init__(self, *, workers: int, patience: Patience = USUAL) -> None:
        """`workers`: pieces that people wait for, done at once. All others are done one after the other."""
        self._patience = patience
        self._first, self._others = _Lane(workers), _Lane(1)
        self._kinds: dict[str, _Kind] = {}
        self._periodic: list[tuple[int, str, Periodic]] = []
        # What is queued, in hand or waiting for its next try, with the tries so far: a look for what was left over
        # must not add it again.
        self._held: dict[tuple[str, str], int] = {}
        self._pausing: set[tuple[str, str]] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._taking = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def on(self, kind: str, do: Do, *, left_over: LeftOver | None = None, people_wait: bool = False) -> None:
        self._kinds[kind] = _Kind(do, left_over, self._first if people_wait else self._others)

    def put(self, session: Session, kind: str, ids: Sequence[str]) -> None:
        put = list(ids)

        # Nobody may look for it before it is there, and what is taken back is not to be looked for at all.
        @event.listens_for(session, "after_commit")
        def _committed(_: Session) -> None:
            if not session.in_nested_transaction():
                self._take(kind, put)
                put.clear()

    def waiting(self, session: Session, kind: str, most: int | None = None) -> int:
        return sum(each == kind for each, _ in list(self._kinds[kind].lane.pieces))

    def standing(self, session: Session) -> Sequence[Standing]:
        if self._loop is None:
            left = {kind: len(each.left_over()) for kind, each in self._kinds.items() if each.left_over}
            return [Standing(kind, State.WAITING, count, None) for kind, count in left.items() if count]
        waiting = Counter(kind for lane in (self._first, self._others) for kind, _ in list(lane.pieces))
        later = Counter(kind for kind, _ in list(self._pausing))
        held = Counter(kind for kind, _ in list(self._held))
        states = ((State.WAITING, waiting), (State.DOING, held - waiting - later), (State.LATER, later))
        return [Standing(kind, state, count, None) for state, each in states for kind, count in each.items()]

    def workers(self, session: Session) -> int:
        return 2 if self._loop else 0

    @property
    def is_working(self) -> bool:
        return self._loop is not None

    async def still_ours(self) -> None:
        """There is nobody else."""

    def every(self, seconds: int, name: str, do: Periodic) -> None:
        self._periodic.append((seconds, name, do))

    async def run(self) -> None:
        await self._look()
        self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                for lane in (self._first, self._others):
                    lane.bell.set()
                    for _ in range(lane.width):
                        group.create_task(self._work(lane))
                group.create_task(self._look_again())
                for seconds, name, do in self._periodic:
                    group.create_task(_again_and_again(seconds, name, do))
        finally:
            self._loop = None
            for task in self._later:
                task.cancel()

    def _take(self, kind: str, ids: Sequence[str], tries: int = 0) -> None:
        """From any thread."""
        lane = self._kinds[kind].lane
        with self._taking:
            fresh = [piece for id in ids if (piece := (kind, id)) not in self._held]
            self._held.update(dict.fromkeys(fresh, tries))
            lane.pieces.extend(fresh)
        # Before `run` nobody is there to hear it, and after it nobody is to.
        if loop := self._loop:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(lane.bell.set)

    async def _look(self) -> None:
        for kind, each in self._kinds.items():
            if each.left_over:
                # Whoever had it before this process may have begun it.
                self._take(kind, await asyncio.to_thread(each.left_over), tries=1)

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            await _kindly("look", self._look)

    async def _work(self, lane: _Lane) -> None:
        while True:
            while not lane.pieces:
                lane.bell.clear()
                await lane.bell.wait()
            piece = lane.pieces.popleft()
            kind, id = piece
            doing = asyncio.create_task(attempt(kind, self._kinds[kind].do, id, self._held[piece], self._patience))
            try:
                pause = await asyncio.shield(doing)
            except asyncio.CancelledError:
                if is_being_cancelled():
                    await self._finish(doing)
                raise
            if pause is None:
                del self._held[piece]
            else:
                self._held[piece] += 1
                self._again(lane, piece, pause)

    async def _finish(self, doing: asyncio.Task[float | None]) -> None:
        """What is half said is finished; what takes longer is said again at the next start."""
        await asyncio.wait({doing}, timeout=self._patience.grace)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    def _again(self, lane: _Lane, piece: tuple[str, str], pause: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(pause)
            self._pausing.discard(piece)
            lane.pieces.append(piece)
            lane.bell.set()

        self._pausing.add(piece)
        task = asyncio.create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


async def _again_and_again(seconds: int, name: str, do: Periodic) -> None:
    while not is_being_cancelled():  # what is done may swallow that it is told to stop
        await _kindly(name, do)
        if not is_being_cancelled():
            await asyncio.sleep(seconds)


async def _kindly(name: str, do: Periodic) -> None:
    try:
        await do()
    except asyncio.CancelledError:
        if is_being_cancelled():
            raise
        log.warning("periodic.failed", name=name, error="CancelledError")
    except Exception as error:
        log.warning("periodic.failed", name=name, error=type(error).__name__)
