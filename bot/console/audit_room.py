"""The record's pages together, for compliance alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from bot.audit.errors import RecordError
from bot.audit.vault import VaultError
from bot.console.archive import Archive
from bot.console.audit_chain import add_chain
from bot.console.audit_entry import add_entry
from bot.console.audit_export import add_export
from bot.console.audit_page import add_list
from bot.console.audit_people import add_people
from bot.console.gate import Audience, Rooms
from bot.console.pages import Pages, Room


def audit_room(archive: Archive) -> Room:
    """`/audit` and what lies below it."""

    def add(rooms: Rooms, pages: Pages) -> None:
        told = _Told(rooms, pages, archive.store.place)
        for part in (add_list, add_entry, add_chain, add_people, add_export):
            part(told, pages, archive)

    return add


class _Told(Rooms):
    """Where the record cannot be read or written, the page says why, and the remedy."""

    def __init__(self, rooms: Rooms, pages: Pages, place: str) -> None:
        self._rooms, self._pages, self._place = rooms, pages, place

    def get(self, path: str, endpoint: Any, *, allowed: Audience) -> None:
        self._rooms.get(path, self._kindly(endpoint), allowed=allowed)

    def post(self, path: str, endpoint: Any, *, allowed: Audience) -> None:
        self._rooms.post(path, self._kindly(endpoint), allowed=allowed)

    def _kindly(self, endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def answered(request: Request, *rest: Any) -> Response:
            try:
                return await endpoint(request, *rest)
            except RecordError as error:
                return self._told(request, error)
            except VaultError:
                return self._told(request, RecordError("master", self._place))

        return answered

    def _told(self, request: Request, error: RecordError) -> Response:
        wording = self._pages.wording(request)
        title = wording.say("The record cannot be used just now")
        if error.code == "index":
            title = wording.say("The search index is busy")
        return self._pages.notice(request, title, error.show(wording.language), status=503)
