"""What customers write about, week by week: themes with phrases that may be shown, complaints first."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog
from fastapi import Request
from fastapi.responses import Response

from bot.audit.errors import RecordError
from bot.console.gate import Rooms, Visitor
from bot.console.insights_page import (
    AUDIENCE,
    CatchUp,
    download,
    drawn,
    legend,
    not_yet,
    separator_of,
    unusable,
)
from bot.console.pages import Pages, Room
from bot.console.pool import Busy, Pool
from bot.insights.heard import listening_figure, theme_chart
from bot.insights.listening import Listened, Listening
from bot.insights.periods import today_in, weeks_until
from rules.policy import Policy
from rules.unavailable import Unavailable

_log = structlog.get_logger("vaglio.console")

WEEKS: Final = (4, 8, 12)
"""How many may be asked for."""
_USUAL: Final = 8


class ReadOn:
    """What a look could not wait for is read behind it, one after the other, for the next look."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    @property
    def is_reading(self) -> bool:
        return self._running is not None and not self._running.done()

    def __call__(self, read: Callable[[], int]) -> None:
        """`read` reads some more, and returns how much is left."""
        if not self.is_reading:
            self._running = asyncio.create_task(self._until_done(read))

    async def _until_done(self, read: Callable[[], int]) -> None:
        left, before = await self._some(read), math.inf
        while 0 < left < before:
            left, before = await self._some(read), left

    async def _some(self, read: Callable[[], int]) -> int:
        try:
            return await asyncio.to_thread(read)
        except Exception as error:
            # The next look meets it too, and says so.
            _log.warning("reading on failed", error=type(error).__name__)
            return 0


@dataclass(frozen=True, slots=True)
class ListeningPage:
    """What the page's routes need."""

    listening: Listening
    policy: Callable[[], Policy]
    """The one in force."""
    reads: Pool
    caught_up: CatchUp
    read_on: ReadOn
    pages: Pages
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        """The last weeks. Whose phrases are shown, and to whom, is on record before they are."""
        found = await self._listen(request, by=visitor.person)
        if isinstance(found, Response):
            return found
        wording = self.pages.wording(request)
        return self.pages.page(
            request, "listening.html", found=found, figure=listening_figure(found, wording), weeks=WEEKS,
            chart=lambda number: theme_chart(found, number, wording), drawn=drawn, legend=legend, tab="listening",
        )  # fmt: skip

    async def export(self, request: Request, visitor: Visitor) -> Response:
        """The table, without phrases."""
        found = await self._listen(request, by=None)
        if isinstance(found, Response):
            return found
        wording = self.pages.wording(request)
        table = listening_figure(found, wording).csv(separator_of(request, wording.language))
        return download(table, "text/csv", "listening.csv")

    async def _listen(self, request: Request, *, by: str | None) -> Listened | Response:
        asked = request.query_params.get("weeks", "")
        count = int(asked) if asked in set(map(str, WEEKS)) else _USUAL
        zone, now = self.policy().zone, self.now()
        weeks = weeks_until(today_in(zone, now), count)
        try:
            if not await self.caught_up():
                return not_yet(self.pages, request)
            found = await self.reads.run(lambda: self.listening.listen(weeks, zone, by=by, at=now))
            if found.unread:
                self.read_on(lambda: self.listening.read_on(weeks, zone))
            return found
        except Busy:
            return not_yet(self.pages, request)
        except RecordError as error:
            return unusable(self.pages, request, error)
        except Unavailable:
            say = self.pages.wording(request).say
            how = say("The model that reads meaning is missing. On the machine: vaglio doctor.")
            return self.pages.notice(request, say("I cannot listen now"), how, status=503)


def listening_room(
    listening: Listening,
    caught_up: CatchUp,
    policy: Callable[[], Policy],
    reads: Pool,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Room:
    """`/insights/listening`."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = ListeningPage(listening, policy, reads, caught_up, ReadOn(), pages, now)
        rooms.get("/insights/listening", page.open, allowed=AUDIENCE)
        rooms.get("/insights/listening.csv", page.export, allowed=AUDIENCE)

    return add
