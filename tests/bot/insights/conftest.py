"""Replies to customers on the record, and the real encoder to hear them with."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.insights.listening import Listening
from bot.prescreen import Prescreen
from rules.draft import Draft, Kind
from rules.encoder import Encoder

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_WRITTEN = Path(__file__).parents[3] / "bench" / "data" / "listening.jsonl"

Answer = Callable[..., None]


@pytest.fixture(scope="session")
def written() -> dict[str, list[str]]:
    """Messages of customers by what they are about, as the bench has them."""
    found: dict[str, list[str]] = {}
    for line in _WRITTEN.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["theme"], []).append(row["text"])
    return found


@pytest.fixture
def listening(index: Index, ledger: Ledger, encoder: Encoder) -> Listening:
    return Listening(index, ledger, lambda: encoder)


@pytest.fixture
def answer(prescreen: Prescreen) -> Answer:
    """Checks a reply to each of some messages, a minute apart."""

    def answer(messages: Sequence[str], author: str = "slack:T1:ANNA", at: datetime = NOW, **more: object) -> None:
        for number, message in enumerate(messages):
            draft = Draft(text="Ci dispiace molto", author=author, kind=Kind.REPLY, in_reply_to=message, **more)  # type: ignore[arg-type]
            prescreen(draft, at=at - timedelta(minutes=number))

    return answer
