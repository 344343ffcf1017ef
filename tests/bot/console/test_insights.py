"""The pages of numbers and of what customers write: for whom they are, and that they say what the record says."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsing.serving import serving
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, expect

from bot.audit.errors import RecordError
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.statistics import Period, statistics_of
from bot.console.insights_page import CatchUp, insights_room
from bot.console.listening_page import ReadOn, listening_room
from bot.console.pool import Pool
from bot.insights.listening import Listening
from bot.prescreen import Prescreen
from bot.store import Store
from rules.draft import Draft, Kind
from rules.encoder import Encoder
from rules.unavailable import Unavailable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
FIGURES = ("outcomes", "teams", "rules", "appeals", "coverage", "missed", "decisions", "knowing")
_WRITTEN = Path(__file__).parents[3] / "bench" / "data" / "listening.jsonl"
MESSAGES = [json.loads(line) for line in _WRITTEN.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def page(rig, index: Index, store: Store, ledger: Ledger, encoder: Encoder):  # type: ignore[no-untyped-def]
    """The console with the two pages, over a real record; its encoder can be taken away."""
    rig.encoder = lambda: encoder
    caught_up, counts = CatchUp(index), Pool(1, 5)
    policy = lambda: rig.prescreen.screener.policy  # noqa: E731
    listening = Listening(index, ledger, lambda: rig.encoder())
    rig.rooms = [
        listening_room(listening, caught_up, policy, counts, lambda: NOW),
        insights_room(index, store, policy, counts, caught_up, lambda: NOW),
    ]
    return rig


@pytest.fixture
def record(rig, ledger: Ledger) -> Callable[..., None]:  # type: ignore[no-untyped-def]
    checks = Prescreen(rig.prescreen.screener, ledger)

    def record(text: str, days: int = 0, **more: object) -> None:
        checks(Draft(text=text, author="slack:T1:UANNA", **more), at=NOW - timedelta(days=days))  # type: ignore[arg-type]

    return record


@pytest.fixture
def lived_in(record: Callable[..., None], ledger: Ledger) -> None:
    """Checks that ended in each way, an appeal that was heard, a decision, and replies to customers."""
    for days, text in enumerate(["Buongiorno", "Che idioti", "Un trimestre record", "Il vaglietto", "Evviva!!!"] * 3):
        record(text, days)
    about = {"screening": "s_1", "policy": "small@0", "rule": "respect.insults"}
    ledger.append("appeal", subject="a_1", facts=about, actor="p_1", at=NOW)
    ledger.append("appeal_decision", subject="a_1", facts={**about, "ruling": "overturned"}, actor="p_2", at=NOW)
    ledger.append("review", subject="q_1", facts={**about, "owners": ["legal"]}, actor="p_1", at=NOW)
    ledger.append("decision", subject="q_1", facts={**about, "owner": "legal", "ruling": "approved"}, actor="p_2",
                  at=NOW + timedelta(hours=3))  # fmt: skip
    for number, row in enumerate(MESSAGES):
        if row["theme"] in ("late_delivery", "opening_hours"):
            record("Ci dispiace molto", number % 20, kind=Kind.REPLY, in_reply_to=row["text"])


def _table(html: str, name: str) -> list[list[str]]:
    section = BeautifulSoup(html, "lxml").find(id=name)
    assert section is not None
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in section.select("tbody tr")]


def test_each_table_and_export_has_the_numbers_of_the_statistics(  # type: ignore[no-untyped-def]
    page, lived_in: None, index: Index, store: Store
) -> None:
    reader, policy = page.visitor("slack:T1:UDARIO", "communications"), page.prescreen.screener.policy
    query = "period=dates&since=2026-11-01&until=2026-11-25&by=day"
    since, until = datetime(2026, 11, 1, tzinfo=policy.zone), datetime(2026, 11, 26, tzinfo=policy.zone)
    told = statistics_of(index, store, policy, Period(since, until, policy.zone), NOW)
    assert told.checks > 40
    whole = reader.get(f"/insights/all.json?{query}")
    assert whole.text == told.json() + "\n"
    html = reader.get(f"/insights?{query}").text
    exported = {}
    for name in FIGURES:
        answer = reader.get(f"/insights/{name}.csv?{query}&separator=comma")
        assert answer.headers["content-disposition"] == f'attachment; filename="vaglio-{name}.csv"'
        _, *exported[name] = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert [row[-1] for row in _table(html, name)] == [_shown(row[-1]) for row in exported[name]], name
    ended = [
        [str(count) for count in (d.counts.clear, d.counts.revise, d.counts.review, d.counts.block)] for d in told.days
    ]
    assert [row[1:] for row in exported["outcomes"]] == ended
    assert exported["appeals"] == [["respect.insults", "1", "1", "0"]]
    assert exported["decisions"] == [["Ufficio legale", "1", "3.0", "3.0"]]


def test_a_table_is_exported_as_a_spreadsheet_in_the_pages_language_opens_it(page, lived_in: None) -> None:  # type: ignore[no-untyped-def]
    reader = page.visitor("slack:T1:UDARIO", "communications")
    query = "period=dates&since=2026-11-01&until=2026-11-25"

    def table(more: str = "") -> str:
        return str(reader.get(f"/insights/decisions.csv?{query}{more}").text)

    italian = "\ufeffowner;decisions;median_hours;p90_hours\r\nUfficio legale;1;3,0;3,0\r\n"
    assert table() == table("&separator=x") == italian
    assert "theme;complaints;messages" in reader.get("/insights/listening.csv").text
    english = table("&separator=comma")
    assert english == "\ufeffowner,decisions,median_hours,p90_hours\r\nUfficio legale,1,3.0,3.0\r\n"
    reader.submit("/language", language="en")
    assert table().partition("\n")[0] == english.partition("\n")[0]
    assert table("&separator=semicolon").partition("\n")[0] == italian.partition("\n")[0]


def _shown(cell: str) -> str:
    return cell.removesuffix(".0")


def test_charts_say_what_their_tables_say(page, lived_in: None) -> None:  # type: ignore[no-untyped-def]
    html = page.visitor("slack:T1:UDARIO", "compliance").get("/insights?period=2026-11&by=week").text
    section = BeautifulSoup(html, "lxml").find(id="outcomes")
    assert section is not None
    table = [[int(cell) for cell in row[1:]] for row in _table(html, "outcomes")]
    for width in ("narrow", "wide"):
        drawn = [
            [int(bar["data-value"]) for bar in group.select("rect")] for group in section.select(f".{width} .series")
        ]
        assert [list(row) for row in zip(*drawn, strict=True)] == table


def test_whatever_is_asked_for_is_answered(page, record: Callable[..., None]) -> None:  # type: ignore[no-untyped-def]
    record("Buongiorno")
    reader = page.visitor("slack:T1:UDARIO", "communications")
    for number, period in enumerate(
        ["", "2026-11", "2026-Q4", "2026-Q9", "dates", "%00", "../x", "dates&since=2026-11-20"]
    ):
        answer = reader.get(f"/insights?period={period}&by={('day', 'week', 'month', 'x', '')[number % 5]}")
        assert answer.status_code == 200, period
        assert ("Non era un periodo" in answer.text) is (number > 2), period
        assert reader.get(f"/insights/rules.csv?period={period}").status_code == (400 if number > 2 else 200), period


def test_there_is_no_table_of_another_name(page) -> None:  # type: ignore[no-untyped-def]
    reader = page.visitor("slack:T1:UDARIO", "communications")
    assert reader.get("/insights/people.csv").status_code == 404


def test_they_are_for_communications_compliance_and_admins(page) -> None:  # type: ignore[no-untyped-def]
    paths = ("/insights", "/insights/rules.csv", "/insights/all.json", "/insights/listening", "/insights/listening.csv")
    allowed = {"communications": 200, "compliance": 200, "admin": 200, "owner:legal": 403}
    for number, (title, status) in enumerate(allowed.items()):
        reader = page.visitor(f"slack:T1:U{number}", title)
        assert [reader.get(path).status_code for path in paths] == [status] * len(paths), title
    assert [page.stranger().get(path).status_code for path in paths] == [401] * len(paths)


def test_no_person_is_on_any_of_them(page, lived_in: None) -> None:  # type: ignore[no-untyped-def]
    reader = page.visitor("slack:T1:UDARIO", "communications")
    for path in (
        "/insights",
        "/insights/all.json",
        *(f"/insights/{name}.csv" for name in FIGURES),
        "/insights/listening",
    ):
        assert not re.search(r"\bp_[0-9a-f]{8,}", reader.get(path).text), path


def test_nothing_yet_is_said_kindly(page) -> None:  # type: ignore[no-untyped-def]
    reader = page.visitor("slack:T1:UDARIO", "communications")
    assert "Niente in questo periodo." in reader.get("/insights").text
    assert "Nessuna risposta controllata" in reader.get("/insights/listening").text


def test_themes_stand_with_their_phrases_and_the_table_that_is_exported(page, lived_in: None, ledger: Ledger) -> None:  # type: ignore[no-untyped-def]
    reader = page.visitor("slack:T1:UDARIO", "communications")
    html = reader.get("/insights/listening?weeks=4").text
    soup = BeautifulSoup(html, "lxml")
    assert soup.find("h2", string="Soprattutto reclami")
    assert soup.select("blockquote")
    (looked,) = [json.loads(entry.body) for entry in ledger.entries() if entry.kind == "look"]
    assert looked["actor"] == page.cabinet.people.person("slack:T1:UDARIO")
    assert looked["facts"]["why"] == "listening"
    exported = reader.get("/insights/listening.csv?weeks=4&separator=comma").text.removeprefix("\ufeff")
    heading, *rows = csv.reader(io.StringIO(exported))
    assert heading[:3] == ["theme", "complaints", "messages"]
    shown = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.select("tbody tr")]
    assert shown == rows
    numbers = [[int(cell) for cell in row[1:]] for row in rows]
    assert [sum(column) for column in zip(*numbers[:-1], strict=True)] == numbers[-1]
    drawn = [[int(bar["data-value"]) for bar in theme.select(".narrow rect.bar")] for theme in soup.select(".theme")]
    assert drawn == [row[2:] for row in numbers[: len(drawn)]]


def test_without_the_model_the_page_says_so(page) -> None:  # type: ignore[no-untyped-def]
    def missing() -> Encoder:
        raise Unavailable("model:multilingual-e5-small")

    page.encoder = missing
    Prescreen(page.prescreen.screener, page.cabinet.ledger)(
        Draft(text="Ci dispiace", author="slack:T1:UANNA", kind=Kind.REPLY, in_reply_to="Dov’è il pacco?"), at=NOW
    )
    answer = page.visitor("slack:T1:UDARIO", "communications").get("/insights/listening")
    assert answer.status_code == 503
    assert "Manca il modello" in answer.text


@pytest.mark.parametrize("address", ["/insights", "/insights/listening"])
def test_whoever_else_has_the_index_is_waited_for(page, monkeypatch: pytest.MonkeyPatch, address: str) -> None:  # type: ignore[no-untyped-def]
    def busy(_: Index) -> int:
        raise RecordError("index", "db")

    monkeypatch.setattr(Index, "catch_up", busy)
    answer = page.visitor("slack:T1:UCARLA", "communications").get(address)
    assert answer.status_code == 503
    assert "Sto ancora contando" in answer.text


def test_a_record_that_is_still_counted_is_waited_for(page, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    async def never(self: CatchUp) -> bool:
        return False

    monkeypatch.setattr(CatchUp, "__call__", never)
    reader = page.visitor("slack:T1:UDARIO", "communications")
    for path in ("/insights", "/insights/listening", "/insights/all.json"):
        answer = reader.get(path)
        assert answer.status_code == 503
        assert "Sto ancora contando" in answer.text


async def test_what_a_look_does_not_wait_for_is_read_behind_it() -> None:
    left = iter([60, 30, 0, 99])
    read_on = ReadOn()
    read_on(lambda: next(left))
    read_on(lambda: pytest.fail("two at a time"))
    while read_on.is_reading:
        await asyncio.sleep(0.01)
    assert next(left) == 99


@pytest.mark.parametrize("said", [[5, 5, 99], [RecordError("locked", "x"), 99]])
async def test_it_ends_where_nothing_comes_of_it(said: list[Any]) -> None:
    def read() -> int:
        found = said.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    read_on = ReadOn()
    read_on(read)
    while read_on.is_reading:
        await asyncio.sleep(0.01)
    assert said == [99]


@pytest.mark.browser
@pytest.mark.parametrize(("language", "scheme", "width"), [("it", "light", 360), ("en", "dark", 1280)])
def test_in_a_browser_one_picture_of_each_chart_is_seen_and_nothing_is_too_wide(  # type: ignore[no-untyped-def]
    page, lived_in: None, browser: Browser, language: str, scheme: str, width: int
) -> None:
    cookie = page.visitor("slack:T1:UDARIO", "communications").cookies["vaglio"]
    complaints = list[str]()
    with serving(page.app(language)) as address:
        context = browser.new_context(
            locale={"it": "it-IT", "en": "en-GB"}[language], color_scheme=scheme,
            viewport={"width": width, "height": 900}, java_script_enabled=True,
        )  # fmt: skip
        context.add_cookies([{"name": "vaglio", "value": cookie, "url": address}])
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        for path in ("/insights?period=2026-11", "/insights/listening"):
            tab.goto(address + path)
            assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            for picture in tab.locator(".picture").all():
                expect(picture.locator("svg.chart:visible")).to_have_count(1)
            # Letters are as large as those beside them, near enough.
            sizes = tab.eval_on_selector_all(
                "svg.chart", "all => all.map(each => each.getBoundingClientRect().width / each.viewBox.baseVal.width)"
            )
            assert all(0.85 <= size <= 1.25 for size in sizes if size)
            colours = tab.eval_on_selector_all(
                "svg.chart pattern > rect", "all => new Set(all.map(each => getComputedStyle(each).fill)).size"
            )
            assert colours >= (4 if "listening" not in path else 1)
        tab.goto(f"{address}/insights")
        tab.select_option("#period", "2026-11")
        tab.get_by_role("button", name={"it": "Mostra", "en": "Show"}[language]).click()
        expect(tab).to_have_url(re.compile("period=2026-11"))
        context.close()
    assert complaints == []
