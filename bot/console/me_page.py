"""One's own page: who one is here, in which language, where one is signed in, and what Vaglio holds about one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

import structlog
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.accounts import Role, Title
from bot.audit.dossier import dossier_page
from bot.audit.subject import Dossier, Subjects
from bot.console.forms import field
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.roster import Roster
from bot.console.sessions import id_of
from bot.console.titles import title_name
from bot.news import moment
from bot.people import LANGUAGES
from bot.wording import Wording
from rules.policy import Owner

_log = structlog.get_logger("vaglio.console")

_FORMS: Final = {"html": "text/html", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class MePage:
    """What the page's routes need."""

    roster: Roster
    subjects: Subjects
    pages: Pages
    owners: Callable[[], Sequence[Owner]]
    zone: Callable[[str], tzinfo]
    """In which somebody's moments are shown, by their pseudonym."""

    async def open(self, request: Request, visitor: Visitor) -> Response:
        wording, owners = self.pages.wording(request), self.owners()
        sitting = await asyncio.to_thread(self.roster.sessions.of, visitor.person, self.roster.now())
        accounts = await asyncio.to_thread(self.roster.people.accounts, visitor.person)
        zone = await asyncio.to_thread(self.zone, visitor.person)
        spoken = await asyncio.to_thread(self.roster.people.language, visitor.account)
        return self.pages.page(
            request, "me.html", sitting=sitting, accounts=accounts, here_now=id_of(str(request.session.get("id"))),
            titles=[title_name(title, owners, wording) for title in _titles(visitor)], spoken=spoken,
            said=_told(request.query_params.get("said", ""), wording),
            moment=lambda at: moment(at, zone, wording.language),
        )  # fmt: skip

    async def speak(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """How they are answered from now on, here and in the chats."""
        for language in LANGUAGES:
            if field(form, "speak") == language:
                await asyncio.to_thread(self.roster.people.choose_language, visitor.account, language)
                request.session["language"] = language
                return RedirectResponse("/me?said=language", 303)
        raise HTTPException(400)

    async def end(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """One of their own sessions; of others' none, whatever the form says."""
        chosen = field(form, "session")
        for sitting in await asyncio.to_thread(self.roster.sessions.of, visitor.person, self.roster.now()):
            if sitting.id == chosen:
                await asyncio.to_thread(self.roster.end, sitting, by=visitor.person)
        return RedirectResponse("/me?said=ended", 303)

    async def end_others(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        here = id_of(str(request.session.get("id")))
        await asyncio.to_thread(self.roster.end_all, visitor.person, by=visitor.person, but=here)
        return RedirectResponse("/me?said=others", 303)

    async def dossier(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Everything that is held about them, as a file; that it was read is on record."""
        form_of = field(form, "as")
        if form_of not in _FORMS:
            raise HTTPException(400)
        try:
            found = await asyncio.to_thread(
                self.subjects.dossier, visitor.person, by=visitor.person, at=datetime.now(UTC)
            )
        except Exception as error:
            _log.error("a dossier was not written", error=type(error).__name__)
            found = None
        say = self.pages.wording(request).say
        if found is None:
            again = say("It could not be put together just now. Try again in a moment.")
            return self.pages.notice(request, say("Something went wrong"), again, status=503)
        text = await asyncio.to_thread(_written, found, form_of, self.pages.language(request))
        headers = {"Content-Disposition": f'attachment; filename="vaglio.{form_of}"'}
        return Response(text, media_type=_FORMS[form_of], headers=headers)


def me_room(
    roster: Roster, subjects: Subjects, owners: Callable[[], Sequence[Owner]], zone: Callable[[str], tzinfo]
) -> Room:
    """`/me`."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = MePage(roster, subjects, pages, owners, zone)
        rooms.get("/me", page.open, allowed=EVERYBODY)
        rooms.post("/me/language", page.speak, allowed=EVERYBODY)
        rooms.post("/me/end", page.end, allowed=EVERYBODY)
        rooms.post("/me/end-others", page.end_others, allowed=EVERYBODY)
        rooms.post("/me/dossier", page.dossier, allowed=EVERYBODY)

    return add


def _titles(visitor: Visitor) -> Sequence[Title]:
    plain = [Title(role) for role in sorted(visitor.roles) if role is not Role.OWNER]
    return [*plain, *(Title(Role.OWNER, owner) for owner in sorted(visitor.owned))]


def _written(found: Dossier, form: str, language: str) -> str:
    if form == "json":
        return json.dumps(asdict(found), ensure_ascii=False, indent=2)
    return dossier_page(found, language)


def _told(code: str, wording: Wording) -> str:
    say = wording.say
    return {
        "language": say("From now on you are answered like this, in the chats too."),
        "ended": say("The session is over."),
        "others": say("Your other sessions are over."),
    }.get(code, "")
