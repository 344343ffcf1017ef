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


class Unsure(Exception):
    """It is asked first whether that is meant. `is_admin`: nobody would be left who gives roles on the page; else
    nobody would be known by any account."""

    def __init__(self, *, is_admin: bool) -> None:
        self.is_admin = is_admin
        super().__init__()


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
        except Unsure as unsure:
            return self._asked_twice(request, form, is_admin=unsure.is_admin)
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
            _ask(form, is_admin=True, if_so=self.roster.is_last_admin(colleague.person))
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
            _ask(form, is_admin=self.roster.is_last_admin(colleague.person))
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

    def _asked_twice(self, request: Request, form: FormData, *, is_admin: bool) -> Response:
        fields = {name: field(form, name) for name in ("title", "account") if name in form}
        say = self.pages.wording(request).say
        title = say("The last admin") if is_admin else say("Their only account")
        sentences = (
            (
                say("Nobody else is an admin. After this, nobody gives roles on these pages or looks at the settings."),
                say(
                    "There would still be the terminal of the machine on which Vaglio runs: the one-time link, or "
                    "vaglio people grant."
                ),
            )
            if is_admin
            else (
                say("Their roles go with it, and whoever uses the account from then on is new here."),
                say("What the record has of them stays under their pseudonym, and no account leads to it any more."),
            )
        )
        return self.pages.page(
            request, "sure.html", status=409, action=request.url.path, fields=fields, title=title,
            sentences=sentences, back=request.url.path.rpartition("/")[0],
        )  # fmt: skip


def _ask(form: FormData, *, is_admin: bool, if_so: bool = True) -> None:
    """Raises `Unsure` until whoever does it has said that they are sure."""
    if if_so and field(form, "sure") != "yes":
        raise Unsure(is_admin=is_admin)
