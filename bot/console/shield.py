"""Around every answer: headers that keep a browser in its place, a limit on what is sent, errors that tell no tales."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.console import reports
from bot.languages import LANGUAGES
from bot.wording import Wording

_log = structlog.get_logger("vaglio.console")

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        f"report-uri {reports.PATH}",
    ]
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SafeHeaders:
    """Every answer carries the security headers, and is kept by nobody unless it says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_safely)


class KnownNames:
    """Only names that we know get in: a page elsewhere may have its own mean this machine.

    Any other is told what to set, and never repeated: it may be anybody's.
    """

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._guard = TrustedHostMiddleware(_mark, allowed_hosts=[*names], www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = {**scope}
        await self._guard(asked, receive, _say_nothing)
        await (self._app if _MARK in asked else _unknown_name())(scope, receive, send)


_MARK = "vaglio.known_name"


async def _mark(scope: Scope, receive: Receive, send: Send) -> None:
    scope[_MARK] = True


async def _say_nothing(message: Message) -> None:
    pass


def _unknown_name() -> Response:
    said = (
        Wording(language).say(
            "Vaglio does not answer under this name. Whoever runs it can add it to VAGLIO_CONSOLE_NAMES."
        )
        for language in LANGUAGES
    )
    return PlainTextResponse("\n".join(said) + "\n", status_code=400)


class QuietErrors:
    """An unforeseen error becomes a kind page; its message, which may hold a draft's words, goes nowhere."""

    def __init__(self, app: ASGIApp, page: Callable[[Request], Response]) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            # Somebody typed on before their words had come in: there is nobody left to be answered.
            return
        except Exception as error:
            _log.error("the console failed", error=type(error).__name__, **_where(scope))
            if scope["type"] == "http" and not started:
                await self._page(Request(scope))(scope, receive, send)


def _where(scope: Scope) -> dict[str, str]:
    """Which route it was, by its template: an address may hold ids, and what somebody looked for."""
    found: dict[str, str] = {"route": getattr(scope.get("route"), "path", "-")}
    return found | ({"method": scope["method"]} if "method" in scope else {})


class LimitedBody:
    """A request that sends more than `limit` bytes ends in a 413, which the application words."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, self._counted(scope, receive) if scope["type"] == "http" else receive, send)

    def _counted(self, scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]]:
        announced = Headers(scope=scope).get("content-length", "")
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            if announced.isdecimal() and int(announced) > self._limit:
                raise HTTPException(413)
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise HTTPException(413)
            return message

        return receive_some
