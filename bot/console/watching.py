"""`/readyz` and `/metrics`: for load balancers and Prometheus, without content and without names."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.console.auth import is_on_this_machine
from bot.metrics import CONTENT_TYPE, Metrics
from bot.store import Store
from bot.tables import Rate

log = structlog.get_logger("vaglio.console")

Check = Callable[[], bool]
_FRESH: Final = 5.0
"""Seconds for which an answer holds: anybody may ask, and each look writes."""
_PROBE: Final = "readyz"


class Readiness:
    """Looks whether drafts can be answered. Thread-safe."""

    def __init__(self, checks: Mapping[str, Check], now: Callable[[], float] = time.monotonic) -> None:
        """`checks` by the name that is told if one says no, or raises."""
        self._checks, self._now = checks, now
        self._lock = threading.Lock()
        self._known: tuple[float, tuple[str, ...]] | None = None

    def missing(self) -> tuple[str, ...]:
        """The names of what is not there."""
        with self._lock:
            if self._known is None or self._now() - self._known[0] >= _FRESH:
                found = tuple(name for name, check in self._checks.items() if not _holds(name, check))
                self._known = (self._now(), found)
            return self._known[1]


def is_writable(store: Store, now: Callable[[], float] = time.time) -> bool:
    """Whether something can be written, and is. Raises `RecordError` where it cannot."""
    with store.write() as session:
        session.merge(Rate(key=_PROBE, until=now() + 3600.0))
    return True


def watching_routes(readiness: Readiness, metrics: Metrics, *, token: str | None = None) -> Sequence[BaseRoute]:
    """Whoever sends `token` is told the metrics from elsewhere too; without one, only this machine is."""

    # Neither is a coroutine, so that both run on a thread: they ask the database.
    def readyz(_: Request) -> Response:
        missing = readiness.missing()
        if missing:
            return JSONResponse({"status": "not ready", "missing": list(missing)}, 503)
        return JSONResponse({"status": "ready", "missing": []})

    def told(request: Request) -> Response:
        if not (is_on_this_machine(request) or _knows(request, token)):
            return PlainTextResponse("Only from this machine, or with VAGLIO_METRICS_TOKEN.\n", 403)
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return [Route("/readyz", readyz), Route("/metrics", told)]


def told_health(health: Callable[[], Mapping[str, object]]) -> Response:
    """How things are, without content; where that cannot be told, or `status` is not ok, as an error."""
    try:
        state = dict(health())
    except Exception as error:
        log.error("health could not be told", error=type(error).__name__)
        state = {"status": "failing"}
    return JSONResponse(state, 200 if state.get("status", "ok") == "ok" else 503)


def health_route(health: Callable[[], Mapping[str, object]]) -> Route:
    """`/healthz`, where there is no console around it."""

    def healthz(_: Request) -> Response:
        return told_health(health)

    return Route("/healthz", healthz)


def _holds(name: str, check: Check) -> bool:
    try:
        return check()
    except Exception as error:
        log.warning("readiness.failed", what=name, error=type(error).__name__)
        return False


def _knows(request: Request, token: str | None) -> bool:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(sent.strip().encode(errors="replace"), token.encode())
