"""A real `vaglio run`, telling its log all that it ever tells, and what somebody outside can do to it."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from emulators.slack import SlackEmulator
from emulators.telegram import TelegramEmulator
from small_policy import POLICY

from bot.audit.ledger import Ledger
from bot.store import Store

ROOT = Path(__file__).parents[1]
SIGNING, WEBHOOK = "firma-zanzibar", "telegramma-zanzibar"
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-zanzibar-1", "SLACK_SIGNING_SECRET": SIGNING, "TELEGRAM_TOKEN": "1:zanzibar",
    "TELEGRAM_WEBHOOK_SECRET": WEBHOOK, "METRICS_TOKEN": "numeri-zanzibar", "OIDC_CLIENT_SECRET": "porta-zanzibar",
}  # fmt: skip
"""Every secret has one word in common, so that none can be overlooked in what a process tells."""


@dataclass(slots=True)
class Running:
    """A process under attack."""

    process: asyncio.subprocess.Process
    folder: Path
    link: str
    out: list[str] = field(default_factory=list)

    def outsider(self) -> httpx.AsyncClient:
        """Somebody on the network, who has nothing."""
        return httpx.AsyncClient(trust_env=False, base_url=self.base, timeout=20)

    @property
    def base(self) -> str:
        return self.link.partition("/sign-in")[0]

    @property
    def told(self) -> str:
        """Its log, and what it printed but for the link, which is meant for whoever started it."""
        return (self.folder / "log").read_text(encoding="utf-8") + "\n".join(self.out)


async def _link(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(90):
        while line := (await process.stdout.readline()).decode():
            if found := re.search(r"http://\S+", line):
                return found[0]
    raise AssertionError("it ended without a link")


@asynccontextmanager
async def started(folder: Path, **settings: str) -> AsyncIterator[Running]:
    """`vaglio run`, killed on leaving if it has not ended; its settings are the environment's."""
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    own = {
        "POLICY": str(folder / "policy.yaml"), "CONSOLE_PORT": "0", "LANGUAGE": "it", "LOG_LEVEL": "debug",
    } | settings  # fmt: skip
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONASYNCIODEBUG": "1",
    }
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=log,
            env=kept | environment | {f"VAGLIO_{name}": value for name, value in own.items()},
        )  # fmt: skip
        try:
            yield Running(process, folder, await _link(process))
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(slots=True)
class Under:
    """A process with both chats, and the two that it speaks to."""

    running: Running
    slack: SlackEmulator
    telegram: TelegramEmulator

    def command(self, text: str, trigger: str) -> dict[str, object]:
        """A command as Slack posts it, to be answered at an address of Slack's."""
        ways = self.slack._ways("U1", respond=True, trigger_id=trigger)
        who = {"user_id": "U1", "user_name": "anna", "channel_id": "C1", "channel_name": "general"}
        team = {"token": "verification", "team_id": "T1", "team_domain": "acme", "api_app_id": "A1"}
        return {**team, **who, **ways, "command": "/vaglio", "text": text, "is_enterprise_install": "false"}

    def recorded(self) -> int:
        """How many drafts are on record."""
        data = self.running.folder / "data"
        store = Store(f"sqlite:///{data / 'vaglio.db'}", read_only=True)
        found = Ledger(store, data / "ledger.head").entries(newest=1_000)
        store.close()
        return sum(entry.kind == "screening" for entry in found)
