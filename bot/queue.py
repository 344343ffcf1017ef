"""Work across machines: on PostgreSQL, procrastinate hands each piece to whichever worker is free."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import structlog
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision, SyncPsycopgConnector
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.utils import datetime_from_timedelta_params
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from sqlmodel import Session

from bot import postgres
from bot.engine import (
    USUAL,
    Do,
    GiveUp,
    LeftOver,
    Lost,
    Patience,
    Periodic,
    Retry,
    Standing,
    attempt,
    fit,
    is_being_cancelled,
)
from bot.jobs import ALONE, Jobs, alive, depth, standing, unknown
from bot.rounds import Rounds
from bot.store import Store

log = structlog.get_logger("bot.work")

_PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds between attempts to reach the database again."""
_AGAIN: Final = 0.25
"""Seconds after which a worker is told again to end."""
_SETTLED: Final = 60.0
"""Seconds after which a worker that ran is thought to have run well."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """By what workers know that one of them is gone, in seconds."""

    beat: float = 5.0
    dead: float = 20.0
    """Without a beat for so long: what that worker had in hand is handed to others."""
    rescue: int = 10
    """Between two looks for such."""
    poll: float = 1.0
    """Between two looks for work of which no notice came."""
    sweep: int = 60
    """Between two looks for what waits and is in no queue."""


_USUAL: Final = Pulse()


@dataclass(frozen=True, slots=True)
class _Kind:
    do: Do
    give_up: GiveUp | None
    left_over: LeftOver | None
    people_wait: bool


class Queue:
    """Jobs hold the id of a piece and nothing else: what is to be done lies, sealed, in Vaglio's own tables."""

    def __init__(self, store: Store, *, workers: int, patience: Patience = USUAL, pulse: Pulse = _USUAL) -> None:
        """`workers`: pieces that people wait for, done at once here. All others are done one after the other."""
        self._store, self._patience, self._pulse = store, patience, pulse
        self._width = workers
        self._kinds: dict[str, _Kind] = {}
        self._rounds = Rounds(store)
        self._periodic: list[tuple[int, str, Periodic]] = []
        # Puts jobs by the connection of whoever writes; it has none of its own.
        self._putting = JobManager(SyncPsycopgConnector())
        self._job: ContextVar[Job | None] = ContextVar("job", default=None)
        self._jobs: Jobs | None = None
        self._numbers: set[int] = set()
        """Of this process's workers."""
        self._since: float | None = None

    def on(
        self,
        kind: str,
        do: Do,
        *,
        give_up: GiveUp | None = None,
        left_over: LeftOver | None = None,
        people_wait: bool = False,
    ) -> None:
        self._kinds[kind] = _Kind(do, give_up, left_over, people_wait)

    def put(self, session: Session, kind: str, ids: Sequence[str], *, alone: bool = False) -> None:
        if ids:
            connection = session.connection().connection.driver_connection
            new = [_new(kind, id, ALONE if alone else None) for id in ids]
            self._putting.batch_defer_jobs(new, connection=connection)

    def waiting(self, session: Session, kind: str, most: int | None = None) -> int:
        return depth(session, kind, most)

    def standing(self, session: Session) -> Sequence[Standing]:
        return standing(session)

    def workers(self, session: Session) -> int:
        return alive(session, self._pulse.dead)

    @property
    def is_working(self) -> bool:
        return self._since is not None

    async def still_ours(self) -> None:
        job = self._job.get()
        if job and self._jobs and not await self._jobs.is_still(job):
            raise Lost

    def every(self, seconds: int, name: str, do: Periodic) -> None:
        self._periodic.append((seconds, name, do))

    async def run(self) -> None:
        periodic = [
            *self._periodic, (self._pulse.rescue, "rescue", self._rescue), (self._pulse.sweep, "sweep", self._sweep),
        ]  # fmt: skip
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work_on())
            for seconds, name, do in periodic:
                group.create_task(self._rounds.again_and_again(seconds, name, do))

    async def _work_on(self) -> None:
        """A worker ends when the database is away, or takes it for dead: another one begins in its place."""
        failures = 0
        while not is_being_cancelled():
            began, reason = time.monotonic(), None
            try:
                await self._work()
            except Exception as error:
                reason = type(error).__name__
            failures = 0 if time.monotonic() - began > _SETTLED else failures + 1
            pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
            if not is_being_cancelled():
                log.warning("work.interrupted", error=reason, pause=pause)
                await asyncio.sleep(pause)

    async def _work(self) -> None:
        """Until the first of the workers ends."""
        broken = asyncio.Event()
        app = self._app(broken)
        workers = self._workers(app)
        ending: list[asyncio.Task[None]] = []
        try:
            await app.open_async()
            if self._jobs:
                await self._jobs.hand_back_all()
            # Where the library waits for a connection and gets it in that very moment, a stop is lost on it.
            if not is_being_cancelled():
                ending = [asyncio.create_task(_run(worker)) for worker in workers]
                self._since = time.monotonic()
                await _first_of(*ending, asyncio.create_task(broken.wait()))
        finally:
            self._since = None
            await _ended(workers, ending)
            await app.close_async()

    def _app(self, broken: asyncio.Event) -> App:
        connector = PsycopgConnector(
            conninfo=postgres.conninfo(self._store.url), min_size=1, max_size=self._width + 3, timeout=5.0,
            configure=_attend,
        )  # fmt: skip
        app = App(connector=connector)
        app.job_manager = self._jobs = Jobs(connector, broken.set, self._numbers)
        for kind, each in self._kinds.items():
            app.task(name=kind, queue=kind, pass_context=True, retry=_Again())(self._task(kind, each))
        return app

    def _workers(self, app: App) -> list[Worker]:
        first = [name for name, each in self._kinds.items() if each.people_wait]
        others = [name for name, each in self._kinds.items() if not each.people_wait]
        lanes = ((first, self._width, self._pulse.poll), (others, 1, 5 * self._pulse.poll))
        return [self._worker(app, *lane) for lane in lanes if lane[0]]

    def _worker(self, app: App, kinds: Sequence[str], width: int, poll: float) -> Worker:
        return Worker(
            app,
            queues=kinds,
            name=None,
            concurrency=width,
            fetch_job_polling_interval=poll,
            shutdown_graceful_timeout=self._patience.grace,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._pulse.beat,
            stalled_worker_timeout=self._pulse.dead,
        )

    def _task(self, kind: str, each: _Kind) -> Callable[..., Awaitable[None]]:
        async def task(context: JobContext, id: str) -> None:
            job = context.job
            self._job.set(job)

            async def do(id: str) -> None:
                # Of what was never in anybody's hands before, nobody need be asked.
                deaths = await self._jobs.deaths(job) if self._jobs and job.attempts else 0
                await fit(each.do, each.give_up, deaths, self._patience)(id)

            pause = await attempt(kind, do, id, job.attempts, self._patience)
            if pause is not None:
                raise Retry(pause)

        return task

    # --- Once over all workers -------------------------------------------------------------------------------------

    async def _rescue(self) -> None:
        """What a worker that is gone had in hand is handed to others."""
        # Where the database was away, nobody was heard of: first let everybody come back and say that they live.
        is_settled = self._since is not None and time.monotonic() - self._since > self._pulse.dead / 2
        if self._jobs and is_settled:
            rescued = await self._jobs.rescue(self._pulse.dead)
            if rescued:
                log.warning("work.rescued", count=rescued)

    async def _sweep(self) -> None:
        """What waits and is in no queue is put there: it was written by an older version, or on another database."""
        for kind, each in self._kinds.items():
            if each.left_over:
                await asyncio.to_thread(self._put_left_over, kind, each.left_over)

    def _put_left_over(self, kind: str, left_over: LeftOver) -> None:
        left = left_over()
        # As a rule nothing is: then nobody who writes has to wait for this, however much there is to do.
        with self._store.read() as session:
            if not (left and unknown(session, kind, left)):
                return
        with self._store.write() as session:
            # Again, now that nobody writes: what is put while one looks is in the queue, and not left over.
            found = unknown(session, kind, left_over())
            self.put(session, kind, found)
        if found:
            log.warning("work.found", kind=kind, count=len(found))


async def _attend(connection: AsyncConnection[Any]) -> None:
    await connection.execute(postgres.ATTENTIVE)
    await connection.commit()


async def _first_of(*tasks: asyncio.Task[Any]) -> None:
    """Until one of them ends. The last is nobody else's."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        tasks[-1].cancel()


async def _ended(workers: Sequence[Worker], ending: Sequence[asyncio.Task[None]]) -> None:
    """Until each has finished what it has in hand, as far as the grace allows, and has handed back the rest."""
    pending = set(ending)
    while pending:
        for worker in workers:
            # Once more each time: a worker that only just begins forgets that it was told.
            worker.stop()  # type: ignore[no-untyped-call]
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
    await asyncio.gather(*ending, return_exceptions=True)


async def _run(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]


def _new(kind: str, id: str, lock: str | None) -> Job:
    return Job(queue=kind, task_name=kind, lock=lock, queueing_lock=None, task_kwargs={"id": id})


class _Again(BaseRetryStrategy):
    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        # What was cut short at a stop is handed back at once.
        after = exception.after if isinstance(exception, Retry) else None
        return RetryDecision(retry_at=datetime_from_timedelta_params({"microseconds": round((after or 0.0) * 1e6)}))
