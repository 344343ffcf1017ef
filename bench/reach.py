"""From publication on one machine to the first verdict of another that names the new policy; knowledge likewise.

    .venv/bin/python bench/reach.py [--times N] [--rules N]

A real PostgreSQL, and on it `vaglio run` as a process with a data folder of its own; this script is the other machine.
It publishes a policy, or takes a table in, and asks the process by its HTTP API until a verdict names it. Time runs
from the end of the transaction that did it. First the shipped policy under another name, then one of so many rules. The
process looks every second, and so half a second of each figure is waiting. Nothing is compared here: nobody else's
policy travels. Both share this machine's cores with whatever else runs: the load average is printed beside the figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from postgres import Server  # noqa: E402

from bot.audit.ledger import Ledger  # noqa: E402
from bot.audit.seals import Seals  # noqa: E402
from bot.console.clients import Clients  # noqa: E402
from bot.keys import key_in  # noqa: E402
from bot.knowledge import Collections  # noqa: E402
from bot.people import People  # noqa: E402
from bot.revisions import Revisions  # noqa: E402
from bot.store import Store  # noqa: E402
from rules.knowledge.hashing import Keyed  # noqa: E402
from rules.knowledge.store import Knowledge  # noqa: E402
from rules.knowledge.tables import add_table  # noqa: E402

HEAD = """name: many
languages: [it, en]
owners: [{id: comms, name: Comms}]
clauses: [{id: 1.1, title: {it: Uno, en: One}, text: {it: Uno., en: One.}, owner: comms}]
rules:
  - {id: confidential.customer, detector: exact_match, severity: note, clause: 1.1, message: {it: X., en: X.},
     table: customers, match: [[surname]], examples: {flag: [x], allow: [y]}}
"""
RULE = """  - {{id: many.rule-{n}, detector: phrases, severity: {severity}, clause: 1.1, message: {{it: X., en: X.}},
     phrases: [parola{n}, word{n}, due parole {n}], examples: {{flag: [parola{n}], allow: [y]}}}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--rules", type=int, default=1_000)
    asked = options.parse_args()
    server = Server().start()
    folder = Path(tempfile.mkdtemp(prefix="vaglio-reach-"))
    try:
        print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        measure(server.url(server.create()), folder, asked.times, asked.rules)
        print(f"load at the end {os.getloadavg()[0]:.1f}")
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure(url: str, folder: Path, times: int, rules: int) -> None:
    here, there = folder / "here", folder / "there"
    store, seals = Store(url), Seals.open(there / "keys")
    store.migrate(seals)
    people = People(store, seals)
    ledger = Ledger(store, here / "ledger.head", people)
    key = key_in(there / "keys", "knowledge.key", "knowledge")
    collections = Collections(store, seals.vault, ledger, Knowledge(here / "knowledge", Keyed(key)))
    revisions = Revisions(store, here / "policies", ledger)
    _, token = Clients(store, ledger, people).admit("bench", people.person("local:owner"), datetime.now(UTC))
    with running(url, there) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as program:
        program.headers["Authorization"] = f"Bearer {token}"
        shipped = lambda n: with_threshold(folder / "shipped", n)  # noqa: E731
        told("shipped policy", [published(program, revisions, shipped(n)) for n in range(times)])
        made = lambda n: many(folder / f"many-{n}.yaml", rules, n)  # noqa: E731
        told(f"{rules} rules", [published(program, revisions, made(n)) for n in range(times)])
        told("a table of 10,000 rows", [taken_in(program, collections, folder, n) for n in range(times)])
    store.close()


class running:
    """`vaglio run` in a folder of its own; gives the address of its page."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def __enter__(self) -> str:
        environment = {
            **os.environ, "VAGLIO_DATABASE_URL": self.url, "VAGLIO_CONSOLE_PORT": "0", "PYTHONPATH": str(ROOT),
            "VAGLIO_POLICY": str(ROOT / "policies" / "company.yaml"), "VAGLIO_MODELS_DIR": str(ROOT / "models"),
            "VAGLIO_RATE_CLIENT": "1000000", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=self.folder, env=environment, stdout=subprocess.PIPE,
                stderr=log, text=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"(http://[^/\s]+)/sign-in", line):
                return found[1]
        raise SystemExit((self.folder / "log").read_text(encoding="utf-8"))

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)


def with_threshold(place: Path, n: int) -> Path:
    """The shipped policy, whose name is another each time."""
    if not place.exists():
        shutil.copytree(ROOT / "policies", place)
    path = place / "company.yaml"
    text = (ROOT / "policies" / "company.yaml").read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^name: .*$", f"name: acme-{n}", text), encoding="utf-8")
    return path


def many(path: Path, rules: int, n: int) -> Path:
    severity = ("note", "warn")[n % 2]
    path.write_text(HEAD + "".join(RULE.format(n=each, severity=severity) for each in range(rules)), encoding="utf-8")
    return path


def published(program: httpx.Client, revisions: Revisions, path: Path) -> float:
    revision = revisions.publish(path, person=None, note="", at=datetime.now(UTC)).revision
    return until(program, lambda said: said["policy"] == revision)


def taken_in(program: httpx.Client, collections: Collections, folder: Path, n: int) -> float:
    source = folder / "customers.csv"
    source.write_text("surname\n" + "".join(f"Cognome{n}x{each}\n" for each in range(10_000)), encoding="utf-8")
    collections.add(lambda place: add_table(place, "customers", source, ["surname"]), by=None, at=datetime.now(UTC))
    return until(
        program, lambda said: any(each["rule"] == "confidential.customer" for each in said["findings"]),
        text=f"Buongiorno Cognome{n}x77",
    )  # fmt: skip


def until(program: httpx.Client, holds: Callable[[dict[str, object]], bool], text: str = "Buongiorno") -> float:
    begun = time.perf_counter()
    while True:
        answer = program.post("/api/v1/screenings", json={"text": text})
        answer.raise_for_status()
        if holds(answer.json()):
            return time.perf_counter() - begun
        time.sleep(0.05)


def told(what: str, seconds: list[float]) -> None:
    median, longest = statistics.median(seconds), max(seconds)
    print(f"{what}: median {median:.2f} s, longest {longest:.2f} s of {len(seconds)}", flush=True)


if __name__ == "__main__":
    main()
