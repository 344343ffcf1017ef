"""One rule of a proposal by form: changed, made, taken away, or put on trial first."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from bot.console.forms import field
from bot.console.gate import Visitor
from bot.console.pages import Pages
from bot.console.proposal_shown import refusal
from bot.console.rule_faults import FieldFault, Written, labels_of, told
from bot.console.rule_form import KINDS, RuleForm, languages_of, new_rule
from bot.naming import override_name, severity_name, state_name
from bot.policy_page import page
from bot.proposals import editing
from bot.proposals.proposals import Proposals
from bot.proposals.proposed import File, ProposalError
from bot.proposals.sheet import NotEditable
from bot.wording import Wording
from rules.detectors.base import BaseRule
from rules.localized import say
from rules.policy import Policy
from rules.problems import PolicyError


@dataclass(frozen=True, slots=True)
class Target:
    """The rule that a form is about, and the file that holds it or adjusts it."""

    id: str
    file: File
    form: RuleForm
    policy: Policy

    @property
    def is_new(self) -> bool:
        return not self.id

    @property
    def mark(self) -> str:
        """Of what is written, so that nobody overwrites what they have not seen."""
        return hashlib.sha256(json.dumps(self.form.written, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def line(self) -> int:
        """Where it is written; 0 where it is not, or where the file cannot be read."""
        try:
            found = editing.lines_of(self.file.text, self.id) if self.id else None
        except NotEditable:
            return 0
        return found[0] if found else 0

    def written(self, text: str) -> Written:
        """The file as `text` would have it."""
        return Written(self.file.name, text, "adjust" if self.form.is_adjusting else "rules", self.id)

    def edited(self, changes: editing.Changes) -> str:
        """The file's text with the rule changed. Raises `NotEditable`, `LookupError`."""
        edit = editing.adjusted if self.form.is_adjusting else editing.changed
        return edit(self.file.text, self.id, changes)


@dataclass(frozen=True, slots=True)
class RulePage:
    """What the page's routes need."""

    pages: Pages
    proposals: Proposals
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        asked = request.query_params
        target = await asyncio.to_thread(
            self._target, request.path_params["id"], asked.get("rule", ""), asked.get("kind", "")
        )
        return self._page(request, target, target.form.values)

    async def save(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        id, wording = request.path_params["id"], self.pages.wording(request)
        target = await asyncio.to_thread(self._target, id, field(form, "rule"), field(form, "kind"))
        sent = {name: field(form, name) for name in (*target.form.names, "id") if name in form}
        if field(form, "then") == "shadow":
            sent["state"] = "shadow"
        if field(form, "mark") != target.mark:
            return self._page(request, target, sent, wrong=refusal(ProposalError("edited"), wording))
        try:
            text = await asyncio.to_thread(self._text, target, sent, removes=field(form, "then") == "remove")
        except (NotEditable, LookupError):
            by_hand = wording.say("A form cannot change this rule: change it in the text.")
            return self._page(request, target, sent, wrong=by_hand)
        return await self._saved(request, visitor, target, text, sent)

    async def shadow(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Recorded and not shown first: people are not troubled by a rule that nobody has seen at work."""
        id, wording = request.path_params["id"], self.pages.wording(request)
        target = await asyncio.to_thread(self._target, id, field(form, "rule"), "")
        try:
            text = await asyncio.to_thread(target.edited, {"state": "shadow"})
        except (NotEditable, LookupError):
            by_hand = wording.say("A form cannot change this rule: change it in the text.")
            return self._page(request, target, target.form.values, wrong=by_hand)
        return await self._saved(request, visitor, target, text, target.form.values)

    async def _saved(
        self, request: Request, visitor: Visitor, target: Target, text: str, sent: Mapping[str, str]
    ) -> Response:
        id, wording, file = request.path_params["id"], self.pages.wording(request), target.file
        facts = {"upon": file.version, "person": visitor.person, "at": self.now()}
        try:
            await asyncio.to_thread(self.proposals.policy, id, {file.name: text})
            await asyncio.to_thread(lambda: self.proposals.edit(id, file.name, text, **facts))  # type: ignore[arg-type]
        except PolicyError as error:
            faults = await asyncio.to_thread(told, error.problems, target.written(text), target.form, wording)
            return self._page(request, target, sent, faults=faults)
        except ProposalError as error:
            return self._page(request, target, sent, wrong=refusal(error, wording))
        return RedirectResponse(f"/policy/proposals/{id}?said=saved", 303)

    def _text(self, target: Target, sent: Mapping[str, str], *, removes: bool) -> str:
        if removes:
            return editing.removed(target.file.text, target.id)
        if target.is_new:
            return editing.added(target.file.text, new_rule(sent.get("id", ""), target.form, sent))
        return target.edited(target.form.changes(sent))

    def _target(self, id: str, rule: str, kind: str) -> Target:
        """Raises a 404 for a rule that is not there."""
        try:
            files = self.proposals.files(id)
            policy = self._readable(id)
        except ProposalError:
            raise HTTPException(404) from None
        languages = languages_of(policy.languages)
        if not rule:
            return Target("", files[0], RuleForm(kind if kind in KINDS else KINDS[0], languages, False), policy)
        for file in files:
            found = _written(file, rule)
            if found is not None:
                return Target(rule, file, RuleForm(str(found.get("detector", "")), languages, False, found), policy)
        known = policy.rule(rule)
        if known is None:
            raise HTTPException(404)
        adjusted = _adjustment(files[0], rule) or {"rule": rule}
        detector = str(getattr(known, "detector", ""))
        return Target(rule, files[0], RuleForm(detector, languages, True, adjusted), policy)

    def _readable(self, id: str) -> Policy:
        """The policy as proposed; while it does not load, the one that it builds on."""
        try:
            return self.proposals.policy(id)
        except PolicyError:
            return self.proposals.before(id)

    def _page(
        self, request: Request, target: Target, values: Mapping[str, str], *, wrong: str = "",
        faults: Sequence[FieldFault] = (),
    ) -> Response:  # fmt: skip
        language, wording = self.pages.language(request), self.pages.wording(request)
        policy, rule, names = target.policy, target.policy.rule(target.id), (*target.form.names, "id")
        return self.pages.page(
            request,
            "policy_form.html",
            status=422 if wrong or faults else 200,
            id=request.path_params["id"],
            target=target,
            shape_of=target.form,
            values={name: values.get(name, "") for name in names},
            locked=target.form.locked,
            kinds=KINDS,
            clauses=_clauses(policy, language),
            current=_current(rule, target.form, wording),
            labels=labels_of(target.form, wording),
            message=say(rule.message, language) if rule else "",
            wrong=wrong,
            faults=faults,
            wrong_in={name: [one.message for one in faults if one.field == name] for name in names},
        )


def _clauses(policy: Policy, language: str) -> dict[str, str]:
    """In the order in which people read them."""
    chapters = page(policy, language).chapters
    return {part.number: f"{part.number} {part.title}" for chapter in chapters for part in chapter.paragraphs}


def _current(rule: BaseRule | None, form: RuleForm, wording: Wording) -> defaultdict[str, str]:
    """What holds where an adjustment says nothing, for the reader to see beside the empty field."""
    shown: defaultdict[str, str] = defaultdict(str)
    if rule is not None and form.is_adjusting:
        shown |= {
            "severity": severity_name(rule.severity, wording), "override": override_name(rule.override, wording),
            "state": state_name(rule.state, wording), "clause": rule.clause,
        }  # fmt: skip
        for language in form.languages:
            shown[f"message_{language}"] = rule.message.get(language, "")
            shown[f"suggest_{language}"] = (rule.suggest or {}).get(language, "")
    return shown


def _written(file: File, rule: str) -> Mapping[str, Any] | None:
    if file.name.endswith(".txt") or rule not in file.text:
        return None
    try:
        return editing.written(file.text, rule)
    except NotEditable:
        return None


def _adjustment(file: File, rule: str) -> Mapping[str, Any] | None:
    """None also of a file that cannot be read: nothing is written into it either."""
    try:
        return editing.adjustment(file.text, rule)
    except NotEditable:
        return None
