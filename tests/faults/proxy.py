"""A stretch of network on loopback that goes wrong on demand: slow, silent, one-way, cut, or out of order."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Self

_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)

Place = tuple[str, int] | Path
"""Where the other end listens: host and port, or the file of a Unix socket."""


class Way(Enum):
    """Seen from whoever has connected to the proxy."""

    THERE = auto()
    BACK = auto()


@dataclass(eq=False, slots=True)
class Held:
    """A connection that is made to wait; nothing of what is sent over it has arrived yet."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once somebody has connected and waits."""
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        self.go.set()


class Proxy:
    """Passes bytes on between whoever connects to `port` and `target`."""

    def __init__(self, target: Place) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        """Seconds for which each piece is kept back, in either direction."""
        self.lost: set[Way] = set()
        """What is sent this way vanishes, and nobody is told: a connection that is half open."""
        self.made = 0
        """Connections so far, also those that were cut at once."""
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._holding: list[Held] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exception: object) -> None:
        assert self._server
        self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Connections that stand."""
        return len(self._tasks)

    # --- What goes wrong

    def cut(self) -> None:
        """Whatever stands is reset, and so is whoever connects from now on."""
        self._is_cut = True
        self.reset()

    def reset(self) -> None:
        """Whatever stands is reset; new connections are welcome."""
        for writer in list(self._open):
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    def freeze(self) -> None:
        """Nothing passes, nothing is lost and nobody is told: a cable that is pulled out. New connections hang too."""
        self._flows.clear()

    def hold(self) -> Held:
        """The next connection waits until it is released; later ones pass it."""
        self._holding.append(held := Held())
        return held

    def heal(self) -> None:
        """All is well from now on; what was frozen arrives."""
        self._is_cut, self.delay = False, 0.0
        self.lost.clear()
        self._flows.set()
        for held in self._holding:
            held.release()
        self._holding.clear()

    # --- What passes

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.made += 1
        self._tasks.add(task)
        self._open.add(writer)
        try:
            with suppress(OSError):
                await self._between(reader, writer)
        except asyncio.CancelledError:
            pass  # the proxy is at its end, and what serves connections would report it
        finally:
            self._open.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._holding:
            held = self._holding.pop(0)
            held.begun.set()
            await held.go.wait()
        await self._flows.wait()
        if self._is_cut:
            self.reset()
            return
        there, back = await self._to_target()
        self._open.add(back)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(Way.THERE, reader, back))
                group.create_task(self._pass(Way.BACK, there, writer))
        except* OSError:
            pass
        finally:
            self._open.discard(back)
            back.close()

    async def _to_target(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.target, Path):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _pass(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one end is closed; then the other end is told, as soon as anything passes at all."""
        while piece := await reader.read(_PIECE):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._flows.wait()
            if way not in self.lost:
                writer.write(piece)
                await writer.drain()
        await self._flows.wait()
        if way not in self.lost and writer.can_write_eof():
            writer.write_eof()
