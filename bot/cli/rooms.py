"""The console's pages, each with what it needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.audit.counts import RuleCounts
from bot.audit.index import Index
from bot.audit.statistics import Period, statistics_of
from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.link_page import link_room
from bot.console.pages import Room
from bot.console.policy_page import policy_room
from bot.console.pool import Pool
from bot.console.proposal_page import proposal_room
from bot.console.try_page import try_room
from bot.deeds import Cabinet
from bot.prescreen import Prescreen
from bot.proposals.backtests import Backtests
from bot.proposals.proposals import Proposals
from bot.revisions import Revisions
from bot.settings import Settings
from bot.store import Store
from rules.policy import Policy

_COUNTED: Final = timedelta(days=90)
"""For how long back the policy's page counts what rules did."""
_FRESH: Final = 60.0
"""Seconds for which a count serves."""


class _Held:
    """What rules did, counted at most once a minute: with a long record it takes seconds."""

    def __init__(self, count: Callable[[], Mapping[str, RuleCounts]]) -> None:
        self._count, self._lock = count, threading.Lock()
        self._found: Mapping[str, RuleCounts] = {}
        self._until = 0.0

    def counts(self) -> Mapping[str, RuleCounts]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found, self._until = self._count(), time.monotonic() + _FRESH
            return self._found


def open_rooms(
    settings: Settings, cabinet: Cabinet, prescreen: Prescreen, sign_in: SignIn, store: Store, revisions: Revisions
) -> Sequence[Room]:
    index = Index(store, cabinet.ledger)
    proposals = Proposals(
        store, cabinet.ledger, revisions, settings.policy, *prescreen.screener.means, people=settings.publish_people
    )

    def policy() -> Policy:
        return prescreen.screener.policy

    def counts() -> Mapping[str, RuleCounts]:
        now = datetime.now(UTC)
        found = statistics_of(index, store, policy(), Period(now - _COUNTED, None, policy().zone), now)
        return {one.rule: one for one in found.rules}

    held = _Held(counts)

    return [
        door_room(sign_in, cabinet.roles, cabinet.ledger),
        link_room(cabinet.people),
        try_room(prescreen, Pool(settings.workers, settings.backlog)),
        policy_room(policy, revisions, proposals, held.counts),
        proposal_room(policy, proposals, Backtests(store, cabinet.ledger, revisions, prescreen.screener.means[0])),
    ]
