"""A server on loopback that records what it is asked and goes wrong on demand: the ground of both emulators."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import web

Json = dict[str, Any]
Act = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot and how it was answered; `at` is in seconds of the monotonic clock."""

    method: str
    payload: Json
    answer: Json
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Fault:
    """How the next call of a method goes wrong; a late or a lost answer belongs to a call that took effect."""

    status: int = 200
    retry_after: int = 1
    error: str = ""
    drop: bool = False
    lost: bool = False
    delay: float = 0.0


class Refused(Exception):
    """The platform says no."""

    def __init__(self, answer: Json, status: int = 200) -> None:
        super().__init__(answer)
        self.answer, self.status = answer, status


class Loopback:
    """A server on a free port of 127.0.0.1 that records what it is asked and goes wrong on demand."""

    def __init__(self, *routes: web.RouteDef) -> None:
        self.calls: list[Call] = []
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._ids = count(1)
        app = web.Application(client_max_size=50_000_000)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._runner.cleanup()

    def fail_next(
        self, method: str, status: int | None = None, retry_after: int = 1, times: int = 1, **how: Any
    ) -> None:
        """The next calls fail: by status (429), or by `error=` in words, `drop=True`, `lost=True`, `delay=` seconds."""
        fault = Fault(status or (200 if how else 429), retry_after, **how)
        self._faults[method].extend([fault] * times)

    def heal(self, method: str) -> None:
        """No more of the failures that were still to come."""
        self._faults[method].clear()

    async def wait_for(self, what: str | Callable[[Call], bool], timeout: float = 5.0, count: int = 1) -> Call:
        """The first call of this method or nature (or the `count`th), past or still to come."""

        def found() -> list[Call]:
            matches = [each for each in self.calls if (what(each) if callable(what) else each.method == what)]
            return matches[count - 1 : count]

        await self._until(found, timeout, f"call {count} of {what}; seen: {[each.method for each in self.calls]}")
        return found()[0]

    async def _until(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(condition), timeout)
            except TimeoutError:
                raise AssertionError(f"not within {timeout} s: {what}") from None

    async def _record(self, call: Call) -> None:
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

    async def _serve(self, request: web.Request, method: str, payload: Json, act: Act) -> web.Response:
        fault = self._faults[method].popleft() if self._faults[method] else Fault()
        status = 200
        try:
            if fault.drop or fault.error or fault.status != status:
                raise self._failure(fault)
            answer = await act(payload)
        except Refused as refused:
            answer, status = refused.answer, refused.status
        await self._record(Call(method, payload, answer))
        await asyncio.sleep(fault.delay)
        if (fault.drop or fault.lost) and request.transport:
            request.transport.abort()
        headers = {"Retry-After": str(fault.retry_after)} if status == 429 else None
        return web.json_response(answer, status=status, headers=headers)

    def _failure(self, fault: Fault) -> Refused:
        raise NotImplementedError


async def read(request: web.Request) -> Json:
    """What was sent, be it query, form or JSON; a file is its name and content."""
    payload: Json = dict(request.query)
    if request.content_type == "application/json":
        payload |= await request.json()
    else:
        payload |= await request.post()
    files = {key: value for key, value in payload.items() if isinstance(value, web.FileField)}
    return payload | {key: {"filename": each.filename, "content": each.file.read()} for key, each in files.items()}
