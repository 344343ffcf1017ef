"""An emulated Slack workspace full of people, and the whole program beside it, started, killed and started again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from emulators.slack import LateAck, SlackEmulator  # noqa: E402
from emulators.slack_limits import objects  # noqa: E402
from emulators.slack_screen import Surface  # noqa: E402

from bot.actions import Action, Verb  # noqa: E402
from bot.audit.ledger import Ledger, Verification  # noqa: E402
from bot.store import Store  # noqa: E402

PEOPLE = 200
LOCALES = ("it-IT", "en-US")
OWNER = "UOWNER"
PATIENCE = 120.0
"""Seconds without any progress after which what is missing is taken for lost."""


class Workspace(SlackEmulator):
    """Of many people; whatever channel the policy names is there.

    An answer to a command is recorded with the address (`to`) that it was given at.
    """

    def __init__(self, people: int = PEOPLE) -> None:
        super().__init__()
        self.users |= {user_of(n): {"name": f"person{n}", "locale": LOCALES[n % 2]} for n in range(people)}
        self.users[OWNER] = {"name": "owner", "locale": "it-IT"}

    def _channel(self, payload: Any) -> str:
        if (name := str(payload.get("channel"))).startswith("#"):
            self.channels.setdefault(name, f"C{100 + len(self.channels)}")
        return super()._channel(payload)

    async def _serve(self, request: Any, method: str, payload: Any, act: Any) -> Any:
        async def marked(payload: Any) -> Any:
            return await act(payload) | {"to": request.match_info["token"]}

        return await super()._serve(request, method, payload, marked if method == "response_url" else act)


@dataclass(slots=True)
class Program:
    """`vaglio run` in a folder of its own, over Socket Mode; started again, it is a restart on the same folder."""

    workspace: Workspace
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """By their names after `VAGLIO_`, besides what is set here for every part."""
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Returns once it is connected. Raises `RuntimeError` with what it said if it does not."""
        wanted = self.workspace.connections + 1
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=self.folder, env=self._environment(), stdout=log, stderr=log
            )
        connected = asyncio.create_task(self.workspace.connected(times=wanted, timeout=180))
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait({connected, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not connected.done() or connected.exception():
            connected.cancel()
            await self.kill()
            raise RuntimeError(f"it did not connect: {self.said[-2_000:]}")

    @property
    def said(self) -> str:
        """What it has printed and logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8")

    async def kill(self) -> None:
        """As `kill -9` does."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def cpu(self) -> float:
        """Seconds of the processor that it has used so far: on a busy machine they say more than the clock does."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def pending(self) -> int:
        """What it has acknowledged and not yet answered."""
        with sqlite3.connect(f"file:{self.folder / 'data' / 'vaglio.db'}?mode=ro", uri=True, timeout=30) as connection:
            found = connection.execute("SELECT count(*) FROM pending").fetchone()[0]
        connection.close()
        return int(found)

    def verified(self) -> Verification:
        store = Store(f"sqlite:///{self.folder / 'data' / 'vaglio.db'}")
        try:
            return Ledger(store, self.folder / "data" / "ledger.head").verify()
        finally:
            store.close()

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.upper().endswith("_PROXY") and not name.startswith("VAGLIO_")
        }
        usual = {
            "MODELS_DIR": str(ROOT / "models"),
            "CONSOLE_PORT": "0",
            "RATE_PERSON": "100000",
            "RATE_WORKSPACE": "100000",
            "SLACK_BOT_TOKEN": "xoxb-test",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": self.workspace.api,
        }
        given = {f"VAGLIO_{name}": value for name, value in {**usual, **self.settings}.items()}
        return {**kept, **given, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


# --- Buttons --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressable:
    """A button that is really there."""

    label: str
    action: Action
    surface: Surface


def pressable(workspace: Workspace, verb: Verb, user: str) -> list[Pressable]:
    """The buttons that do this and that `user` can see, the oldest first."""
    found = []
    for surface in workspace.screen(user):
        for node in objects(surface.payload.get("blocks", [])):
            if node.get("type") == "button" and (action := Action.read(node.get("value", ""))) and action.verb is verb:
                found.append(Pressable(node["text"]["text"], action, surface))
    return found


def does(payload: Any, verb: Verb) -> list[str]:
    """What the buttons of a message that do this are about."""
    found = [Action.read(node.get("value", "")) for node in objects(payload) if node.get("type") == "button"]
    return [action.about for action in found if action and action.verb is verb]


async def press(workspace: Workspace, button: Pressable, user: str) -> bool:
    """Whether it was acknowledged."""
    try:
        await workspace.press(button.label, user, on=button.surface)
    except LateAck:
        return False
    return True


async def settled(program: Program) -> None:
    """Until nothing waits to be answered any more, or nothing has moved for two minutes."""
    moved, known = time.monotonic(), -1
    while time.monotonic() - moved < PATIENCE:
        if (left := program.pending()) != known:
            moved, known = time.monotonic(), left
        if not left:
            return
        await asyncio.sleep(0.05)


def user_of(number: int) -> str:
    return f"U{1_000 + number}"
