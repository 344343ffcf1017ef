"""The page that gives whoever is signed in a code, by which their Telegram account becomes known as theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.people import CODE_LIFE, People

_log = structlog.get_logger("vaglio.console")


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page's routes need."""

    people: People
    pages: Pages
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        """How it is done. No code is made yet: an address may be opened by accident."""
        return self._page(request, code=None)

    async def make(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """A new code, shown this once."""
        try:
            return self._page(request, code=await asyncio.to_thread(self._new_code, visitor.account))
        except Exception as error:
            _log.error("no code was made", error=type(error).__name__)
            say = self.pages.wording(request).say
            again = say("I could not make a code just now. Try again in a moment.")
            return self.pages.notice(request, say("Something went wrong"), again, status=503)

    def _new_code(self, account: str) -> str:
        return self.people.new_code(self.people.person(account), self.now())

    def _page(self, request: Request, code: str | None) -> Response:
        minutes = CODE_LIFE.seconds // 60
        return self.pages.page(request, "link.html", code=code, minutes=minutes)


def link_room(people: People, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Room:
    """`/link`."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = LinkPage(people, pages, now)
        rooms.get("/link", page.open, allowed=EVERYBODY)
        rooms.post("/link", page.make, allowed=EVERYBODY)

    return add
