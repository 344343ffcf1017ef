"""How fast the record's pages are: `/audit` with many filters and `/audit/entries/...` over a million lived-in entries.

The bar is 500 ms for each. The record is made in a folder that is named, and lies there until somebody deletes it.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ledger_search import DAYS, RARE, ROOT, START, Writer, questions
from long_ledger import Row, rows_of
from sqlalchemy import text
from starlette.testclient import TestClient

from bot.accounts import Role
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.console.app import build_console
from bot.console.archive import Archive
from bot.console.audit_room import audit_room
from bot.console.auth import SignIn
from bot.console.door_page import door_room
from bot.console.gate import Gate
from bot.console.sessions import Sessions
from bot.people import People
from bot.roles import Roles
from bot.store import Store
from rules.assembly import load_policy

BAR = 500.0
RECENT = 400
"""Checks of which people still do something."""
SALT = bytes(32)


class Lived(Writer):
    """As `ledger_search` writes them, and so that they tell stories: made anew, asked about, decided, looked at."""

    def __init__(self, store: Store, seals: Seals, seed: int) -> None:
        super().__init__(store, seals, seed)
        self._chance = random.Random(seed)
        self._checks: list[str] = []

    def _entry(self, seq: int, count: int, previous: str) -> tuple[Row, Row | None]:
        entry, _ = super()._entry(seq, count, previous)
        kind, subject, actor = entry[2], entry[3], self._actor()
        facts, at = self._facts(kind, seq), START + timedelta(days=DAYS) * (seq / count)
        known = self._chance.choice(self._checks) if self._checks else subject
        if kind == "screening":
            facts |= {"thread": known} if self._chance.random() < 0.3 else {}
            self._checks = [*self._checks, subject][-RECENT:]
        elif kind == "look":
            facts = {"why": "search", "entries": sorted(self._looked_at(seq))}
        else:
            facts["screening"] = known
            subject = known if kind in ("published", "override") else subject
        return rows_of(
            seq, previous, at, kind, subject, facts, actor, self._keys[actor], self._words(kind), SALT,
        )  # fmt: skip

    def _looked_at(self, seq: int) -> list[list[int]]:
        """Now and then all of them, mostly a page of what was found."""
        if self._chance.random() < 0.002:
            return [[1, max(1, seq - 1)]]
        starts = [self._chance.randrange(max(1, seq - 100_000), seq) if seq > 1 else 1 for _ in range(30)]
        return [[first, first] for first in starts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where the record is made, or lies from the last time.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--stories", type=int, default=300)
    asked = parser.parse_args()
    seals = Seals.open(asked.folder / "keys")
    store = Store(f"sqlite:///{asked.folder}/data/vaglio.db")
    store.migrate(seals)
    people, writer = People(store, seals), Lived(store, seals, 7)
    ledger = Ledger(store, asked.folder / "data" / "ledger.head", people)
    _fill(store, ledger, writer, asked.entries)
    browser = _browser(asked.folder, store, ledger, people)
    addresses = list(_addresses(writer.people))
    _report("/audit", [(path, _took(browser, path)) for path in addresses])
    chance = random.Random(11)
    paths = [f"/audit/entries/{chance.randrange(1, asked.entries)}" for _ in range(asked.stories)]
    _report("/audit/entries/...", [(path, _took(browser, path)) for path in paths])
    store.close()


def _fill(store: Store, ledger: Ledger, writer: Lived, count: int) -> None:
    with store.read() as session:
        is_new = session.connection().execute(text("SELECT 1 FROM entry LIMIT 1")).first() is None
    began = time.perf_counter()
    if is_new:
        writer.write(count)
        print(f"written: {count} entries in {time.perf_counter() - began:.0f} s", flush=True)
        began = time.perf_counter()
    ledger.catch_up()
    if taken := Index(store, ledger).catch_up():
        print(f"taken in: {taken} entries in {time.perf_counter() - began:.0f} s", flush=True)


def _browser(folder: Path, store: Store, ledger: Ledger, people: People) -> TestClient:
    policy, roles = load_policy(ROOT / "policies" / "company.yaml"), Roles(store, ledger)
    archive = Archive(
        store, ledger, people, lambda: policy, SigningKeys(folder / "keys"), list, (), timedelta(hours=1),
        folder / "keys" / "erased", folder / "data" / "exports",
    )  # fmt: skip
    sign_in = SignIn(Sessions(store), people)
    app = build_console(
        gate=Gate(sign_in, roles, frozenset), rooms=[door_room(sign_in, roles, ledger), audit_room(archive)],
        session_key=b"k" * 32, default_language="it", draft_limit=10_000, health=dict,
    )  # fmt: skip
    browser = TestClient(app, base_url="http://127.0.0.1:8321", client=("127.0.0.1", 50_000))
    browser.get("/sign-in", params={"key": sign_in.new_key()}, follow_redirects=False)
    assert Role.COMPLIANCE in roles.roles(people.person("local:owner"))
    return browser


def _addresses(people: list[str]) -> Iterator[str]:
    """Each question of `ledger_search`, and some of them deep inside."""
    names = {"pseudonym": "person"}
    yield "/audit"
    for number, filters in enumerate(questions(people, "di", "oggi")):
        said: dict[str, Any] = {
            names.get(field.name, field.name): getattr(filters, field.name) for field in fields(filters)
        }
        days = {name: said[name].date().isoformat() for name in ("since", "until") if said[name]}
        given = {name: value for name, value in {**said, **days}.items() if value is not None}
        yield f"/audit?{urlencode(given)}"
        if number % 3 == 0:
            yield f"/audit?{urlencode({**given, 'after': 400_000})}"
    yield f"/audit?{urlencode({'text': RARE[7], 'outcome': 'block', 'account': 'support'})}"


def _took(browser: TestClient, path: str) -> float:
    """Milliseconds, the first time that it is asked for."""
    began = time.perf_counter()
    answer = browser.get(path)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, (path, answer.status_code)
    return took


def _report(name: str, taken: list[tuple[str, float]]) -> None:
    every = sorted(took for _, took in taken)
    p95 = statistics.quantiles(every, n=20)[-1]
    verdict = "within the bar" if every[-1] <= BAR else "OVER the bar"
    print(f"{name}: {len(every)} pages, p50 {statistics.median(every):.0f} ms, p95 {p95:.0f} ms, "
          f"worst {every[-1]:.0f} ms: {verdict} of {BAR:.0f} ms", flush=True)  # fmt: skip
    for path, took in sorted(taken, key=lambda each: -each[1])[:5]:
        print(f"  {took:6.0f} ms  {path}")


if __name__ == "__main__":
    main()
