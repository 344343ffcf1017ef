"""The console's application: what is served where, and what stands around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.routing import BaseRoute

from bot.console import auth
from bot.console.auth import Stranger
from bot.console.forms import ForeignForm
from bot.console.gate import Forbidden, Gate, Rooms
from bot.console.pages import Assets, Pages, Room, here, is_part
from bot.console.reports import Reports, report_routes
from bot.console.sessions import LIFE
from bot.console.shield import KnownNames, LimitedBody, QuietErrors, SafeHeaders
from bot.console.watching import told_health
from bot.reply import failure
from bot.roles import Role
from bot.wording import Wording

_log = structlog.get_logger("vaglio.console")

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_BYTES_A_CHARACTER = 12
"""What a character takes at most in a form: four bytes, three characters each."""
_BYTES_BESIDE = 8_000
"""For the form's other fields."""
_BYTES_OF_A_FILE = 900_000
"""What a policy's file takes at most in a form; a larger one is edited where it lies."""


def build_console(
    *,
    gate: Gate,
    rooms: Sequence[Room],
    session_key: bytes,
    default_language: str,
    draft_limit: int,
    health: Callable[[], Mapping[str, object]],
    hosts: Collection[str] = (),
    beside: Sequence[BaseRoute] = (),
) -> FastAPI:
    """The console.

    `rooms` are its pages. `hosts` are the names it is reached by besides loopback's own; with one of them, its cookie
    asks for HTTPS. `draft_limit` is in characters. `health` says how things are, without content; a `status` in it
    that is not `ok` is answered with a 503. `beside` are routes for programs, which have no session.
    """
    # Room for a draft and for what it replies to, each as long as the screener reads, in the longest of spellings.
    body_limit = max(2 * _BYTES_A_CHARACTER * draft_limit, _BYTES_OF_A_FILE) + _BYTES_BESIDE
    guarded = Rooms(gate, body_limit)
    pages = Pages(guarded, default_language)
    reports = Reports()
    app = FastAPI(title="Vaglio", docs_url=None, redoc_url=None, openapi_url=None)
    for add in rooms:
        add(guarded, pages)
    app.include_router(guarded.router)
    app.include_router(_health(health))
    app.include_router(report_routes(reports))
    app.router.routes.extend(beside)
    app.mount("/static", Assets())
    app.state.audiences, app.state.reports = guarded.audiences, reports
    _say_errors_kindly(app, pages, guarded)
    app.add_middleware(LimitedBody, limit=body_limit)
    _stand_guard(app, pages, session_key, hosts)
    return app


def _stand_guard(app: FastAPI, pages: Pages, session_key: bytes, hosts: Collection[str]) -> None:
    """From the inside out: the last one added is met first."""
    app.add_middleware(
        SessionMiddleware,
        secret_key=session_key.hex(),
        session_cookie="vaglio",
        max_age=LIFE,
        same_site="lax",
        https_only=not all(auth.is_loopback(host) for host in hosts),
    )
    app.add_middleware(KnownNames, names=[*LOOPBACK, *hosts])
    app.add_middleware(QuietErrors, page=lambda request: _broken(request, pages))
    app.add_middleware(SafeHeaders)


def _health(health: Callable[[], Mapping[str, object]]) -> APIRouter:
    router = APIRouter()

    # Not a coroutine, so that it runs on a thread: it may well ask a database.
    @router.get("/healthz")
    def healthz() -> Response:
        return told_health(health)

    return router


def _say_errors_kindly(app: FastAPI, pages: Pages, rooms: Rooms) -> None:
    @app.exception_handler(Stranger)
    async def stranger(request: Request, _: Exception) -> Response:
        return _show_the_door(request, pages, rooms.entrance)

    @app.exception_handler(Forbidden)
    async def forbidden(request: Request, error: Forbidden) -> Response:
        wording = pages.wording(request)
        whose = wording.say("It is for: {roles}.", roles=", ".join(role_names(error.audience, wording)))
        ask = wording.say("Whoever runs Vaglio gives roles, on the page People.")
        return pages.notice(request, wording.say("This page is for others"), whose, ask, status=403)

    @app.exception_handler(ForeignForm)
    async def foreign(request: Request, _: Exception) -> Response:
        say = pages.wording(request).say
        again = say("Nothing was checked and nothing was recorded. Copy your text, open the page again and retry.")
        return pages.notice(request, say("This page is too old"), again, status=403)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        say = pages.wording(request).say
        if error.status_code == 413:
            parts = say("Your draft was NOT checked: split it and send me the parts.")
            return pages.notice(request, say("That is too much at once"), parts, status=413)
        await rooms.gate.visitor(request)  # so that whoever is signed in finds their way from here
        title = say("There is nothing here") if error.status_code == 404 else say("I cannot do that")
        hint = say("The address may be mistyped, or the page may be too old.")
        return pages.notice(request, title, hint, status=error.status_code)


def _show_the_door(request: Request, pages: Pages, entrance: str | None) -> Response:
    say = pages.wording(request).say
    if entrance is None:
        where = say("Where Vaglio was started, the terminal shows a link that works once. Open it on that machine.")
        return pages.notice(request, say("Open the link in the terminal"), where, status=401)
    if request.method == "GET" and not is_part(request):
        return RedirectResponse(f"{entrance}?{urlencode({'next': here(request)})}", 303)
    again = say("Your session is over, and nothing was done. Open the page again: you sign in on the way.")
    return pages.notice(request, say("Sign in again"), again, status=401)


def role_names(roles: Collection[Role], wording: Wording) -> list[str]:
    """As people call them, in an order that does not change."""
    named = {
        Role.OWNER: wording.say("owners of clauses"),
        Role.COMMUNICATIONS: wording.say("communications"),
        Role.COMPLIANCE: wording.say("compliance"),
        Role.ADMIN: wording.say("admins"),
    }
    return [name for role, name in named.items() if role in roles]


def _broken(request: Request, pages: Pages) -> Response:
    say = pages.wording(request).say
    return pages.notice(request, say("Something went wrong"), failure(pages.language(request)), status=500)
