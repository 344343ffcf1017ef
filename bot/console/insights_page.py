"""What the record says in numbers, drawn: the same numbers that `vaglio audit stats --json` prints, and no person."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urlencode

from babel.dates import format_date
from fastapi import Request
from fastapi.responses import Response
from markupsafe import Markup

from bot.accounts import Role
from bot.audit.cells import Separator
from bot.audit.counts import Statistics
from bot.audit.errors import RecordError
from bot.audit.index import Index
from bot.audit.statistics import statistics_of
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages, Room
from bot.console.pool import Busy, Pool
from bot.insights.drawing import NARROW, WIDE, Chart, swatch
from bot.insights.figures import By, figures_of
from bot.insights.periods import DAYS, Chosen, NoPeriod, chosen, recent_months, recent_quarters, today_in
from bot.store import Store
from bot.wording import Wording
from rules.localized import say
from rules.policy import Policy

AUDIENCE: Final = frozenset({Role.COMMUNICATIONS, Role.COMPLIANCE, Role.ADMIN})
PATIENCE: Final = 10.0
"""Seconds for which a page waits for the index to catch up with the record: after a long time that takes minutes."""


class CatchUp:
    """The index follows the record, once for all who wait for it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._running: asyncio.Task[int] | None = None

    async def __call__(self, patience: float = PATIENCE) -> bool:
        """Whether it has caught up; if not, it goes on. Raises `RecordError`."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(asyncio.to_thread(self._index.catch_up))
        running = self._running
        await asyncio.wait({running}, timeout=patience)
        if running.done():
            running.result()
        return running.done()


def drawn(chart: Chart) -> dict[str, Markup]:
    """For a phone and for a desk."""
    return {"narrow": Markup(chart.svg(NARROW)), "wide": Markup(chart.svg(WIDE))}  # noqa: S704 -- ours, and escaped


def legend(chart: Chart) -> list[tuple[Markup, str]]:
    """What stands for which series; nothing where there is only one."""
    if len(chart.series) == 1:
        return []
    drawn = (Markup(swatch(chart, number)) for number in range(len(chart.series)))  # noqa: S704 -- ours, and wordless
    return list(zip(drawn, chart.series, strict=True))


@dataclass(frozen=True, slots=True)
class InsightsPage:
    """What the page's routes need."""

    index: Index
    store: Store
    policy: Callable[[], Policy]
    """The one in force."""
    counts: Pool
    caught_up: CatchUp
    pages: Pages
    now: Callable[[], datetime]

    async def open(self, request: Request, visitor: Visitor) -> Response:
        """Of the quarter that it is, unless another period is asked for."""
        asked, is_wrong = self._asked(request)
        found = await self._count(request, asked)
        if isinstance(found, Response):
            return found
        wording = self.pages.wording(request)
        by = _by(request)
        figures = figures_of(found, by, wording, self._owners(wording))
        return self.pages.page(
            request, "insights.html", found=found, figures=figures, asked=asked, by=by,
            is_wrong=is_wrong, periods=self._periods(wording), ways=_ways(wording),
            query=urlencode(_parameters(asked, by)), drawn=drawn, legend=legend, tab="numbers",
        )  # fmt: skip

    async def export(self, request: Request, visitor: Visitor) -> Response:
        """One figure's table: `/insights/rules.csv`."""
        found = await self._counted_or_refused(request)
        if isinstance(found, Response):
            return found
        wording = self.pages.wording(request)
        figures = figures_of(found, _by(request), wording, self._owners(wording))
        figure = next((each for each in figures if each.name == request.path_params["name"]), None)
        if figure is None:
            return self._refusal(request, 404)
        return download(figure.csv(separator_of(request, wording.language)), "text/csv", f"{figure.name}.csv")

    async def export_all(self, request: Request, visitor: Visitor) -> Response:
        """Everything, as `vaglio audit stats --json` prints it."""
        found = await self._counted_or_refused(request)
        return found if isinstance(found, Response) else download(found.json() + "\n", "application/json", "all.json")

    def _owners(self, wording: Wording) -> Mapping[str, str]:
        return {owner.id: say(owner.name, wording.language) for owner in self.policy().owners}

    async def _counted_or_refused(self, request: Request) -> Statistics | Response:
        asked, is_wrong = self._asked(request)
        # A file of another period than the one that was asked for would be believed.
        return self._refusal(request, 400) if is_wrong else await self._count(request, asked)

    def _asked(self, request: Request) -> tuple[Chosen, bool]:
        """The period, and whether what was asked for could not be read as one."""
        zone, asked = self.policy().zone, request.query_params
        today = today_in(zone, self.now())
        try:
            name, since, until = (asked.get(key, "") for key in ("period", "since", "until"))
            return chosen(name, since, until, today, zone), False
        except NoPeriod:
            return chosen("", "", "", today, zone), True

    async def _count(self, request: Request, asked: Chosen) -> Statistics | Response:
        try:
            if not await self.caught_up():
                return not_yet(self.pages, request)
            policy, now = self.policy(), self.now()
            return await self.counts.run(lambda: statistics_of(self.index, self.store, policy, asked.period, now))
        except Busy:
            return not_yet(self.pages, request)
        except RecordError as error:
            return unusable(self.pages, request, error)

    def _periods(self, wording: Wording) -> list[tuple[str, str]]:
        today = today_in(self.policy().zone, self.now())
        say = wording.say
        quarters = [(name, say("Quarter {quarter} of {year}", quarter=name[-1], year=name[:4]))
                    for name in recent_quarters(today)]  # fmt: skip
        months = [(name, format_date(date.fromisoformat(f"{name}-01"), "LLLL y", wording.language).capitalize())
                  for name in recent_months(today)]  # fmt: skip
        return [*months, *quarters, (DAYS, say("The days given"))]

    def _refusal(self, request: Request, status: int) -> Response:
        say = self.pages.wording(request).say
        again = say("The address may be mistyped, or the page may be too old.")
        return self.pages.notice(request, say("There is nothing here"), again, status=status)


def separator_of(request: Request, language: str) -> Separator:
    """Of an exported table: what is asked for, else what a spreadsheet in the page's language opens by itself."""
    asked = request.query_params.get("separator", "")
    return Separator(asked) if asked in set(Separator) else Separator.of(language)


def _by(request: Request) -> By:
    asked = request.query_params.get("by", "")
    return By(asked) if asked in set(By) else By.WEEK


def _ways(wording: Wording) -> list[tuple[str, str]]:
    say = wording.say
    return [(By.DAY.value, say("Days")), (By.WEEK.value, say("Weeks")), (By.MONTH.value, say("Months"))]


def _parameters(asked: Chosen, by: By) -> dict[str, str]:
    days = {"since": asked.first.isoformat(), "until": asked.last.isoformat()} if asked.name == DAYS else {}
    return {"period": asked.name, **days, "by": by.value}


def not_yet(pages: Pages, request: Request) -> Response:
    say = pages.wording(request).say
    wait = say("There is much that is new in the record. Open this page again in a minute.")
    return pages.notice(request, say("I am still counting"), wait, status=503)


def unusable(pages: Pages, request: Request, error: RecordError) -> Response:
    if error.code == "index":  # others bring it up to date
        return not_yet(pages, request)
    wording = pages.wording(request)
    return pages.notice(request, wording.say("The record cannot be read now"), error.show(wording.language), status=503)


def download(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="vaglio-{name}"'}
    return Response(text, media_type=f"{kind}; charset=utf-8", headers=headers)


def insights_room(
    index: Index,
    store: Store,
    policy: Callable[[], Policy],
    counts: Pool,
    caught_up: CatchUp,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Room:
    """`/insights`, but for what customers write: see `bot.console.listening_page`, which is added before it."""

    def add(rooms: Rooms, pages: Pages) -> None:
        page = InsightsPage(index, store, policy, counts, caught_up, pages, now)
        rooms.get("/insights", page.open, allowed=AUDIENCE)
        rooms.get("/insights/all.json", page.export_all, allowed=AUDIENCE)
        rooms.get("/insights/{name}.csv", page.export, allowed=AUDIENCE)

    return add
