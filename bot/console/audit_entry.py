"""One entry: what it says, its place in the chain, and its whole story; its words with a reason, on record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from bot.audit.facets import plain
from bot.audit.fate import Fate, why
from bot.audit.looks import read
from bot.audit.spoken import Spoken, when
from bot.audit.story import Step, Story, called
from bot.audit.telling import Told, texts_of, told
from bot.console.archive import Archive
from bot.console.audit_page import COMPLIANCE
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.marking import Piece, of_findings, pieces
from bot.console.pages import Pages
from rules.localized import say as localized
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Shown:
    """A step of the story, in words."""

    step: Step
    when: str
    kind: str
    actor: str | None
    outcome: str
    ended: str
    told: Told
    clauses: Mapping[str, str]
    """What the clauses of its findings are called, where the policy that it names is in force."""
    words: tuple[tuple[str, tuple[Piece, ...]], ...] = ()
    """Once they were asked for: each text under what it is called."""
    wordless: str = ""
    """Why there are none, where that is not how it always was."""
    note: str = ""
    """Of a look, why: which entries it was at is told on its own page."""


@dataclass(frozen=True, slots=True)
class EntryPage:
    """What the routes need."""

    archive: Archive
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        if job := await asyncio.to_thread(self.archive.indexing):
            return self.pages.page(request, "audit_indexing.html", job=job)
        return await self._answer(request, await self._story(request))

    async def with_words(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        story, reason = await self._story(request), field(form, "reason").strip()
        if story is None or not reason:
            wrong = self.pages.wording(request).say("Say why: it goes on record.")
            return await self._answer(request, story, wrong=wrong, status=422)
        of_all = field(form, "which") == "story"
        seqs = [step.seq for step in (story.steps if of_all else [story.about]) if step.seq and _is_kept(step)]
        words = await asyncio.to_thread(self._read, seqs, visitor, reason) if seqs else {}
        # With the look that was just made.
        return await self._answer(request, await self._story(request), words=words)

    def _read(self, seqs: list[int], visitor: Visitor, reason: str) -> Mapping[int, Any]:
        return read(self.archive.ledger, seqs, by=visitor.person, at=self.archive.now(), reason=reason)

    async def _story(self, request: Request) -> Story | None:
        return await asyncio.to_thread(self.archive.stories.of, plain(request.path_params["name"]))

    async def _answer(
        self, request: Request, story: Story | None, *, words: Mapping[int, Any] | None = None, wrong: str = "",
        status: int = 200,
    ) -> Response:  # fmt: skip
        wording = self.pages.wording(request)
        if story is None:
            say = wording.say
            return self.pages.notice(request, say("There is nothing here"), say("There is no such entry."), status=404)
        spoken, policy = Spoken.of(wording), self.archive.policy()
        steps = [_shown(step, spoken, policy, (words or {}).get(step.seq or 0)) for step in story.steps]
        about = next(each for each in steps if each.step is story.about)
        newest = await asyncio.to_thread(self.archive.checkpoints.newest)
        signed = newest.statement() if newest else None
        facts = {
            "about": about, "link": story.link, "steps": steps, "is_cut": story.is_cut, "wrong": wrong,
            "fate": why(story.about.fate, wording), "has_words": words is not None,
            "is_kept": story.about.fate is Fate.KEPT, "kept": sum(_is_kept(each) for each in story.steps),
            "signed": signed if signed and signed.count >= story.link.seq else None,
        }  # fmt: skip
        return self.pages.page(request, "audit_entry.html", status=status, **facts)


def add_entry(rooms: Rooms, pages: Pages, archive: Archive) -> None:
    """`/audit/entries/{name}`, where the name is a number or an id."""
    page = EntryPage(archive, pages)
    rooms.get("/audit/entries/{name}", page.open, allowed=COMPLIANCE)
    rooms.post("/audit/entries/{name}/words", page.with_words, allowed=COMPLIANCE)


def _is_kept(step: Step) -> bool:
    return step.fate is Fate.KEPT


def _shown(step: Step, spoken: Spoken, policy: Policy, words: Any) -> Shown:
    said = {"at": step.at, "kind": step.kind, "subject": step.subject, "actor": None, **step.said}
    facts = said["facts"]
    outcome, ruling = (each if isinstance(each := facts.get(key), str) else None for key in ("outcome", "ruling"))
    lost = step.fate not in (Fate.KEPT, Fate.NEVER)
    return Shown(
        step=step, when=when(step.at), kind=called(step.kind, spoken), actor=said["actor"], outcome=outcome or "",
        ended=spoken.ended(outcome, ruling), told=told(said, spoken),
        clauses=dict(_clauses(facts, policy, spoken.wording.language)), words=tuple(_texts(words, facts, spoken)),
        wordless=why(step.fate, spoken.wording) if lost else "",
        note=str(spoken.value(facts.get("why", ""), "why", "facts")) if step.kind == "look" else "",
    )  # fmt: skip


def _clauses(facts: Mapping[str, Any], policy: Policy, language: str) -> Iterator[tuple[str, str]]:
    """As the writer was shown them."""
    if facts.get("policy") == policy.revision:
        yield from ((clause.id, localized(clause.title, language)) for clause in policy.clauses)


def _texts(words: Any, facts: Any, spoken: Spoken) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    for key, text in texts_of(words).items():
        marks = list(of_findings(words, facts)) if key == "text" else []
        yield spoken.label(key), pieces(text, marks)
