"""In by the one-time link, out by the button."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from bot.audit.ledger import Ledger
from bot.console.auth import OWNER, SignIn, Tries, is_on_this_machine
from bot.console.forms import local_path
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.sessions import Way
from bot.roles import Role, Roles, Source

_log = structlog.get_logger("vaglio.console")

_FIRST = (Role.ADMIN, Role.COMMUNICATIONS, Role.COMPLIANCE)
"""What whoever opens the link may do, as long as nobody else is named to: on a new machine somebody must begin."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes need."""

    sign_in: SignIn
    roles: Roles
    ledger: Ledger
    rooms: Rooms
    pages: Pages
    tries: Tries
    provider: str | None = None
    """What the provider is called by which people sign in; None: there is none."""

    async def start(self, request: Request) -> Response:
        return RedirectResponse("/try", 303)

    async def enter(self, request: Request) -> Response:
        on = local_path(request.query_params.get("next", "")) or "/try"
        if await self.rooms.gate.visitor(request):
            return RedirectResponse(on, 303)
        key = request.query_params.get("key", "")
        if self.provider and not key:
            return self._offer(request, on)
        if key and not self.tries.admit(request.client.host if request.client else ""):
            return self._too_often(request)
        if is_on_this_machine(request) and self.sign_in.use(key):
            await run_in_threadpool(self._welcome, request)
            return RedirectResponse("/try", 303)
        return self._not_by_this_link(request)

    async def leave(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        language, way = self.pages.language(request), request.session.get("way")
        await run_in_threadpool(self.sign_in.end, request.session)
        request.session["language"], request.state.visitor = language, None
        if self.provider and way == "provider":
            return self._offer(request, "/try", has_left=True)
        say = self.pages.wording(request).say
        again = say("To come back, restart Vaglio and open the new link that it shows in the terminal.")
        return self.pages.notice(request, say("You have signed out"), again, status=200)

    def _offer(self, request: Request, on: str, *, has_left: bool = False) -> Response:
        """The company's own sign-in, after which they come to the page `on`."""
        here = f"/sign-in?{urlencode({'next': on})}"
        return self.pages.page(request, "sign_in.html", provider=self.provider, next=on, has_left=has_left, here=here)

    def _welcome(self, request: Request) -> None:
        """Whoever reads the terminal of this machine may do everything anyway."""
        person = self.sign_in.begin(request.session, OWNER, "link")
        try:
            put_on_record(self.ledger, person, "link")
            for role in _FIRST:
                if role is Role.ADMIN or not self.roles.who(role):
                    self.roles.grant(person, role, by=person, source=Source.LINK)
        except Exception as error:
            # They are in all the same; where the record cannot be written, the page says so soon enough.
            _log.error("the admin was not recorded", error=type(error).__name__)

    def _not_by_this_link(self, request: Request) -> Response:
        say = self.pages.wording(request).say
        if not is_on_this_machine(request):
            where = say("The link works only in a browser on the machine where Vaglio runs.")
            return self.pages.notice(request, say("Open the link on Vaglio’s own machine"), where, status=403)
        once = say("It works once, within 24 hours.")
        again = say("For a new one restart Vaglio: it shows it in the terminal.")
        return self.pages.notice(request, say("This link no longer works"), once, again, status=403)

    def _too_often(self, request: Request) -> Response:
        return too_often(
            request, self.pages, self.pages.wording(request).say("Wait a minute, then open the link again.")
        )


def put_on_record(ledger: Ledger, person: str, way: Way) -> None:
    """That somebody signed in."""
    ledger.append("sign_in", subject=f"i_{secrets.token_hex(10)}", facts={"by": way}, actor=person)


def too_often(request: Request, pages: Pages, wait: str) -> Response:
    """What an address is told that tries to get in more often than people do."""
    answer = pages.notice(request, pages.wording(request).say("Too many tries"), wait, status=429)
    answer.headers["Retry-After"] = "60"
    return answer


def door_room(sign_in: SignIn, roles: Roles, ledger: Ledger, provider: str | None = None) -> Room:
    """`/sign-in` and `/sign-out`, and the way to the first page. `provider` is what the company's own is called."""

    def add(rooms: Rooms, pages: Pages) -> None:
        door = Door(sign_in, roles, ledger, rooms, pages, Tries(sign_in.now), provider)
        if provider:
            rooms.entrance = "/sign-in"
        open_to_all = APIRouter(include_in_schema=False)
        open_to_all.add_api_route("/", door.start, methods=["GET"])
        # Whoever opens again the address at which the language was changed.
        open_to_all.add_api_route("/language", door.start, methods=["GET"])
        open_to_all.add_api_route("/sign-in", door.enter, methods=["GET"])
        rooms.router.include_router(open_to_all)
        rooms.post("/sign-out", door.leave, allowed=EVERYBODY)

    return add
