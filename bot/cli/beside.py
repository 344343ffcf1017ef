"""What stands beside the pages for programs: the HTTP API, readiness and metrics, over the parts that run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from fastapi import FastAPI
from sqlmodel import Session
from starlette.routing import BaseRoute

from bot.api.app import Branch, api_app
from bot.audit.deliveries import late_places
from bot.cli.build import tongue
from bot.cli.duty import EVERYTHING, Duty
from bot.cli.parts import Parts
from bot.console.clients import Clients
from bot.console.pool import Pool
from bot.console.watching import Readiness, is_writable, watching_routes
from bot.deeds import Cabinet
from bot.metrics import Metrics, State
from bot.prescreen import Prescreen
from bot.rates import Rates
from bot.revisions import Revisions
from bot.settings import Settings
from bot.store import Store
from rules.screening import Screener

T = TypeVar("T")

_PUT_IN_FORCE = timedelta(minutes=1)
"""That a policy may take, once it is published, until every process holds drafts against it."""


def beside(
    settings: Settings,
    cabinet: Cabinet,
    prescreen: Prescreen,
    revisions: Revisions,
    parts: Parts,
    metrics: Metrics,
) -> Sequence[BaseRoute]:
    """`/api/v1`, on threads of its own, `/readyz` and `/metrics`."""
    checks = Pool(settings.workers, settings.backlog)
    api = _open_api(settings, parts.store, cabinet, prescreen, checks)
    return [Branch(api), *watched(settings, prescreen, revisions, parts, metrics, {"api": checks})]


def watched(
    settings: Settings,
    prescreen: Prescreen,
    revisions: Revisions,
    parts: Parts,
    metrics: Metrics,
    pools: Mapping[str, Pool],
    duty: Duty = EVERYTHING,
) -> Sequence[BaseRoute]:
    """`/readyz` and `/metrics`."""
    metrics.watch(_state(settings, parts, prescreen, pools))
    checks = {
        "policy": lambda: _is_in_force(prescreen, revisions, datetime.now(UTC)),
        "record": lambda: is_writable(parts.store),
        "models": _Models(prescreen).are_open,
    }
    if duty.works and not duty.takes_in:
        checks["work"] = lambda: parts.engine.is_working
    readiness = Readiness(checks)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    return watching_routes(readiness, metrics, token=token)


def _open_api(settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, checks: Pool) -> FastAPI:
    people, ledger = cabinet.people, cabinet.ledger
    return api_app(
        prescreen=prescreen,
        clients=Clients(store, ledger, people),
        ledger=ledger,
        people=people,
        rates=Rates(store, people.seals, settings.rate_client, None),
        checks=checks,
        language=tongue(settings),
    )


def _state(settings: Settings, parts: Parts, prescreen: Prescreen, pools: Mapping[str, Pool]) -> State:
    work, ledger, store = parts.work, parts.cabinet.ledger, parts.store
    return State(
        waiting=lambda: work.waiting,
        oldest=lambda: work.oldest(datetime.now(UTC).timestamp()),
        entries=lambda: next((entry.seq for entry in ledger.entries(newest=1)), 0),
        revision=lambda: prescreen.screener.policy.revision,
        late=(lambda: _late(settings, store)) if settings.checkpoint_targets() else None,
        queue=lambda: _asked(store, parts.engine.standing),
        dead=parts.dead_letters.count,
        workers=lambda: _asked(store, parts.engine.workers),
        pools={name: _waiting(pool) for name, pool in pools.items()},
    )


def _is_in_force(prescreen: Prescreen, revisions: Revisions, now: datetime) -> bool:
    """Whether drafts are held against what was published last, or it has only just been."""
    newest = revisions.newest()
    return newest is None or newest.revision == prescreen.screener.policy.revision or now - newest.at < _PUT_IN_FORCE


class _Models:
    """Whether the models that the policy wants are open. Those that are not will not be before the next start."""

    def __init__(self, prescreen: Prescreen) -> None:
        self._prescreen = prescreen
        self._known: tuple[Screener, bool] | None = None

    def are_open(self) -> bool:
        screener = self._prescreen.screener
        if self._known is None or self._known[0] is not screener:
            is_open = not any(reason.startswith("model:") for reason in screener.load().values())
            self._known = (screener, is_open)
        return self._known[1]


def _asked(store: Store, ask: Callable[[Session], T]) -> T:
    with store.read() as session:
        return ask(session)


def _waiting(pool: Pool) -> Callable[[], int]:
    return lambda: pool.waiting


def _late(settings: Settings, store: Store) -> Sequence[timedelta]:
    now, period = datetime.now(UTC), timedelta(minutes=settings.checkpoint_minutes)
    return [now - each.since for each in late_places(store, settings.checkpoint_targets(), period, now)]
