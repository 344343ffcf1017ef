"""The record: found by what it says, page by page, and kept as searches that somebody wants again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from bot.audit.errors import RecordError
from bot.audit.facets import Facets, plain, words_of
from bot.audit.index import Page
from bot.audit.looks import look
from bot.audit.spoken import Spoken, when
from bot.audit.vault import VaultError
from bot.console.archive import Archive
from bot.console.audit_query import CHOICES, Query, read_address, read_query
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.marking import Piece, pieces
from bot.console.pages import Pages
from bot.roles import Role
from bot.wording import Wording
from rules.localized import say as localized

COMPLIANCE: Final = frozenset({Role.COMPLIANCE})
AT_ONCE: Final = 50
"""Entries on a page."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of what was found."""

    seq: int
    when: str
    kind: str
    actor: str | None
    outcome: str
    ended: str
    rules: tuple[str, ...]
    words: tuple[tuple[Piece, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What the routes need."""

    archive: Archive
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        query = read_query(request.query_params, self.archive.policy().zone)
        if job := await asyncio.to_thread(self.archive.indexing):
            return self.pages.page(request, "audit_indexing.html", job=job)
        return await self._answer(request, visitor, query)

    async def with_words(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """The same, with the words that belong to what was found. That somebody looks is on record first."""
        query = read_query({**_address_of(form, self.archive), "after": field(form, "after")}, self._zone)
        if not (reason := field(form, "reason").strip()):
            say = self.pages.wording(request).say
            return await self._answer(request, visitor, query, wrong=say("Say why: it goes on record."), status=422)
        return await self._answer(request, visitor, query, reason=reason)

    async def find(self, request: Request, visitor: Visitor) -> Response:
        """By a number or an id, straight to the entry."""
        entry = await asyncio.to_thread(self.archive.ledger.entry, plain(request.query_params.get("name", "")).strip())
        if entry is not None:
            return RedirectResponse(f"/audit/entries/{entry.seq}", 303)
        query = read_query({}, self._zone)
        said = self.pages.wording(request).say("There is no such entry.")
        return await self._answer(request, visitor, query, wrong=said, status=404)

    async def save(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        query = read_query(_address_of(form, self.archive), self._zone)
        saved = await asyncio.to_thread(
            self.archive.searches.save, visitor.person, field(form, "name"), query.address, self.archive.now()
        )
        if saved is None:
            say = self.pages.wording(request).say
            wrong = say("It was not kept: give it a name of up to 80 characters, or delete another one first.")
            return await self._answer(request, visitor, query, wrong=wrong, status=422)
        return RedirectResponse(f"/audit?{query.address}", 303)

    async def delete(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        await asyncio.to_thread(self.archive.searches.delete, visitor.person, field(form, "id"))
        query = read_query(_address_of(form, self.archive), self._zone)
        return RedirectResponse(f"/audit?{query.address}", 303)

    @property
    def _zone(self) -> Any:
        return self.archive.policy().zone

    async def _answer(
        self, request: Request, visitor: Visitor, query: Query, *, reason: str = "", wrong: str = "", status: int = 200
    ) -> Response:
        wording = self.pages.wording(request)
        found, words = await asyncio.to_thread(self._found, query, visitor, reason)
        spoken = Spoken.of(wording)
        facts = {
            "query": query, "found": [_hit(hit, words.get(hit.seq), query, spoken) for hit in found.hits],
            "next": found.next, "heading": _heading(query, found, wording), "wrong": wrong, "has_words": bool(reason),
            "missing": found.told(wording),
            "choices": choices(spoken), "lists": self._lists(wording), "zone": str(self._zone),
            "saved": await asyncio.to_thread(self.archive.searches.of, visitor.person), "chips": chips(query, spoken),
        }  # fmt: skip
        return self.pages.page(request, "audit.html", status=status, **facts)

    def _found(self, query: Query, visitor: Visitor, reason: str) -> tuple[Page, Mapping[int, bytes]]:
        archive = self.archive
        found = archive.index.search(query.filters, newest=AT_ONCE, after=query.after)
        seqs = [hit.seq for hit in found.hits if hit.holder] if reason else []
        if not seqs:
            return found, {}
        try:
            return found, look(archive.ledger, seqs, by=visitor.person, at=archive.now(), why="search", reason=reason)
        except VaultError:
            raise RecordError("broken", f"#{seqs[-1]}–{seqs[0]}") from None

    def _lists(self, wording: Wording) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What the fields offer as one types: of the policy in force; the record may know others."""
        policy = self.archive.policy()
        families = dict.fromkeys(f"{rule.id.partition('.')[0]}.*" for rule in policy.rules)
        return {
            "rule": [*((each, "") for each in families), *((rule.id, "") for rule in policy.rules)],
            "clause": [(each.id, localized(each.title, wording.language)) for each in policy.clauses],
            "owner": [(each.id, localized(each.name, wording.language)) for each in policy.owners],
            "policy": [(policy.revision, wording.say("in force"))],
        }


def choices(spoken: Spoken) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What the fields offer, in the record's codes and in words."""
    say, label = spoken.wording.say, spoken.label
    parts = {
        "finding": label("findings"), "shadow": label("shadow"), "dismissed": label("dismissed"),
        "unchecked": label("unchecked"), "override": say("published all the same"), "appeal": say("a disagreement"),
        "heard": say("the answer to a disagreement"),
    }  # fmt: skip
    inside = {"outcome": "facts", "channel": "draft", "account": "draft", "kind": "", "ruling": "facts"}
    named = {name: [(code, str(spoken.value(code, name, inside[name]))) for code in CHOICES[name]] for name in inside}
    return {**named, "part": [(code, parts[code]) for code in CHOICES["part"]]}


def chips(query: Query, spoken: Spoken) -> Sequence[tuple[str, str]]:
    """The filters that are set, each with what it is called."""
    named = {name: dict(pairs) for name, pairs in choices(spoken).items()}
    called = names(spoken.wording)
    return [(called[name], named.get(name, {}).get(value, value)) for name, value in query.given.items()]


def names(wording: Wording) -> Mapping[str, str]:
    """What each filter is called."""
    say = wording.say
    return {
        "text": say("Words"), "since": say("From"), "until": say("To"), "outcome": say("Outcome"), "rule": say("Rule"),
        "part": say("Why it is named"), "clause": say("Clause"), "channel": say("Channel"), "account": say("Account"),
        "kind": say("What"), "policy": say("Policy"), "person": say("Person"), "owner": say("Owner"),
        "ruling": say("Decision"),
    }  # fmt: skip


def add_list(rooms: Rooms, pages: Pages, archive: Archive) -> None:
    """`/audit`."""
    page = AuditPage(archive, pages)
    rooms.get("/audit", page.open, allowed=COMPLIANCE)
    rooms.post("/audit", page.with_words, allowed=COMPLIANCE)
    rooms.get("/audit/find", page.find, allowed=COMPLIANCE)
    rooms.post("/audit/searches", page.save, allowed=COMPLIANCE)
    rooms.post("/audit/searches/delete", page.delete, allowed=COMPLIANCE)


def _heading(query: Query, found: Page, wording: Wording) -> str:
    """How many there are, as far as that is known without counting all of them."""
    if query.after:
        return wording.say("Older than entry {seq}", seq=query.after)
    if found.next:
        return wording.say("More than {number} entries", number=AT_ONCE)
    return wording.count("{number} entry", "{number} entries", len(found.hits))


def _address_of(form: FormData, archive: Archive) -> Mapping[str, str]:
    """The filters that a form carries along."""
    return read_address(field(form, "query"), archive.policy().zone).given


def _hit(hit: Facets, words: bytes | None, query: Query, spoken: Spoken) -> Hit:
    question = query.filters.question
    texts = words_of(hit.kind, words) if words else []
    return Hit(
        seq=hit.seq, when=when(hit.at), kind=spoken.kind(hit.kind), actor=hit.actor, outcome=hit.outcome or "",
        ended=spoken.ended(hit.outcome, hit.ruling), rules=tuple(dict.fromkeys(named.rule for named in hit.rules)),
        words=tuple(
            pieces(text, [(*place, "found") for place in question.places(text)] if question else []) for text in texts
        ),
    )  # fmt: skip
