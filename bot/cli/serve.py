"""`vaglio run`: every part built, started, and stopped again without losing what is in hand."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from bot.audit.deliveries import late_places
from bot.audit.errors import RecordError
from bot.audit.signing import SigningKeys
from bot.cli.beside import beside
from bot.cli.build import (
    Record,
    open_cabinet,
    open_collections,
    open_deliveries,
    open_revisions,
    screeners,
    session_key,
    terminal,
    tongue,
)
from bot.cli.doctor import without_detoxify
from bot.cli.parts import Parts
from bot.cli.platforms import Task, slack, telegram
from bot.cli.reporting import reporting
from bot.cli.rooms import Floor
from bot.console.app import build_console
from bot.console.auth import SignIn
from bot.console.gate import Gate
from bot.console.queue_view import Queue
from bot.console.sessions import Sessions
from bot.console.shield import LimitedBody
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
from bot.work import Work
from rules.policy import Policy
from rules.screening import Screener

log = structlog.get_logger(__name__)

_HOOK_BYTES = 1_000_000
"""More than Slack or Telegram ever send in one request."""
_GRACE = 10
"""Seconds in which requests and answers in hand may be finished at a stop."""


def serve(*, link: bool) -> None:
    """Run until told to stop. Raises `SettingsError` and `PolicyError` before anything is started."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    for file in exposed_secrets(settings):
        log.warning("secret.exposed", file=str(file), remedy="every user of this machine can read it: chmod o-rwx")
    listening = _bound(settings)
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
    house = House(settings, store, cabinet, prescreen, revisions, build, listening, metrics, collections)
    try:
        asyncio.run(house.run(link=link))
    finally:
        store.close()


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

    async def run(self, *, link: bool) -> None:
        settings = self.settings
        parts = Parts.open(settings, self.store, self.cabinet, self.prescreen, self.revisions)
        sign_in = SignIn(Sessions(self.store), self.cabinet.people)
        console = self.console(parts, sign_in)
        tasks: list[Task] = [parts.work.run, parts.clock.run, self._follow]
        if settings.checkpoint_targets():
            tasks.append(open_deliveries(settings, self.store).run)
        # Slack and Telegram call by whatever name they were given, and prove themselves by signature and secret:
        # their routes stand outside the page's own checks of host, session and form.
        hooks: list[Route] = []
        async with slack(settings, parts, hooks, tasks), telegram(settings, parts, hooks, tasks):
            server = _Server(
                uvicorn.Config(
                    LimitedBody(Starlette(routes=[*hooks, Mount("/", console)]), limit=_HOOK_BYTES),
                    access_log=False,
                    log_config=None,
                    timeout_graceful_shutdown=_GRACE,
                    server_header=False,
                ),
                on_start=lambda port: self._greet(sign_in, port, link=link),
            )
            await _until_stopped(server, self.listening, tasks)
        parts.work.close()
        parts.desk.close()

    def console(self, parts: Parts, sign_in: SignIn) -> FastAPI:
        """The web pages, over everything that runs."""
        settings = self.settings
        floor = Floor(settings, self.store, self.cabinet, self.prescreen, self.revisions, sign_in, parts.desk)
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


class _Server(uvicorn.Server):
    """Says when it listens, and on which port; a signal ends it, and not the answers that are still in hand."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[int], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """In place of uvicorn's own, which raises the signal once more when the server has ended."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop)
        yield

    def _stop(self) -> None:
        # The second one means it.
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._on_start(self.servers[0].sockets[0].getsockname()[1])


def _bound(settings: Settings) -> socket.socket:
    """The page's address, taken before anything else is started. Raises `SettingsError`."""
    host, port = settings.console_host, settings.console_port
    try:
        (family, *_), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsError(
            f"VAGLIO_CONSOLE_HOST and VAGLIO_CONSOLE_PORT: {host}:{port} cannot be listened at ({reason}). "
            "Another program may be there: stop it, or choose another port (0 takes any free one)."
        ) from None


async def _until_stopped(server: _Server, listening: socket.socket, tasks: list[Task]) -> None:
    """The server ends on a signal, and everything else with it; a task that fails ends the server."""
    running = [asyncio.ensure_future(task()) for task in tasks]
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    waiting = {serving, *running}
    failure: BaseException | None = None
    while serving in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        failure = next((task.exception() for task in done if task.exception()), None)
        if failure is not None:
            server.should_exit = True
            await asyncio.wait({serving})
            break
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    if failure is not None:
        raise failure
