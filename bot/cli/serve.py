"""`vaglio run`: every part built, started, and stopped again without losing what is in hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, Route

from bot import clock
from bot.allocator import keep_giving_back
from bot.audit.deliveries import EVERY, late_places
from bot.audit.errors import RecordError
from bot.audit.signing import SigningKeys
from bot.cli.batches import attach
from bot.cli.beside import beside, watched
from bot.cli.build import (
    Record,
    open_cabinet,
    open_collections,
    open_deliveries,
    open_revisions,
    open_store,
    screeners,
    session_key,
    terminal,
    tongue,
)
from bot.cli.doctor import without_detoxify
from bot.cli.duty import EVERYTHING, Duty
from bot.cli.parts import Parts
from bot.cli.platforms import Task, slack, telegram
from bot.cli.reporting import reporting
from bot.cli.rooms import Floor
from bot.cli.server import bound, server_of, until_stopped
from bot.console.app import build_console
from bot.console.auth import SignIn
from bot.console.gate import Gate
from bot.console.queue_view import Queue
from bot.console.sessions import Sessions
from bot.console.watching import health_route
from bot.deeds import Cabinet
from bot.knowledge import Collections
from bot.live import LivePolicy, follow, keep_up
from bot.logs import configure_logs
from bot.metrics import Metrics
from bot.prescreen import Prescreen
from bot.revisions import Revisions
from bot.roles import Role, Source
from bot.settings import Settings, SettingsError, exposed_secrets, read_settings
from bot.store import Store
from bot.wording import Wording
from bot.wording.saying import saying
from bot.work import Work
from rules.policy import Policy
from rules.screening import Screener

log = structlog.get_logger(__name__)


def serve(*, link: bool, duty: Duty = EVERYTHING) -> None:
    """Run until told to stop. Raises `SettingsError` and `PolicyError` before anything is started."""
    settings = read_settings()
    if not (duty.takes_in and duty.works):
        _look_for_a_server(settings)
    configure_logs(settings.log_level, settings.log_format)
    for file in exposed_secrets(settings):
        log.warning("secret.exposed", file=str(file), remedy="every user of this machine can read it: chmod o-rwx")
    listening = bound(settings)
    record = _opened(settings)
    SigningKeys(settings.keys_dir).signer()  # made at the first start, as the other keys are
    store, ledger = record.store, record.ledger
    revisions = open_revisions(settings, store, ledger)
    collections = open_collections(settings, record)
    collections.adopt(at=datetime.now(UTC))
    with reporting() as report:
        build = screeners(settings, report)
        screener = build(LivePolicy(revisions, settings.policy).policy())
        missing = screener.load()
    for rule, reason in missing.items():
        log.warning("rule.unavailable", rule=rule, reason=reason)
    cabinet = open_cabinet(settings, record)
    if settings.admin and not settings.admin_is_e_mail:
        cabinet.roles.grant(cabinet.people.person(settings.admin), Role.ADMIN, by=None, source=Source.SETTING)
    metrics = Metrics()
    prescreen = Prescreen(screener, ledger, cabinet.appeals, metrics)
    house = House(settings, store, cabinet, prescreen, revisions, build, listening, metrics, collections, duty)
    try:
        asyncio.run(house.run(link=link))
    finally:
        store.close()


def _look_for_a_server(settings: Settings) -> None:
    if open_store(settings).file:
        said = saying(
            "vaglio work and vaglio run --no-work need PostgreSQL, by which processes share the work: "
            "VAGLIO_DATABASE_URL is not set, or names a file. On SQLite one process does everything: vaglio run."
        )
        raise SettingsError(said)


def _opened(settings: Settings) -> Record:
    """Whoever reads the log is told too why there will be no verdicts."""
    try:
        return Record.open(settings, for_long=True)
    except RecordError as error:
        log.critical("record.unusable", code=error.code, place=error.place, remedy=str(error))
        raise


@dataclass(slots=True)
class House:
    """Everything that runs, on one event loop."""

    settings: Settings
    store: Store
    cabinet: Cabinet
    prescreen: Prescreen
    revisions: Revisions
    build: Callable[[Policy], Screener]
    listening: socket.socket
    metrics: Metrics
    collections: Collections
    duty: Duty = EVERYTHING

    async def run(self, *, link: bool) -> None:
        settings, duty = self.settings, self.duty
        parts = Parts.open(settings, self.store, self.cabinet, self.prescreen, self.revisions)
        sign_in = SignIn(Sessions(self.store), self.cabinet.people)
        pages = self._pages(parts, sign_in)
        tasks: list[Task] = [self._follow, keep_giving_back]
        if duty.works:
            self._plan(parts)
            tasks.append(parts.work.run)
        # Slack and Telegram call by whatever name they were given, and prove themselves by signature and secret:
        # their routes stand outside the page's own checks of host, session and form.
        hooks: list[Route] = []
        async with slack(settings, parts, duty, hooks, tasks), telegram(settings, parts, duty, hooks, tasks):
            server = server_of([*hooks, *pages], lambda port: self._greet(sign_in, port, link=link))
            await until_stopped(server, self.listening, tasks)
        parts.work.close()
        parts.desk.close()

    def _plan(self, parts: Parts) -> None:
        """What is shared out to all workers, and what only time does, once over all of them."""
        parts.engine.every(clock.EVERY, "clock", parts.clock.look)
        parts.engine.every(clock.EVERY, "retention", parts.clock.let_go)
        attach(parts.engine, self.settings, self.store, self.cabinet, self.prescreen, self.revisions)
        if self.settings.checkpoint_targets():
            deliveries = open_deliveries(self.settings, self.store)
            parts.engine.every(EVERY, "checkpoints", lambda: deliveries.look(datetime.now(UTC)))

    def _pages(self, parts: Parts, sign_in: SignIn) -> list[BaseRoute]:
        """Of a worker only how it is: it is nobody's to talk to."""
        if self.duty.takes_in:
            return [Mount("/", self.console(parts, sign_in))]
        routes = watched(self.settings, self.prescreen, self.revisions, parts, self.metrics, {}, self.duty)
        return [health_route(lambda: self._health(parts.work)), *routes]

    def console(self, parts: Parts, sign_in: SignIn) -> FastAPI:
        """The web pages, over everything that runs."""
        settings = self.settings
        # In a file there is one process, which does backtests on a thread of its own.
        put = None if self.store.file else parts.engine.put
        floor = Floor(settings, self.store, self.cabinet, self.prescreen, self.revisions, sign_in, parts.desk, put)
        queue = Queue(self.cabinet, floor.policy)
        return build_console(
            gate=Gate(sign_in, self.cabinet.roles, self._owners, queue.how_many),
            rooms=floor.rooms(),
            session_key=session_key(settings),
            default_language=tongue(settings),
            draft_limit=settings.draft_limit,
            health=lambda: self._health(parts.work),
            hosts=settings.console_hosts,
            beside=beside(settings, self.cabinet, self.prescreen, self.revisions, parts, self.metrics),
        )

    def _owners(self) -> frozenset[str]:
        return frozenset(owner.id for owner in self.prescreen.screener.policy.owners)

    async def _follow(self) -> None:
        """Whatever is published or taken in anywhere is in force here within seconds."""
        await asyncio.gather(
            follow(self.prescreen, self.build, self.revisions), keep_up(self.cabinet.ledger, self.collections)
        )

    def _health(self, work: Work) -> dict[str, object]:
        """Raises where the record cannot be read, and the page then says that Vaglio is failing."""
        self.cabinet.ledger.entries(newest=1)
        return {"status": "ok", "waiting": work.waiting} | self._checkpoints()

    def _checkpoints(self) -> dict[str, object]:
        """Whether a place off the host is late with them; nothing where there is none."""
        targets = self.settings.checkpoint_targets()
        if not targets:
            return {}
        period = timedelta(minutes=self.settings.checkpoint_minutes)
        late = late_places(self.store, targets, period, datetime.now(UTC))
        return {"checkpoints": "late" if late else "ok"}

    def _greet(self, sign_in: SignIn, port: int, *, link: bool) -> None:
        wording, out = Wording(tongue(self.settings)), terminal()
        host = self.settings.console_host
        shown = "127.0.0.1" if host in ("0.0.0.0", "::", "localhost") else host  # noqa: S104 -- compared, not bound
        if not self.duty.takes_in:
            out.print(
                wording.say(
                    "A worker of Vaglio's is ready; how it is: {address}", address=f"http://{shown}:{port}/readyz"
                )
            )
            return
        if link:
            out.print(wording.say("Vaglio is ready. Open this link; it signs you in, once:"))
            out.print(f"  http://{shown}:{port}/sign-in?key={sign_in.new_key()}")
        else:
            out.print(wording.say("Vaglio is ready at {address}", address=f"http://{shown}:{port}"))
        if offer := without_detoxify(self.settings, wording):
            out.print(offer)
        for name, mode in (("Slack", self.settings.slack_mode()), ("Telegram", self.settings.telegram_mode())):
            if mode is None:
                out.print(wording.say("{name}: not set up (README.md tells how)", name=name))
