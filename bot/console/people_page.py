"""Who is known here: found by account or role, a page for each list of them and for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from babel.dates import format_date
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.accounts import Title, is_account, is_program
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.people_deeds import PeopleDeeds
from bot.console.roster import Colleague, Roster
from bot.console.titles import all_titles, title_name
from bot.roles import Role
from bot.wording import Wording
from rules.policy import Owner

ADMIN: Final = frozenset({Role.ADMIN})
_ON_A_PAGE: Final = 50
_SOME, _IN = "some", "in"
"""Filters beside the roles themselves: whoever has one, whoever is signed in."""


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What the page's routes need."""

    roster: Roster
    pages: Pages
    owners: Callable[[], Sequence[Owner]]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return await self._list(request)

    async def find(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Whose an account is. It is asked for by a form, so that it stands in no address."""
        account = field(form, "account").strip()
        if not is_account(account) or is_program(account):
            return await self._list(request, wrong=account, status=422)
        if not await asyncio.to_thread(self.roster.people.is_known, account):
            return await self._list(request, unknown=account, status=404)
        return await self._to(account)

    async def add(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Somebody who has not been here yet, so that they can be given a role."""
        account = field(form, "account").strip()
        if not is_account(account) or is_program(account):
            return await self._list(request, wrong=account, status=422)
        return await self._to(account)

    async def one(self, request: Request, visitor: Visitor) -> Response:
        colleague = await asyncio.to_thread(self.roster.find, request.path_params["id"])
        if colleague is None:
            raise HTTPException(404)
        wording, owners = self.pages.wording(request), self.owners()
        sitting = await asyncio.to_thread(self.roster.sessions.of, colleague.person, self.roster.now())
        mine = request.session.get("account")
        return self.pages.page(
            request, "person.html", one=colleague, named=lambda title: title_name(title, owners, wording),
            titles=[each for each in all_titles(owners) if each not in colleague.titles],
            sitting=sitting, day=lambda at: day(at, wording.language), is_me=mine in colleague.accounts,
            said=told(request.query_params.get("said", ""), wording),
        )  # fmt: skip

    async def _to(self, account: str) -> Response:
        person = await asyncio.to_thread(self.roster.people.person, account)
        return RedirectResponse(f"/people/{self.roster.id(person)}", 303)

    async def _list(self, request: Request, *, wrong: str = "", unknown: str = "", status: int = 200) -> Response:
        wording, owners = self.pages.wording(request), self.owners()
        everybody = await asyncio.to_thread(self.roster.everybody)
        held = {title for each in everybody for title in each.titles}
        chosen = request.query_params.get("role", "")
        found = [each for each in everybody if _is_among(each, chosen)]
        pages = max(1, -(-len(found) // _ON_A_PAGE))
        number = min(max(1, _number(request.query_params.get("page", ""))), pages)
        return self.pages.page(
            request, "people.html", status=status, named=lambda title: title_name(title, owners, wording),
            people=found[(number - 1) * _ON_A_PAGE : number * _ON_A_PAGE], count=len(found),
            titles=all_titles(owners, held), chosen=chosen, wrong=wrong, unknown=unknown,
            how_many=wording.count("{number} person", "{number} people", len(found)), pages=pages, number=number,
            at=lambda page: "/people?" + urlencode({"role": chosen, "page": page}),
            said=told(request.query_params.get("said", ""), wording),
            sessions=lambda number: wording.count("{number} session", "{number} sessions", number),
        )  # fmt: skip


def people_room(roster: Roster, owners: Callable[[], Sequence[Owner]]) -> Room:
    """`/people`. `owners` gives the policy's at that moment."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page, deeds = PeoplePage(roster, pages, owners), PeopleDeeds(roster, pages, owners)
        rooms.get("/people", page.open, allowed=ADMIN)
        rooms.post("/people/find", page.find, allowed=ADMIN)
        rooms.post("/people/add", page.add, allowed=ADMIN)
        rooms.get("/people/{id}", page.one, allowed=ADMIN)
        for verb in deeds.verbs():
            rooms.post(f"/people/{{id}}/{verb}", deeds.act, allowed=ADMIN)

    return add


def day(at: datetime, language: str) -> str:
    """The day alone: a minute would tell whose sign-in is whose in the record, where all are pseudonyms."""
    return format_date(at, "d MMM", locale=language)


def told(code: str, wording: Wording) -> str:
    """What was done, as the page says it once; empty for what it does not know."""
    say = wording.say
    sentences: Mapping[str, str] = {
        "granted": say("They have the role, from now on."),
        "revoked": say("They have the role no more."),
        "grouped": say("They have this role from a user group in Slack: take them out of it there."),
        "labelled": say("The team is noted."),
        "no_team": say("That is no name of a team: write up to 60 letters, digits, signs."),
        "unlinked": say("The account is taken away, and their sessions are over."),
        "unlinked_last": say("The account is taken away. It was their only one: whoever uses it is new here."),
        "held": say("A legal hold keeps their accounts as they are."),
        "ended": say("The session is over."),
        "ended_all": say("All their sessions are over."),
    }
    return sentences.get(code, "")


def _is_among(colleague: Colleague, chosen: str) -> bool:
    titles: Collection[Title] = colleague.titles
    if chosen == _SOME:
        return bool(titles)
    if chosen == _IN:
        return colleague.sessions > 0
    title = Title.read(chosen)
    return title in titles if title else True


def _number(written: str) -> int:
    return int(written) if written.isdecimal() and len(written) < 7 else 1
