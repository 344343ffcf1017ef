"""A whole installation on loopback: front-ends, workers, one PostgreSQL, Slack, Telegram, and a proxy on every way."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from emulators.loopback import Json
from emulators.slack import LateAck, SlackEmulator
from emulators.slack_link import Ack, signed
from emulators.telegram import TelegramEmulator
from emulators.telegram_people import Pushed
from faults.accounts import WORD, Answered, Answers, Reckoning, reckon, text_of
from faults.members import Member, Surroundings
from faults.processes import FRONT, WORKER
from postgres import Server

from bot.audit.seals import Seals
from bot.people import People
from bot.store import Store

PEOPLE = 20
OWNER, OTHER_OWNER = "UOWNER", "UOWNER2"
_PATIENCE = 120.0
"""Seconds for which nothing may move before what is missing counts as lost."""
_UNANSWERED = 30
_HOOK = "/slack/events"
_USUAL = {
    "TOXICITY": "built-in",
    "TELEGRAM_TOKEN": "1:TEST",
    "TELEGRAM_WEBHOOK_URL": "https://vaglio.acme.example/telegram/updates",
    "TELEGRAM_WEBHOOK_SECRET": "secret",
}


class Slack(SlackEmulator):
    """Of many people; any channel that a policy names is there. An answer is recorded with its address as `to`."""

    def __init__(self) -> None:
        super().__init__()
        self.users |= {f"U{100 + n}": {"name": f"p{n}", "locale": "it-IT"} for n in range(PEOPLE)}
        self.users |= {user: {"name": user.lower(), "locale": "it-IT"} for user in (OWNER, OTHER_OWNER)}

    def _channel(self, payload: Json) -> str:
        if (name := str(payload.get("channel"))).startswith("#"):
            self.channels.setdefault(name, f"C{100 + len(self.channels)}")
        return super()._channel(payload)

    async def _serve(self, request: Any, method: str, payload: Json, act: Any) -> Any:
        async def marked(payload: Json) -> Json:
            return await act(payload) | {"to": request.match_info["token"]}

        return await super()._serve(request, method, payload, marked if method == "response_url" else act)


class Telegram(TelegramEmulator):
    """Posts its updates to whom `post` leads to, whatever address it was told: there is a balancer at it."""

    post: Callable[[bytes, Mapping[str, str]], Any]

    async def _deliver(self, update: Json, queue: list[Json]) -> Pushed:
        headers = {"X-Telegram-Bot-Api-Secret-Token": "secret", "Content-Type": "application/json"}
        status, _ = await self.post(json.dumps(update).encode(), headers)
        return Pushed(update, status)


@dataclass(eq=False, slots=True)
class House:
    """Everything is shared by the tests of a module; `sound()` says whether what one of them did went well."""

    server: Server
    database: str
    slack: Slack
    telegram: Telegram
    folder: Path
    fronts: list[Member]
    workers: list[Member]
    next: int = 0
    """The number of the next draft."""
    answers: Answers = field(init=False)
    acknowledged: list[int] = field(default_factory=list)
    to: Member | None = None
    """The front-end that is sent whatever comes next; None: each in turn."""
    _turn: int = 0
    _reckoned: int = 0

    def __post_init__(self) -> None:
        self.answers = Answers(self.slack)

    @property
    def members(self) -> list[Member]:
        return [*self.fronts, *self.workers]

    # --- What people do

    async def deliver(self, content: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """As a balancer: to each front-end in turn, or to the one that was named."""
        return await self._next_front().post(_HOOK, content, headers)

    async def both(self, body: Json) -> list[int]:
        """The same event at every front-end at once; how each answered."""
        content, headers = signed(body, "secret")
        return [status for status, _ in await asyncio.gather(*(f.post(_HOOK, content, headers) for f in self.fronts))]

    async def updates(self, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        return await self._next_front().post("/telegram/updates", content, headers)

    def _next_front(self) -> Member:
        if self.to is not None:
            return self.to
        self._turn += 1
        return self.fronts[self._turn % len(self.fronts)]

    async def send(self, *, text: str | None = None, user: str | None = None, to: Member | None = None) -> int:
        """A draft by command; its number. Whether it was acknowledged is noted."""
        self.next += 1
        number, before = self.next, self.to
        self.to = to or before
        try:
            ack: Ack | LateAck = await self.slack.slash(
                text or text_of(number),
                user or f"U{100 + number % PEOPLE}",
                trigger_id=f"t.{self.folder.name}.{number}",
            )
        except LateAck as late:
            ack = late
        finally:
            self.to = before
        self.answers.addresses[ack.envelope["payload"]["response_url"].rpartition("/")[2]] = number
        if isinstance(ack, Ack) and ack.status == 200:
            self.acknowledged.append(number)
        return number

    async def send_many(self, count: int, *, at_once: int = 8) -> list[int]:
        gate = asyncio.Semaphore(at_once)

        async def one() -> int:
            async with gate:
                return await self.send()

        return await asyncio.gather(*(one() for _ in range(count)))

    @asynccontextmanager
    async def under_load(self, every: float = 0.2) -> AsyncIterator[None]:
        """Drafts keep coming in while inside, though never more than a few dozen without an answer."""
        sending: list[asyncio.Task[int]] = []

        async def steadily() -> None:
            while True:
                # Where tests share a busy machine, hours' worth of work would pile up else.
                if max(self._left(), sum(not each.done() for each in sending)) < _UNANSWERED:
                    sending.append(asyncio.create_task(self.send()))
                await asyncio.sleep(every)

        source = asyncio.create_task(steadily())
        try:
            yield
        finally:
            source.cancel()
            await asyncio.gather(*sending)

    # --- What became of it

    def one(self, sql: str) -> Any:
        """The first value of a question to the database, past every proxy."""
        with self.server.admin(self.database) as admin:
            found = admin.execute(sql.encode()).fetchone()
        return found[0] if found else None

    def waiting(self) -> int:
        """Acknowledged and not yet done."""
        return int(self.one("SELECT count(*) FROM pending"))

    def _left(self) -> int:
        """As `waiting`, also while there is no database to ask."""
        with suppress(psycopg.OperationalError):
            return self.waiting()
        return 0

    def recorded(self) -> Counter[str]:
        with self.server.admin(self.database) as admin:
            rows = admin.execute(b"SELECT subject FROM entry WHERE kind = 'screening'").fetchall()
        return Counter(row[0] for row in rows)

    def reckoning(self) -> Reckoning:
        return reckon(self.acknowledged, self.answered(), self.recorded())

    def answered(self) -> dict[int, Answered]:
        """What has been said to each draft so far, by its number."""
        return self.answers.by_draft()

    async def until(self, is_so: Callable[[], object], within: float = _PATIENCE) -> None:
        async with asyncio.timeout(within):
            while not is_so():
                await asyncio.sleep(0.02)

    async def settled(self) -> None:
        """Until nothing waits any more. Raises `AssertionError` where nothing has moved for two minutes."""
        moved, known = time.monotonic(), (-1, -1)
        while (now := (self.waiting(), len(self.slack.calls)))[0]:
            if now != known:
                moved, known = time.monotonic(), now
            assert time.monotonic() - moved < _PATIENCE, f"{now[0]} wait and nothing moves"
            await asyncio.sleep(0.05)

    async def mended(self) -> None:
        """Every way is free again, and everybody is back."""
        for member in self.members:
            member.heal()
        self.to = None
        await asyncio.gather(*(member.start() for member in self.members if not member.process.runs))

    async def sound(self) -> Reckoning:
        """Once nothing waits: one answer each, the record whole, no word in a log.

        Returns what became of the drafts since the last time.
        """
        await self.settled()
        found = self.reckoning()
        assert found.is_sound, found
        assert not self.waiting()
        assert [member.name for member in self.members if WORD in member.process.said] == []
        assert await self.verify() == 0
        since, self._reckoned = self._reckoned, self.next
        return found.after(since)

    async def verify(self) -> int:
        """How `vaglio audit verify` ends, on the machine of the first front-end and past its proxies."""
        code, said = await self.fronts[0].process.run("audit", "verify", DATABASE_URL=self.server.url(self.database))
        if code:
            sys.stderr.write(said)
        return code


@asynccontextmanager
async def built(
    folder: Path, policy: Path, *, fronts: int = 2, workers: int = 2, settings: Mapping[str, str] | None = None
) -> AsyncIterator[House]:
    """The whole of it, ready. Raises `NoServer`."""
    server = Server()
    await asyncio.to_thread(server.start)
    try:
        async with AsyncExitStack() as stack:
            slack, telegram = await stack.enter_async_context(Slack()), await stack.enter_async_context(Telegram())
            around = Surroundings(
                database=server.folder / ".s.PGSQL.5432",
                database_name=server.create(),
                slack=_place(slack.url),
                telegram=_place(telegram.url),
                folder=folder,
                settings={"POLICY": str(policy), **_USUAL, **(settings or {})},
            )

            async def members(name: str, command: tuple[str, ...], count: int) -> list[Member]:
                made = [Member(f"{name}{n + 1}", command, around) for n in range(count)]
                return [await stack.enter_async_context(each) for each in made]

            house = House(
                server, around.database_name, slack, telegram, folder,
                await members("front", FRONT, fronts), await members("worker", WORKER, workers),
            )  # fmt: skip
            slack.over_http(house.deliver, "secret")
            telegram.post = house.updates
            # The first one makes the tables and the keys.
            await house.fronts[0].start()
            await asyncio.to_thread(_linked, server.url(house.database), folder / "keys")
            await asyncio.gather(*(member.start() for member in house.members[1:]))
            yield house
    finally:
        await asyncio.to_thread(server.stop)


def _linked(database: str, keys: Path) -> None:
    """Telegram's first person is known here: strangers are not answered."""
    store = Store(database)
    People(store, Seals.open(keys)).person("telegram:10")
    store.close()


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port  # noqa: PT018
    return parts.hostname, parts.port
