"""The page that gives whoever is signed in a code, by which their Telegram account becomes known as theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.console import auth
from bot.console.auth import SignIn
from bot.console.pages import Pages
from bot.people import CODE_LIFE, People

_log = structlog.get_logger("vaglio.console")


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page's routes need."""

    people: People
    sign_in: SignIn
    pages: Pages
    body_limit: int
    now: Callable[[], datetime]

    async def open(self, request: Request) -> Response:
        """How it is done. No code is made yet: an address may be opened by accident."""
        self.sign_in.require(request)
        return self._page(request, code=None)

    async def make(self, request: Request) -> Response:
        """A new code, shown this once."""
        account = self.sign_in.require(request)
        await auth.read_form(request, self.body_limit)
        try:
            return self._page(request, code=await asyncio.to_thread(self._new_code, account))
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


def link_routes(
    people: People,
    sign_in: SignIn,
    pages: Pages,
    *,
    body_limit: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """`/link`."""
    page = LinkPage(people, sign_in, pages, body_limit, now)
    router = APIRouter()
    router.add_api_route("/link", page.open, methods=["GET"])
    router.add_api_route("/link", page.make, methods=["POST"])
    return router
