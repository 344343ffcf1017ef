"""In by the company's own provider: sent there with a state that is good once, and let in when it vouches for them."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bot.audit.ledger import Ledger
from bot.console.auth import SignIn, Tries
from bot.console.door_page import put_on_record, too_often
from bot.console.forms import Session, local_path
from bot.console.gate import Rooms
from bot.console.pages import Pages, Room
from bot.console.provider import Colleague, Errand, NotLetIn, Provider, Why
from bot.oidc import CALLBACK
from bot.roles import Role, Roles, Source
from bot.wording import Wording

_log = structlog.get_logger("vaglio.console")

START: Final = "/sign-in/provider"
_WAITING: Final = "waiting"
"""In the session: who was sent to the provider and is not back yet."""
_LIFE: Final = 600
"""Seconds for which they are waited for."""
_MOST: Final = 3
"""Windows of one browser in which that may be so at once."""
_PATH: Final = 400
"""Characters of the page to go to afterwards; a longer one is forgotten, since the cookie has to hold it."""
_TRIES: Final = 60
"""Of one address in a minute: a whole office may come from one, at nine in the morning."""


@dataclass(frozen=True, slots=True)
class ProviderDoor:
    """What the routes need."""

    provider: Provider
    sign_in: SignIn
    roles: Roles
    ledger: Ledger
    rooms: Rooms
    pages: Pages
    tries: Tries
    admin: str | None
    """The address or account of the admin whom the settings name."""

    async def leave(self, request: Request) -> Response:
        """Off to the provider."""
        on = local_path(request.query_params.get("next", "")) or "/try"
        if await self.rooms.gate.visitor(request):
            return RedirectResponse(on, 303)
        if not self._admits(request):
            return self._too_often(request)
        try:
            errand = await self.provider.start()
        except NotLetIn as refusal:
            return self._refused(request, refusal.why)
        _remember(request.session, errand, on, self.sign_in.now())
        return RedirectResponse(errand.url, 303)

    async def come_back(self, request: Request) -> Response:
        """Back from the provider, with a code or with a no."""
        if not self._admits(request):
            return self._too_often(request)
        waiting = _recall(request.session, request.query_params.get("state", ""), self.sign_in.now())
        if waiting is None:
            # Whoever goes a page back once they are in.
            here = await self.rooms.gate.visitor(request)
            return RedirectResponse("/try", 303) if here else self._over(request)
        code = request.query_params.get("code", "")
        if not code:
            return self._denied(request)
        try:
            colleague = await self.provider.finish(code, waiting["nonce"], waiting["verifier"])
        except NotLetIn as refusal:
            return self._refused(request, refusal.why)
        await run_in_threadpool(self._welcome, request.session, colleague)
        return RedirectResponse(local_path(waiting["next"]) or "/try", 303)

    def _welcome(self, session: Session, colleague: Colleague) -> None:
        if "id" in session:
            self.sign_in.sessions.end(str(session["id"]))  # somebody else's, perhaps, in the same browser
        person = self.sign_in.begin(session, colleague.account, "provider")
        try:
            put_on_record(self.ledger, person, "provider")
            if self.admin and self.admin.lower() in (colleague.e_mail, colleague.account.lower()):
                self.roles.grant(person, Role.ADMIN, by=None, source=Source.SETTING)
        except Exception as error:
            # They are in all the same; where the record cannot be written, the page says so soon enough.
            _log.error("a sign-in was not recorded", error=type(error).__name__)

    def _admits(self, request: Request) -> bool:
        return self.tries.admit(request.client.host if request.client else "")

    # --- What they are told who do not get in ------------------------------------------------------------------------

    def _refused(self, request: Request, why: Why) -> Response:
        _log.warning("sign_in.refused", why=why.value)
        title, sentences, status = _reason(why, self.provider.terms.name, self.pages.wording(request))
        return self.pages.notice(request, title, *sentences, status=status)

    def _denied(self, request: Request) -> Response:
        say = self.pages.wording(request).say
        no = say("{provider} says that it was not agreed to.", provider=self.provider.terms.name)
        return self.pages.notice(request, say("You are not signed in"), no, _again(say), status=403)

    def _over(self, request: Request) -> Response:
        say = self.pages.wording(request).say
        over = say("This way in was used already, took longer than ten minutes, or began in another browser.")
        return self.pages.notice(request, say("You are not signed in"), over, _again(say), status=400)

    def _too_often(self, request: Request) -> Response:
        wait = self.pages.wording(request).say("Wait a minute, then sign in again.")
        return too_often(request, self.pages, wait)


def provider_room(provider: Provider, sign_in: SignIn, roles: Roles, ledger: Ledger, admin: str | None = None) -> Room:
    """`/sign-in/provider` and `/sign-in/callback`. `admin`: the address or account of the settings' admin."""

    def add(rooms: Rooms, pages: Pages) -> None:
        tries = Tries(sign_in.now, most=_TRIES)
        door = ProviderDoor(provider, sign_in, roles, ledger, rooms, pages, tries, admin)
        open_to_all = APIRouter(include_in_schema=False)
        open_to_all.add_api_route(START, door.leave, methods=["GET"])
        open_to_all.add_api_route(CALLBACK, door.come_back, methods=["GET"])
        rooms.router.include_router(open_to_all)

    return add


def _again(say: Callable[[str], str]) -> str:
    """For one who may simply try once more."""
    return say("Open the page again to start anew.")


def _reason(why: Why, provider: str, wording: Wording) -> tuple[str, tuple[str, ...], int]:
    """A title, what is to be known and done, and the answer's status."""
    say = wording.say
    out = say("You are not signed in")
    match why:
        case Why.UNREACHABLE:
            gone = say("{provider} does not answer as it should. Try again in a few minutes.", provider=provider)
            run = say("If it stays so, whoever runs Vaglio finds what to do in docs/people.md.")
            return say("I cannot reach {provider}", provider=provider), (gone, run), 503
        case Why.CODE:
            return out, (say("{provider} does not know this way in any more.", provider=provider), _again(say)), 400
        case Why.TOKEN:
            odd = say("What {provider} says of you does not hold up, so I let nobody in.", provider=provider)
            return out, (odd, _again(say)), 403
        case Why.ELSEWHERE:
            other = say("Your account at {provider} is not one of this company’s.", provider=provider)
            ask = say("If you have several, sign in there with the one from work, then open this page again.")
            return out, (other, ask), 403
        case Why.UNVERIFIED:
            mail = say("{provider} has not confirmed your e-mail address yet.", provider=provider)
            return out, (mail, say("Confirm it there, then open this page again.")), 403


def _remember(session: Session, errand: Errand, on: str, now: float) -> None:
    new = {
        "state": errand.state, "nonce": errand.nonce, "verifier": errand.verifier, "at": int(now),
        "next": on if len(on) <= _PATH else "",
    }  # fmt: skip
    session[_WAITING] = [*_waiting(session), new][-_MOST:]


def _recall(session: Session, state: str, now: float) -> dict[str, Any] | None:
    """What went with `state`, which is worth nothing from here on; None: nothing, or too long ago."""
    found = None
    for each in _waiting(session):
        if hmac.compare_digest(str(each["state"]).encode(), state.encode(errors="replace")):
            found = each
    session[_WAITING] = [each for each in _waiting(session) if each is not found]
    return found if found and 0 <= now - found["at"] < _LIFE else None


def _waiting(session: Session) -> list[dict[str, Any]]:
    return list(session.get(_WAITING, ()))
