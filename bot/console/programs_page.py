"""Programs that ask before they publish: let in with a token that is shown once, and shut out again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import structlog
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.clients import LONGEST, Admitted, Clients, NoNameError
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.people_page import ADMIN
from bot.news import moment

_log = structlog.get_logger("vaglio.console")


@dataclass(frozen=True, slots=True)
class ProgramsPage:
    """What the page's routes need."""

    clients: Clients
    pages: Pages
    zone: Callable[[str], tzinfo]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor)

    async def admit(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """The answer itself shows the token, which nothing can show again."""
        name = field(form, "name")
        try:
            made = await asyncio.to_thread(self.clients.admit, name, visitor.person, datetime.now(UTC))
        except NoNameError:
            return await self._page(request, visitor, wrong=name, status=422)
        except Exception as error:
            return self._failed(request, error)
        return await self._page(request, visitor, made=made)

    async def end(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id = request.path_params["id"]
        try:
            is_done = await asyncio.to_thread(self.clients.end, id, visitor.person, datetime.now(UTC))
        except Exception as error:
            return self._failed(request, error)
        if not is_done:
            raise HTTPException(404)
        return RedirectResponse("/settings/programs?said=ended", 303)

    async def _page(
        self, request: Request, visitor: Visitor, *, made: tuple[Admitted, str] | None = None,
        wrong: str | None = None, status: int = 200,
    ) -> Response:  # fmt: skip
        programs = await asyncio.to_thread(self.clients.all)
        zone, language = await asyncio.to_thread(self.zone, visitor.person), self.pages.language(request)
        return self.pages.page(
            request, "programs.html", status=status, programs=programs, made=made[0] if made else None,
            token=made[1] if made else "", wrong=wrong, longest=LONGEST,
            has_ended=request.query_params.get("said") == "ended",
            moment=lambda at: moment(at, zone, language) if at else "–",
        )  # fmt: skip

    def _failed(self, request: Request, error: Exception) -> Response:
        _log.error("a program was neither let in nor shut out", error=type(error).__name__)
        say = self.pages.wording(request).say
        again = say("It could not be put on record, so it does not hold. Try again in a moment.")
        return self.pages.notice(request, say("Nothing was changed"), again, status=503)


def programs_room(clients: Clients, zone: Callable[[str], tzinfo]) -> Room:
    """`/settings/programs`."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = ProgramsPage(clients, pages, zone)
        rooms.get("/settings/programs", page.open, allowed=ADMIN)
        rooms.post("/settings/programs", page.admit, allowed=ADMIN)
        rooms.post("/settings/programs/{id}/end", page.end, allowed=ADMIN)

    return add
