"""Archives and backtests, as the workers of every process share them."""

from __future__ import annotations

from typing import Final

from bot.bulk import sharing as bulk
from bot.bulk.sharing import Working
from bot.deeds import Cabinet
from bot.engine import Engine
from bot.prescreen import Prescreen
from bot.proposals import sharing as backtests
from bot.proposals.backtests import Backtests
from bot.revisions import Revisions
from bot.settings import Settings
from bot.store import Store
from rules.policy import Policy
from rules.screening import Screener

PATIENCE: Final = 30.0
"""Seconds for one rule: nobody waits for a single draft here, and a busy machine leaves none unchecked."""


def attach(
    engine: Engine, settings: Settings, store: Store, cabinet: Cabinet, prescreen: Prescreen, revisions: Revisions
) -> None:
    """This process does pieces of both, whenever nobody's draft waits."""

    def build(policy: Policy) -> Screener:
        return Screener(policy, *prescreen.screener.means, limit=settings.draft_limit, patience=PATIENCE)

    working = Working(store, cabinet.people.seals.vault, build)
    engine.on(bulk.WORK, working.do, give_up=working.give_up, left_over=working.left_over)
    engine.every(bulk.TIDY, "bulk", working.tidy)
    judges, _ = prescreen.screener.means
    pieces = Backtests(store, cabinet.ledger, revisions, judges, engine.put).sharing
    engine.on(backtests.WORK, pieces.do, give_up=pieces.give_up, left_over=pieces.left_over)
