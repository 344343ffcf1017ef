"""The settings, for whoever runs Vaglio: what is active, what is missing and what that costs. Nothing changes here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

import structlog
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from bot.checkup import Checkup, Part
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.people_page import ADMIN
from bot.news import moment
from bot.wording import Wording

_log = structlog.get_logger("vaglio.console")

_FRESH: Final = 300.0
"""Seconds for which what was found is shown again: a look reads the whole ledger."""
_WAIT: Final = 5.0
"""Seconds for which the page waits for a look; a longer one is shown when it is opened again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found; None: it failed itself."""

    at: float
    parts: Sequence[Part] | None


class Lookout:
    """Looks on a thread of its own, once at a time, and remembers what it found in each language. Thread-safe."""

    def __init__(self, checkup: Checkup, now: Callable[[], float]) -> None:
        self._checkup, self.now = checkup, now
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(1, "checkup")
        self._under_way: dict[str, Future[None]] = {}
        self._found: dict[str, Found] = {}

    def look(self, language: str, *, anew: bool = False, since: int = 0) -> Future[None] | None:
        """The look that is under way in this language, begun if need be; None: what is known is fresh.

        `since`: seconds since the epoch before which none is.
        """
        with self._lock:
            found, under_way = self._found.get(language), self._under_way.get(language)
            if under_way and not under_way.done():
                return under_way
            if found and not anew and self.now() - found.at < _FRESH and found.at >= min(since, self.now()):
                return None
            self._under_way[language] = self._threads.submit(self._do, language)
            return self._under_way[language]

    def found(self, language: str, *, since: int = 0) -> Found | None:
        """What was found last; None also where that was before `since`."""
        with self._lock:
            found = self._found.get(language)
        return found if found and found.at >= min(since, self.now()) else None

    def _do(self, language: str) -> None:
        parts: Sequence[Part] | None = None
        try:
            parts = list(self._checkup(Wording(language)))
        except Exception as error:
            _log.error("the settings could not be looked at", error=type(error).__name__)
        with self._lock:
            self._found[language] = Found(self.now(), parts)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What the page's routes need."""

    lookout: Lookout
    pages: Pages
    zone: Callable[[str], tzinfo]
    has_programs: bool

    async def open(self, request: Request, visitor: Visitor) -> Response:
        language, since = self.pages.language(request), _moment(request.query_params.get("since", ""))
        await self._wait(language, since=since)
        found = self.lookout.found(language, since=since)
        zone = await asyncio.to_thread(self.zone, visitor.person)
        return self.pages.page(
            request, "settings.html", parts=found.parts if found else None, is_found=found is not None,
            looked=moment(datetime.fromtimestamp(found.at, UTC), zone, language) if found else "",
            degrees={"active": "clear", "missing": "note", "wrong": "block"}, has_programs=self.has_programs,
        )  # fmt: skip

    async def look(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Once more, now. Should another process show it, that one looks too: what it found before is not meant."""
        since = int(self.lookout.now())
        await self._wait(self.pages.language(request), anew=True)
        return RedirectResponse(f"/settings?since={since}", 303)

    async def _wait(self, language: str, *, anew: bool = False, since: int = 0) -> None:
        if under_way := self.lookout.look(language, anew=anew, since=since):
            await asyncio.wait([asyncio.wrap_future(under_way)], timeout=_WAIT)


def _moment(written: str) -> int:
    """Seconds since the epoch; 0 for what is none."""
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 12 else 0


def settings_room(
    checkup: Checkup, zone: Callable[[str], tzinfo], now: Callable[[], float], *, has_programs: bool = False
) -> Room:
    """`/settings`. `has_programs`: there is a page for the clients of the HTTP API."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = SettingsPage(Lookout(checkup, now), pages, zone, has_programs)
        rooms.get("/settings", page.open, allowed=ADMIN)
        rooms.post("/settings/look", page.look, allowed=ADMIN)

    return add
