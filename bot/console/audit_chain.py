"""Whether the record is as it was written: verified when and how far, and where signed checkpoints of it lie."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from bot.audit.deliveries import places
from bot.audit.records import timestamp
from bot.audit.reports import alone, notes_said, told
from bot.audit.spoken import when
from bot.console.archive import Archive, Verified
from bot.console.audit_page import COMPLIANCE
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, is_part
from bot.wording import Wording

_LINES: Final = 100
"""Of faults: whoever has more wants them from `vaglio audit verify`."""


@dataclass(frozen=True, slots=True)
class ChainPage:
    """What the routes need."""

    archive: Archive
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        wording = self.pages.wording(request)
        state = await asyncio.to_thread(self._state, wording)
        name = "audit_chain_part.html" if is_part(request) else "audit_chain.html"
        beside = {} if is_part(request) else await asyncio.to_thread(self._beside, wording)
        return self.pages.page(request, name, **state, **beside)

    async def verify(self, request: Request, visitor: Visitor, form: FormData) -> Response:
        await asyncio.to_thread(self.archive.verify)
        return RedirectResponse("/audit/chain", 303)

    async def indexing(self, request: Request, visitor: Visitor) -> Response:
        """How far the index is; once it is there, the page that waits for it is opened anew."""
        job = await asyncio.to_thread(self.archive.indexing)
        if job is None:
            return Response(status_code=200, headers={"HX-Redirect": "/audit"})
        return self.pages.page(request, "audit_indexing_part.html", job=job)

    def _state(self, wording: Wording) -> Mapping[str, Any]:
        archive = self.archive
        job, last = archive.verification(), archive.last()
        verified = Verified.read(job.result) if job and job.result else None
        lines = [*told(verified.found, wording), *notes_said(verified.beside, wording)] if verified else []
        error = job.of_record(archive.store.place) if job else None
        failed = error.show(wording.language) if error else job.error if job else ""
        return {
            "job": job if job and job.is_running else None, "failed": failed, "last": last,
            "verified": verified, "lines": lines[:_LINES], "more": max(0, len(lines) - _LINES),
            "at": when(timestamp(verified.at)) if verified else "",
            "since": max(0, last - verified.found.count) if verified else last,
        }  # fmt: skip

    def _beside(self, wording: Wording) -> Mapping[str, Any]:
        archive = self.archive
        newest = archive.checkpoints.newest()
        signed = newest.statement() if newest else None
        found = places(archive.store, archive.targets, archive.period, archive.now())
        return {
            "signed": signed, "signed_at": when(timestamp(signed.at)) if signed else "",
            "posts": [
                (place.target.shown, place.has, when(timestamp(place.at)) if place.at else "–", place.is_late)
                for place in found
            ],
            "alone": "" if archive.targets else alone(wording), "public": sorted(archive.trusted()),
        }  # fmt: skip


def add_chain(rooms: Rooms, pages: Pages, archive: Archive) -> None:
    """`/audit/chain`, and how far the index is."""
    page = ChainPage(archive, pages)
    rooms.get("/audit/chain", page.open, allowed=COMPLIANCE)
    rooms.post("/audit/chain", page.verify, allowed=COMPLIANCE)
    rooms.get("/audit/indexing", page.indexing, allowed=COMPLIANCE)
