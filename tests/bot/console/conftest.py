"""A console over a small policy, with a recorder that remembers and can be told to fail."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browsing.serving import Opener, chromium, serving
from fastapi import FastAPI
from httpx2 import Response
from itsdangerous import TimestampSigner
from playwright.sync_api import Browser, Page
from small_policy import POLICY
from sqlmodel import Session
from starlette.testclient import TestClient

from bot.accounts import Title
from bot.chat.desk import Desk
from bot.cli.rooms import Floor
from bot.console.app import build_console
from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.drafts_page import drafts_room
from bot.console.gate import Gate
from bot.console.link_page import link_room
from bot.console.pages import Room
from bot.console.pool import Pool
from bot.console.queue_view import Queue
from bot.console.reviews_page import reviews_room
from bot.console.sessions import Sessions
from bot.console.try_page import try_room
from bot.conversation import Conversation
from bot.deeds import Cabinet
from bot.errands import Post
from bot.knowing import Acknowledgements
from bot.learning import Learning
from bot.places import Cards
from bot.prescreen import Keepsake, Prescreen, Screening
from bot.quizzes import Quizzes
from bot.rates import Rates
from bot.revisions import Revisions
from bot.settings import Settings
from bot.store import Store
from bot.work import Deferred, Event
from rules.assembly import load_policy
from rules.screening import Screener

SESSION_KEY = b"k" * 32
BASE = "http://127.0.0.1:8321"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} idiota"


@dataclass
class Recorder:
    """Stands where the ledger does."""

    recorded: list[Screening] = field(default_factory=list)
    error: Exception | None = None
    on_the_loop: bool = False

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        self.on_the_loop = asyncio._get_running_loop() is not None
        if self.error:
            raise self.error
        self.recorded.append(screening)


@dataclass
class Mailbag:
    """Stands where the work that survives a crash does: what would be sent, and where to."""

    sent: list[Event] = field(default_factory=list)

    async def defer(self, platform: str, name: str, event: Event) -> Deferred:
        self.sent.append(event)
        return Deferred.TAKEN

    def put(self, session: Session, platform: str, name: str, event: Event) -> None:
        self.sent.append(event)

    def told(self) -> set[tuple[str, str]]:
        """What each message is about, and the channel or the account that it goes to."""
        return {(str(event["what"]), event["to"]) for event in self.sent}


@dataclass
class Clock:
    time: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Visitor(TestClient):
    """A browser without JavaScript, but for `part`, which asks as the preview does."""

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/try").text)
        assert found
        return found[1]

    def submit(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Response:
        return self.post(path, data={"csrf": self.csrf(), **fields}, headers=headers)

    def part(self, path: str, **fields: str) -> Response:
        return self.submit(path, {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}, **fields)


@dataclass
class Rig:
    """The console and the parts that a test turns."""

    recorder: Recorder
    clock: Clock
    sign_in: SignIn
    prescreen: Prescreen
    cabinet: Cabinet
    desk: Desk
    mailbag: Mailbag
    health: Callable[[], Mapping[str, object]] = field(default=lambda: {"status": "ok"})
    rooms: list[Room] = field(default_factory=list)
    """Pages beside those that every console has."""
    provider: str | None = None
    """What the company's own sign-in is called, where there is one."""
    is_alone: bool = True
    """Whether no other process has these pages."""

    def app(self, language: str = "it", workers: int = 4, backlog: int = 50, **more: object) -> FastAPI:
        cabinet = self.cabinet
        queue = Queue(cabinet, lambda: self.prescreen.screener.policy)
        return build_console(
            gate=Gate(self.sign_in, cabinet.roles, self._owners, queue.how_many),
            rooms=[
                door_room(self.sign_in, cabinet.roles, cabinet.ledger, self.provider),
                link_room(cabinet.people),
                try_room(self.prescreen, Pool(workers, backlog), self.desk, is_alone=self.is_alone),
                drafts_room(self.desk),
                reviews_room(self.desk, queue),
                *self.rooms,
            ],
            session_key=SESSION_KEY,
            default_language=language,
            draft_limit=self.prescreen.screener.limit,
            health=lambda: self.health(),
            **more,  # type: ignore[arg-type]
        )

    def floor(self, settings: Settings, store: Store) -> Floor:
        """What `vaglio run` builds its pages on."""
        revisions = Revisions(store, settings.data_dir / "policies", self.cabinet.ledger)
        return Floor(settings, store, self.cabinet, self.prescreen, revisions, self.sign_in, self.desk)

    def _owners(self) -> frozenset[str]:
        return frozenset(owner.id for owner in self.prescreen.screener.policy.owners)

    def stranger(self, *, peer: str = "127.0.0.1", **more: object) -> Visitor:
        """A browser that has not been here yet."""
        return Visitor(self.app(**more), base_url=BASE, client=(peer, 50_000), follow_redirects=False)  # type: ignore[arg-type]

    def visitor(self, account: str = "slack:T1:UANNA", *titles: str, **more: object) -> Visitor:
        """The browser of a colleague who is signed in and has these titles, such as `compliance` or `owner:legal`."""
        person = self.cabinet.people.person(account)
        for title in map(Title.read, titles):
            assert title
            self.cabinet.roles.grant(person, title.role, title.owner, by=None)
        session: dict[str, object] = {}
        self.sign_in.begin(session, account, "provider")
        visitor = self.stranger(**more)
        signed = TimestampSigner(SESSION_KEY.hex()).sign(b64encode(json.dumps(session).encode()))
        visitor.cookies.set("vaglio", signed.decode(), domain="127.0.0.1")
        return visitor

    def owner(self, **more: object) -> Visitor:
        """A browser that has opened the link."""
        visitor = self.stranger(**more)
        assert visitor.get("/sign-in", params={"key": self.sign_in.new_key()}).status_code == 303
        return visitor


@pytest.fixture(scope="session")
def screener(tmp_path_factory: pytest.TempPathFactory) -> Screener:
    path = Path(tmp_path_factory.mktemp("policy")) / "small.yaml"
    path.write_text(POLICY, encoding="utf-8")
    screener = Screener(load_policy(path))
    screener.load()
    return screener


@pytest.fixture
def rig(screener: Screener, cabinet: Cabinet, store: Store) -> Iterator[Rig]:
    recorder, clock, mailbag = Recorder(), Clock(), Mailbag()
    sign_in = SignIn(Sessions(store), cabinet.people, clock)
    prescreen = Prescreen(screener, recorder)
    desk = _desk(prescreen, cabinet, store, mailbag)
    yield Rig(recorder, clock, sign_in, prescreen, cabinet, desk, mailbag)
    desk.close()


def _desk(prescreen: Prescreen, cabinet: Cabinet, store: Store, mailbag: Mailbag) -> Desk:
    """What stands behind the chats and the page, over the same tables."""
    people, policy = cabinet.people, lambda: prescreen.screener.policy
    post = Post(mailbag, people, policy, ["slack"])
    quizzes = Quizzes(store, cabinet.ledger, lambda: prescreen.screener)
    known = Acknowledgements(store, cabinet.ledger, lambda name: None, lambda before, after, language: [])
    return Desk(
        Conversation(prescreen, cabinet, Cards(store), post.reaches, post.put),
        Learning(people, quizzes, known, policy),
        people,
        post,
        Rates(store, people.seals, 1_000, 10_000),
        threads=2,
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one file of tests: while it is open its loop runs, and no asynchronous test can."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def address(rig: Rig) -> Iterator[str]:
    with serving(rig.app()) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, rig: Rig, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the console by its one-time link, as whoever started it does."""
    opener = Opener(browser)
    yield lambda *of, **more: opener(f"{address}/sign-in?key={rig.sign_in.new_key()}", *of, **more)
    opener.close()
    assert opener.complaints == []


@pytest.fixture
def hostile() -> str:
    """A draft that would rather be a program."""
    return HOSTILE
