"""What rules did lately, counted at most once a minute: with a long record it takes seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.audit.counts import RuleCounts
from bot.audit.index import Index
from bot.audit.statistics import Period, statistics_of
from bot.store import Store
from rules.policy import Policy

_COUNTED: Final = timedelta(days=90)
"""For how long back the policy's page counts what rules did."""
_FRESH: Final = 60.0
"""Seconds for which a count serves."""


class Fired:
    """Thread-safe. `policy` gives the one in force at that moment."""

    def __init__(self, index: Index, store: Store, policy: Callable[[], Policy]) -> None:
        self._index, self._store, self._policy = index, store, policy
        self._lock = threading.Lock()
        self._found: Mapping[str, RuleCounts] = {}
        self._until = 0.0

    def counts(self) -> Mapping[str, RuleCounts]:
        """By rule, of the last ninety days. Raises what the record raises."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._found, self._until = self._count(), time.monotonic() + _FRESH
            return self._found

    def _count(self) -> Mapping[str, RuleCounts]:
        now, policy = datetime.now(UTC), self._policy()
        found = statistics_of(self._index, self._store, policy, Period(now - _COUNTED, None, policy.zone), now)
        return {one.rule: one for one in found.rules}
