"""`vaglio bulk` and `vaglio policy backtest` over a real worker: it finds what the command finds by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from faults.house import House, built
from fragile import DEADLY, PROGRAM
from postgres import NoServer

from bot.bulk.output import CHUNK

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]

TEXTS = ("Buongiorno {n}", "Che idioti, {n}", "Un trimestre record, {n}", "Il nuovo vaglietto {n}!!!")
COUNT = CHUNK + 10
"""Drafts: a chunk and some."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, policy: Path) -> AsyncIterator[House]:
    """A front-end, where the commands are given, and one worker."""
    try:
        async with built(tmp_path_factory.mktemp("house"), policy, fronts=1, workers=1) as house:
            yield house
    except NoServer as error:
        pytest.skip(str(error))


async def run(house: House, *command: str) -> tuple[int, str]:
    return await house.fronts[0].process.run(*command, LANGUAGE="en")


def archive(folder: Path, name: str, texts: list[str]) -> Path:
    path = folder / name
    path.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)), "utf-8")
    return path


def results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def told(said: str) -> dict[str, Any]:
    """Before it, it may have said that it waits."""
    return dict(json.loads(said.splitlines()[-1]))


def left(house: House) -> int:
    """What lies in the tables of what is shared."""
    tables = "(SELECT count(*) FROM bulkchunk) + (SELECT count(*) FROM bulkrun) + (SELECT count(*) FROM backtestpiece)"
    return int(house.one(f"SELECT {tables}"))


async def test_an_archive(house: House, tmp_path: Path) -> None:
    drafts = archive(tmp_path, "a.jsonl", [TEXTS[n % 4].format(n=n) for n in range(COUNT)])
    here, there = tmp_path / "here.jsonl", tmp_path / "there.jsonl"
    code, said = await run(house, "bulk", str(drafts), "--out", str(here), "--workers", "1", "--json")
    assert code == 0, said
    code, other = await run(house, "bulk", str(drafts), "--out", str(there), "--over-workers", "--json")
    assert code == 0, other
    assert results(there) == results(here)
    assert len(results(there)) == COUNT
    outcomes = {each["outcome"] for each in results(there)}
    assert outcomes == {"clear", "revise", "review", "block"}
    alone, shared = told(said), told(other)
    apart = ("id", "results", "seconds")
    assert {k: v for k, v in shared.items() if k not in apart} == {k: v for k, v in alone.items() if k not in apart}
    assert left(house) == 0
    assert house.one("SELECT count(*) FROM entry WHERE kind = 'bulk'") == 2
    assert await house.verify() == 0


async def test_a_backtest(house: House, policy: Path, tmp_path: Path) -> None:
    await house.send_many(20)
    await house.sound()
    stricter = tmp_path / "stricter.yaml"
    lines = policy.read_text(encoding="utf-8")
    assert "severity: block" in lines
    stricter.write_text(lines.replace("severity: block", "severity: warn", 1), encoding="utf-8")
    command = ("policy", "backtest", str(stricter), "--json")
    code, said = await run(house, *command)
    assert code == 0, said
    code, other = await run(house, *command, "--over-workers")
    assert code == 0, other
    alone, shared = told(said), told(other)
    assert alone.pop("id") != shared.pop("id")
    assert shared == alone
    assert (shared["drafts"], shared["flipped"]) == (20, 20)
    assert left(house) == 0
    assert await house.verify() == 0


async def test_without_a_worker_it_says_so_and_goes_on_when_one_comes(house: House, tmp_path: Path) -> None:
    (worker,) = house.workers
    await worker.kill()
    drafts = archive(tmp_path, "b.jsonl", [TEXTS[n % 4].format(n=n) for n in range(4)])
    running = asyncio.create_task(run(house, "bulk", str(drafts), "--over-workers", "--json"))
    await house.until(lambda: left(house))
    assert not running.done()
    await worker.start()
    code, said = await running
    assert code == 0, said
    assert [each["line"] for each in results(tmp_path / "b.jsonl.results.jsonl")] == [1, 2, 3, 4]
    assert left(house) == 0


async def test_lines_that_workers_die_of_end_the_command_and_not_the_workers(house: House, tmp_path: Path) -> None:
    (worker,) = house.workers
    await worker.kill()
    worker.process.program = PROGRAM
    texts = [TEXTS[n % 4].format(n=n) for n in range(COUNT)]
    texts[CHUNK + 3] += f" {DEADLY}"
    drafts = archive(tmp_path, "c.jsonl", texts)
    try:
        await worker.start()
        running, deaths = asyncio.create_task(run(house, "bulk", str(drafts), "--over-workers")), 0
        while not running.done():
            if not worker.process.runs:
                deaths += 1
                with suppress(RuntimeError):  # it may die again before it is ready
                    await worker.start()
            await asyncio.sleep(0.1)
        code, said = await running
        assert code != 0
        assert f"at the lines {CHUNK + 1} to {COUNT}" in said
        assert deaths == 3
        assert worker.process.runs
        assert len(results(tmp_path / "c.jsonl.results.jsonl")) == CHUNK
        assert left(house) == 0
    finally:
        await worker.kill()
        worker.process.program = ("-m", "bot")
