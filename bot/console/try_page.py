"""The page where a draft is tried: a preview that leaves no trace as one types, a button that checks and records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console import auth
from bot.console.auth import SignIn
from bot.console.pages import Pages, is_part
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
    sign_in: SignIn
    pages: Pages
    body_limit: int
    checks: Pool
    previews: Pool

    async def open(self, request: Request) -> Response:
        self.sign_in.require(request)
        return self._page(request, Draft(text=""))

    async def preview(self, request: Request) -> Response:
        draft, _ = await self._read(request)
        return self._answer(request, draft, *await self._judged(request, draft, is_recorded=False))

    async def check(self, request: Request) -> Response:
        draft, _ = await self._read(request)
        return self._answer(request, draft, *await self._judged(request, draft, is_recorded=True))

    async def change_language(self, request: Request) -> Response:
        """Answer in the other language, and keep what was being written."""
        form = await auth.read_form(request, self.body_limit)
        language = auth.field(form, "language")
        if language not in LANGUAGES:
            raise HTTPException(400)
        request.session["language"] = language
        account = self.sign_in.account(request.session)
        if account is None or "text" not in form:
            return RedirectResponse("/try", 303)
        draft = draft_from(form, account)
        view, said, _ = await self._judged(request, draft, is_recorded=False)
        return self._page(request, draft, view, said)

    async def _read(self, request: Request) -> tuple[Draft, FormData]:
        account = self.sign_in.require(request)
        form = await auth.read_form(request, self.body_limit)
        return draft_from(form, account), form

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


def try_routes(prescreen: Prescreen, sign_in: SignIn, pages: Pages, *, body_limit: int, checks: Pool) -> APIRouter:
    """`/try` and what belongs to it."""
    page = TryPage(prescreen, sign_in, pages, body_limit, checks, Pool(_PREVIEWERS, backlog=20))
    router = APIRouter()
    router.add_api_route("/try", page.open, methods=["GET"])
    router.add_api_route("/try", page.check, methods=["POST"])
    router.add_api_route("/try/preview", page.preview, methods=["POST"])
    router.add_api_route("/language", page.change_language, methods=["POST"])
    return router


def _previewed(screener: Screener, draft: Draft) -> Screening:
    """A screening that nobody will know of, and so without a name."""
    now = datetime.now(UTC)
    return mended(Screening("", now, draft, screener.screen(draft, now)), screener)


def draft_from(form: FormData, author: str) -> Draft:
    """The draft that the form holds. Raises a 400 for choices that the page does not offer."""
    try:
        kind = Kind(auth.field(form, "kind") or Kind.POST)
        account = Account(auth.field(form, "account") or Account.INSTITUTIONAL)
        channel = Channel(auth.field(form, "channel") or Channel.OTHER)
    except ValueError:
        raise HTTPException(400) from None
    # What is replied to stays in its field while a post is being written, and is none of the post's business.
    answered = auth.field(form, "in_reply_to") if kind is Kind.REPLY else ""
    return Draft(
        text=auth.field(form, "text"),
        author=author,
        kind=kind,
        account=account,
        channel=channel,
        in_reply_to=answered if answered.strip() else None,
    )
