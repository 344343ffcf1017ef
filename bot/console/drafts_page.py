"""A writer's own drafts: where each stands, what owners have said, and what can be done about it, as in the chats."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.actions import Action, Verb
from bot.console.doing import Desk, done, new_once, offers
from bot.console.forms import field
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room, is_part
from bot.news import glimpse, moment
from bot.overview import standing
from bot.reply import Notice, Reply

_VERBS = (Verb.ASK, Verb.ACCEPT, Verb.JUSTIFY, Verb.DISAGREE, Verb.PUBLISHED, Verb.FORGET)


@dataclass(frozen=True, slots=True)
class Line:
    """A draft in the list."""

    id: str
    at: str
    standing: str
    words: str


@dataclass(frozen=True, slots=True)
class DraftsPage:
    """What the page's routes need."""

    desk: Desk
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        lines = await asyncio.to_thread(self._lines, request, visitor)
        return self.pages.page(request, "drafts.html", lines=lines)

    async def draft(self, request: Request, visitor: Visitor) -> Response:
        found = await self._found(request, visitor)
        if found is None:
            raise HTTPException(404)
        return self._shown(request, found, "")

    async def act(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        about, action = request.path_params["about"], Action.read(field(form, "word"))
        if action is None or action.about != about or action.verb not in _VERBS:
            raise HTTPException(400)
        language = self.pages.language(request)
        answer = await done(self.desk, visitor, action, language, field(form, "words"), field(form, "once"), None)
        said = answer.said
        if isinstance(said, Notice) and said.buttons and not answer.replaces:
            # Which of several is meant.
            chosen = Reply(about, None, "", "", buttons=said.buttons)
            return self._shown(request, chosen, said.text, is_choice=True)
        found = await self._found(request, visitor)
        return self._shown(request, found, said.text if isinstance(said, Notice) else said.title)

    def _shown(self, request: Request, found: Reply | None, said: str, *, is_choice: bool = False) -> Response:
        language = self.pages.language(request)
        kept = offers(found.buttons, language) if found else ()
        name = "acts.html" if is_part(request) else "draft.html"
        about = request.path_params["about"]
        facts = {"found": found, "about": about, "offers": kept, "said": said, "is_choice": is_choice}
        return self.pages.page(request, name, once=new_once, **facts)

    async def _found(self, request: Request, visitor: Visitor) -> Reply | None:
        about, language = request.path_params["about"], self.pages.language(request)
        return await asyncio.to_thread(self.desk.conversation.standing, visitor.account, about, language)

    def _lines(self, request: Request, visitor: Visitor) -> list[Line]:
        conversation, wording = self.desk.conversation, self.pages.wording(request)
        zone = conversation.cabinet.zone(visitor.person, conversation.policy)
        return [
            Line(
                held.id,
                moment(held.at, zone, wording.language),
                standing(held, wording),
                glimpse(held.masked.text) if held.masked else "",
            )
            for held in conversation.cabinet.drafts.mine(visitor.person)
        ]


def drafts_room(desk: Desk) -> Room:
    """`/drafts` and what belongs to it."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = DraftsPage(desk, pages)
        rooms.get("/drafts", page.open, allowed=EVERYBODY)
        rooms.get("/drafts/{about}", page.draft, allowed=EVERYBODY)
        rooms.post("/drafts/{about}", page.act, allowed=EVERYBODY)

    return add
