"""Drafts of two people on record, and a stricter policy to try on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kept_drafts import with_fields

from bot.audit.ledger import Ledger
from bot.people import People
from bot.prescreen import Prescreen
from bot.proposals.backtests import Backtests
from bot.revisions import Revisions
from bot.store import Store
from rules.draft import Account, Draft
from rules.policy import Policy
from rules.verdict import Severity

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
ANNA, BRUNO, COMMS = "slack:T1:UANNA", "slack:T1:UBRUNO", "local:owner"
TEXTS = ("Sei un cretino, SEGRETO-12", "Buongiorno a tutti", "Che sinergia")


@pytest.fixture
def written(prescreen: Prescreen) -> Callable[[int], None]:
    """Puts drafts on record, by turns Anna's and Bruno's; every third has an insult."""

    def write(count: int) -> None:
        for number in range(count):
            author = BRUNO if number % 2 else ANNA
            at = NOON + timedelta(minutes=number)
            prescreen(Draft(text=f"{TEXTS[number % 3]} {number}", author=author, account=Account.PERSONAL), at=at)

    return write


@pytest.fixture
def stricter(policy: Policy) -> Policy:
    return with_fields(policy, "toxicity.insult", severity=Severity.BLOCK, phrases=("cretino", "buongiorno"))


@pytest.fixture
def revisions(store: Store, ledger: Ledger, tmp_path: Path) -> Revisions:
    return Revisions(store, tmp_path / "data" / "policies", ledger)


@pytest.fixture
def backtests(store: Store, ledger: Ledger, revisions: Revisions) -> Backtests:
    return Backtests(store, ledger, revisions)


@pytest.fixture
def comms(people: People) -> str:
    return people.person(COMMS)
