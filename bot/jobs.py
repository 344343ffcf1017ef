"""procrastinate's jobs, each settled only by the worker that has it: whoever lost one does nothing to it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager, NotificationCallback, get_channel_for_queues
from sqlalchemy import text
from sqlmodel import Session

from bot.engine import Standing, State

log = structlog.get_logger("bot.work")

_SETTLING: Final = 10.0
"""Seconds for which a worker tries to say that a job is over; then it gives itself up, and its jobs with it."""

# The library's own functions ask whether a job is in hand, not in whose: a worker that was cut off, and whose job was
# given to another, would on its return take that from under it.
_IS_OURS = (
    "SELECT id FROM procrastinate_jobs WHERE id = %(job)s "
    "AND status = 'doing' AND worker_id IS NOT DISTINCT FROM %(worker)s AND attempts = %(attempts)s"
)
_FINISH = (
    "WITH gone AS (DELETE FROM procrastinate_jobs WHERE id = %(job)s "
    "AND status = 'doing' AND worker_id IS NOT DISTINCT FROM %(worker)s AND attempts = %(attempts)s "
    "RETURNING id, task_name, args->>'id' AS piece), "
    "acquitted AS (DELETE FROM casualty USING gone WHERE casualty.kind = task_name AND casualty.id = piece) "
    "SELECT id FROM gone"
)
# By the server's clock, against which it is looked at. Of itself it tells the others only of new jobs. What is to wait
# for a while has just been survived, and keeps no other back meanwhile.
_RETRY = (
    "WITH again AS (UPDATE procrastinate_jobs "
    "SET status = 'todo', attempts = attempts + 1, abort_requested = false, "
    "lock = CASE WHEN %(after)s > 0 THEN NULL ELSE lock END, "
    "priority = CASE WHEN %(after)s > 0 THEN 0 ELSE priority END, "
    "scheduled_at = clock_timestamp() + %(after)s * interval '1 second' WHERE id = %(job)s "
    "AND status = 'doing' AND worker_id IS NOT DISTINCT FROM %(worker)s AND attempts = %(attempts)s "
    "RETURNING id, queue_name) "
    "SELECT id, pg_notify('procrastinate_queue_v1#' || queue_name, "
    "json_build_object('type', 'job_inserted', 'job_id', id)::text) FROM again"
)
# From now on one at a time, over all workers: those that were in hand with it may be innocent. Whoever has seen one
# death goes before whoever has seen two.
_RESCUE = (
    "WITH dead AS (UPDATE procrastinate_jobs "
    "SET status = 'todo', attempts = attempts + 1, abort_requested = false, scheduled_at = clock_timestamp(), "
    "priority = priority - (lock IS NOT DISTINCT FROM 'alone')::int, lock = 'alone' WHERE id = %(job)s "
    "AND status = 'doing' AND worker_id IS NOT DISTINCT FROM %(worker)s AND attempts = %(attempts)s "
    "RETURNING id, queue_name, task_name, args->>'id' AS piece), "
    "blamed AS (INSERT INTO casualty (kind, id, deaths) SELECT task_name, piece, 1 FROM dead "
    "ON CONFLICT (kind, id) DO UPDATE SET deaths = casualty.deaths + 1) "
    "SELECT id, pg_notify('procrastinate_queue_v1#' || queue_name, "
    "json_build_object('type', 'job_inserted', 'job_id', id)::text) FROM dead"
)
ALONE: Final = "alone"
"""The lock of jobs with which a process has died: of those that have the same, the library does one at a time."""
_DEATHS = "SELECT deaths FROM casualty WHERE kind = %(kind)s AND id = %(piece)s"
_ABSOLVE = "UPDATE casualty SET deaths = deaths - 1 WHERE kind = %(kind)s AND id = %(piece)s AND deaths > 0"
_HAND_BACK = (
    "WITH back AS (UPDATE procrastinate_jobs SET status = 'todo', attempts = attempts + 1, abort_requested = false "
    "WHERE status = 'doing' AND worker_id = ANY(%(workers)s::bigint[]) RETURNING id, queue_name) "
    "SELECT id, pg_notify('procrastinate_queue_v1#' || queue_name, "
    "json_build_object('type', 'job_inserted', 'job_id', id)::text) FROM back"
)
_LEAVE = "DELETE FROM procrastinate_workers WHERE id = ANY(%(workers)s::bigint[])"
_PRUNE = (
    "DELETE FROM procrastinate_workers "
    "WHERE last_heartbeat < now() - %(dead)s * interval '1 second' AND NOT id = ANY(%(workers)s::bigint[])"
)
_NOTIFY = "SELECT pg_notify(%(channel)s, json_build_object('type', 'job_inserted', 'job_id', %(job)s::bigint)::text)"
_BEAT = "UPDATE procrastinate_workers SET last_heartbeat = now() WHERE id = %(worker)s RETURNING id"


class WorkerGone(Exception):
    """The others took this worker for dead: it has to begin anew, under a new number."""


class Jobs(JobManager):
    """Settles jobs for the workers of one process."""

    def __init__(self, connector: PsycopgConnector, give_up: Callable[[], None], workers: set[int]) -> None:
        """`give_up` ends the workers: with them ends their claim to what they cannot settle.

        `workers`: the numbers of this process's, also of those that ended while the database was away. Kept up here.
        """
        super().__init__(connector)
        self._give_up, self._workers = give_up, workers
        self._later: set[asyncio.Task[None]] = set()

    async def is_still(self, job: Job) -> bool:
        """Whether it is still in the hands that fetched it. Raises procrastinate's errors where nobody can tell."""
        return bool(await self.connector.execute_query_all_async(_IS_OURS, **_of(job)))

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        await self._settle(_FINISH, job)

    async def retry_job(self, job: Job, retry_at: datetime | None = None, *_: object, **__: object) -> None:
        after = max(0.0, (retry_at - datetime.now(UTC)).total_seconds()) if retry_at else 0.0
        if await self._settle(_RETRY, job, after=after) and after:
            task = asyncio.create_task(self._tell_later(job, after))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def deaths(self, job: Job) -> int:
        """How many processes have died with it. Raises procrastinate's errors."""
        found = await self.connector.execute_query_all_async(_DEATHS, **_piece_of(job))
        return int(found[0]["deaths"]) if found else 0

    async def register_worker(self) -> int:
        worker = await super().register_worker()
        self._workers.add(worker)
        return worker

    async def unregister_worker(self, worker_id: int) -> None:
        await self._hand_back([worker_id])

    async def hand_back_all(self) -> None:
        """What earlier workers of this process could not, for want of the database: it lives, and nobody has died.

        To be called while none is at work here.
        """
        await self._hand_back(sorted(self._workers))

    async def _hand_back(self, workers: Sequence[int]) -> None:
        if workers:
            await self.connector.execute_query_all_async(_HAND_BACK, workers=workers)
            await self.connector.execute_query_async(_LEAVE, workers=workers)
            self._workers.difference_update(workers)

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """Left to `rescue`: once a worker's row is gone, nobody knows any more whose its jobs were."""
        return []

    async def update_heartbeat(self, worker_id: int) -> None:
        async with self._or_give_up():
            if not await self.connector.execute_query_all_async(_BEAT, worker=worker_id):
                raise WorkerGone

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        async with self._or_give_up():
            await super().listen_for_jobs(on_notification=on_notification, queues=queues)

    @asynccontextmanager
    async def _or_give_up(self) -> AsyncIterator[None]:
        """For what a worker does beside its jobs.

        The library looks after that only until the first of it ends, and its clockwork, which has nothing to do here,
        ends at once: a worker would work on unheard, and be taken for dead again and again.
        """
        try:
            yield
        except Exception as error:
            log.warning("work.cut_off", error=type(error).__name__)
            self._give_up()
            raise

    async def rescue(self, dead: float) -> int:
        """Hand on what other processes have in hand that were not heard of for `dead` seconds. Returns how many.

        Each counts as one that a process died with, until that is heard of again.
        """
        count = 0
        for job in await self.get_stalled_jobs(seconds_since_heartbeat=dead):
            # This process was not heard of either, if it stood still or the database was away; but here it is.
            if job.worker_id not in self._workers:
                count += len(await self.connector.execute_query_all_async(_RESCUE, **_of(job)))
        await self.connector.execute_query_async(_PRUNE, dead=dead, workers=sorted(self._workers))
        return count

    async def _settle(self, query: Any, job: Job, **values: object) -> bool:
        """Whether it was ours to settle."""
        loop = asyncio.get_running_loop()
        end, pause = loop.time() + _SETTLING, 0.1
        while True:
            try:
                found = await self.connector.execute_query_all_async(query, **_of(job), **values)
            except ConnectorException as error:
                if loop.time() > end:
                    log.warning("work.not_settled", kind=job.task_name, job=job.id, error=type(error).__name__)
                    self._give_up()
                    return False
                await asyncio.sleep(pause)
                pause *= 2
            else:
                if not found:
                    await self._absolve(job)
                return bool(found)

    async def _absolve(self, job: Job) -> None:
        """The others took this process for dead, and the job for what it had died of."""
        with suppress(ConnectorException):
            await self.connector.execute_query_async(_ABSOLVE, **_piece_of(job))

    async def _tell_later(self, job: Job, after: float) -> None:
        """When it is due again: whoever is free need not find it by looking."""
        await asyncio.sleep(after + 0.005)
        (channel,) = get_channel_for_queues([job.queue])
        try:
            await self.connector.execute_query_async(_NOTIFY, channel=channel, job=job.id)
        except Exception as error:
            log.debug("work.not_told", error=type(error).__name__)


def depth(session: Session, kind: str, most: int | None) -> int:
    """Jobs of a kind that are due and in nobody's hands; nobody counts beyond `most`."""
    due = text(
        "SELECT count(*) FROM (SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = :kind "
        "AND (scheduled_at IS NULL OR scheduled_at <= clock_timestamp()) LIMIT :most) AS due"
    )
    return int(session.connection().execute(due, {"kind": kind, "most": most}).scalar_one())


def standing(session: Session) -> list[Standing]:
    """Jobs by kind and state."""
    # The first that was put has the lowest number: of no other need anybody know since when it has been there.
    by_state = text(
        "WITH found AS (SELECT queue_name, CASE WHEN status = 'doing' THEN 'doing' "
        "WHEN scheduled_at > clock_timestamp() THEN 'later' ELSE 'waiting' END AS state, count(*), min(id) AS first "
        "FROM procrastinate_jobs WHERE status IN ('todo', 'doing') GROUP BY 1, 2) "
        "SELECT queue_name, state, count, extract(epoch FROM clock_timestamp() - event.at) FROM found "
        "LEFT JOIN procrastinate_events event ON event.job_id = first AND event.type = 'deferred' ORDER BY 1, 2"
    )
    rows = session.connection().execute(by_state)
    return [Standing(kind, State(state), count, float(oldest or 0.0)) for kind, state, count, oldest in rows]


def alive(session: Session, dead: float) -> int:
    """Workers that were heard of in the last `dead` seconds."""
    heard = text(
        "SELECT count(*) FROM procrastinate_workers "
        "WHERE last_heartbeat > clock_timestamp() - :dead * interval '1 second'"
    )
    return int(session.connection().execute(heard, {"dead": dead}).scalar_one())


def unknown(session: Session, kind: str, ids: Sequence[str]) -> list[str]:
    """Those of `ids` for which there is no job."""
    known = text("SELECT args->>'id' FROM procrastinate_jobs WHERE task_name = :kind")
    found = set(session.connection().execute(known, {"kind": kind}).scalars())
    return [id for id in ids if id not in found]


def _of(job: Job) -> dict[str, Any]:
    return {"job": job.id, "worker": job.worker_id, "attempts": job.attempts}


def _piece_of(job: Job) -> dict[str, Any]:
    return {"kind": job.task_name, "piece": job.task_kwargs["id"]}
