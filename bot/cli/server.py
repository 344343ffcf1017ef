"""The server of the pages and the hooks: its address, how it says that it listens, and how everything ends with it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.cli.platforms import Task
from bot.console.shield import LimitedBody
from bot.settings import Settings, SettingsError
from bot.wording.refusals import reason
from bot.wording.saying import saying

_HOOK_BYTES = 1_000_000
"""More than Slack or Telegram ever send in one request."""
GRACE = 10
"""Seconds in which requests and answers in hand may be finished at a stop."""


def server_of(routes: Sequence[BaseRoute], on_start: Callable[[int], None]) -> Server:
    """`on_start` is told the port."""
    return Server(
        uvicorn.Config(
            LimitedBody(Starlette(routes=list(routes)), limit=_HOOK_BYTES),
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
        ),
        on_start=on_start,
    )


class Server(uvicorn.Server):
    """Says when it listens, and on which port; a signal ends it, and not the answers that are still in hand."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[int], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In place of uvicorn's own, which raises the signal once more when the server has ended."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop)
        yield

    def _stop(self) -> None:
        # The second one means it.
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._on_start(self.servers[0].sockets[0].getsockname()[1])


def bound(settings: Settings) -> socket.socket:
    """The page's address, taken before anything else is started. Raises `SettingsError`."""
    host, port = settings.console_host, settings.console_port
    try:
        (family, *_), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, UnicodeError) as error:
        said = saying(
            "VAGLIO_CONSOLE_HOST and VAGLIO_CONSOLE_PORT: {host}:{port} cannot be listened at ({reason}). Another "
            "program may be there: stop it, or choose another port (0 takes any free one).",
            host=host, port=port, reason=reason(error),
        )  # fmt: skip
        raise SettingsError(said) from None


async def until_stopped(server: Server, listening: socket.socket, tasks: Sequence[Task]) -> None:
    """The server ends on a signal, and everything else with it; a task that fails ends the server."""
    running = [asyncio.ensure_future(task()) for task in tasks]
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    waiting = {serving, *running}
    failure: BaseException | None = None
    while serving in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        failure = next((task.exception() for task in done if task.exception()), None)
        if failure is not None:
            server.should_exit = True
            await asyncio.wait({serving})
            break
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    if failure is not None:
        raise failure
