"""A change of the policy on its way: what it means, whether its tests pass, and what is done with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from bot.console.backtest_panel import BacktestPanel, Runs
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room, is_part
from bot.console.policy_page import EDITORS, moments
from bot.console.proposal_shown import faults_of, lines_of, refusal, rules_of
from bot.console.proposed_rule import RulePage
from bot.console.text_page import TextPage
from bot.proposals.backtests import Backtests
from bot.proposals.proposals import Proposals
from bot.proposals.proposed import ProposalError, Proposed
from bot.proposals.telling import said
from bot.revisions import RevisionError
from bot.wording import Wording
from rules.localized import say
from rules.policy import Policy
from rules.problems import PolicyError


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """What the page's routes need."""

    pages: Pages
    policy: Callable[[], Policy]
    """The one in force."""
    proposals: Proposals
    backtest: BacktestPanel
    now: Callable[[], datetime]

    async def begin(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id, wording = field(form, "proposal"), self.pages.wording(request)
        try:
            id = id or await asyncio.to_thread(self.proposals.begin, visitor.person, self.now(), field(form, "note"))
        except (PolicyError, RevisionError) as error:
            title = wording.say("The policy in force cannot be read")
            return self.pages.notice(request, title, error.show(wording.language), status=409)
        rule = field(form, "rule")
        return RedirectResponse(f"{_address(id)}/rule?rule={quote(rule)}" if rule else _address(id), 303)

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor, request.path_params["id"])

    async def trial(self, request: Request, visitor: Visitor) -> Response:
        """The tests, run now; only that part where only that is asked for."""
        return await self._page(request, visitor, request.path_params["id"], tries=True)

    async def agree(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id, facts = request.path_params["id"], self._decided(visitor, form)
        return await self._done(request, visitor, "agreed", lambda: self.proposals.agree(id, **facts))

    async def publish(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id, facts = request.path_params["id"], self._decided(visitor, form)
        return await self._done(request, visitor, "published", lambda: self.proposals.publish(id, **facts))

    async def rebase(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id = request.path_params["id"]
        return await self._done(
            request, visitor, "brought", lambda: self.proposals.rebase(id, person=visitor.person, at=self.now())
        )

    async def withdraw(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id = request.path_params["id"]
        return await self._done(request, visitor, "withdrawn", lambda: self.proposals.withdraw(id))

    def _decided(self, visitor: Visitor, form: FormData) -> dict[str, Any]:
        """By whom, when, and on what: the revision that the page showed when they decided."""
        return {"person": visitor.person, "at": self.now(), "seen": field(form, "seen")}

    async def _done(self, request: Request, visitor: Visitor, done: str, act: Callable[[], object]) -> Response:
        wording, id = self.pages.wording(request), request.path_params["id"]
        try:
            await asyncio.to_thread(act)
        except ProposalError as error:
            return await self._page(request, visitor, id, wrong=refusal(error, wording))
        except RevisionError as error:
            return await self._page(request, visitor, id, wrong=error.show(wording.language))
        except PolicyError:
            return await self._page(request, visitor, id, wrong=wording.say("The policy does not load: see below."))
        return RedirectResponse(f"{_address(id)}?said={done}", 303)

    async def _page(
        self, request: Request, visitor: Visitor, id: str, *, tries: bool = False, wrong: str = ""
    ) -> Response:
        wording = self.pages.wording(request)
        found = await asyncio.to_thread(self.proposals.find, id)
        if found is None:
            gone = wording.say("There is no such change.")
            return self.pages.notice(request, wording.say("There is nothing here"), gone, status=404)
        try:
            facts = await asyncio.to_thread(self._facts, found, wording, tries)
        except RevisionError as error:
            title = wording.say("The policy in force cannot be read")
            return self.pages.notice(request, title, error.show(wording.language), status=409)
        part = tries and is_part(request)
        return self.pages.page(
            request,
            "policy_trial.html" if part else "policy_proposal.html",
            status=409 if wrong else 200,
            proposed=found,
            needs_second=self.proposals.people > 1,
            is_first=await asyncio.to_thread(self.proposals.live.published) is None,
            is_writer=self.proposals.wrote(visitor.person, found),
            wrong=wrong,
            said=request.query_params.get("said", ""),
            moment=moments(self.policy(), wording),
            count=wording.count,
            **facts,
        )

    def _facts(self, found: Proposed, wording: Wording, tries: bool) -> dict[str, object]:
        """What takes a database and a policy to be read."""
        facts: dict[str, object] = {
            "files": self.proposals.files(found.id), "faults": [], "lines": [], "rules": [], "trial": None,
            "revision": None, "differs": False, "moved": None, "all_rules": [], "backtest": None,
        }  # fmt: skip
        if found.state == "open":
            with suppress(PolicyError):  # a file that is in force, and being written just now
                facts["moved"] = self.proposals.moved_to(found.id)
        try:
            policy, comparison = self.proposals.policy(found.id), self.proposals.comparison(found.id)
        except PolicyError as error:
            return facts | {"faults": faults_of(error.problems, wording.language)}
        trial = self.proposals.trial(policy, only_known=not tries)
        return facts | {
            **self.backtest.facts(found.id, wording),
            "lines": lines_of(comparison, wording.language),
            "rules": rules_of(comparison, policy),
            "differs": bool(comparison.rows),
            "revision": policy.revision,
            "trial": None if trial is None else [said(one, wording) for one in trial],
            "tested": len(policy.rules),
            "all_rules": [(rule.id, say(rule.message, wording.language)) for rule in policy.rules],
        }


def _or_faults(answer: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Where neither the proposal loads nor what it builds on there is no rule to show: its own page says why."""

    async def tried(request: Request, *more: Any) -> Response:
        try:
            return await answer(request, *more)
        except PolicyError:
            return RedirectResponse(_address(request.path_params["id"]), 303)

    return tried


def _address(id: str) -> str:
    return f"/policy/proposals/{quote(id, safe='')}"


def proposal_room(
    policy: Callable[[], Policy],
    proposals: Proposals,
    backtests: Backtests,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Room:
    """`/policy/proposals/...`, for communications and admins."""

    def add(rooms: Rooms, pages: Pages) -> None:
        panel = BacktestPanel(pages, proposals, Runs(backtests), now)
        page = ProposalPage(pages, policy, proposals, panel, now)
        rule, text = RulePage(pages, proposals, now), TextPage(pages, proposals, now)
        here = "/policy/proposals/{id}"
        rooms.post("/policy/proposals", page.begin, allowed=EDITORS)
        rooms.get(here, page.open, allowed=EDITORS)
        rooms.get(f"{here}/trial", page.trial, allowed=EDITORS)
        for name, act in {
            "agree": page.agree, "publish": page.publish, "rebase": page.rebase, "withdraw": page.withdraw,
            "shadow": _or_faults(rule.shadow), "backtest": panel.begin, "stop": panel.stop, "go-on": panel.go_on,
            "samples": panel.samples,
        }.items():  # fmt: skip
            rooms.post(f"{here}/{name}", act, allowed=EDITORS)
        rooms.get(f"{here}/backtest", panel.open, allowed=EDITORS)
        rooms.get(f"{here}/rule", _or_faults(rule.open), allowed=EDITORS)
        rooms.post(f"{here}/rule", _or_faults(rule.save), allowed=EDITORS)
        rooms.get(f"{here}/text", text.open, allowed=EDITORS)
        rooms.post(f"{here}/text", text.save, allowed=EDITORS)
        rooms.post(f"{here}/check", text.check, allowed=EDITORS)
        rooms.get(f"{here}/words", text.words, allowed=EDITORS)

    return add
