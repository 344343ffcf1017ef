"""On the real queue of PostgreSQL, two workers share an archive and a backtest, also where one of them is stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kept_drafts import with_fields

from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.bulk import sharing as bulk
from bot.bulk.output import CHUNK, Output, Run
from bot.bulk.posts import Posts
from bot.bulk.results import Result, screened
from bot.bulk.run import run
from bot.bulk.sharing import Handing, Working
from bot.people import People
from bot.prescreen import Prescreen
from bot.proposals import sharing, stretches
from bot.proposals.backtests import Backtests
from bot.queue import Pulse, Queue
from bot.revisions import Revisions
from bot.store import Store
from rules.draft import Account, Draft
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Severity

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
TEXTS = ("Buongiorno", "Sei un cretino", "Prodotto non ancora annunciato", "SEGRETO-3")

pytestmark = [pytest.mark.slow, pytest.mark.postgres_only("the queue is PostgreSQL's")]


@pytest.fixture
def seals(store: Store, tmp_path: Path) -> Seals:
    return Seals.open(tmp_path / "keys")


@asynccontextmanager
async def at_work(store: Store, *attach: object) -> AsyncIterator[asyncio.Task[None]]:
    """A worker until it is left; or sooner, where somebody cancels it."""
    engine = Queue(store, workers=1, pulse=Pulse(beat=0.5, dead=3.0, rescue=1, poll=0.05, sweep=1))
    for kind, pieces in attach:  # type: ignore[attr-defined]
        engine.on(kind, pieces.do, left_over=pieces.left_over)
    running = asyncio.create_task(engine.run())
    try:
        yield running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_two_workers_share_an_archive(store: Store, seals: Seals, policy: Policy, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = (json.dumps({"id": n, "text": f"{TEXTS[n % 4]} {n}"}) for n in range(20 * CHUNK))
    path.write_text("\n".join(lines), encoding="utf-8")
    begun = Run.begin(policy, NOON, path, id="id", text="text", words=False)
    output = Output(tmp_path / "out.jsonl")
    handing = Handing(store, seals.vault, begun, Queue(store, workers=1).put)
    first, second = (Working(store, seals.vault, Screener) for _ in range(2))
    async with at_work(store, (bulk.WORK, first)) as stopped, at_work(store, (bulk.WORK, second)):
        screening = asyncio.create_task(asyncio.to_thread(run, Posts(path), output, handing.screen))
        while not output.path.exists():
            await asyncio.sleep(0.02)
        stopped.cancel()
        summary = await screening
    output.close()
    screener = Screener(policy)
    expected: list[Result] = [screened(row, screener, NOON) for row in Posts(path).rows()]
    assert [json.loads(line) for line in output.path.read_text(encoding="utf-8").splitlines()] == expected
    assert summary.drafts == 20 * CHUNK


async def test_two_workers_share_a_backtest(
    store: Store, ledger: Ledger, people: People, prescreen: Prescreen, policy: Policy, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sharing, "_LEAST", 5)
    monkeypatch.setattr(stretches, "_MOST", 2)
    for n in range(40):
        draft = Draft(text=f"{TEXTS[n % 4]} {n}", author="slack:T1:UANNA", account=Account.PERSONAL)
        prescreen(draft, at=NOON + timedelta(minutes=n))
    revisions = Revisions(store, tmp_path / "data" / "policies", ledger)
    stricter = with_fields(policy, "toxicity.insult", severity=Severity.BLOCK)
    each = [Backtests(store, ledger, revisions, put=Queue(store, workers=1).put) for _ in range(2)]
    person = people.person("local:owner")
    whole = each[0].run(each[0].begin(policy, stricter, person=person, at=NOON))
    id = each[0].begin(policy, stricter, person=person, at=NOON)
    each[0].sharing.hand_out(id)
    kinds = [(sharing.WORK, one.sharing) for one in each]
    async with at_work(store, kinds[0]) as stopped, at_work(store, kinds[1]):
        while (found := each[1].find(id)) and found.done == 0:
            await asyncio.sleep(0.02)
        stopped.cancel()
        while (found := each[1].find(id)) and found.state == "running":
            await asyncio.sleep(0.05)
    assert found is not None
    assert (found.state, found.done) == ("done", 40)
    assert (found.outcomes, found.rules, found.flips) == (whole.outcomes, whole.rules, whole.flips)
