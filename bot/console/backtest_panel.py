"""What a proposal would have done to past drafts: begun by a button, watched as it goes, told without names."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.forms import field as written
from bot.console.gate import Visitor
from bot.console.pages import Pages, is_part
from bot.naming import account_told, channel_name, kind_name, outcome_name
from bot.proposals.backtests import Backtest, Backtests, BusyError, Sample
from bot.proposals.proposals import Proposals
from bot.proposals.proposed import ProposalError
from bot.wording import Wording
from rules.problems import PolicyError
from rules.verdict import Outcome

_log = structlog.get_logger("vaglio.console")

LASTS: Final = (100, 1_000, 5_000)
"""How many past drafts may be chosen."""
_SAMPLES: Final = 5
_SHOWN: Final = 50
"""Flips that are listed."""
_RULES: Final = 15


@dataclass(frozen=True, slots=True)
class Turn:
    """How many drafts went from one outcome to another."""

    before: Outcome
    before_name: str
    after: Outcome
    after_name: str
    count: int


@dataclass(slots=True)
class Runs:
    """The backtests that this process is at, one after the other; or those that it hands to the workers."""

    backtests: Backtests
    _going: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def go_on(self, id: str) -> None:
        """Go on with it, unless this process does so already."""
        if self.backtests.sharing.hands_out:
            with suppress(BusyError, LookupError):
                self.backtests.sharing.hand_out(id)
            return
        with self._lock:
            if id in self._going:
                return
            self._going.add(id)
        # Not of a pool, whose threads a process that is told to stop would wait for: what is done is kept anyway.
        threading.Thread(target=self._run, args=(id,), name=f"backtest-{id}", daemon=True).start()

    def stop(self, id: str) -> None:
        with self._lock:
            self._going.discard(id)
        self.backtests.stop(id)

    def is_going(self, id: str) -> bool:
        with self._lock:
            return id in self._going

    def _run(self, id: str) -> None:
        try:
            with self._turn:
                if self.is_going(id):
                    self.backtests.run(id)
        except (BusyError, LookupError):
            pass
        except Exception as error:
            # Its message may hold words of a draft.
            _log.error("a backtest failed", backtest=id, error=type(error).__name__)
        finally:
            with self._lock:
                self._going.discard(id)


@dataclass(frozen=True, slots=True)
class BacktestPanel:
    """What the panel's routes need."""

    pages: Pages
    proposals: Proposals
    runs: Runs
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        """How far it is, asked for again and again while it goes."""
        id = request.path_params["id"]
        if not is_part(request):
            return RedirectResponse(f"/policy/proposals/{id}#backtest", 303)
        wording = self.pages.wording(request)
        facts = await asyncio.to_thread(self.facts, id, wording)
        return self.pages.page(request, "policy_backtest.html", id=id, count=wording.count, **facts)

    async def begin(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id, chosen = request.path_params["id"], written(form, "last")
        last = int(chosen) if chosen in map(str, LASTS) else LASTS[1]
        with suppress(ProposalError, PolicyError):  # the page itself says why
            await asyncio.to_thread(self._begin, id, visitor.person, last)
        return RedirectResponse(f"/policy/proposals/{id}#backtest", 303)

    async def stop(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id = request.path_params["id"]
        if newest := await asyncio.to_thread(self._newest, id):
            await asyncio.to_thread(self.runs.stop, newest.id)
        return RedirectResponse(f"/policy/proposals/{id}#backtest", 303)

    async def go_on(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id = request.path_params["id"]
        if newest := await asyncio.to_thread(self._newest, id):
            self.runs.go_on(newest.id)
        return RedirectResponse(f"/policy/proposals/{id}#backtest", 303)

    async def samples(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Some of the drafts, masked; asked for by a button, for that they are read is on record."""
        id, wording = request.path_params["id"], self.pages.wording(request)
        newest = await asyncio.to_thread(self._newest, id)
        if newest is None:
            raise HTTPException(404)
        found = await asyncio.to_thread(
            lambda: self.runs.backtests.samples(newest.id, _SAMPLES, by=visitor.person, at=self.now())
        )
        return self.pages.page(
            request,
            "policy_samples.html",
            id=id,
            samples=[_shown(one, wording) for one in found],
            flipped=newest.flipped,
        )

    def facts(self, id: str, wording: Wording) -> dict[str, Any]:
        """What the panel shows of a proposal's newest backtest."""
        found = self._newest(id)
        return {
            "backtest": found,
            "lasts": LASTS,
            "is_current": found is not None and found.after == self._revision(id),
            "turns": _turns(found, wording) if found else [],
            "flips": [
                (outcome_name(flip.before, wording), outcome_name(flip.after, wording), flip)
                for flip in (found.flips[:_SHOWN] if found else ())
            ],
            "rule_counts": found.rules[:_RULES] if found else (),
            "is_going": found is not None and (self.runs.is_going(found.id) or _is_elsewhere(found)),
        }

    def _begin(self, id: str, person: str, last: int) -> None:
        before, after = self.proposals.before(id), self.proposals.policy(id)
        begun = self.runs.backtests.begin(before, after, person=person, at=self.now(), last=last, proposal=id)
        self.runs.go_on(begun)

    def _newest(self, id: str) -> Backtest | None:
        return next(iter(self.runs.backtests.newest(proposal=id, most=1)), None)

    def _revision(self, id: str) -> str | None:
        try:
            return self.proposals.policy(id).revision
        except (PolicyError, ProposalError):
            return None


def _is_elsewhere(found: Backtest) -> bool:
    return found.state == "running" and not found.is_left


def _turns(found: Backtest, wording: Wording) -> list[Turn]:
    """The outcomes that are other than before, the most frequent first."""
    rows = [
        Turn(before, outcome_name(before, wording), after, outcome_name(after, wording), count)
        for (before, after), count in found.outcomes.items()
        if before is not after
    ]
    return sorted(rows, key=lambda row: -row.count)


def _shown(sample: Sample, wording: Wording) -> dict[str, object]:
    names = (
        kind_name(sample.kind, wording),
        channel_name(sample.channel, wording),
        account_told(sample.account, wording),
    )
    return {
        "text": sample.text,
        "in_reply_to": sample.in_reply_to,
        "context": " · ".join(names),
        "before": outcome_name(sample.flip.before, wording),
        "after": outcome_name(sample.flip.after, wording),
        "rules": ", ".join((*sample.flip.newly, *sample.flip.no_longer, *sample.flip.otherwise)),
    }
