"""What several processes say of drafts is, word for word and score for score, what one says of each alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.bulk.posts import Row
from bot.bulk.processes import Chunk, Lost, Processes
from bot.bulk.results import screened
from rules.assembly import SHIPPED, load_policy
from rules.judges import Judges
from rules.screening import Screener
from rules.weights.rows import read_corpus

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def whole(models: Path, threads: int | None) -> Screener:
    policy = load_policy(SHIPPED / "company.yaml")
    return Screener(policy, Judges(models, "built-in", threads=threads), patience=60.0)


def by_words() -> Screener:
    policy = load_policy(SHIPPED / "company.yaml")
    return Screener(policy.model_copy(update={"rules": policy.rules[:3]}))


def chunks(count: int) -> Iterator[Chunk]:
    rows = []
    for number, row in enumerate(read_corpus("dev")[:count], start=1):
        asked = {"in_reply_to": row.context.asked} if row.context.asked else {}
        rows.append(Row(number, {"text": row.text, "kind": row.context.kind, "account": row.context.account, **asked}))
    return (rows[at : at + 6] for at in range(0, count, 6))


def test_verdicts_are_those_of_one_by_one(models: Path) -> None:
    processes = Processes(partial(whole, models, 1), 2, NOON, words=True)
    found = [result for results in processes.screen(chunks(40)) for result in results]
    alone = whole(models, None)
    assert found == [screened(row, alone, NOON, words=True) for chunk in chunks(40) for row in chunk]
    assert any(finding["score"] for result in found for finding in result["findings"])
    assert not any(result["unchecked"] for result in found)


def _dies() -> Screener:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_process_that_ends_by_itself_is_told() -> None:
    with pytest.raises(Lost):
        list(Processes(_dies, 1, NOON, words=False).screen(chunks(6)))


def test_who_stops_asking_leaves_nobody_behind() -> None:
    import multiprocessing

    results = Processes(by_words, 2, NOON, words=False).screen(chunks(600))
    assert len(next(results)) == 6
    results.close()
    assert multiprocessing.active_children() == []
