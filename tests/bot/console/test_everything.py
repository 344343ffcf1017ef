"""The whole console, as `vaglio run` builds it, with a record that was lived in: every page, form and reader."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing.crawling import EXECUTED, HOSTILE, forms, shape, walk
from browsing.serving import LOCALE, serving
from itsdangerous import TimestampSigner
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from bot.accounts import Role, Title
from bot.actions import Action, Verb, tag
from bot.cli.build import Record, open_cabinet, open_collections, open_revisions, session_key
from bot.cli.parts import Parts
from bot.cli.serve import House
from bot.console.auth import SignIn
from bot.console.sessions import Sessions
from bot.conversation import Conversation
from bot.deeds import Act
from bot.metrics import Metrics
from bot.places import Cards
from bot.prescreen import Prescreen
from bot.settings import Settings
from bot.wording import Wording
from rules.assembly import load_policy
from rules.draft import Draft, Kind
from rules.screening import Screener

ANNA, BRUNO = "slack:T1:UANNA", "slack:T1:UBRUNO"
READERS = {
    "anna": (ANNA,),
    "bruno": (BRUNO, "owner:legal", "owner:comms"),
    "carla": ("slack:T1:UCARLA", "compliance"),
    "dario": ("slack:T1:UDARIO", "communications"),
    "elena": ("slack:T1:UELENA", "admin"),
}
WIDTHS = (360, 768, 1440)
SCHEMES = ("light", "dark")
_PICTURES = os.environ.get("VAGLIO_TEST_PICTURES")
"""A folder for a picture of every page, at every width, to be looked at."""


@dataclass
class Whole:
    """The console and who is signed in to it."""

    house: House
    parts: Parts
    sign_in: SignIn

    def __post_init__(self) -> None:
        self.app = self.house.console(self.parts, self.sign_in)

    def cookie(self, reader: str) -> str:
        account, *titles = READERS[reader]
        person = self.house.cabinet.people.person(account)
        for title in map(Title.read, titles):
            assert title
            self.house.cabinet.roles.grant(person, title.role, title.owner, by=None)
        session: dict[str, object] = {}
        self.sign_in.begin(session, account, "provider")
        key = session_key(self.house.settings).hex()
        return TimestampSigner(key).sign(b64encode(json.dumps(session).encode())).decode()

    def reader(self, name: str) -> TestClient:
        browser = TestClient(self.app, base_url="http://127.0.0.1:8321", raise_server_exceptions=False)
        browser.cookies.set("vaglio", self.cookie(name), domain="127.0.0.1")
        return browser


@pytest.fixture
def whole(tmp_path: Path, policy_path: Path) -> Iterator[Whole]:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=tmp_path / "data", keys_dir=tmp_path / "keys", policy=policy_path, language="it",
    )  # fmt: skip
    record = Record.open(settings, for_long=True)
    cabinet = open_cabinet(settings, record)
    prescreen = Prescreen(Screener(load_policy(policy_path)), record.ledger, cabinet.appeals)
    revisions = open_revisions(settings, record.store, record.ledger)
    collections = open_collections(settings, record)
    house = House(settings, record.store, cabinet, prescreen, revisions, Screener, None, Metrics(), collections)  # type: ignore[arg-type]
    parts = Parts.open(settings, record.store, cabinet, prescreen, revisions)
    whole = Whole(house, parts, SignIn(Sessions(record.store), cabinet.people))
    for name in READERS:
        whole.cookie(name)
    _live(whole)
    yield whole
    parts.work.close()
    parts.desk.close()
    record.store.close()


def _live(whole: Whole) -> None:
    """A draft with a question that waits, one that was decided, one that was disagreed with, and a reply."""
    cabinet, now = whole.house.cabinet, datetime.now(UTC)
    cards, untold = Cards(whole.house.store), lambda session, errands: None
    talk = Conversation(whole.house.prescreen, cabinet, cards, lambda owner: True, untold)

    def check(id: str, text: str, **more: Any) -> str:
        return talk.check(id, Draft(text=text, author=ANNA, **more), "it").said.screening

    def press(who: str, verb: Verb, about: str, choice: str = "", words: str = "") -> None:
        action = Action(verb, about, tag(choice) if choice else "")
        talk.act(Act(f"{verb}:{about}", who, action, "it", now, words=words, name="Bruno"))

    waiting, decided = (check(f"e{n}", f"È un prodotto non ancora annunciato, {n}") for n in range(2))
    for asked in (waiting, decided):
        press(ANNA, Verb.ASK, asked)
    (seat,) = cabinet.reviews.of_screening(decided)
    press(BRUNO, Verb.APPROVE, seat.id)
    disagreed = check("e3", "Che cretino, quel cretino di Mario")
    press(ANNA, Verb.DISAGREE, disagreed, "toxicity.insult", words="È il titolo di un film.")
    check("e4", "Ci dispiace", kind=Kind.REPLY, in_reply_to="Il pacco non arriva da due settimane")
    check("e5", "Buongiorno a tutti")
    check("e6", HOSTILE)


@pytest.mark.parametrize("reader", READERS)
def test_whatever_is_typed_into_any_form_stays_words(whole: Whole, reader: str) -> None:
    """No form answers with an error of ours, and nothing that was typed comes back as markup."""
    browser = whole.reader(reader)
    _fill_in_everything(browser)
    assert {path for path, html in walk(browser).items() if EXECUTED.search(html)} == set()


@pytest.mark.browser
def test_in_a_browser_nothing_that_was_typed_is_executed(whole: Whole, browser: Browser) -> None:
    """Also where a script of ours puts words into a page: no dialog opens, and the content policy is kept."""
    complaints = list[str]()
    for reader in READERS:
        _fill_in_everything(whole.reader(reader))
    with serving(whole.app) as address:
        for reader in READERS:
            page = _page(browser, whole.cookie(reader), address, complaints)
            for path in walk(whole.reader(reader)):
                page.goto(f"{address}{path}")
                page.wait_for_load_state("networkidle")
            page.context.close()
    assert complaints == []
    assert whole.app.state.reports.counted == {}


def _fill_in_everything(browser: TestClient) -> None:
    tried = set[tuple[str, str]]()
    for path, html in walk(browser).items():
        for form in forms(html, path):
            key = (form.method, shape(form.action))
            if key in tried or shape(form.action) in ("/sign-out", "/language"):
                continue
            tried.add(key)
            fields = form.filled(HOSTILE)
            kind = {"data": fields} if form.method == "post" else {"params": fields}
            answer = browser.request(form.method, form.action, follow_redirects=True, **kind)
            assert answer.status_code < 500, (key, answer.status_code)
            if "text/html" in answer.headers.get("content-type", ""):
                assert not EXECUTED.search(answer.text), key
    assert tried


@pytest.mark.browser
@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("reader", READERS)
def test_every_page_can_be_read_by_everybody(whole: Whole, browser: Browser, reader: str, language: str) -> None:
    """axe-core finds nothing, on a phone and on a desk, light and dark; no page is wider than a phone."""
    paths, complaints, found = list(walk(whole.reader(reader))), list[str](), list[str]()
    with serving(whole.app) as address:
        for scheme in SCHEMES:
            looks = {"locale": LOCALE[language], "color_scheme": scheme}
            page = _page(browser, whole.cookie(reader), address, complaints, **looks)
            for path in paths:
                page.goto(f"{address}{path}")
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 900})
                    _picture(page, f"{reader}-{language}-{scheme}-{width}-{shape(path).strip('/').replace('/', '-')}")
                    overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                    if overflow > 0:
                        found.append(f"{path} at {width}: {overflow} px too wide")
                    if width != 768:
                        found += [f"{path} at {width} {scheme}: {said}" for said in _violations(page)]
            page.context.close()
    assert found == []
    assert complaints == []
    assert whole.app.state.reports.counted == {}


def _page(browser: Browser, cookie: str, address: str, complaints: list[str], **looks: Any) -> Page:
    context = browser.new_context(**looks)
    context.add_cookies([{"name": "vaglio", "value": cookie, "url": address}])
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if "Policy" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append("a dialog"), dialog.dismiss()))
    return page


def _violations(page: Any) -> list[str]:
    told = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['target']}" for one in told for node in one["nodes"]]


def _picture(page: Any, name: str) -> None:
    if _PICTURES:
        page.screenshot(path=Path(_PICTURES) / f"{name or 'start'}.png", full_page=True)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["it", "en"])
def test_each_reader_s_own_way_through(whole: Whole, browser: Browser, language: str) -> None:
    """An owner decides, compliance reads and verifies, communications proposes, an admin gives a role."""
    say, complaints, looks = Wording(language).say, list[str](), {"locale": LOCALE[language]}
    with serving(whole.app) as address:
        pages = {name: _page(browser, whole.cookie(name), address, complaints, **looks) for name in READERS}
        owner, compliance, writer, admin = (pages[name] for name in ("bruno", "carla", "dario", "elena"))

        owner.goto(f"{address}/reviews")
        owner.get_by_role("button", name=say("Approve"), exact=True).first.click()
        expect(owner.get_by_role("button", name=say("Approve"), exact=True)).to_have_count(0)

        compliance.goto(f"{address}/audit/entries/e3")
        compliance.get_by_label(say("Why"), exact=True).fill("Controllo interno")
        compliance.get_by_role("button", name=say("Show the words")).click()
        expect(compliance.get_by_text("quel cretino di Mario").first).to_be_visible()
        compliance.goto(f"{address}/audit/chain")
        compliance.get_by_role("button", name=say("Verify now")).click()
        expect(compliance.get_by_text(say("Yes: every entry, every word and every checkpoint fits."))).to_be_visible()

        writer.goto(f"{address}/policy")
        writer.get_by_label(say("What for, in a few words")).fill("Una voce più calma")
        writer.get_by_role("button", name=say("Propose a change")).click()
        expect(writer.get_by_role("heading", name="Una voce più calma")).to_be_visible()

        admin.goto(f"{address}/people")
        admin.get_by_role("link", name=ANNA).click()
        admin.get_by_label(say("Give a role")).select_option("compliance")
        admin.get_by_role("button", name=say("Give it")).click()
        person = whole.house.cabinet.people.person(ANNA)
        expect(admin.get_by_role("button", name=say("Take back")).first).to_be_visible()
        assert whole.house.cabinet.roles.roles(person) == {Role.COMPLIANCE}
        for page in pages.values():
            page.context.close()
    assert complaints == []
