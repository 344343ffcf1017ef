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
        self._checkup, self._now = checkup, now
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(1, "checkup")
        self._under_way: dict[str, Future[None]] = {}
        self._found: dict[str, Found] = {}

    def look(self, language: str, *, anew: bool = False) -> Future[None] | None:
        """The look that is under way in this language, begun if need be; None: what is known is fresh."""
        with self._lock:
            found, under_way = self._found.get(language), self._under_way.get(language)
            if under_way and not under_way.done():
                return under_way
            if found and not anew and self._now() - found.at < _FRESH:
                return None
            self._under_way[language] = self._threads.submit(self._do, language)
            return self._under_way[language]

    def found(self, language: str) -> Found | None:
        with self._lock:
            return self._found.get(language)

    def _do(self, language: str) -> None:
        parts: Sequence[Part] | None = None
        try:
            parts = list(self._checkup(Wording(language)))
        except Exception as error:
            _log.error("the settings could not be looked at", error=type(error).__name__)
        with self._lock:
            self._found[language] = Found(self._now(), parts)


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """What the page's routes need."""

    lookout: Lookout
    pages: Pages
    zone: Callable[[str], tzinfo]
    has_programs: bool

    async def open(self, request: Request, visitor: Visitor) -> Response:
        language = self.pages.language(request)
        await self._wait(language)
        found = self.lookout.found(language)
        zone = await asyncio.to_thread(self.zone, visitor.person)
        return self.pages.page(
            request, "settings.html", parts=found.parts if found else None, is_found=found is not None,
            looked=moment(datetime.fromtimestamp(found.at, UTC), zone, language) if found else "",
            degrees={"active": "clear", "missing": "note", "wrong": "block"}, has_programs=self.has_programs,
        )  # fmt: skip

    async def look(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Once more, now."""
        await self._wait(self.pages.language(request), anew=True)
        return RedirectResponse("/settings", 303)

    async def _wait(self, language: str, *, anew: bool = False) -> None:
        if under_way := self.lookout.look(language, anew=anew):
            await asyncio.wait([asyncio.wrap_future(under_way)], timeout=_WAIT)


def settings_room(
    checkup: Checkup, zone: Callable[[str], tzinfo], now: Callable[[], float], *, has_programs: bool = False
) -> Room:
    """`/settings`. `has_programs`: there is a page for the clients of the HTTP API."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = SettingsPage(Lookout(checkup, now), pages, zone, has_programs)
        rooms.get("/settings", page.open, allowed=ADMIN)
        rooms.post("/settings/look", page.look, allowed=ADMIN)

    return add
