"""How long the pages of numbers take on a large record: a quarter's figures, and what customers write in twelve weeks.

.venv/bin/python bench/insights.py FOLDER --entries 1000000
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledger_search import DAYS, ROOT, START, Writer

from bot.audit import records
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.statistics import statistics_of
from bot.insights.drawing import NARROW, WIDE
from bot.insights.figures import By, figures_of
from bot.insights.listening import Listening
from bot.insights.periods import chosen, quarter_of, weeks_until
from bot.people import People
from bot.store import Store
from bot.wording import Wording
from rules.assembly import load_policy
from rules.encoder import Encoder


class Answering(Writer):
    """Every check has what it answers; those that are no reply are never asked for it."""

    def __init__(self, store: Store, seals: Seals, seed: int) -> None:
        super().__init__(store, seals, seed)
        lines = (ROOT / "bench/data/listening.jsonl").read_text(encoding="utf-8").splitlines()
        self._messages = [json.loads(line)["text"] for line in lines]

    def _words(self, kind: str) -> bytes | None:
        found = super()._words(kind)
        if kind != "screening" or found is None:
            return found
        # So many are never the same that each is somewhat different.
        one, other, third = (self._random.choice(self._messages) for _ in range(3))
        asked = f"{one} {other}" if self._random.random() < 0.5 else f"{one} {third.split()[0]}"
        return records.canonical({**json.loads(found), "in_reply_to": asked})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the record is made, or lies from the last time.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    asked = parser.parse_args()
    store, seals = Store(f"sqlite:///{asked.folder}/data/vaglio.db"), Seals.open(asked.folder / "keys")
    is_new = not (asked.folder / "data" / "vaglio.db").exists()
    store.migrate(seals)
    if is_new:
        Answering(store, seals, 7).write(asked.entries)
    ledger = Ledger(store, asked.folder / "data" / "ledger.head", People(store, seals))
    index = Index(store, ledger)
    began = time.perf_counter()
    print(f"taken in: {index.catch_up()} entries in {time.perf_counter() - began:.0f} s")
    policy = load_policy(ROOT / "policies/company.yaml")
    now = START + timedelta(days=DAYS - 1)
    numbers(index, store, policy, now)
    encoder = Encoder(asked.models)
    listening = Listening(index, ledger, lambda: encoder)
    weeks = weeks_until(now.date(), 12)
    for look in range(100):
        began = time.perf_counter()
        heard = listening.listen(weeks, policy.zone, by="p_0", at=datetime.now(UTC))
        took = time.perf_counter() - began
        print(f"look {look + 1}: {took:.1f} s; {sum(heard.replies)} replies, {heard.unread} still to read, "
              f"{len(heard.themes)} themes")  # fmt: skip
        if not heard.unread:
            break
    began = time.perf_counter()
    listening.listen(weeks, policy.zone, by="p_0", at=datetime.now(UTC))
    print(f"once all is read: {time.perf_counter() - began:.1f} s")


def numbers(index: Index, store: Store, policy, now: datetime) -> None:  # type: ignore[no-untyped-def]
    for name in (f"{now:%Y-%m}", quarter_of(now.date()), "dates"):
        a_year_ago = (now - timedelta(days=365)).date().isoformat()
        period = chosen(name, a_year_ago, now.date().isoformat(), now.date(), policy.zone).period
        began = time.perf_counter()
        found = statistics_of(index, store, policy, period, now)
        counted = time.perf_counter()
        figures = figures_of(found, By.WEEK, Wording("it"))
        for chart in (figure.chart for figure in figures if figure.chart):
            chart.svg(NARROW), chart.svg(WIDE)
        print(f"{name}: {found.checks} checks counted in {counted - began:.2f} s, "
              f"drawn in {time.perf_counter() - counted:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
