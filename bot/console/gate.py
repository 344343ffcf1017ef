"""Who may open which page: no route is added without its audience, and no form is read before it proves to be ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from bot.console.auth import OWNER, Known, SignIn, Stranger
from bot.console.forms import read_form
from bot.roles import Role, Roles

Audience = frozenset[Role] | None
"""Any of these roles; None: everybody who is signed in."""
EVERYBODY: Final[Audience] = None

Open = Callable[["Request", "Visitor"], Awaitable[Response]]
Act = Callable[["Request", "Visitor", FormData], Awaitable[Response]]
ActAnyhow = Callable[["Request", "Visitor | None", FormData], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, and what they may do."""

    account: str
    person: str
    """Their pseudonym."""
    roles: frozenset[Role] = frozenset()
    owned: frozenset[str] = frozenset()
    """The owners of the policy for whom they may rule."""
    waiting: int = 0
    """Questions that wait for their answer."""

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def is_among(self, audience: Audience) -> bool:
        return audience is None or self.may(*audience)


class Forbidden(Exception):
    """A page that is for others: `audience` says for whom."""

    def __init__(self, audience: frozenset[Role]) -> None:
        self.audience = audience
        super().__init__(", ".join(sorted(audience)))


class Gate:
    """Knows visitors. `owners` gives the ids of the policy's owners at that moment, `waiting` counts questions."""

    def __init__(
        self,
        sign_in: SignIn,
        roles: Roles,
        owners: Callable[[], frozenset[str]],
        waiting: Callable[[Visitor], int] = lambda _: 0,
    ) -> None:
        self._sign_in, self._roles, self._owners, self._waiting = sign_in, roles, owners, waiting

    async def visitor(self, request: Request) -> Visitor | None:
        """Whoever asks, looked up once a request; None for a stranger."""
        if not hasattr(request.state, "visitor"):
            session = dict(request.scope.get("session", {}))
            # A part of a page has no navigation, and is asked for at every keystroke.
            is_whole = request.method == "GET" and "hx-request" not in request.headers
            request.state.visitor = await asyncio.to_thread(self._look, session, is_whole=is_whole)
        found: Visitor | None = request.state.visitor
        return found

    async def let_in(self, request: Request, audience: Audience) -> Visitor:
        """Raises `Stranger`, `Forbidden`."""
        visitor = await self.visitor(request)
        if visitor is None:
            raise Stranger
        if audience is not None and not visitor.is_among(audience):
            raise Forbidden(audience)
        return visitor

    def _look(self, session: Mapping[str, object], *, is_whole: bool) -> Visitor | None:
        known = self._sign_in.known(dict(session))
        if known is None:
            return None
        visitor = self._with_roles(known)
        return replace(visitor, waiting=self._waiting(visitor)) if is_whole else visitor

    def _with_roles(self, known: Known) -> Visitor:
        titles = self._roles.titles(known.person)
        owned = {title.owner for title in titles if title.role is Role.OWNER}
        if known.account == OWNER:
            # Whoever reads this machine's terminal rules where nobody was ever named to.
            owned |= self._roles.unclaimed(self._owners())
        roles = {title.role for title in titles} | ({Role.OWNER} if owned else set())
        return Visitor(known.account, known.person, frozenset(roles), frozenset(owned))


class Rooms:
    """The console's routes, each with whom it is for."""

    def __init__(self, gate: Gate, body_limit: int) -> None:
        self.gate, self._body_limit = gate, body_limit
        self.router = APIRouter()
        self.audiences: dict[tuple[str, str], Audience] = {}
        """By method and path: what the tests hold every role against."""
        self.entrance: str | None = None
        """The page at which strangers sign in; None: only the one-time link opens a session."""

    def get(self, path: str, endpoint: Open, *, allowed: Audience) -> None:
        """`endpoint(request, visitor)`."""

        async def guarded(request: Request) -> Response:
            return await endpoint(request, await self.gate.let_in(request, allowed))

        self._add("GET", path, guarded)
        self.audiences["GET", path] = allowed

    def post(self, path: str, endpoint: Act, *, allowed: Audience) -> None:
        """`endpoint(request, visitor, form)`; the form has proved to be one of ours."""

        async def guarded(request: Request) -> Response:
            visitor = await self.gate.let_in(request, allowed)
            return await endpoint(request, visitor, await read_form(request, self._body_limit))

        self._add("POST", path, guarded)
        self.audiences["POST", path] = allowed

    def post_by_anybody(self, path: str, endpoint: ActAnyhow) -> None:
        """`endpoint(request, visitor, form)`, where the visitor may be a stranger: None."""

        async def unguarded(request: Request) -> Response:
            visitor = await self.gate.visitor(request)
            return await endpoint(request, visitor, await read_form(request, self._body_limit))

        self._add("POST", path, unguarded)

    def _add(self, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self.router.add_api_route(path, endpoint, methods=[method], include_in_schema=False)
