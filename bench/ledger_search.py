"""How fast a filtered search over a large record is: fifty mixed questions on a million honestly shaped entries."""

from __future__ import annotations

import argparse
import json
import random
import secrets
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from long_ledger import Row, rows_of
from sqlalchemy import text

from bot.audit import records
from bot.audit.index import Filters, Index
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.people import People
from bot.store import Store

ROOT = Path(__file__).parents[1]
PEOPLE, DAYS, BATCH = 3_000, 730, 5_000
START = datetime(2025, 1, 1, tzinfo=UTC)
OUTCOMES = {"clear": 62, "revise": 22, "review": 12, "block": 4}
CHANNELS = {"linkedin": 40, "x": 20, "facebook": 15, "instagram": 15, "blog": 7, "youtube": 2, "tiktok": 1}
ACCOUNTS = {"institutional": 55, "personal": 30, "support": 15}
ENTRY, WORDS = ("seq", "at", "kind", "subject", "body", "hash"), ("seq", "holder", "sealed")
NEW_ENTRY = text("INSERT INTO entry VALUES (:seq, :at, :kind, :subject, :body, :hash)")
NEW_WORDS = text("INSERT INTO content VALUES (:seq, :holder, :sealed)")
KINDS = {"screening": 78, "published": 9, "review": 4, "decision": 4, "override": 2, "appeal": 1, "look": 2}
AREAS = ("tone", "confidential", "toxicity", "privacy", "reply")
RULES = [f"{area}.{number}" for area in AREAS for number in range(30)]
RARE = [f"{a}{b}{c}" for a in ("bru", "zan", "fel", "mor") for b in ("ni", "do", "ka", "le") for c in "abcdeflmn"]


class Writer:
    """Entries as Vaglio writes them, put in many at a time."""

    def __init__(self, store: Store, seals: Seals, seed: int) -> None:
        self._store, self._seals, self._random = store, seals, random.Random(seed)
        self.people = [f"p_{self._random.randrange(16**16):016x}" for _ in range(PEOPLE)]
        lines = (ROOT / "bench/data/language.jsonl").read_text(encoding="utf-8").splitlines()
        self._posts = [json.loads(line)["text"] for line in lines]
        self._keys: dict[str, bytes] = {}

    def write(self, count: int) -> None:
        with self._store.write() as session:
            for person in self.people:
                self._seals.make(session, person)
                self._keys[person] = self._seals.key(session, person) or b""
        previous = records.GENESIS
        for start in range(1, count + 1, BATCH):
            entries, contents = list[Row](), list[Row]()
            for seq in range(start, min(start + BATCH, count + 1)):
                entry, content = self._entry(seq, count, previous)
                previous = entry[-1]
                entries.append(entry)
                contents += [content] if content else []
            with self._store.write() as session:
                session.connection().execute(NEW_ENTRY, [dict(zip(ENTRY, row, strict=True)) for row in entries])
                session.connection().execute(NEW_WORDS, [dict(zip(WORDS, row, strict=True)) for row in contents])

    def _entry(self, seq: int, count: int, previous: str) -> tuple[Row, Row | None]:
        actor, kind = self._actor(), self._one(KINDS)
        subject, salt = f"s_{self._random.randrange(16**20):020x}", secrets.token_bytes(records.SALT_BYTES)
        return rows_of(
            seq, previous, START + timedelta(days=DAYS) * (seq / count), kind, subject, self._facts(kind, seq),
            actor, self._keys[actor], self._words(kind), salt,
        )  # fmt: skip

    def _facts(self, kind: str, seq: int) -> dict[str, Any]:
        policy = f"acme@{seq // 40_000:012x}"
        if kind != "screening":
            rule, owner = self._rule(), self._random.choice(["comms", "legal", "hr"])
            return {
                "screening": f"s_{self._random.randrange(16**20):020x}", "policy": policy, "rule": rule, "owner": owner,
                "rules": [rule], "owners": [owner],
                "ruling": self._random.choice(["approved", "rejected", "change"]) if kind == "decision" else None,
            }  # fmt: skip
        outcome = self._one(OUTCOMES)
        number = 0 if outcome == "clear" else self._random.randint(1, 3)
        findings = [
            {"rule": rule, "clause": f"{1 + RULES.index(rule) // 30}.{RULES.index(rule) % 9}", "severity": "warn",
             "start": 3, "end": 9, "score": 0.91, "hides": None}
            for rule in (self._rule() for _ in range(number))
        ]  # fmt: skip
        unchecked = [{"rule": self._rule(), "reason": "timeout", "severity": "warn"}] if not seq % 50 else []
        return {
            "policy": policy, "outcome": outcome, "language": self._random.choice(["it", "it", "it", "en"]),
            "draft": {
                "kind": self._random.choice(["post", "post", "reply"]), "account": self._one(ACCOUNTS),
                "channel": self._one(CHANNELS), "characters": 280, "is_answer": False, "attachments": [],
            },
            "findings": findings, "shadow": [], "dismissed": [], "unchecked": unchecked, "models": {},
            "scores": {name: round(self._random.random(), 4) for name in ("insult", "threat", "layoffs", "results")},
        }  # fmt: skip

    def _words(self, kind: str) -> bytes | None:
        if kind == "screening":
            said = [self._random.choice(self._posts) for _ in range(3)]
            said += [self._random.choice(RARE)] if self._random.random() < 0.05 else []
            return records.canonical({"text": " ".join(said), "spans": [], "in_reply_to": None})
        if kind in ("decision", "override", "appeal"):
            return records.canonical({"reason": self._random.choice(self._posts)})
        return None

    def _rule(self) -> str:
        return RULES[min(len(RULES) - 1, int(self._random.paretovariate(0.9)) - 1)]

    def _actor(self) -> str:
        return self.people[min(PEOPLE - 1, int(PEOPLE * self._random.random() ** 2))]

    def _one(self, weights: dict[str, int]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]


def questions(people: list[str], common: str, medium: str) -> Iterator[Filters]:
    """Each facet, combinations of them, words common and rare."""
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    for outcome in OUTCOMES:
        yield Filters(outcome=outcome)
    for channel in ("linkedin", "tiktok", "blog"):
        yield Filters(channel=channel)
    for kind in ("screening", "override", "appeal", "look"):
        yield Filters(kind=kind)
    for rule in ("tone.0", "tone.7", "privacy.29", "reply.3", "tone.*", "confidential.*"):
        yield Filters(rule=rule)
    yield from (Filters(clause="1.0"), Filters(clause="3.4"), Filters(account="support"), Filters(owner="legal"))
    yield from (Filters(policy="acme@000000000007"), Filters(policy="acme@000000000000"), Filters(ruling="rejected"))
    yield from (Filters(pseudonym=people[3]), Filters(pseudonym=people[-3]), Filters(since=march, until=april))
    for typed in (common, medium, RARE[5], f"{common} {medium}", f'"{common} {medium}"', "azien*", RARE[9][:4] + "*"):
        yield Filters(text=typed)
    yield Filters(outcome="block", channel="tiktok")
    yield Filters(outcome="block", channel="tiktok", account="support", since=march, until=april)
    yield Filters(outcome="revise", rule="tone.2", channel="x")
    yield Filters(outcome="clear", rule="tone.0")
    yield Filters(rule="tone.*", account="personal", channel="youtube")
    yield Filters(rule="confidential.*", outcome="block", since=march)
    yield Filters(pseudonym=people[10], outcome="block")
    yield Filters(pseudonym=people[10], text=common)
    yield Filters(text=common, outcome="block")
    yield Filters(text=common, channel="tiktok")
    yield Filters(text=medium, rule="tone.0")
    yield Filters(text=medium, rule="tone.*", outcome="review")
    yield Filters(text=common, since=march, until=april)
    yield Filters(text=medium, policy="acme@000000000003")
    yield Filters(text=f"{common} {RARE[2]}", account="institutional")
    yield Filters(text=common, outcome="block", channel="tiktok", account="personal")
    yield Filters(text=common, kind="appeal", clause="1.0")
    yield Filters(kind="decision", ruling="approved", owner="hr", until=march)
    yield Filters(policy="acme@000000000005", outcome="review", channel="instagram")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the record is made, or lies from the last time.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--url", help="A database of PostgreSQL's, empty or from the last time; SQLite by default.")
    parser.add_argument("--slowest", type=int, default=8)
    asked = parser.parse_args()
    store, seals = Store(asked.url or f"sqlite:///{asked.folder}/data/vaglio.db"), Seals.open(asked.folder / "keys")
    store.migrate(seals)
    ledger, writer = Ledger(store, asked.folder / "data" / "ledger.head", People(store, seals)), Writer(store, seals, 7)
    index = Index(store, ledger)
    with store.read() as session:
        is_new = session.connection().execute(text("SELECT 1 FROM entry LIMIT 1")).first() is None
    if is_new:
        began = time.perf_counter()
        writer.write(asked.entries)
        print(f"written: {asked.entries} entries in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    taken = index.catch_up()
    if taken:
        print(f"taken in: {taken} entries in {time.perf_counter() - began:.0f} s")
    taken_ms = measured(index, list(questions(writer.people, "di", "oggi")))
    for milliseconds, filters, count in sorted(taken_ms, key=lambda each: -each[0])[: asked.slowest]:
        said = {name: value for name in Filters.__slots__ if (value := getattr(filters, name)) is not None}
        print(f"{milliseconds:8.1f} ms  {count:3} found  {said}")
    every = sorted(milliseconds for milliseconds, _, _ in taken_ms)
    p95 = statistics.quantiles(every, n=20)[-1]
    print(f"{len(every)} questions: p50 {statistics.median(every):.1f} ms, p95 {p95:.1f} ms, worst {every[-1]:.1f} ms")


def measured(index: Index, asked: list[Filters]) -> list[tuple[float, Filters, int]]:
    """Milliseconds of each question, the first time that it is asked."""
    found = []
    for filters in asked:
        began = time.perf_counter()
        page = index.search(filters, newest=50)
        found.append(((time.perf_counter() - began) * 1000, filters, len(page.hits)))
    return found


if __name__ == "__main__":
    main()
