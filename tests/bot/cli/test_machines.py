"""Two processes with a data folder each and one PostgreSQL: what one is told, both go by."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.console.clients import Clients
from bot.people import People
from bot.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.postgres_only("one file has one machine")]

ROOT = Path(__file__).parents[3]
KNOWS = """
  - id: confidential.customer
    detector: exact_match
    severity: block
    clause: 4.1
    message: {it: È un cliente., en: It is a customer.}
    table: customers
    match: [[surname]]
    examples: {flag: [Il signor Zorblax], allow: [Buongiorno a tutti]}
"""


@dataclass
class Machine:
    folder: Path
    environment: dict[str, str]

    async def command(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, cwd=self.folder, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, wrong = await process.communicate()
        assert process.returncode == 0, wrong.decode()
        return out.decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """The address of its page."""
        with (self.folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=self.folder, env=self.environment,
                stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
            try:
                yield await _address(process)
            finally:
                process.terminate()
                await process.wait()


@pytest.fixture
def machines(database: str, tmp_path: Path, policy_path: Path) -> tuple[Machine, Machine]:
    policy_path.write_text(policy_path.read_text(encoding="utf-8") + KNOWS, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    made = []
    for name in "ab":
        folder = tmp_path / name
        folder.mkdir()
        shutil.copytree(tmp_path / "keys", folder / "keys")
        made.append(
            Machine(
                folder,
                kept
                | {
                    "VAGLIO_DATABASE_URL": database, "VAGLIO_POLICY": str(policy_path), "VAGLIO_CONSOLE_PORT": "0",
                    "VAGLIO_LANGUAGE": "it", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
                },
            )
        )  # fmt: skip
    return made[0], made[1]


@pytest.fixture
def token(store: Store, seals: Seals, tmp_path: Path) -> str:
    """Of a program that is let in, on a third machine."""
    people = People(store, seals)
    clients = Clients(store, Ledger(store, tmp_path / "c" / "ledger.head", people), people)
    return clients.admit("CMS", people.person("local:owner"), datetime.now(UTC))[1]


async def test_policy_knowledge_and_head_reach_a_machine_that_was_told_nothing(
    token: str, machines: tuple[Machine, Machine], policy_path: Path, tmp_path: Path
) -> None:
    a, b = machines
    shutil.copyfile(tmp_path / "keys" / "texts.key", b.folder / "keys" / "texts.key")
    async with b.running() as base, httpx.AsyncClient(trust_env=False, base_url=base) as program:
        program.headers["Authorization"] = f"Bearer {token}"
        first = await _verdict(program)
        # A's key of what the company knows is made by now on B, and the same key is copied to each.
        shutil.copyfile(b.folder / "keys" / "knowledge.key", a.folder / "keys" / "knowledge.key")
        text = policy_path.read_text(encoding="utf-8").replace("severity: warn", "severity: block")
        (a.folder / "edited.yaml").write_text(text, encoding="utf-8")
        (a.folder / "customers.csv").write_text("surname\nZorblax\n", encoding="utf-8")
        await a.command("knowledge", "add", "customers.csv", "--columns", "surname")
        await _until(program, lambda said: said["outcome"] == "block")
        published = json.loads(await a.command("policy", "publish", "edited.yaml", "--json"))["revision"]
        assert published != first["policy"]
        await _until(program, lambda said: said["policy"] == published)
        await a.command("knowledge", "remove", "customers")
        await _until(program, lambda said: said["outcome"] == "review" and said["unchecked"])
    for machine in machines:
        said = json.loads(await machine.command("audit", "verify", "--json"))
        assert (said["ok"], said["faults"]) == (True, [])


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(200):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"(http://[^/\s]+)/sign-in", line):
                return found[1]
    raise AssertionError("it ended without a link")


async def _verdict(program: httpx.AsyncClient) -> dict[str, Any]:
    answer = await program.post("/api/v1/screenings", json={"text": "Il signor Zorblax è contento"})
    answer.raise_for_status()
    return dict(answer.json())


async def _until(program: httpx.AsyncClient, holds: Any) -> None:
    async with asyncio.timeout(120):
        while not holds(await _verdict(program)):
            await asyncio.sleep(0.2)
