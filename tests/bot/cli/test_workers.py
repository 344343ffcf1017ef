"""A front-end and workers as processes over one PostgreSQL: whoever takes a draft in, somebody answers it, once."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from emulators.telegram import TelegramEmulator
from sqlmodel import select

from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.cli.exits import EXIT_SETTINGS
from bot.people import People
from bot.store import Store
from bot.tables import Pending

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

Start = Callable[..., Any]


@pytest.fixture
def environment(tmp_path: Path, policy_path: Path, database: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return kept | {
        "VAGLIO_POLICY": str(policy_path),
        "VAGLIO_DATABASE_URL": database,
        "VAGLIO_CONSOLE_PORT": "0",
        "VAGLIO_LANGUAGE": "it",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Start:
    """A process of Vaglio's by its arguments, and its address once it is ready; killed on leaving."""

    @asynccontextmanager
    async def start(*arguments: str, **settings: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
        told = environment | {f"VAGLIO_{name}": value for name, value in settings.items()}
        with (tmp_path / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", *arguments, cwd=tmp_path, env=told,
                stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        try:
            yield process, await _address(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    return start


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(90):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"http://[\d.]+:\d+", line):
                return found[0]
    return ""


async def _stopped(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(40):
        return await process.wait()


def _linked(store: Store, tmp_path: Path) -> None:
    """Telegram serves only whom it knows."""
    People(store, Seals.open(tmp_path / "keys")).person("telegram:10")


def _pending(store: Store) -> int:
    with store.read() as session:
        return len(session.exec(select(Pending.id)).all())


@pytest.mark.postgres_only("workers share a server")
@pytest.mark.timeout(300)
async def test_a_worker_that_is_killed_leaves_nobody_without_an_answer(
    start: Start, store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    _linked(store, tmp_path)
    async with TelegramEmulator("1:TEST") as telegram, AsyncExitStack() as stack:
        settings = {"TELEGRAM_TOKEN": "1:TEST", "TELEGRAM_API_URL": telegram.base_url.removesuffix("/bot")}
        front, _ = await stack.enter_async_context(start("run", "--no-work", "--no-link", **settings))
        for number in range(6):
            await telegram.message(f"Vedi SEGRETO-{number}")
        async with asyncio.timeout(60):
            while await asyncio.to_thread(_pending, store) < 6:
                await asyncio.sleep(0.1)
        assert not telegram.sent
        telegram.fail_next("sendMessage", 502, times=4)
        first, _ = await stack.enter_async_context(start("work", WORKERS="2", **settings))
        await telegram.wait_for("sendMessage", timeout=60)
        first.kill()
        await first.wait()
        telegram.heal("sendMessage")
        second, address = await stack.enter_async_context(start("work", **settings))
        async with asyncio.timeout(120):
            while await asyncio.to_thread(_pending, store):
                await asyncio.sleep(0.2)
        await _look_at(address)
        assert await _stopped(second) == 0
        assert await _stopped(front) == 0
    answers = Counter(found[0] for sent in telegram.sent if (found := re.search(r"SEGRETO-\d", sent.text)))
    assert set(answers) == {f"SEGRETO-{number}" for number in range(6)}
    verified = ledger.verify()
    assert (verified.is_sound, verified.count) == (True, 6)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert not re.search("SEGRETO|1:TEST|Traceback", log)


async def _look_at(address: str) -> None:
    """Of a worker there is how it is, and nothing else."""
    async with httpx.AsyncClient(trust_env=False, base_url=address) as browser:
        assert (await browser.get("/healthz")).json() == {"status": "ok", "waiting": 0}
        assert (await browser.get("/readyz")).json() == {"status": "ready", "missing": []}
        told = (await browser.get("/metrics")).text
        assert "vaglio_workers " in told
        assert "vaglio_dead_letters 0.0" in told
        assert (await browser.get("/")).status_code == 404
        assert (await browser.get("/api/v1/openapi.json")).status_code == 404


@pytest.mark.sqlite_only("a file is one process's")
@pytest.mark.parametrize("arguments", [("work",), ("run", "--no-work")], ids=" ".join)
async def test_on_a_file_there_is_one_process(start: Start, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    async with start(*arguments) as (process, address):
        assert (address, await process.wait()) == ("", EXIT_SETTINGS)
    assert "PostgreSQL" in (tmp_path / "log").read_text(encoding="utf-8")
