"""The policy for whoever goes by it: its clauses and rules, what changed lately, and how it came to be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from babel.dates import format_datetime
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.audit.counts import RuleCounts
from bot.console.forms import field
from bot.console.gate import EVERYBODY, Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.policy_view import RuleView, Sought, clauses_of, examples_of, scope_of
from bot.differences import for_people, told
from bot.policy_page import page
from bot.proposals.proposals import UNPUBLISHED, Proposals
from bot.proposals.proposed import line
from bot.proposals.sources import Origin, origin_of
from bot.revisions import Published, RevisionError, Revisions
from bot.roles import Role
from bot.wording import Wording
from rules.comparing import compare
from rules.localized import say
from rules.policy import Policy
from rules.problems import PolicyError

EDITORS: Final = frozenset({Role.COMMUNICATIONS, Role.ADMIN})
"""Who may propose and publish."""
READERS: Final = EDITORS | {Role.COMPLIANCE}
"""Who sees numbers, YAML and what is not in force."""
_LATELY: Final = 3
"""Publications whose changes are told to everybody."""
_LISTED: Final = 50
_NONE: Final = -1
"""No publication's number."""

Counts = Callable[[], Mapping[str, RuleCounts]]


@dataclass(frozen=True, slots=True)
class Change:
    """A publication and what it changed, in words."""

    published: Published
    when: str
    lines: tuple[str, ...] | None
    """None: it, or the one before, cannot be read by this version."""


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """What the page's routes need."""

    pages: Pages
    policy: Callable[[], Policy]
    """The one in force."""
    revisions: Revisions
    proposals: Proposals
    counts: Counts
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        policy, wording, asked = self.policy(), self.pages.wording(request), request.query_params
        sought = Sought(*(asked.get(name, "").strip()[:100] for name in ("q", "owner", "severity", "state")))
        is_reader = visitor.may(*READERS)
        counts = await asyncio.to_thread(self.counts) if is_reader else None
        owners = {owner.id: say(owner.name, wording.language) for owner in policy.owners}
        return self.pages.page(
            request,
            "policy.html",
            title=page(policy, wording.language).title,
            policy=policy,
            clauses=clauses_of(policy, wording, sought, counts),
            sought=sought,
            owners=owners,
            changes=await asyncio.to_thread(self._lately, wording),
            is_reader=is_reader,
            is_editor=visitor.may(*EDITORS),
            proposals=await asyncio.to_thread(self.proposals.open) if visitor.may(*EDITORS) else (),
            moment=moments(policy, wording),
            count=wording.count,
        )

    async def rule(self, request: Request, visitor: Visitor) -> Response:
        policy, wording = self.policy(), self.pages.wording(request)
        rule, is_reader = policy.rule(request.path_params["rule"]), visitor.may(*READERS)
        if rule is None or not (is_reader or rule.state == "live"):
            raise HTTPException(404)
        counts = (await asyncio.to_thread(self.counts)).get(rule.id, RuleCounts(rule.id)) if is_reader else None
        clause = policy.clause(rule.clause)
        return self.pages.page(
            request,
            "policy_rule.html",
            rule=RuleView.of(rule, wording, counts),
            suggest=say(rule.suggest, wording.language) if rule.suggest else "",
            clause=clause,
            clause_title=say(clause.title, wording.language),
            clause_text=say(clause.text, wording.language),
            owner=say(policy.owner(clause.owner).name, wording.language),
            finds=wording.say(rule.finds),
            scope=scope_of(rule, wording),
            # What must not leave may stand in the examples too.
            flag=examples_of(rule.examples.flag) if is_reader or not rule.may_hide else [],
            allow=examples_of(rule.examples.allow) if is_reader or not rule.may_hide else [],
            origin=await asyncio.to_thread(self._origin, rule.id) if is_reader else None,
            is_editor=visitor.may(*EDITORS),
            proposals=await asyncio.to_thread(self.proposals.open) if visitor.may(*EDITORS) else (),
        )

    async def history(self, request: Request, visitor: Visitor) -> Response:
        wording = self.pages.wording(request)
        return await self._history(request, visitor, wording, wrong="")

    async def restore(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Back to an earlier policy: at once, or by a proposal where a second person has to agree.

        To what was never published by a proposal only: its tests are run, and whoever publishes it sees what changes.
        """
        wording = self.pages.wording(request)
        reason, written = line(field(form, "reason")), field(form, "seq")
        if not reason:
            return await self._history(request, visitor, wording, wrong=wording.say("Say why, in a few words."))
        seq = int(written) if written.isdecimal() and len(written) < 10 else _NONE
        try:
            if self.proposals.people > 1 or seq == UNPUBLISHED:
                id = await asyncio.to_thread(self.proposals.go_back, seq, visitor.person, self.now(), reason)
                return RedirectResponse(f"/policy/proposals/{id}", 303)
            await asyncio.to_thread(self._restored, seq, visitor.person, reason)
        except LookupError:
            raise HTTPException(404) from None
        except RevisionError as error:
            return await self._history(request, visitor, wording, wrong=error.show(wording.language))
        except PolicyError:
            unreadable = wording.say("This version of Vaglio cannot read that policy any more.")
            return await self._history(request, visitor, wording, wrong=unreadable)
        return RedirectResponse("/policy/history?said=back", 303)

    async def _history(self, request: Request, visitor: Visitor, wording: Wording, wrong: str) -> Response:
        chosen = request.query_params.get("seq", "")
        every = await asyncio.to_thread(self.revisions.history)
        at = next((place for place, one in enumerate(every) if str(one.seq) == chosen), None)
        is_reader = visitor.may(*READERS)
        before = await asyncio.to_thread(self.proposals.before_all)
        return self.pages.page(
            request,
            "policy_history.html",
            status=422 if wrong else 200,
            history=every[:_LISTED],
            chosen=await asyncio.to_thread(self._change, every, at, wording, is_reader) if at is not None else None,
            is_first_known=before is not None,
            before=None if before is None or before.revision in {one.revision for one in every} else before,
            is_before=chosen == str(UNPUBLISHED),
            is_reader=is_reader,
            is_editor=visitor.may(*EDITORS),
            needs_second=self.proposals.people > 1,
            wrong=wrong,
            said=request.query_params.get("said", ""),
            moment=moments(self.policy(), wording),
        )

    def _restored(self, seq: int, person: str, reason: str) -> None:
        revision = next((one.revision for one in self.revisions.history() if one.seq == seq), "")
        self.revisions.restore(revision, person=person, note=reason, at=self.now())

    def _origin(self, rule: str) -> Origin | None:
        """None also where what is in force cannot be read just now, such as a file that is being written."""
        try:
            return origin_of(self.proposals.in_force()[0], rule)
        except (PolicyError, RevisionError):
            return None

    def _lately(self, wording: Wording) -> Sequence[Change]:
        """For whoever goes by it; what changed nothing for them is not told."""
        every = self.revisions.history()
        changes = [self._change(every, place, wording, False) for place in range(min(_LATELY, len(every) - 1))]
        return [change for change in changes if change.lines != ()]

    def _change(self, every: Sequence[Published], place: int, wording: Wording, is_reader: bool) -> Change:
        one = every[place]
        when = moments(self.policy(), wording)(one.at)
        try:
            before, after = self._earlier(every, place), self.revisions.load(one.seq)
        except (PolicyError, RevisionError, LookupError):
            return Change(one, when, None)
        if before is None:
            return Change(one, when, ())
        if is_reader:
            return Change(one, when, tuple(told(compare(before, after), wording.language)))
        return Change(one, when, tuple(for_people(before, after, wording.language)))

    def _earlier(self, every: Sequence[Published], place: int) -> Policy | None:
        """What was in force before a publication; None where nobody knows. Raises as `Revisions.load` does."""
        if place + 1 < len(every):
            return self.revisions.load(every[place + 1].seq)
        return self.proposals.policy_before_all()


def moments(policy: Policy, wording: Wording) -> Callable[[datetime], str]:
    """How a moment is written: in the policy's zone, with the year."""
    return lambda at: format_datetime(at, "d MMM y, HH:mm", tzinfo=policy.zone, locale=wording.language)


def policy_room(
    policy: Callable[[], Policy],
    revisions: Revisions,
    proposals: Proposals,
    counts: Counts,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Room:
    """`/policy`, for everybody; going back to an earlier one is for communications and admins."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = PolicyPage(pages, policy, revisions, proposals, counts, now)
        rooms.get("/policy", page.open, allowed=EVERYBODY)
        rooms.get("/policy/rules/{rule}", page.rule, allowed=EVERYBODY)
        rooms.get("/policy/history", page.history, allowed=EVERYBODY)
        rooms.post("/policy/restore", page.restore, allowed=EDITORS)

    return add
