"""Vaglio as it is run, for bench/scale.py: processes, database, people, and what each of them uses."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

# First: it puts the emulators on the path.
from workspace import ROOT  # isort: skip
from faults.processes import FRONT, WORKER, Process, children, cpu, memory
from postgres import Server

_LINE = 1_000_000
# The number is bot/postgres.py's.
_HELD = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32 | objid::bigint) = 94976346974575"""


@dataclass(eq=False, slots=True)
class Installation:
    """One front-end and some workers on PostgreSQL, or one process that is both on SQLite."""

    kind: str
    folder: Path
    front: Process
    workers: Sequence[Process]
    server: Server | None
    database: str
    people: asyncio.subprocess.Process

    @classmethod
    @asynccontextmanager
    async def on_postgres(cls, workers: int) -> AsyncIterator[Self]:
        server = Server(durable=True)
        await asyncio.to_thread(server.start)
        try:
            name = server.create()
            async with cls._around(server.url(name), FRONT, workers, server, name) as house:
                yield house
        finally:
            await asyncio.to_thread(server.stop)

    @classmethod
    @asynccontextmanager
    async def on_sqlite(cls) -> AsyncIterator[Self]:
        async with cls._around("", ("run",), 0, None, "") as house:
            yield house

    @classmethod
    @asynccontextmanager
    async def _around(
        cls, url: str, command: tuple[str, ...], workers: int, server: Server | None, database: str
    ) -> AsyncIterator[Self]:
        with tempfile.TemporaryDirectory(prefix="vaglio-scale-") as place:
            people = await asyncio.create_subprocess_exec(
                sys.executable, str(Path(__file__).parent / "people.py"), limit=_LINE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                env={"PYTHONPATH": str(ROOT), "PATH": ""},
            )  # fmt: skip
            folder = Path(place)
            processes: list[Process] = []
            try:
                slack = (await _line(people))["slack"]
                settings = {"KEYS_DIR": str(folder / "keys"), "DATABASE_URL": url, "SLACK_API_URL": f"{slack}/api/"}
                processes += [
                    Process("front-end" if workers else "vaglio run", command, folder / "front", settings),
                    *(Process(f"worker {n + 1}", WORKER, folder / f"worker{n + 1}", settings) for n in range(workers)),
                ]
                for process in processes:
                    await process.start()
                kind = "PostgreSQL" if server else "SQLite"
                yield cls(kind, folder, processes[0], processes[1:], server, database, people)
                for process in processes:
                    await process.stop()
            finally:
                for process in processes:
                    await process.kill()
                if people.returncode is None:
                    people.kill()
                await people.wait()

    @staticmethod
    async def version() -> str:
        """Of PostgreSQL."""
        server = Server()
        await asyncio.to_thread(server.start)
        try:
            with server.admin() as admin:
                row = admin.execute(b"SHOW server_version").fetchone()
            return str(row[0]) if row else ""
        finally:
            await asyncio.to_thread(server.stop)

    @property
    def processes(self) -> list[Process]:
        return [self.front, *self.workers]

    # --- What people do

    async def warm(self, drafts: int) -> None:
        """Until so many have been answered."""
        answered = 0
        while answered < drafts:
            answered += int((await self.flood(40, 3.0))["sent"])

    async def flood(self, at_once: int, seconds: float) -> dict[str, Any]:
        return await self._ask(do="flood", at_once=at_once, seconds=seconds)

    async def poisson(self, rate: float, seconds: float, seed: int) -> dict[str, Any]:
        return await self._ask(do="poisson", rate=rate, seconds=seconds, seed=seed)

    async def _ask(self, **order: object) -> dict[str, Any]:
        assert self.people.stdin
        order |= {"fronts": [f"http://127.0.0.1:{self.front.port}"]}
        self.people.stdin.write(json.dumps(order).encode() + b"\n")
        return await _line(self.people)

    # --- What it holds and uses

    def waiting(self) -> int:
        return int(next(self._rows("SELECT count(*) FROM pending"))[0])

    async def verify(self) -> tuple[int, str]:
        return await self.front.run("audit", "verify")

    def errors(self) -> int:
        """Lines of that level in all logs."""
        return sum('"level": "error"' in line for process in self.processes for line in process.said.splitlines())

    def memory_of(self, process: Process) -> int:
        return memory(process.pid)

    def memory(self) -> dict[str, float]:
        """Bytes of the front-end, of each worker on average, and of PostgreSQL, whose shared memory counts once."""
        each = [memory(worker.pid) for worker in self.workers]
        served = sum(memory(pid, shared=False) for pid in self._served_by())
        return {"front": memory(self.front.pid), "worker": sum(each) / max(1, len(each)), "database": served}

    def cpu(self) -> dict[str, float]:
        """Seconds of a processor so far."""
        return {
            "front": cpu(self.front.pid),
            "worker": sum(cpu(worker.pid) for worker in self.workers),
            "database": sum(map(cpu, self._served_by())),
        }

    def sizes(self) -> dict[str, int]:
        """Bytes of each table with its indexes."""
        if self.server:
            sizes = (
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = %s"
            )
            return {name: int(size) for name, size in self._rows(sizes % "'public'::regnamespace")}
        sizes = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY 1"
        return {name: int(size) for name, size in self._rows(sizes)}

    async def lock_held(self, during: asyncio.Task[Any]) -> float:
        """For which part of the time somebody held the lock for which writers take turns (asked ten times a second)."""
        asked = held = 0
        while not during.done():
            held += int(next(self._rows(_HELD))[0])
            asked += 1
            await asyncio.wait({during}, timeout=0.1)
        return held / max(1, asked)

    def _served_by(self) -> list[int]:
        return [self.server.pid, *children(self.server.pid)] if self.server else []

    def _rows(self, sql: str) -> Iterator[Any]:
        if self.server:
            with self.server.admin(self.database) as admin:
                yield from admin.execute(sql.encode()).fetchall()
            return
        file = self.front.folder / "data" / "vaglio.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
            yield from connection.execute(sql).fetchall()


class Used:
    """What it has used since this was made."""

    def __init__(self, house: Installation) -> None:
        self._house, self._before = house, house.cpu()

    def per_draft(self, drafts: int) -> dict[str, float]:
        """Seconds of one core."""
        now = self._house.cpu()
        return {name: (used - self._before[name]) / max(1, drafts) for name, used in now.items()}


async def _line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout
    line = await process.stdout.readline()
    if not line:
        raise RuntimeError("the people have ended")
    told: dict[str, Any] = json.loads(line)
    return told
