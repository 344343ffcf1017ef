"""Work done by the process that takes it in, on one event loop: for SQLite, where there is only one."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from sqlalchemy import event
from sqlmodel import Session

from bot import casualties
from bot.engine import (
    USUAL,
    Do,
    GiveUp,
    LeftOver,
    Patience,
    Periodic,
    Piece,
    Standing,
    State,
    attempt,
    fit,
    is_being_cancelled,
)
from bot.in_hand import InHand
from bot.store import Store

log = structlog.get_logger("bot.work")

_LOOK = 15.0
"""Seconds between two looks for what somebody else has put into the database, such as a command."""
_MARKS = ".in-hand"
"""Stands after the database's name in that of the file beside it in which is marked what is in hand."""


@dataclass(frozen=True, slots=True)
class _Kind:
    do: Do
    give_up: GiveUp | None
    left_over: LeftOver | None
    lane: _Lane


@dataclass(slots=True)
class _Lane:
    """Pieces in the order in which they came, for so many workers."""

    width: int
    pieces: deque[Piece] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class InProcess:
    """Keeps no list of its own: what is to be done is in the tables of whoever put it, who names what is left over."""

    def __init__(self, store: Store, *, workers: int, patience: Patience = USUAL) -> None:
        """`workers`: pieces that people wait for, done at once. All others are done one after the other.

        `store`: the file of this process. Raises `ValueError` for a server.
        """
        if store.file is None:
            raise ValueError("on a server the work is any process's")
        self._store, self._patience = store, patience
        self._in_hand = InHand(store.file.with_name(store.file.name + _MARKS))
        # The last is for what people wait for and a process died with: one at a time, or all would be blamed again.
        self._first, self._others, self._apart = self._lanes = (_Lane(workers), _Lane(1), _Lane(1))
        self._deaths: Mapping[Piece, int] = {}
        self._kinds: dict[str, _Kind] = {}
        self._periodic: list[tuple[int, str, Periodic]] = []
        # What is queued, in hand or waiting for its next try, with the tries so far: a look for what was left over
        # must not add it again.
        self._held: dict[Piece, int] = {}
        self._pausing: set[Piece] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._taking = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def on(
        self,
        kind: str,
        do: Do,
        *,
        give_up: GiveUp | None = None,
        left_over: LeftOver | None = None,
        people_wait: bool = False,
    ) -> None:
        self._kinds[kind] = _Kind(do, give_up, left_over, self._first if people_wait else self._others)

    def put(self, session: Session, kind: str, ids: Sequence[str], *, alone: bool = False) -> None:
        # What is to be done alone is known by its deaths, and found by the next look.
        put = [] if alone else list(ids)

        # Nobody may look for it before it is there, and what is taken back is not to be looked for at all.
        @event.listens_for(session, "after_commit")
        def _committed(_: Session) -> None:
            if not session.in_nested_transaction():
                self._take(kind, put)
                put.clear()

    def waiting(self, session: Session, kind: str, most: int | None = None) -> int:
        return sum(each == kind for lane in self._lanes for each, _ in list(lane.pieces))

    def standing(self, session: Session) -> Sequence[Standing]:
        if self._loop is None:
            left = {kind: len(each.left_over()) for kind, each in self._kinds.items() if each.left_over}
            return [Standing(kind, State.WAITING, count, None) for kind, count in left.items() if count]
        waiting = Counter(kind for lane in self._lanes for kind, _ in list(lane.pieces))
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
        try:
            await self._look_back()
            await self._look()
            self._loop = asyncio.get_running_loop()
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
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
            self._in_hand.close()

    def _take(self, kind: str, ids: Sequence[str], tries: int = 0) -> None:
        """From any thread."""
        lane, deaths = self._kinds[kind].lane, self._deaths
        with self._taking:
            fresh = [piece for id in ids if (piece := (kind, id)) not in self._held]
            self._held.update(dict.fromkeys(fresh, tries))
            # Whoever has seen one death goes before whoever has seen two, and is probably innocent.
            for piece in sorted(fresh, key=lambda piece: deaths.get(piece, 0)):
                is_apart = piece in deaths and lane is self._first
                (self._apart if is_apart else lane).pieces.append(piece)
        # Before `run` nobody is there to hear it, and after it nobody is to.
        if loop := self._loop:
            with suppress(RuntimeError):
                for each in (lane, self._apart):
                    loop.call_soon_threadsafe(each.bell.set)

    async def _look_back(self) -> None:
        """What the process before this one had in hand when it died is blamed, before any of it is begun again."""
        died_with = self._in_hand.open()
        if died_with:
            log.warning("work.died", count=len(died_with))
            await _kindly("look back", lambda: asyncio.to_thread(self._blame, died_with))
            self._in_hand.clear()

    async def _look(self) -> None:
        left = {kind: await asyncio.to_thread(each.left_over) for kind, each in self._kinds.items() if each.left_over}
        # Asked last: of whatever was found it is known by then.
        self._deaths = await asyncio.to_thread(self._known_deaths)
        for kind, ids in left.items():
            # Whoever had it before this process may have begun it.
            self._take(kind, ids, tries=1)

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
            doing = asyncio.create_task(self._attempt(piece))
            try:
                pause = await asyncio.shield(doing)
            except asyncio.CancelledError:
                if is_being_cancelled():
                    # Whoever told it to stop may lose patience: that is no death of this piece's.
                    self._in_hand.let_go(piece)
                    await self._finish(doing)
                raise
            if pause is None:
                del self._held[piece]
            else:
                self._held[piece] += 1
                self._again(lane, piece, pause)

    async def _attempt(self, piece: Piece) -> float | None:
        (kind, id), deaths = piece, self._deaths.get(piece, 0)
        each = self._kinds[kind]
        self._in_hand.take(piece)
        try:
            do = fit(each.do, each.give_up, deaths, self._patience)
            pause = await attempt(kind, do, id, self._held[piece], self._patience)
        finally:
            self._in_hand.let_go(piece)
        if pause is None and deaths:
            await _kindly("acquit", lambda: asyncio.to_thread(self._acquit, piece))
        return pause

    async def _finish(self, doing: asyncio.Task[float | None]) -> None:
        """What is half said is finished; what takes longer is said again at the next start."""
        await asyncio.wait({doing}, timeout=self._patience.grace)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    def _again(self, lane: _Lane, piece: Piece, pause: float) -> None:
        async def wait() -> None:
            await asyncio.sleep(pause)
            self._pausing.discard(piece)
            lane.pieces.append(piece)
            lane.bell.set()

        self._pausing.add(piece)
        task = asyncio.create_task(wait())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    # --- The table, touched on a thread ----------------------------------------------------------------------------

    def _blame(self, pieces: Sequence[Piece]) -> None:
        with self._store.write() as session:
            casualties.blame(session, pieces)

    def _known_deaths(self) -> Mapping[Piece, int]:
        with self._store.read() as session:
            return casualties.deaths(session)

    def _acquit(self, piece: Piece) -> None:
        with self._store.write() as session:
            casualties.acquit(session, [piece])


async def _again_and_again(seconds: int, name: str, do: Periodic) -> None:
    while not is_being_cancelled():  # what is done may swallow that it is told to stop
        await _kindly(name, do)
        if not is_being_cancelled():
            await asyncio.sleep(seconds)


async def _kindly(name: str, do: Callable[[], Awaitable[object]]) -> None:
    try:
        await do()
    except asyncio.CancelledError:
        if is_being_cancelled():
            raise
        log.warning("periodic.failed", name=name, error="CancelledError")
    except Exception as error:
        log.warning("periodic.failed", name=name, error=type(error).__name__)
