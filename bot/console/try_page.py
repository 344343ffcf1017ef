"""The page where a draft is tried: a preview that leaves no trace as one types, a button that checks and records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.doing import Desk, new_once, offers
from bot.console.forms import field, local_path
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.lately import Lately
from bot.console.pages import Pages, Room, is_part
from bot.console.pool import Busy, Newest, Overtaken, Pool, listening
from bot.console.verdict_view import View, preview_of, view_of
from bot.people import LANGUAGES
from bot.prescreen import Prescreen, Screening, mended, new_id
from bot.reply import Reply, failure, proposal_of, refusal
from rules.draft import Account, Channel, Draft, DraftRefused, Kind
from rules.screening import Screener

T = TypeVar("T")

_log = structlog.get_logger("vaglio.console")

_PREVIEWERS = 2
"""Threads for previews: their own, so that what somebody asked for by the button never waits behind them."""


@dataclass(frozen=True, slots=True)
class Said:
    """The verdict, or the sentence that there is in its place, or neither, and the status that goes with it."""

    view: View | None = None
    instead: str | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class TryPage:
    """What the page's routes need."""

    prescreen: Prescreen
    desk: Desk
    pages: Pages
    checks: Pool
    previews: Pool
    typed: Newest
    """Previews of what is being typed: of one session, one at a time."""
    lately: Lately[tuple[Screening, Screener]]
    is_alone: bool
    """No other process previews drafts: what a session was shown last lies here."""

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return self._page(request, Draft(text=""), Said())

    async def preview(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """The verdict on what is being typed. A better wording, if there is one, is asked for by what it answers."""
        draft, screener, language = draft_from(form, visitor.account), self.prescreen.screener, self._spoken(request)

        def judged() -> tuple[Said, Screening]:
            screening = _screened(screener, draft)
            return Said(preview_of(screening, screener.policy, language)), screening

        async def judge() -> Said:
            said, screening = await self._newest(request, "verdict", judged)
            self.lately.put(_session(request), (screening, screener))
            return said

        try:
            return self._answer(request, draft, await self._said(request, judge, is_typed=True))
        except Overtaken:
            # The page leaves what stands there: what was typed since is on its way.
            return Response(status_code=204)

    async def propose(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """A better wording of what was previewed last, if there is one."""
        shown, draft = self.lately.take(_session(request)), draft_from(form, visitor.account)
        if shown is not None and shown[0].draft != draft:
            if self.is_alone:
                return Response(status_code=204)
            shown = None  # another process may have shown what was typed since

        def made() -> Screening:
            # It may have been previewed in another process.
            screening, screener = shown or (_screened(self.prescreen.screener, draft), self.prescreen.screener)
            return mended(screening, screener)

        try:
            better = await self._newest(request, "wording", made)
        except (Overtaken, Busy, DraftRefused):
            return Response(status_code=204)
        proposal = proposal_of(better, self._spoken(request))
        if proposal is None:
            return Response(status_code=204)
        tongue = better.verdict.language
        return self.pages.page(request, "proposal.html", proposal=proposal, tongue=tongue)

    async def _newest(self, request: Request, what: str, call: Callable[[], T]) -> T:
        # Apart from one another: no verdict waits for the wording of what has been overtaken.
        async with listening(request) as is_there:
            return await self.typed.run(f"{what} {_session(request)}", call, is_there)

    async def check(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        draft = draft_from(form, visitor.account)
        check = partial(self.desk.check, new_id(), draft, self.pages.language(request), room=len(draft.text))

        def checked() -> Said:
            said = check().said
            return Said(view_of(said)) if isinstance(said, Reply) else Said(None, said.text, 429)

        return self._answer(request, draft, await self._said(request, partial(self.checks.run, checked)))

    async def change_language(self, request: Request, visitor: Visitor | None, form: FormData) -> Response:
        """Answer in the other language, and keep what was being written."""
        language = field(form, "language")
        if language not in LANGUAGES:
            raise HTTPException(400)
        request.session["language"] = language
        if visitor is None or "text" not in form:
            return RedirectResponse(local_path(field(form, "back")) or "/try", 303)
        draft, screener = draft_from(form, visitor.account), self.prescreen.screener

        def judged() -> Said:
            return Said(preview_of(mended(_screened(screener, draft), screener), screener.policy, language))

        run = partial(self.previews.run, judged)
        return self._page(request, draft, await self._said(request, run, is_typed=True))

    def _spoken(self, request: Request) -> str:
        return self.pages.language(request)

    async def _said(self, request: Request, run: Callable[[], Awaitable[Said]], *, is_typed: bool = False) -> Said:
        """What `run` says, or why it says nothing. Raises `Overtaken`."""
        language = self.pages.language(request)
        try:
            return await run()
        except Busy:
            say = self.pages.wording(request).say
            busy = say("Too many drafts are waiting, and yours was NOT checked. Try again in a moment.")
            return Said(None, busy, 503)
        except DraftRefused as refused:
            # A field that is still empty is no fault.
            return Said() if refused.is_empty and is_typed else Said(None, refusal(refused, language), 422)
        except Overtaken:
            raise
        except Exception as error:
            # Whatever went wrong, without a record there is no verdict; the error's message may hold the draft.
            _log.error("a draft was not checked", error=type(error).__name__)
            return Said(None, failure(language), 503)

    def _answer(self, request: Request, draft: Draft, said: Said) -> Response:
        if is_part(request):
            return self.pages.page(request, "result.html", status=said.status, **self._facts(request, said))
        return self._page(request, draft, said)

    def _page(self, request: Request, draft: Draft, said: Said) -> HTMLResponse:
        facts = self._facts(request, said) | {"unreachable": failure(self.pages.language(request))}
        lists = {"kinds": Kind, "accounts": Account, "channels": Channel}
        return self.pages.page(request, "try.html", status=said.status, draft=draft, **lists, **facts)

    def _facts(self, request: Request, said: Said) -> dict[str, object]:
        buttons = said.view.reply.buttons if said.view else ()
        offered = offers(buttons, self.pages.language(request))
        return {"view": said.view, "instead": said.instead, "offers": offered, "once": new_once}


def try_room(prescreen: Prescreen, checks: Pool, desk: Desk, *, is_alone: bool = True) -> Room:
    """`/try` and what belongs to it. `is_alone`: no other process has these pages."""

    def add(rooms: Rooms, pages: Pages) -> None:
        previews = Pool(_PREVIEWERS, backlog=20)
        page = TryPage(prescreen, desk, pages, checks, previews, Newest(previews), Lately(), is_alone)
        rooms.get("/try", page.open, allowed=EVERYBODY)
        rooms.post("/try", page.check, allowed=EVERYBODY)
        rooms.post("/try/preview", page.preview, allowed=EVERYBODY)
        rooms.post("/try/proposal", page.propose, allowed=EVERYBODY)
        rooms.post_by_anybody("/language", page.change_language)

    return add


def _screened(screener: Screener, draft: Draft) -> Screening:
    """A screening that nobody will know of, and so without a name."""
    now = datetime.now(UTC)
    return Screening("", now, draft, screener.screen(draft, now))


def _session(request: Request) -> str:
    return str(request.session.get("id"))


def draft_from(form: FormData, author: str) -> Draft:
    """The draft that the form holds. Raises a 400 for choices that the page does not offer."""
    try:
        kind = Kind(field(form, "kind") or Kind.POST)
        account = Account(field(form, "account") or Account.INSTITUTIONAL)
        channel = Channel(field(form, "channel") or Channel.OTHER)
    except ValueError:
        raise HTTPException(400) from None
    # What is replied to stays in its field while a post is being written, and is none of the post's business.
    answered = field(form, "in_reply_to") if kind is Kind.REPLY else ""
    return Draft(
        text=field(form, "text"),
        author=author,
        kind=kind,
        account=account,
        channel=channel,
        in_reply_to=answered if answered.strip() else None,
    )
