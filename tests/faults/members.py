"""One process of Vaglio as it would be on a machine of its own: every way that leads to it or out of it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import ClientError, ClientSession, TCPConnector
from faults.processes import Process
from faults.proxy import Place, Proxy


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies at the other ends: the database's socket, Slack, and Telegram."""

    database: Place
    database_name: str
    slack: tuple[str, int]
    telegram: tuple[str, int]
    folder: Path
    """Keys and policy in it are everybody's; each process has a folder of its own in it."""
    settings: Mapping[str, str]
    """By their names after `VAGLIO_`: of every process."""


@dataclass(eq=False, slots=True)
class Member:
    """A front-end or a worker behind proxies; to be entered before its process is started."""

    name: str
    command: tuple[str, ...]
    around: Surroundings
    process: Process = field(init=False)
    database: Proxy = field(init=False)
    slack: Proxy = field(init=False)
    telegram: Proxy = field(init=False)
    entrance: Proxy = field(init=False)
    """By which requests from outside come in."""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        around = self.around
        targets: tuple[Place, ...] = (around.database, around.slack, around.telegram, ("127.0.0.1", 1))
        proxies = [await self._stack.enter_async_context(Proxy(target)) for target in targets]
        self.database, self.slack, self.telegram, self.entrance = proxies
        ways = {
            "KEYS_DIR": str(around.folder / "keys"),
            "DATABASE_URL": f"postgresql://vaglio@{self.database.address}/{around.database_name}",
            "SLACK_API_URL": f"http://{around.slack[0]}:{around.slack[1]}/api/",
            "TELEGRAM_API_URL": f"http://{self.telegram.address}",
        }
        # The addresses at which Slack takes answers come with its events: by this way they lead through the proxy too.
        way_out = {"HTTPS_PROXY": f"http://{self.slack.address}"}
        folder = around.folder / self.name
        self.process = Process(self.name, self.command, folder, {**ways, **around.settings}, way_out)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.process.kill()
        await self._stack.aclose()

    async def start(self) -> None:
        """Returns once it is ready. Raises `RuntimeError`."""
        await self.process.start()
        self.entrance.target = "127.0.0.1", self.process.port

    async def kill(self) -> None:
        await self.process.kill()

    def heal(self) -> None:
        for proxy in (self.database, self.slack, self.telegram, self.entrance):
            proxy.heal()

    async def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """What it answers to a request from outside; 502 where it does not, as a balancer says."""
        try:
            async with ClientSession(connector=TCPConnector(force_close=True)) as http:
                url = f"http://{self.entrance.address}{path}"
                async with http.post(url, data=content, headers=dict(headers)) as answer:
                    return answer.status, await answer.read()
        except (ClientError, OSError):
            return 502, b""
