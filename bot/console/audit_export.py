"""A part of the record, or all of it, to take along: made while a page says how far it is, and fetched once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.background import BackgroundTask
from starlette.datastructures import FormData

from bot.audit.cells import Separator
from bot.audit.export import request_for
from bot.audit.sheets import Format
from bot.audit.spoken import Spoken
from bot.console.archive import Archive
from bot.console.audit_page import COMPLIANCE, chips
from bot.console.audit_query import Query, read_address, read_query
from bot.console.exports import ERASED, TOO_LARGE, Exports, SharedExports, exports_of
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, is_part
from bot.console.undertakings import Standing
from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class ExportPage:
    """What the routes need."""

    archive: Archive
    exports: Exports | SharedExports
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return self._answer(request, visitor, read_query(request.query_params, self.archive.policy().zone))

    async def make(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        query = read_address(field(form, "query"), self.archive.policy().zone)
        say = self.pages.wording(request).say
        formats = [each for each in _formats() if field(form, each) == "yes"]
        with_words, reason = field(form, "words") == "yes", field(form, "reason").strip()
        if not formats:
            return self._answer(request, visitor, query, say("Choose a format at least."))
        if with_words and not reason:
            return self._answer(request, visitor, query, say("Say why with words: it goes on record."))
        wanted = request_for(
            query.filters, self.archive.index, by=visitor.person, at=self.archive.now(), formats=formats,
            with_words=with_words, is_whole=field(form, "chain") != "selected", reason=reason or None,
            separator=_separator(form),
        )  # fmt: skip
        if not await asyncio.to_thread(self.exports.start, wanted):
            busy = say("An export is being made just now: wait until it is done.")
            return self._answer(request, visitor, query, busy)
        return RedirectResponse(f"/audit/export?{query.address}", 303)

    async def fetch(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        """Once: what was fetched is deleted."""
        packed = await asyncio.to_thread(self.exports.take, visitor.person)
        if packed is None:
            say = self.pages.wording(request).say
            gone = say("There is no export any more: each is fetched once, within half an hour.")
            return self._answer(request, visitor, read_query({}, self.archive.policy().zone), gone)
        rid = BackgroundTask(self.exports.let_go, packed)
        return FileResponse(packed, media_type="application/zip", filename=packed.name, background=rid)

    async def discard(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        await asyncio.to_thread(self.exports.discard, visitor.person)
        return RedirectResponse("/audit/export", 303)

    def _answer(self, request: Request, visitor: Visitor, query: Query, wrong: str = "") -> Response:
        wording, job = self.pages.wording(request), self.exports.of(visitor.person)
        # Asked first: what came of it is there by the time at which it has ended.
        state: dict[str, Any] = {"is_running": job is not None and job.is_running, "job": job, "query": query}
        state |= {"failed": _failure(job, wording, self.archive.store.place), "made": _made(job, wording)}
        if is_part(request):
            return self.pages.page(request, "audit_export_part.html", **state)
        facts: dict[str, Any] = {
            "status": 422 if wrong else 200, "wrong": wrong,
            "formats": [(each.value, _NAMES[each]) for each in _formats()],
            "separators": _separators(wording), "usual": Separator.of(wording.language),
            "chips": chips(query, Spoken.of(wording)),
        }  # fmt: skip
        return self.pages.page(request, "audit_export.html", **state, **facts)


def add_export(rooms: Rooms, pages: Pages, archive: Archive) -> None:
    """`/audit/export`."""
    page = ExportPage(archive, exports_of(archive), pages)
    rooms.get("/audit/export", page.open, allowed=COMPLIANCE)
    rooms.post("/audit/export", page.make, allowed=COMPLIANCE)
    rooms.post("/audit/export/fetch", page.fetch, allowed=COMPLIANCE)
    rooms.post("/audit/export/discard", page.discard, allowed=COMPLIANCE)


_NAMES: Mapping[Format, str] = {Format.CSV: "CSV", Format.JSONL: "JSON Lines", Format.PARQUET: "Parquet"}


def _separators(wording: Wording) -> list[tuple[Separator, str]]:
    return [
        (Separator.SEMICOLON, wording.say("Semicolons: Excel in Italian opens it by a double click")),
        (Separator.COMMA, wording.say("Commas: Excel in English, and most programs")),
    ]


def _separator(form: FormData) -> Separator:
    chosen = field(form, "separator")
    return Separator(chosen) if chosen in set(Separator) else Separator.COMMA


def _formats() -> list[Format]:
    """Those that can be written here."""
    return [each for each in Format if each is not Format.PARQUET or find_spec("pyarrow") is not None]


def _failure(job: Standing | None, wording: Wording, place: str) -> str:
    if job is None or not job.error:
        return ""
    if error := job.of_record(place):
        return error.show(wording.language)
    told = {
        ERASED: wording.say("Somebody was erased while it was written, so it was thrown away. Export again."),
        TOO_LARGE: wording.say("It is too large to be kept here: narrow it down, or use “vaglio audit export”."),
    }
    return told.get(job.error, job.error)


def _made(job: Standing | None, wording: Wording) -> Mapping[str, Any] | None:
    if job is None or not job.result:
        return None
    made = json.loads(job.result)
    return {
        "count": wording.count("{number} entry exported.", "{number} entries exported.", made["count"]),
        "manifest": made["manifest"], "size": _size(made["bytes"], wording),
    }  # fmt: skip


def _size(bytes: int, wording: Wording) -> str:
    """Never nought: what is small is told in kilobytes."""
    if bytes < 1_000_000:
        return f"{-(-bytes // 1000)} kB"
    size = f"{bytes / 1_000_000:.1f} MB"
    return size.replace(".", ",") if wording.language == "it" else size
