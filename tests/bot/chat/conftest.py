"""What stands behind the chats, over a small policy: store, ledger, screener and work, and a log that is read."""

from __future__ import annotations

import asyncio
import io
import logging
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from engine_made import engine_of
from small_policy import HIDING, PRODUCT
from sqlmodel import select
from stored import stored

from bot.appeals import Appeals
from bot.audit.erasure import Erasures
from bot.audit.ledger import Ledger
from bot.audit.retention import Retention
from bot.audit.seals import Seals
from bot.audit.vault import Vault
from bot.casualties import suspect
from bot.chat.desk import Desk
from bot.clock import Clock
from bot.conversation import Conversation
from bot.dead_letters import KIND
from bot.deeds import Cabinet
from bot.drafts import Drafts
from bot.errands import Post
from bot.knowing import Acknowledgements
from bot.learning import Learning
from bot.logs import configure_logs
from bot.people import People
from bot.places import Awaiting, Cards, Days
from bot.prescreen import Keepsake, Prescreen, Screening
from bot.quizzes import Quizzes
from bot.rates import Rates
from bot.receipts import Receipts
from bot.reminders import Reminders
from bot.review import Reviews
from bot.roles import Roles
from bot.store import Store
from bot.tables import Pending
from bot.work import Patience, Work
from bot.work_tables import DeadLetter
from rules.assembly import load_policy
from rules.screening import Screener

MARKER = "zibaldone"
"""In every draft, and never in the log."""
UNTOLD = (MARKER, "xoxb-", "xapp-", "1:TEST", "anna", "bruno", "carla", "slack:", "telegram:1", "/response/")
"""What the log must not hold: drafts, tokens, names, and addresses that take answers."""

POLICY = (
    """
name: small
languages: [it, en]
owners:
  - {id: press, name: {it: "Ufficio stampa", en: "Press office"}, slack_channel: "#stampa", telegram_chat: "-1001"}
  - id: legal
    name: {it: "Ufficio legale", en: "Legal"}
    slack_channel: "#legale"
    telegram_chat: "-1002"
    deadline: 4h
    next: press
clauses:
  - {id: "1.2", title: {it: "Rispetto", en: "Respect"}, text: {it: "Con rispetto.", en: "With respect."}, owner: press}
  - {id: "2.1", title: {it: "Voce calma", en: "A calm voice"}, text: {it: "Piano.", en: "Softly."}, owner: press}
  - {id: "2.3", title: {it: "I nostri nomi", en: "Our names"}, text: {it: "Così.", en: "Thus."}, owner: press}
  - {id: "4.1", title: {it: "A tempo debito", en: "In due time"}, text: {it: "Dopo.", en: "Later."}, owner: legal}
rules:
  - id: respect.insults
    detector: phrases
    severity: block
    clause: "1.2"
    phrases: [idiota, idiot]
    message: {it: "Offende qualcuno.", en: "This insults somebody."}
    suggest: {it: "Di’ che cosa non va.", en: "Say what is wrong."}
    examples: {flag: ["Che idiota"], allow: ["Che bello"]}
  - id: news.unannounced
    detector: phrases
    severity: review
    clause: "4.1"
    phrases: [trimestre record, record quarter]
    message: {it: "Non ancora annunciato.", en: "Not announced yet."}
    suggest: {it: "Aspetta il comunicato.", en: "Wait for the release."}
    examples: {flag: ["Un trimestre record"], allow: ["Un bel trimestre"]}
  - id: news.codenames
    detector: phrases
    severity: warn
    clause: "4.1"
    hides: PROJECT
    phrases: [progetto girasole]
    message: {it: "Un nome in codice.", en: "A code name."}
    examples: {flag: ["Il progetto Girasole"], allow: ["Un girasole"]}
"""
    + PRODUCT
    + """\
  - id: tone.shouting
    detector: shouting
    severity: note
    clause: "2.1"
    message: {it: "Qui il testo grida.", en: "The text shouts here."}
    examples: {flag: ["Evviva!!!"], allow: ["Evviva!"]}
  - id: tone.doubled
    detector: repetition
    severity: note
    clause: "2.1"
    message: {it: "Una parola doppia.", en: "A word twice."}
    examples: {flag: ["il il"], allow: ["il lo"]}
  - id: tone.farewells
    detector: phrases
    severity: warn
    clause: "2.1"
    applies: {languages: [it]}
    phrases: [distinti saluti]
    message: {it: "Troppo rigido.", en: "Too stiff."}
    examples: {flag: ["Distinti saluti"], allow: ["Saluti"]}
"""
    + HIDING
)

IBAN = "IT60X0542811101000000123456"
HOSTILE = {
    "broadcast": "zibaldone <!channel> <!here> <!everyone> @here @channel",
    "mention": "zibaldone <@U1> <@U1|anna> @anna @someone @vaglio_bot",
    "subteam and date": "zibaldone <!subteam^S1|@tutti> <!date^1392734382^{date}|ieri>",
    "channel": "zibaldone <#C1|general> #general #tag $CASH",
    "mrkdwn": "zibaldone *b* _i_ ~s~ `c` ```pre``` \n> citato\n• punto",
    "link": "zibaldone <https://evil.example|qui> <https://evil.example/x> <mailto:a@b.it|a>",
    "bare links": "zibaldone https://evil.example/x www.evil.example evil.com/x ftp://evil.example tg://resolve?domain=x",
    "escapes": "zibaldone &lt;!here&gt; &amp;lt;!here&amp;gt; &#60;!here&#62; &lt;@U1&gt;",
    "emoji": "zibaldone :tada: :+1: :skull_and_crossbones: 🎉👩‍👩‍👧",
    "commands": "zibaldone /start /help@vaglio_bot /vaglio new",
    "e-mail and phone": "zibaldone a@b.it +39 06 1234 5678 3331234567",
    "HTML": 'zibaldone <b>b</b> <a href="https://evil.example">qui</a> <script>x</script> &quot; <tg-spoiler>',
    "Markdown": "zibaldone [qui](https://evil.example) **b** __u__ ||s|| \\* ![](tg://emoji?id=1)",
    "direction": "zibaldone \u202eenoisrever\u202d \u2066isolato \u202b \u200f שלום",
    "an open override at the end": "zibaldone idiota\u202e",
    "zero width": "ziba\u200bldone zibaldone\u200b\u2060\ufeff i\u200bdi\u00adota",
    "NUL and controls": "zibaldone \x00 \x07 \x1b[31m rosso \x7f \x9b",
    "lone surrogates": "zibaldone \ud800 \udc00 \udfff idiota",
    "one word": "zibaldone" + "a" * 2991,
    "combining marks": "zibaldone o" + "\u0301" * 9_980,
    "brackets": "zibaldone 【idiota】1 【】 «»",
    "line separators": "zibaldone\u2028idiota\u2029\x85\r\nfine",
    "shouted": "ZIBALDONE GRIDA FORTE <!CHANNEL> *TUTTO* :TADA: /START `ORA` &LT;!HERE&GT; \u202eSEMPRE",
    "mended all over": "zibaldone!!! vaglietto @anna!!! https://evil.example!!! *b*!!! :tada:!!! /start!!! \u202e!",
    "doubled": "zibaldone zibaldone :tada: :tada: *b* *b* a@b.it",
}
"""Drafts that would be more than words if the answer let them."""

BRISK = Patience(first=0.01, longest=0.05, grace=2.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """What has been logged so far, as it is in production; after each test it must tell nothing that is a secret."""
    written = io.StringIO()
    handlers = logging.getLogger().handlers[:]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure_logs("debug", "json")
    yield written.getvalue
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()
    told = [word for word in UNTOLD if word.lower() in written.getvalue().lower()]
    assert told == [], written.getvalue()


@pytest.fixture(scope="session")
def small_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("policy") / "small.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def screener(small_policy: Path) -> Screener:
    screener = Screener(load_policy(small_policy))
    assert screener.load() == {}
    return screener


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("database") / "empty.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@dataclass
class Recorder:
    """The ledger, which can be told to fail, or to wait until a test lets it go on."""

    ledger: Ledger
    error: Exception | None = None
    screenings: list[Screening] = field(default_factory=list)

    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        if self.error:
            raise self.error
        self.screenings.append(screening)
        self.ledger.record(screening, keepsake)


class House:
    """Everything behind the chats, on one database; built anew on the same folder it is a restart."""

    def __init__(
        self, folder: Path, database: str, screener: Screener, *, backlog: int = 50, key: bytes = b"k" * 32
    ) -> None:
        self.store = Store(database)
        vault = Vault(key)
        self.seals = Seals(vault, key)
        self.people = People(self.store, self.seals)
        self.ledger = Ledger(self.store, folder / "ledger.head", self.people)
        self.ledger.catch_up()
        self.recorder = Recorder(self.ledger)
        self.cabinet = Cabinet(
            people=self.people,
            roles=Roles(self.store, self.ledger),
            drafts=Drafts(self.store, vault, days=7),
            reviews=Reviews(self.store, vault),
            appeals=Appeals(self.store, vault, self.people, key),
            receipts=Receipts(self.store, key),
            reminders=Reminders(self.store),
            ledger=self.ledger,
        )
        self.cards, self.awaiting = Cards(self.store), Awaiting(self.store, self.seals)
        self.work = Work(
            self.store, vault, engine_of(self.store, workers=2, patience=BRISK), backlog=backlog, patience=BRISK
        )
        self.prescreen = Prescreen(screener, self.recorder, self.cabinet.appeals)
        self.platforms: set[str] = set()
        """Those that run: each emulator's fixture adds its own."""
        self.post = Post(self.work, self.people, lambda: self.prescreen.screener.policy, self.platforms)
        self.conversation = Conversation(self.prescreen, self.cabinet, self.cards, self.post.reaches, self.post.put)
        self.rates = Rates(self.store, self.seals, 1_000, 10_000)
        in_force = lambda: self.prescreen.screener  # noqa: E731
        self.quizzes = Quizzes(self.store, self.ledger, in_force)
        self.learning = Learning(
            self.people,
            self.quizzes,
            Acknowledgements(self.store, self.ledger, lambda revision: None, lambda before, after, language: []),
            lambda: in_force().policy,
        )
        self.desk = Desk(self.conversation, self.learning, self.people, self.post, self.rates, threads=2)
        self.clock = Clock(
            self.cabinet,
            self.post,
            Days(self.store),
            self.awaiting,
            self.quizzes,
            Retention(self.store, self.ledger),
            Erasures(self.store, self.ledger, self.people, folder / "erased"),
            lambda: in_force().policy,
        )
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self.work.run())

    async def stop(self) -> None:
        if self._running:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    async def close(self) -> None:
        await self.stop()
        self.work.close()
        self.desk.close()
        self.store.close()

    def died(self, times: int) -> None:
        """So many processes died with all that waits in hand."""
        with self.store.write() as session:
            suspect(session, KIND, session.exec(select(Pending.id)).all(), times)
            if self.store.file is None:
                session.connection().exec_driver_sql("UPDATE procrastinate_jobs SET attempts = 1, lock = 'alone'")

    def buried(self) -> list[str]:
        """The errors of what was given up."""
        with self.store.read() as session:
            return list(session.exec(select(DeadLetter.error)).all())

    async def quiet(self) -> None:
        """Until nothing waits to be answered any more; for a second also until what is done out of courtesy is done."""
        async with asyncio.timeout(10):
            while self.pending():
                await asyncio.sleep(0.01)
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while any("Aside.do" in getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()):
                    await asyncio.sleep(0.01)

    def pending(self) -> int:
        with self.store.engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM pending").scalar_one())

    def bytes(self) -> bytes:
        """Everything that lies on the disk under the database's name; on a server, everything that it tells."""
        return stored(self.store)


MakeHouse = Callable[..., House]


@pytest.fixture
async def make_house(
    tmp_path: Path, database: str, screener: Screener, empty_database: Path
) -> AsyncIterator[MakeHouse]:
    """A house; a second one is the same house after a restart."""
    if database.startswith("sqlite"):
        shutil.copy(empty_database, tmp_path / "vaglio.db")
        database = f"sqlite:///{tmp_path / 'vaglio.db'}"
    built: list[House] = []

    def make(**how: object) -> House:
        built.append(House(tmp_path, database, screener, **how))  # type: ignore[arg-type]
        return built[-1]

    yield make
    for house in built:
        await house.close()


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    """A house in which work is done."""
    house = make_house()
    house.start()
    return house
