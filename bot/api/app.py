"""The API's application: its own errors, its own description, and a door that every route stands behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from starlette.datastructures import Headers
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.api import shapes
from bot.api.problems import Fault, Problem, ProblemBody, say_problems
from bot.api.screenings import Screenings, on, routes
from bot.audit.ledger import Ledger
from bot.console.clients import Clients
from bot.console.pool import Pool
from bot.console.shield import LimitedBody
from bot.people import Language, People
from bot.prescreen import Prescreen
from bot.rates import Rates

VERSION: Final = "1"
PATH: Final = "/api/v1"
_DESCRIPTION: Final = "/openapi.json"
_BYTES_A_CHARACTER: Final = 12
"""What a character takes at most in JSON: two escapes of six bytes."""
_BYTES_BESIDE: Final = 8_000
_LOOKERS: Final = 4
"""Threads on which tokens are looked up and drafts counted, so that neither waits behind drafts."""
_WAITING: Final = 200


def api_app(
    *,
    prescreen: Prescreen,
    clients: Clients,
    ledger: Ledger,
    people: People,
    rates: Rates,
    checks: Pool,
    language: Language,
) -> FastAPI:
    """To be mounted by a `Branch`. `rates` count programs; `language` is that of answers unless one is asked for."""
    limit = prescreen.screener.limit
    lookups = Pool(_LOOKERS, _WAITING)
    bearer = HTTPBearer(auto_error=False, description="A token that `vaglio clients add` has printed.")
    # The door reads the token; this only says in the description that there is one.
    app = FastAPI(
        title="Vaglio", version=VERSION, openapi_url=_DESCRIPTION, docs_url=None, redoc_url=None,
        redirect_slashes=False,
        summary="Hold a draft against the company's social media policy before it is published.",
        dependencies=[Depends(bearer)],
    )  # fmt: skip
    app.include_router(routes(Screenings(prescreen, ledger, people, rates, checks, lookups, language)))
    say_problems(app, known=frozenset(shapes.Draft.model_fields) | {"Idempotency-Key", "id", "language"})
    app.openapi = _described(app, limit)  # type: ignore[method-assign]
    app.add_middleware(LimitedBody, limit=2 * _BYTES_A_CHARACTER * limit + _BYTES_BESIDE)
    app.add_middleware(Door, clients=clients, lookups=lookups)
    return app


class Branch(Mount):
    """Where the API stands in the console: it answers all that begins with its path, also what holds a newline."""

    def __init__(self, api: ASGIApp) -> None:
        super().__init__(PATH, api)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class Door:
    """Nobody is heard without a token: whatever is behind it finds the program in `request.state.client`."""

    def __init__(self, app: ASGIApp, clients: Clients, lookups: Pool) -> None:
        self._app, self._clients, self._lookups = app, clients, lookups

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path != _DESCRIPTION:
            try:
                client = await self._client(Headers(scope=scope))
            except Problem as problem:
                await problem(scope, receive, send)
                return
            scope.setdefault("state", {})["client"] = client
        await self._app(scope, receive, send)

    async def _client(self, headers: Headers) -> object:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Problem(401, "token")
        client = await on(self._lookups, lambda: self._clients.find(token.strip(), datetime.now(UTC)))
        if client is None:
            raise Problem(401, "token")
        return client


def _described(app: FastAPI, limit: int) -> Callable[[], dict[str, Any]]:
    """What openapi.json says: problems as they are, and how long a text may be here."""
    told: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not told:
            told.update(get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes, servers=app.servers
            ))  # fmt: skip
            schemas = told["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            schemas["Fault"] = Fault.model_json_schema()
            schemas["Problem"] = _referring(ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}"))
            fields = schemas["Draft"]["properties"]
            fields["text"]["maxLength"] = limit
            fields["in_reply_to"]["anyOf"][0]["maxLength"] = limit
        return told

    return openapi


def _referring(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in schema.items() if name != "$defs"}
