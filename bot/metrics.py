"""What Prometheus is told: counts and times, never a word, a name, an account or what a rule is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.audit.errors import RecordError
from bot.engine import Standing
from bot.prescreen import Screening
from rules.draft import DraftRefused

log = structlog.get_logger("vaglio.metrics")

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PLATFORMS: Final = frozenset({"slack", "telegram", "local", "api"})
"""Of writers' accounts, as those begin."""
_WHYS: Final = ("refused", "record", "error")
_REASONS: Final = frozenset({"timeout", "busy", "error", "language", "attachment", "model", "knowledge", "context"})


@dataclass(frozen=True, slots=True)
class State:
    """What is asked for when Prometheus asks. Each may raise: then that one is left out."""

    waiting: Callable[[], int]
    """Events that wait to be answered."""
    oldest: Callable[[], float | None]
    """For how many seconds the first of them has."""
    entries: Callable[[], int]
    """Of the ledger."""
    revision: Callable[[], str]
    """Of the policy in force."""
    late: Callable[[], Sequence[timedelta]] | None = None
    """For how long each place that is late with checkpoints has none; None: there are no places."""
    queue: Callable[[], Sequence[Standing]] = tuple
    """What is in the queue, by kind and state."""
    dead: Callable[[], int] = int
    """Events that were given up or could not be read, and are kept."""
    workers: Callable[[], int] = int
    """Of every process together, that give signs of life."""
    pools: Mapping[str, Callable[[], int]] = field(default_factory=dict)
    """Drafts that wait for a thread, by pool."""


class Metrics:
    """Observes screenings, and knows the state of things. Everything is in its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._screenings = Counter(
            "vaglio_screenings", "Drafts that were screened and recorded.", ["outcome", "channel", "platform"],
            registry=self.registry,
        )  # fmt: skip
        self._forgotten = Counter(
            "vaglio_screenings_forgotten", "Drafts of which only a count remains.", registry=self.registry
        )
        self._failed = Counter(
            "vaglio_screenings_failed", "Drafts that got no verdict, by what was wrong.", ["why"],
            registry=self.registry,
        )  # fmt: skip
        for why in _WHYS:  # an alarm needs a nought to rise from
            self._failed.labels(why)
        self._unchecked = Counter(
            "vaglio_rules_unchecked", "Rules that applied and could not run, by the kind of reason.", ["reason"],
            registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "vaglio_screening_seconds", "From a draft to its recorded verdict.", buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip

    def screened(self, screening: Screening, seconds: float) -> None:
        self._seconds.observe(seconds)
        if screening.is_forgotten:
            self._forgotten.inc()
            return
        draft, verdict = screening.draft, screening.verdict
        platform = draft.author.partition(":")[0]
        platform = platform if platform in _PLATFORMS else "other"
        self._screenings.labels(verdict.outcome.value, draft.channel.value, platform).inc()
        for missed in verdict.unchecked:
            kind = missed.reason.partition(":")[0]
            self._unchecked.labels(kind if kind in _REASONS else "other").inc()

    def failed(self, error: Exception) -> None:
        match error:
            case DraftRefused():
                why = "refused"
            case RecordError():
                why = "record"
            case _:
                why = "error"
        self._failed.labels(why).inc()

    def watch(self, state: State) -> None:
        """Tell that too from now on. Once."""
        self.registry.register(_Gauges(state))

    def text(self) -> bytes:
        """All of it, in Prometheus' text format. Asks the database: for a thread."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    """The state of things at the moment of asking."""

    def __init__(self, state: State) -> None:
        self._state = state

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked of the database before somebody wants to know."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        state = self._state
        yield from _kindly("vaglio_work_waiting", "Events that wait to be answered.", state.waiting)
        yield from _kindly(
            "vaglio_work_oldest_seconds", "For how long the first of them has.", lambda: state.oldest() or 0.0
        )
        yield from _queued(state.queue)
        yield from _kindly("vaglio_dead_letters", "Events given up or unreadable, and kept for now.", state.dead)
        yield from _kindly("vaglio_workers", "Workers that give signs of life.", state.workers)
        yield from _kindly("vaglio_ledger_entries", "Entries of the record.", state.entries)
        if (late := state.late) is not None:
            yield from _lateness(late)
        pools = GaugeMetricFamily("vaglio_pool_waiting", "Drafts that wait for a thread.", labels=["pool"])
        for name, waiting in state.pools.items():
            pools.add_metric([name], waiting())
        yield pools
        # The name of the policy is the company's own; what tells two of them apart is what follows it.
        policy = GaugeMetricFamily("vaglio_policy_info", "The policy in force.", labels=["revision"])
        policy.add_metric([state.revision().rpartition("@")[2]], 1.0)
        yield policy


def _queued(standing: Callable[[], Sequence[Standing]]) -> Iterator[Metric]:
    labels = ["kind", "state"]
    count = GaugeMetricFamily("vaglio_queue_pieces", "Pieces of work in the queue.", labels=labels)
    oldest = GaugeMetricFamily("vaglio_queue_oldest_seconds", "For how long the first has been there.", labels=labels)
    try:
        found = standing()
    except Exception as error:
        log.warning("metrics.unknown", metric=count.name, error=type(error).__name__)
        return
    for each in found:
        count.add_metric([each.kind, each.state.value], each.count)
        if each.oldest is not None:
            oldest.add_metric([each.kind, each.state.value], each.oldest)
    yield from (count, oldest)


def _lateness(late: Callable[[], Sequence[timedelta]]) -> Iterator[Metric]:
    found: list[timedelta] = []

    def count() -> int:
        found.extend(late())
        return len(found)

    told = list(_kindly("vaglio_checkpoint_places_late", "Places off the host without a checkpoint in time.", count))
    yield from told
    if told:
        longest = max(found, default=timedelta()).total_seconds()
        yield GaugeMetricFamily("vaglio_checkpoint_late_seconds", "For how long the worst has none.", value=longest)


def _kindly(name: str, what: str, ask: Callable[[], float]) -> Iterator[Metric]:
    """What cannot be told now is left out: the rest is wanted all the more."""
    try:
        value = ask()
    except Exception as error:
        log.warning("metrics.unknown", metric=name, error=type(error).__name__)
        return
    yield GaugeMetricFamily(name, what, value=value)
