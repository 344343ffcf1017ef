"""How fast past drafts are held against another policy: from stored scores, from masked words, and from scratch.

    .venv/bin/python bench/backtest.py [FOLDER] [--drafts 3000]

The record is made by the real screener with the example company's policy, of the corpus's dev part and of posts joined
to the length of a post; in FOLDER it is used again. Aims: 300 drafts a second where stored scores serve, 20 a second
for a core from scratch.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from long_ledger import Record

from bot.prescreen import Prescreen
from bot.proposals.backtests import Backtest, Backtests
from bot.revisions import Revisions
from rules.assembly import load_policy
from rules.detectors.toxicity import Toxicity
from rules.draft import Draft
from rules.judges import Judges
from rules.policy import Policy
from rules.screening import Screener
from rules.verdict import Severity
from rules.weights.rows import read_corpus

ROOT = Path(__file__).parents[1]
COMPANY = ROOT / "policies" / "company.yaml"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = "local:owner"


def drafts() -> Iterator[Draft]:
    """By turns a text of the corpus, in its context, and a post of some hundred characters."""
    lines = (ROOT / "bench" / "data" / "language.jsonl").read_text(encoding="utf-8").splitlines()
    posts = itertools.cycle(each["text"] for each in map(json.loads, lines) if each["language"] in ("it", "en"))
    for number, row in enumerate(itertools.cycle(read_corpus("dev"))):
        author = f"slack:T1:U{number % 40}"
        context = {"kind": row.context.kind, "account": row.context.account, "in_reply_to": row.context.asked or None}
        yield Draft(text=row.text, author=author, **context)
        yield Draft(text=" ".join(itertools.islice(posts, 4)), author=author)


def record(folder: Path, policy: Policy, judges: Judges, count: int) -> Record:
    """With so many screenings, made or used again."""
    found = Record(folder).made()
    there = sum(entry.kind == "screening" for entry in found.ledger.entries())
    if there >= count:
        return found
    screener = Screener(policy, judges, patience=30.0)
    screener.open_judges()
    prescreen, began = Prescreen(screener, found.ledger), time.perf_counter()
    for number, draft in enumerate(itertools.islice(drafts(), there, None)):
        prescreen(draft, at=BEGIN + timedelta(minutes=there + number))
        if number % 100 == 99:
            there_now = sum(entry.kind == "screening" for entry in found.ledger.entries())
            print(f"\r  {there_now} of {count} screened", end="", flush=True)
            if there_now >= count:
                break
    print(f"\rThe record was made in {time.perf_counter() - began:.0f} s")
    return found


def changed(policy: Policy, change: Callable[[Any], dict[str, object]], *more: Any) -> Policy:
    """With other fields in the rules for which `change` gives some."""
    rules = [_anew(rule, fields) if (fields := change(rule)) else rule for rule in policy.rules]
    fields = {name: getattr(policy, name) for name in Policy.model_fields}
    return Policy(**fields | {"rules": (*rules, *more)})


def _anew(rule: Any, fields: dict[str, object]) -> Any:
    return type(rule)(**{name: getattr(rule, name) for name in type(rule).model_fields} | fields)


def severer(rule: Any) -> dict[str, object]:
    return {"severity": Severity.BLOCK} if rule.reads_meaning and not rule.tells_opinion else {}


def thresholds(rule: Any) -> dict[str, object]:
    """Of every rule that reads meaning and masks nothing."""
    if not rule.reads_meaning or rule.blanks or rule.tells_opinion:
        return {}
    if isinstance(rule, Toxicity):
        return {"labels": dict.fromkeys(rule.labels, 0.35)}
    return {"threshold": 0.35}


def phrase(rule: Any) -> dict[str, object]:
    return {"phrases": (*rule.phrases, "oggi", "today")} if rule.id == "toxicity.insults" else {}


def everything(rule: Any) -> dict[str, object]:
    """Each rule lets something pass that it did not: all are read again, as after an update of every pack."""
    return {} if rule.tells_opinion else {"excepted": (*rule.excepted, "zampogna di prova")}


class Measured:
    """Backtests of one record, each timed."""

    def __init__(self, held: Record, folder: Path, policy: Policy, judges: Judges) -> None:
        revisions = Revisions(held.store, folder / "data" / "policies", held.ledger)
        self._backtests = Backtests(held.store, held.ledger, revisions, judges)
        self._policy, self._person = policy, held.people.person(OWNER)

    def begin(self, after: Policy, last: int) -> str:
        return self._backtests.begin(self._policy, after, person=self._person, at=datetime.now(UTC), last=last)

    def row(self, name: str, after: Policy, last: int) -> Backtest:
        """Drafts a second that go by, and for a core that does nothing else."""
        id = self.begin(after, last)
        went, spent = time.perf_counter(), time.process_time()
        found = self._backtests.run(id)
        went, spent = time.perf_counter() - went, time.process_time() - spent
        print(
            f"  {name:58} {found.replayed:6} {found.replayed / went:8.0f} {found.replayed / spent:8.0f}"
            f" {found.flipped:6} {len(found.not_comparable):4}"
        )
        return found

    def stop(self, after: Policy, last: int) -> None:
        """How long it takes to stop, and that it goes on to the same end."""
        whole, id = self._backtests.run(self.begin(after, last)), self.begin(after, last)
        runner = threading.Thread(target=self._backtests.run, args=(id,))
        runner.start()
        time.sleep(3)
        asked = time.perf_counter()
        self._backtests.stop(id)
        runner.join()
        stopped, waited = self._backtests.find(id), time.perf_counter() - asked
        assert stopped is not None
        done = self._backtests.run(id)
        print(
            f"\nStopped {waited:.2f} s after it was asked to, at {stopped.done} of {stopped.total}; gone on with:",
            end="",
        )
        print(" the same end" if (done.outcomes, done.rules) == (whole.outcomes, whole.rules) else " ANOTHER END")


def measure(folder: Path, count: int) -> None:
    policy, judges = load_policy(COMPANY), Judges(ROOT / "models")
    held = record(folder, policy, judges, count)
    judge = judges.judge()
    measured = Measured(held, folder, policy, judges)
    print(f"\n  {'':58} drafts   a second, of a core  flips  not comparable")
    measured.row("the same policy", policy, count)
    measured.row("stored scores: another severity of all that reads meaning", changed(policy, severer), count)
    measured.row("stored scores: another threshold of all that reads meaning", changed(policy, thresholds), count)
    measured.row("masked words: another phrase of one rule", changed(policy, phrase), count)
    measured.row("every rule changed, scores stored where they serve", changed(policy, everything), count // 4)
    judge.digest = "another"  # as if what is on record were an older judge's
    few = min(count, 600)
    measured.row("from scratch: another threshold of all that reads meaning", changed(policy, thresholds), few)
    measured.row("from scratch: every rule changed", changed(policy, everything), few)
    measured.stop(changed(policy, thresholds), few)
    held.store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--drafts", type=int, default=3000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        measure(arguments.folder or Path(temporary), arguments.drafts)
