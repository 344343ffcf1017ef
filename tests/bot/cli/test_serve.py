"""`vaglio run` as a process: what it prints, who it answers, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from emulators.slack import SlackEmulator
from emulators.telegram import TelegramEmulator
from sqlmodel import select

from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.tables import Outpost
from bot.audit.targets import Target
from bot.cli.exits import EXIT_POLICY, EXIT_SETTINGS
from bot.console.clients import Clients
from bot.people import People
from bot.store import Store
from bot.tables import Pending

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(tmp_path: Path, policy_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return kept | {
        "VAGLIO_POLICY": str(policy_path),
        "VAGLIO_CONSOLE_PORT": "0",
        "VAGLIO_LANGUAGE": "it",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


@asynccontextmanager
async def vaglio(
    tmp_path: Path, environment: dict[str, str], **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, killed on leaving if it has not ended."""
    with (tmp_path / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run",
            cwd=tmp_path, env=environment | {f"VAGLIO_{name}": value for name, value in settings.items()},
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def test_programs_are_served_beside_the_page(tmp_path: Path, environment: dict[str, str]) -> None:
    async with vaglio(tmp_path, environment) as process:
        base = (await _link(process)).partition("/sign-in")[0]
        async with httpx.AsyncClient(trust_env=False, base_url=base) as program:
            assert (await program.get("/readyz")).json() == {"status": "ready", "missing": []}
            assert "vaglio_ledger_entries" in (await program.get("/metrics")).text
            assert (await program.get("/api/v1/openapi.json")).json()["info"]["title"] == "Vaglio"
            assert (await program.post("/api/v1/screenings", json={"text": "Ciao"})).status_code == 401
            token = _admitted(tmp_path)
            asked = {"text": "Sei un cretino"}
            answer = await program.post("/api/v1/screenings", json=asked, headers={"Authorization": f"Bearer {token}"})
            assert answer.json()["outcome"] == "revise"
            counted = 'vaglio_screenings_total{channel="other",outcome="revise",platform="api"} 1.0'
            assert counted in (await program.get("/metrics")).text
        assert await _stopped(process, signal.SIGTERM) == 0
    assert "cretino" not in (tmp_path / "log").read_text(encoding="utf-8")


async def _link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"http://\S+", line):
                return found[0]
    raise AssertionError("it ended without a link")


async def _stopped(process: asyncio.subprocess.Process, sign: signal.Signals) -> int:
    process.send_signal(sign)
    async with asyncio.timeout(30):
        return await process.wait()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_it_prints_a_link_that_signs_in_once_and_ends_when_told(
    tmp_path: Path, environment: dict[str, str], sign: signal.Signals
) -> None:
    async with vaglio(tmp_path, environment) as process:
        link = await _link(process)
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as browser:
            assert (await browser.get(link.partition("/sign-in")[0] + "/healthz")).status_code == 200
            assert (await browser.get(link)).url.path == "/try"
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as other:
            assert (await other.get(link)).status_code in (401, 403, 410)
        assert await _stopped(process, sign) == 0
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("settings", "said", "code"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "VAGLIO_SLACK_APP_TOKEN", EXIT_SETTINGS),
        ({"TELEGRAM_WEBHOOK_SECRET": "s"}, "VAGLIO_TELEGRAM_TOKEN", EXIT_SETTINGS),
        ({"POLICY": "nowhere.yaml"}, "nowhere.yaml:1:1", EXIT_POLICY),
        ({"CONSOLE_HOST": "no.such.host.invalid"}, "VAGLIO_CONSOLE_HOST", EXIT_SETTINGS),
    ],
)
async def test_what_is_missing_is_named_before_anything_starts(
    tmp_path: Path, environment: dict[str, str], settings: dict[str, str], said: str, code: int
) -> None:
    async with vaglio(tmp_path, environment, **settings) as process:
        async with asyncio.timeout(60):
            assert await process.wait() == code
    assert said in (tmp_path / "log").read_text(encoding="utf-8")


async def test_a_token_that_is_not_accepted_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    async with TelegramEmulator("1:TEST") as telegram:
        settings = {"TELEGRAM_TOKEN": "2:ZANZIBAR", "TELEGRAM_API_URL": _server(telegram)}
        async with vaglio(tmp_path, environment, **settings) as process, asyncio.timeout(60):
            assert await process.wait() == EXIT_SETTINGS
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "VAGLIO_TELEGRAM_TOKEN" in log
    assert "ZANZIBAR" not in log


async def test_both_chats_are_answered_by_one_process(tmp_path: Path, environment: dict[str, str]) -> None:
    _linked(tmp_path)
    async with SlackEmulator() as slack, TelegramEmulator("1:TEST") as telegram:
        settings = {
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": slack.api,
            "TELEGRAM_TOKEN": "1:TEST",
            "TELEGRAM_API_URL": _server(telegram),
        }
        async with vaglio(tmp_path, environment, **settings) as process:
            await _link(process)
            await slack.connected(timeout=30)
            await slack.slash("Sei un cretino")
            await telegram.message("Vedi SEGRETO-1")
            await slack.wait_for("response_url", timeout=30)
            await telegram.wait_for("sendMessage", timeout=30)
            assert "cretino" in str(slack.posted[-1].payload)
            assert "SEGRETO-1" in telegram.sent[-1].text
            await _stopped(process, signal.SIGTERM)
    assert _ledger(tmp_path).verify().count == 2
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert not re.search("cretino|SEGRETO|xoxb|xapp|1:TEST", log)


async def test_an_answer_in_hand_goes_out_before_the_end(tmp_path: Path, environment: dict[str, str]) -> None:
    _linked(tmp_path)
    async with TelegramEmulator("1:TEST") as telegram:
        settings = {"TELEGRAM_TOKEN": "1:TEST", "TELEGRAM_API_URL": _server(telegram)}
        async with vaglio(tmp_path, environment, **settings) as process:
            await _link(process)
            telegram.fail_next("sendMessage", delay=2)
            await telegram.message("Vedi SEGRETO-1")
            await telegram.wait_for("sendMessage", timeout=30)
            assert await _stopped(process, signal.SIGTERM) == 0
    assert len(telegram.sent) == 1
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    with store.read() as session:
        assert session.exec(select(Pending)).all() == []
    store.close()


async def test_health_knows_the_record(tmp_path: Path, environment: dict[str, str]) -> None:
    async with vaglio(tmp_path, environment) as process, httpx.AsyncClient(trust_env=False) as browser:
        address = (await _link(process)).partition("/sign-in")[0] + "/healthz"
        assert (await browser.get(address)).json() == {"status": "ok", "waiting": 0}
        with sqlite3.connect(tmp_path / "data" / "vaglio.db") as connection:
            connection.execute("ALTER TABLE entry RENAME TO elsewhere")
        connection.close()
        assert (await browser.get(address)).status_code == 503


async def test_checkpoints_leave_the_machine_and_health_knows_a_late_place(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "evidence").mkdir()
    late, store = Target("dir", str(tmp_path / "nowhere")), Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    async with httpx.AsyncClient(trust_env=False) as browser:
        async with vaglio(tmp_path, environment, CHECKPOINTS=str(tmp_path / "evidence")) as process:
            address = (await _link(process)).partition("/sign-in")[0] + "/healthz"
            async with asyncio.timeout(30):
                while not list((tmp_path / "evidence").glob("checkpoint-*.json")):
                    await asyncio.sleep(0.05)
            assert (await browser.get(address)).json() == {"status": "ok", "waiting": 0, "checkpoints": "ok"}
            assert await _stopped(process, signal.SIGTERM) == 0
        with store.write() as session:
            session.add(Outpost(place=late.digest, since=0))
        store.close()
        places = f"{tmp_path / 'evidence'},{late.address}"
        async with vaglio(tmp_path, environment, CHECKPOINTS=places) as process:
            address = (await _link(process)).partition("/sign-in")[0] + "/healthz"
            assert (await browser.get(address)).json()["checkpoints"] == "late"
            async with asyncio.timeout(30):
                while "checkpoint.late" not in (log := (tmp_path / "log").read_text(encoding="utf-8")):
                    await asyncio.sleep(0.05)
    assert late.digest in log
    assert "nowhere" not in log


async def test_a_checkpoint_that_was_made_before_a_kill_is_delivered_after_it(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    evidence, log = tmp_path / "evidence", tmp_path / "log"
    async with asyncio.timeout(90):
        async with vaglio(tmp_path, environment, CHECKPOINTS=str(evidence)) as process:
            while "checkpoint.not_delivered" not in log.read_text(encoding="utf-8"):
                await asyncio.sleep(0.05)
            process.kill()
            await process.wait()
        evidence.mkdir()
        with sqlite3.connect(tmp_path / "data" / "vaglio.db") as connection:
            # The next attempt would be seconds away.
            connection.execute("UPDATE outpost SET due = 0")
        connection.close()
        async with vaglio(tmp_path, environment, CHECKPOINTS=str(evidence)):
            while not (evidence / "checkpoint-00000001.json").exists():
                await asyncio.sleep(0.05)
    assert len(list(evidence.iterdir())) == 1


async def test_what_was_taken_in_before_a_kill_is_answered_after_it(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    _linked(tmp_path)
    async with TelegramEmulator("1:TEST") as telegram:
        settings = {"TELEGRAM_TOKEN": "1:TEST", "TELEGRAM_API_URL": _server(telegram)}
        async with vaglio(tmp_path, environment, **settings) as process:
            await _link(process)
            telegram.fail_next("sendMessage", 502, times=100)
            for number in range(5):
                await telegram.message(f"Vedi SEGRETO-{number}")
            await telegram.wait_for("sendMessage", timeout=30, count=5)
            process.kill()
            await process.wait()
        answered_before = len(telegram.sent)
        telegram.heal("sendMessage")
        async with vaglio(tmp_path, environment, **settings) as process:
            await _link(process)
            async with asyncio.timeout(60):
                while len(telegram.sent) - answered_before < 5:
                    await asyncio.sleep(0.05)
            await _stopped(process, signal.SIGTERM)
        texts = [sent.text for sent in telegram.sent]
        assert [sum(f"SEGRETO-{number}" in text for text in texts) for number in range(5)] == [1] * 5
    assert (_ledger(tmp_path).verify().is_sound, _ledger(tmp_path).verify().count) == (True, 5)


def _linked(tmp_path: Path, user: int = 10) -> None:
    """Telegram serves only whom it knows."""
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    store.migrate()
    People(store, Seals.open(tmp_path / "keys")).person(f"telegram:{user}")
    store.close()


def _admitted(tmp_path: Path) -> str:
    """The token of a program that is let in while Vaglio runs."""
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    people = People(store, Seals.open(tmp_path / "keys"))
    ledger = Ledger(store, tmp_path / "data" / "ledger.head", people)
    _, token = Clients(store, ledger, people).admit("CMS", people.person("local:owner"), datetime.now(UTC))
    store.close()
    return token


def _server(telegram: TelegramEmulator) -> str:
    return telegram.base_url.removesuffix("/bot")


def _ledger(tmp_path: Path) -> Ledger:
    return Ledger(Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}"), tmp_path / "data" / "ledger.head")
