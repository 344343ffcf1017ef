"""The page where a draft is tried: a preview that leaves no trace as one types, a button that checks and records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.forms import field, local_path
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room, is_part
from bot.console.pool import Busy, Pool
from bot.console.verdict_view import View, view_of
from bot.people import LANGUAGES
from bot.prescreen import Prescreen, Screening, mended
from bot.reply import failure, refusal
from rules.draft import Account, Channel, Draft, DraftRefused, Kind
from rules.screening import Screener

_log = structlog.get_logger("vaglio.console")

_PREVIEWERS = 2
"""Threads for previews: their own, so that what somebody asked for by the button never waits behind them."""


@dataclass(frozen=True, slots=True)
class TryPage:
    """What the page's routes need."""

    prescreen: Prescreen
    pages: Pages
    checks: Pool
    previews: Pool

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return self._page(request, Draft(text=""))

    async def preview(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        draft = draft_from(form, visitor.account)
        return self._answer(request, draft, *await self._judged(request, draft, is_recorded=False))

    async def check(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        draft = draft_from(form, visitor.account)
        return self._answer(request, draft, *await self._judged(request, draft, is_recorded=True))

    async def change_language(self, request: Request, visitor: Visitor | None, form: FormData) -> Response:
        """Answer in the other language, and keep what was being written."""
        language = field(form, "language")
        if language not in LANGUAGES:
            raise HTTPException(400)
        request.session["language"] = language
        if visitor is None or "text" not in form:
            return RedirectResponse(local_path(field(form, "back")) or "/try", 303)
        draft = draft_from(form, visitor.account)
        view, said, _ = await self._judged(request, draft, is_recorded=False)
        return self._page(request, draft, view, said)

    async def _judged(
        self, request: Request, draft: Draft, *, is_recorded: bool
    ) -> tuple[View | None, str | None, int]:
        """The verdict, or the sentence that there is in its place, and the status that goes with it."""
        language, screener = self.pages.language(request), self.prescreen.screener
        try:
            if is_recorded:
                screening = await self.checks.run(partial(self.prescreen, draft, screener=screener))
            else:
                screening = await self.previews.run(partial(_previewed, screener, draft))
        except Busy:
            say = self.pages.wording(request).say
            return None, say("Too many drafts are waiting, and yours was NOT checked. Try again in a moment."), 503
        except DraftRefused as refused:
            if refused.is_empty and not is_recorded:
                return None, None, 200
            return None, refusal(refused, language), 422
        except Exception as error:
            # Whatever went wrong, without a record there is no verdict; the error's message may hold the draft.
            _log.error("a draft was not checked", error=type(error).__name__)
            return None, failure(language), 503
        return view_of(screening, screener.policy, language, is_recorded=is_recorded), None, 200

    def _answer(self, request: Request, draft: Draft, view: View | None, said: str | None, status: int) -> Response:
        if is_part(request):
            return self.pages.page(request, "result.html", status=status, view=view, said=said)
        return self._page(request, draft, view, said, status)

    def _page(
        self, request: Request, draft: Draft, view: View | None = None, said: str | None = None, status: int = 200
    ) -> HTMLResponse:
        facts = {"view": view, "said": said, "unreachable": failure(self.pages.language(request))}
        lists = {"kinds": Kind, "accounts": Account, "channels": Channel}
        return self.pages.page(request, "try.html", status=status, draft=draft, **lists, **facts)


def try_room(prescreen: Prescreen, checks: Pool) -> Room:
    """`/try` and what belongs to it."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = TryPage(prescreen, pages, checks, Pool(_PREVIEWERS, backlog=20))
        rooms.get("/try", page.open, allowed=EVERYBODY)
        rooms.post("/try", page.check, allowed=EVERYBODY)
        rooms.post("/try/preview", page.preview, allowed=EVERYBODY)
        rooms.post_by_anybody("/language", page.change_language)

    return add


def _previewed(screener: Screener, draft: Draft) -> Screening:
    """A screening that nobody will know of, and so without a name."""
    now = datetime.now(UTC)
    return mended(Screening("", now, draft, screener.screen(draft, now)), screener)


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
