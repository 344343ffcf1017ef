"""The owners' queue: what waits for them by its deadline, and the same deeds as a card in chat, by the same way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.actions import Action, Verb
from bot.console.auth import OWNER
from bot.console.doing import Desk, done, new_once
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room, is_part
from bot.console.queue_view import CardView, Queue
from bot.reply import Notice
from bot.roles import Role

AUDIENCE: Final = frozenset({Role.OWNER, Role.COMMUNICATIONS})
_VERBS: Final = (Verb.APPROVE, Verb.REJECT, Verb.CHANGE, Verb.TAKE, Verb.PASS, Verb.UPHOLD, Verb.OVERTURN)


@dataclass(frozen=True, slots=True)
class ReviewsPage:
    """What the page's routes need."""

    desk: Desk
    queue: Queue
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        cards = await asyncio.to_thread(self.queue.waiting, visitor, self.pages.language(request))
        name = "queue.html" if is_part(request) else "reviews.html"
        wording, many = self.pages.wording(request), sum(not card.is_own for card in cards)
        title = wording.count("One question waits for you", "{number} questions wait for you", many)
        if not many:
            title = wording.say("Only drafts of yours are waiting: somebody else decides them.")
        return self.pages.page(request, name, cards=cards, many=many, title=title, once=new_once)

    async def decided(self, request: Request, visitor: Visitor) -> Response:
        found = await asyncio.to_thread(self.queue.decided, visitor, self.pages.language(request))
        return self.pages.page(request, "decided.html", decided=found)

    async def card(self, request: Request, visitor: Visitor) -> Response:
        card = await self._card(request, visitor)
        if card is None:
            raise HTTPException(404)
        return self._shown(request, card)

    async def act(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Do what a button says, and show the card as it then stands with what there is to say."""
        about, words = request.path_params["about"], field(form, "words")
        action = _chosen(form)
        if action is None or action.about != about or action.verb not in _VERBS:
            raise HTTPException(400)
        name = await asyncio.to_thread(self._name, about, visitor)
        language = self.pages.language(request)
        answer = await done(self.desk, visitor, action, language, words, field(form, "once"), name)
        said = answer.said.text if isinstance(answer.said, Notice) else answer.said.title
        card = await self._card(request, visitor)
        if card is None:
            return self.pages.notice(request, said, status=403)
        # Whatever was done is told to somebody; of what was not, the words are still to be sent.
        return self._shown(request, card, said=said, is_done=bool(answer.errands), words=words)

    def _name(self, about: str, visitor: Visitor) -> str | None:
        """As whom the others know whoever rules here: the page knows no names but those that an admin gave."""
        if visitor.account.startswith("local:") and visitor.account != OWNER:
            return visitor.account.removeprefix("local:")
        return self.queue.office(about, visitor, self.desk.conversation.house_language())

    async def _card(self, request: Request, visitor: Visitor) -> CardView | None:
        about = request.path_params["about"]
        return await asyncio.to_thread(self.queue.card, about, visitor, self.pages.language(request))

    def _shown(
        self, request: Request, card: CardView, *, said: str = "", is_done: bool = True, words: str = ""
    ) -> Response:
        name = "card.html" if is_part(request) else "review.html"
        words = "" if is_done else words
        return self.pages.page(request, name, card=card, said=said, is_done=is_done, words=words, once=new_once)


def reviews_room(desk: Desk, queue: Queue) -> Room:
    """`/reviews` and what belongs to it."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = ReviewsPage(desk, queue, pages)
        rooms.get("/reviews", page.open, allowed=AUDIENCE)
        rooms.get("/reviews/decided", page.decided, allowed=AUDIENCE)
        rooms.get("/reviews/{about}", page.card, allowed=AUDIENCE)
        rooms.post("/reviews/{about}", page.act, allowed=AUDIENCE)

    return add


def _chosen(form: FormData) -> Action | None:
    """What was pressed; to whom a card is passed on is chosen beside the button."""
    action = Action.read(field(form, "word"))
    if action is not None and action.verb is Verb.PASS and field(form, "to"):
        return Action.read(field(form, "to"))
    return action
