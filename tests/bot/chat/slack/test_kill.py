"""The whole program, killed in the middle of its work: what it acknowledged is answered by the next one."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from emulators.slack import SlackEmulator


@pytest.fixture
def environment(emulator: SlackEmulator, tmp_path: Path, small_policy: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return kept | {
        "VAGLIO_DATA_DIR": str(tmp_path / "data"),
        "VAGLIO_KEYS_DIR": str(tmp_path / "keys"),
        "VAGLIO_POLICY": str(small_policy),
        "VAGLIO_CONSOLE_PORT": "0",
        "VAGLIO_SLACK_BOT_TOKEN": "xoxb-test",
        "VAGLIO_SLACK_APP_TOKEN": "xapp-1",
        "VAGLIO_SLACK_API_URL": emulator.api,
    }


@asynccontextmanager
async def running(environment: dict[str, str]) -> AsyncIterator[None]:
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "run"),
        env=environment,
        cwd=Path(__file__).parents[4],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield
    program.kill()
    await program.wait()


@pytest.mark.slow
async def test_what_was_acknowledged_outlives_the_process(
    emulator: SlackEmulator, environment: dict[str, str], answer: Any
) -> None:
    emulator.fail_next("chat.postMessage", 503, times=10_000)
    async with running(environment):
        await emulator.connected(timeout=60)
        for number in range(5):
            await emulator.direct_message(f"Zibaldone {number}, idiota")
        await emulator.wait_for("chat.postMessage", timeout=20)
    emulator.heal("chat.postMessage")
    async with running(environment):
        await emulator.connected(times=2, timeout=60)
        texts = "\n".join([(await answer(count)).text for count in range(1, 6)])
    assert all(f"Zibaldone {number}, idiota¹" in texts for number in range(5))
