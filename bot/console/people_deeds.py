"""What an admin does to one person: roles, team, accounts, sessions. What cannot be undone from here is asked twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.accounts import Title
from bot.console.forms import field
from bot.console.gate import Visitor
from bot.console.pages import Pages
from bot.console.roster import Colleague, Roster, Unlinked
from bot.console.titles import all_titles
from bot.roles import Role
from bot.teams import NoTeam
from rules.policy import Owner

_log = structlog.get_logger("vaglio.console")

_ADMIN = Title(Role.ADMIN)


class LastAdmin(Exception):
    """Nobody would be left who gives roles on the page: it is asked first whether that is meant."""


@dataclass(frozen=True, slots=True)
class PeopleDeeds:
    """Each deed returns by which word the page says what was done."""

    roster: Roster
    pages: Pages
    owners: Callable[[], Sequence[Owner]]

    def verbs(self) -> Mapping[str, Callable[[Colleague, Visitor, FormData], str]]:
        """By the last part of the address."""
        return {
            "grant": self.grant, "revoke": self.revoke, "team": self.team, "unlink": self.unlink, "end": self.end,
            "end-all": self.end_all,
        }  # fmt: skip

    async def act(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        colleague = await asyncio.to_thread(self.roster.find, request.path_params["id"])
        if colleague is None:
            raise HTTPException(404)
        deed = self.verbs()[request.url.path.rpartition("/")[2]]
        try:
            said = await asyncio.to_thread(deed, colleague, visitor, form)
        except LastAdmin:
            return self._asked_twice(request, form)
        except HTTPException:
            raise
        except Exception as error:
            _log.error("a change to somebody was not made", error=type(error).__name__)
            say = self.pages.wording(request).say
            again = say("It could not be put on record, so it does not hold. Try again in a moment.")
            return self.pages.notice(request, say("Nothing was changed"), again, status=503)
        is_gone = said == "unlinked_last"
        return RedirectResponse(f"/people?said={said}" if is_gone else f"/people/{colleague.id}?said={said}", 303)

    def grant(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        title = Title.read(field(form, "title"))
        if title is None or title not in all_titles(self.owners()):
            raise HTTPException(400)
        self.roster.roles.grant(colleague.person, title.role, title.owner, by=visitor.person)
        return "granted"

    def revoke(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        title = Title.read(field(form, "title"))
        if title is None:
            raise HTTPException(400)
        if title == _ADMIN:
            self._look_at_the_last(colleague, form)
        self.roster.roles.revoke(colleague.person, title.role, title.owner, by=visitor.person)
        is_kept = colleague.person in self.roster.roles.who(title.role, title.owner)
        return "grouped" if is_kept else "revoked"

    def team(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        try:
            self.roster.teams.label(colleague.person, field(form, "team").strip() or None)
        except NoTeam:
            return "no_team"
        return "labelled"

    def unlink(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        account = field(form, "account")
        if account not in colleague.accounts:
            raise HTTPException(400)
        is_last = len(colleague.accounts) == 1
        if is_last:
            self._look_at_the_last(colleague, form)
        done, _ = self.roster.unlink(account, by=visitor.person)
        if done is Unlinked.HELD:
            return "held"
        return "unlinked_last" if is_last else "unlinked"

    def end(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        standing = self.roster.sessions.of(colleague.person, self.roster.now())
        for sitting in standing:
            if sitting.id == field(form, "session"):
                self.roster.end(sitting, by=visitor.person)
        return "ended"

    def end_all(self, colleague: Colleague, visitor: Visitor, form: FormData) -> str:
        self.roster.end_all(colleague.person, by=visitor.person)
        return "ended_all"

    def _look_at_the_last(self, colleague: Colleague, form: FormData) -> None:
        if self.roster.is_last_admin(colleague.person) and field(form, "sure") != "yes":
            raise LastAdmin

    def _asked_twice(self, request: Request, form: FormData) -> Response:
        fields = {name: field(form, name) for name in ("title", "account") if name in form}
        return self.pages.page(
            request, "last_admin.html", status=409, action=request.url.path, fields=fields,
            back=request.url.path.rpartition("/")[0],
        )  # fmt: skip
