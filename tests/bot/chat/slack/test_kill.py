"""The whole program, killed in the middle of its work: what it acknowledged is answered by the next one."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from emulators.loopback import Call
from emulators.slack import SlackEmulator, words
from fragile import DEADLY, PROGRAM

from bot.audit.ledger import Ledger
from bot.store import Store

DRAFTS = 40


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
async def running(
    environment: dict[str, str], program: tuple[str, ...] = ("-m", "bot")
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*program, "run"),
        env=environment,
        cwd=Path(__file__).parents[4],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()


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
        texts = "\n".join([(await answer(count)).text for count in range(1, 7)])
    assert all(f"Zibaldone {number}, idiota¹" in texts for number in range(5))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 6])
async def test_commands_in_flight_are_each_answered_once(
    emulator: SlackEmulator, environment: dict[str, str], tmp_path: Path, seed: int
) -> None:
    emulator.users |= {f"U1{number}": {"name": f"p{number}", "locale": "it-IT"} for number in range(DRAFTS)}
    kill_after = random.Random(seed).randrange(DRAFTS)
    async with running(environment):
        await emulator.connected(timeout=60)
        await asyncio.gather(*(emulator.slash(f"Zibaldone {n}, idiota", f"U1{n}") for n in range(DRAFTS)))
        await until(lambda: len(verdicts(emulator)) >= kill_after)
    async with running(environment):
        await emulator.connected(times=2, timeout=60)
        await until(lambda: left(tmp_path) == 0)
    # Said again in its own place, where the program died before it could note that it was said, it is one message.
    messages = set(verdicts(emulator))
    numbers = Counter(number for number, *_ in messages)
    honest = [call for call in emulator.calls if "NON è stata controllata" in words(call.payload)]
    assert all(is_in_place for *_, is_in_place in messages)
    assert set(numbers.values()) <= {1}
    assert len(numbers) + len(honest) == DRAFTS
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    ledger = Ledger(store, tmp_path / "data" / "ledger.head")
    screened = [entry.subject for entry in ledger.entries() if entry.kind == "screening"]
    assert (ledger.verify().is_sound, len(screened)) == (True, len(numbers))
    store.close()


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_a_draft_that_the_process_dies_of_is_given_up_and_no_other(
    emulator: SlackEmulator, environment: dict[str, str], tmp_path: Path
) -> None:
    """Else it would be taken up at each start, and nobody would ever be answered again."""
    environment |= {"PYTHONPATH": str(Path(__file__).parents[4])}
    emulator.users |= {f"U1{number}": {"name": f"p{number}", "locale": "it-IT"} for number in range(4)}
    ends = list[int]()
    async with running(environment, PROGRAM) as process:
        await emulator.connected(timeout=60)
        texts = [f"Zibaldone {number}, idiota {DEADLY if number == 2 else ''}" for number in range(4)]
        acks = await asyncio.gather(
            *(emulator.slash(text, f"U1{number}") for number, text in enumerate(texts)), return_exceptions=True
        )
        ends.append(await process.wait())
    for _ in range(5):
        async with running(environment, PROGRAM) as process:
            gone, is_left = asyncio.create_task(process.wait()), True
            while not gone.done() and (is_left := is_busy(tmp_path)):
                await asyncio.sleep(0.05)
            if not is_left:
                break
            ends.append(await gone)
    assert ends == [-signal.SIGKILL] * 3
    assert written(tmp_path, "SELECT count(*) FROM deadletter") == 1
    assert written(tmp_path, "SELECT error FROM deadletter") == "ProcessDied"
    assert written(tmp_path, "SELECT attempts FROM deadletter") == 3
    assert sum("ogni volta mi sono bloccato" in words(call.payload) for call in emulator.calls) == 1
    acknowledged = {str(number) for number, ack in enumerate(acks) if not isinstance(ack, BaseException)}
    answered = {number for number, *_ in verdicts(emulator)}
    assert answered >= acknowledged - {"2"}
    assert "2" not in answered


def verdicts(emulator: SlackEmulator) -> list[tuple[str, str, bool]]:
    """Of each verdict that Slack took: the draft's number, the check, and whether it stands where "reading" stood."""
    return [each for call in emulator.calls if call.answer.get("ok") for each in _verdict(call)]


def _verdict(call: Call) -> list[tuple[str, str, bool]]:
    if call.method not in ("response_url", "chat.postMessage"):
        return []
    said = words(call.payload)
    numbers, checks = re.findall(r"Zibaldone (\d+), idiota", said), re.findall(r"s_[0-9a-f]{20}", said)
    return [(numbers[0], checks[0], bool(call.payload.get("replace_original")))] if numbers and checks else []


def left(tmp_path: Path) -> int:
    """What was acknowledged and is not answered yet."""
    return int(written(tmp_path, "SELECT count(*) FROM pending"))


def is_busy(tmp_path: Path) -> bool:
    """Whether something waits, or is done and not yet acquitted of a death."""
    return bool(left(tmp_path) or written(tmp_path, "SELECT count(*) FROM casualty"))


def written(tmp_path: Path, sql: str) -> Any:
    """The first value of a question to the database."""
    connection = sqlite3.connect(tmp_path / "data" / "vaglio.db", timeout=30)
    found = connection.execute(sql).fetchone()
    connection.close()
    return found[0] if found else None


async def until(is_so: Any) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await asyncio.sleep(0.01)
