"""The console's application: what is served where, and what stands around it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute

from bot.audit.ledger import Ledger
from bot.console import auth
from bot.console.auth import SESSION_LIFE, ForeignForm, SignIn, Stranger
from bot.console.link_page import link_routes
from bot.console.pages import Assets, Pages
from bot.console.pool import Pool
from bot.console.shield import LimitedBody, QuietErrors, SafeHeaders
from bot.console.try_page import try_routes
from bot.people import People
from bot.prescreen import Prescreen
from bot.reply import failure
from bot.roles import Role, Roles, Source

_log = structlog.get_logger("vaglio.console")

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_BYTES_A_CHARACTER = 12
"""What a character takes at most in a form: four bytes, three characters each."""
_BYTES_BESIDE = 8_000
"""For the form's other fields."""


def build_console(
    *,
    prescreen: Prescreen,
    sign_in: SignIn,
    session_key: bytes,
    default_language: str,
    health: Callable[[], Mapping[str, object]],
    hosts: Collection[str] = (),
    workers: int = 4,
    backlog: int = 50,
    people: People | None = None,
    roles: Roles | None = None,
    ledger: Ledger | None = None,
    api: BaseRoute | None = None,
    watching: APIRouter | None = None,
) -> FastAPI:
    """The console.

    `hosts` are the names it is reached by besides loopback's own; with one of them, its cookie asks for HTTPS.
    `workers` threads check drafts while up to `backlog` more wait. `health` says how things are, without content;
    a `status` in it that is not `ok` is answered with a 503. With `people` there is the page that links Telegram, and
    with `roles` too, whoever opens the one-time link becomes an admin; with `ledger`, that is on record.
    `api` is the HTTP API with the path that it stands at, `watching` has `/readyz` and `/metrics`.
    """
    pages = Pages(sign_in, default_language)
    # Room for a draft and for what it replies to, each as long as the screener reads, in the longest of spellings.
    body_limit = 2 * _BYTES_A_CHARACTER * prescreen.screener.limit + _BYTES_BESIDE
    app = FastAPI(title="Vaglio", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(_door(sign_in, pages, body_limit, lambda account: _welcome(people, roles, ledger, account)))
    if people is not None:
        app.include_router(link_routes(people, sign_in, pages, body_limit=body_limit))
    app.include_router(try_routes(prescreen, sign_in, pages, body_limit=body_limit, checks=Pool(workers, backlog)))
    app.include_router(_health(health))
    if watching is not None:
        app.include_router(watching)
    if api is not None:
        app.router.routes.append(api)
    app.mount("/static", Assets())
    _say_errors_kindly(app, pages)
    app.add_middleware(LimitedBody, limit=body_limit)
    _stand_guard(app, pages, session_key, hosts)
    return app


def _stand_guard(app: FastAPI, pages: Pages, session_key: bytes, hosts: Collection[str]) -> None:
    """From the inside out: the last one added is met first."""
    app.add_middleware(
        SessionMiddleware,
        secret_key=session_key.hex(),
        session_cookie="vaglio",
        max_age=SESSION_LIFE,
        same_site="lax",
        https_only=not all(auth.is_loopback(host) for host in hosts),
    )
    # A page elsewhere whose name is made to mean this machine must not get in: only names that we know do.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *hosts], www_redirect=False)
    app.add_middleware(QuietErrors, page=lambda request: _broken(request, pages))
    app.add_middleware(SafeHeaders)


def _door(sign_in: SignIn, pages: Pages, body_limit: int, welcome: Callable[[str], None]) -> APIRouter:
    """In by the one-time link, out by the button."""
    router = APIRouter()

    @router.get("/")
    async def start() -> Response:
        return RedirectResponse("/try", 303)

    @router.get("/language")
    async def language_chosen() -> Response:
        # Whoever opens again the address at which the language was changed.
        return RedirectResponse("/try", 303)

    @router.get("/sign-in")
    async def enter(request: Request) -> Response:
        if auth.is_on_this_machine(request) and sign_in.use(request.query_params.get("key", "")):
            sign_in.begin(request.session, auth.OWNER)
            await run_in_threadpool(welcome, auth.OWNER)
        if sign_in.account(request.session) is not None:
            return RedirectResponse("/try", 303)
        return _not_by_this_link(request, pages)

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        sign_in.require(request)
        await auth.read_form(request, body_limit)
        language = pages.language(request)
        sign_in.end(request.session)
        request.session["language"] = language
        say = pages.wording(request).say
        again = say("To come back, restart Vaglio and open the new link that it shows in the terminal.")
        return pages.notice(request, say("You have signed out"), again, status=200)

    return router


def _welcome(people: People | None, roles: Roles | None, ledger: Ledger | None, account: str) -> None:
    """Whoever reads the terminal of this machine may do everything anyway."""
    if people is None or roles is None:
        return
    try:
        person = people.person(account)
        if ledger:
            ledger.append("sign_in", subject=f"i_{secrets.token_hex(10)}", facts={"by": "link"}, actor=person)
        roles.grant(person, Role.ADMIN, by=person, source=Source.LINK)
    except Exception as error:
        # They are in all the same; where the record cannot be written, the page says so soon enough.
        _log.error("the admin was not recorded", error=type(error).__name__)


def _not_by_this_link(request: Request, pages: Pages) -> Response:
    say = pages.wording(request).say
    if not auth.is_on_this_machine(request):
        where = say("The link works only in a browser on the machine where Vaglio runs.")
        return pages.notice(request, say("Open the link on Vaglio’s own machine"), where, status=403)
    once = say("It works once, within 24 hours.")
    again = say("For a new one restart Vaglio: it shows it in the terminal.")
    return pages.notice(request, say("This link no longer works"), once, again, status=403)


def _health(health: Callable[[], Mapping[str, object]]) -> APIRouter:
    router = APIRouter()

    # Not a coroutine, so that it runs on a thread: it may well ask a database.
    @router.get("/healthz")
    def healthz() -> Response:
        try:
            state = dict(health())
        except Exception as error:
            _log.error("health could not be told", error=type(error).__name__)
            state = {"status": "failing"}
        return JSONResponse(state, 200 if state.get("status", "ok") == "ok" else 503)

    return router


def _say_errors_kindly(app: FastAPI, pages: Pages) -> None:
    @app.exception_handler(Stranger)
    async def stranger(request: Request, _: Exception) -> Response:
        say = pages.wording(request).say
        where = say("Where Vaglio was started, the terminal shows a link that works once. Open it on that machine.")
        return pages.notice(request, say("Open the link in the terminal"), where, status=401)

    @app.exception_handler(ForeignForm)
    async def foreign(request: Request, _: Exception) -> Response:
        say = pages.wording(request).say
        again = say("Nothing was checked and nothing was recorded. Copy your text, open the page again and retry.")
        return pages.notice(request, say("This page is too old"), again, status=403)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: Exception) -> Response:
        status, say = getattr(error, "status_code", 400), pages.wording(request).say
        if status == 413:
            parts = say("Your draft was NOT checked: split it and send me the parts.")
            return pages.notice(request, say("That is too much at once"), parts, status=413)
        title = say("There is nothing here") if status == 404 else say("I cannot do that")
        return pages.notice(
            request, title, say("The address may be mistyped, or the page may be too old."), status=status
        )


def _broken(request: Request, pages: Pages) -> Response:
    say = pages.wording(request).say
    return pages.notice(request, say("Something went wrong"), failure(pages.language(request)), status=500)
