"""Chunks that workers share come back whole and in order, lie sealed meanwhile, and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, select
from stored import stored
from structlog.testing import capture_logs

from bot.audit.seals import Seals
from bot.bulk import sharing
from bot.bulk.output import CHUNK, Output, Run
from bot.bulk.posts import Posts, Row
from bot.bulk.results import screened, told
from bot.bulk.run import run
from bot.bulk.sharing import Handing, Working
from bot.bulk.tables import BulkChunk, BulkRun
from bot.store import Store
from rules.policy import Policy
from rules.screening import Screener

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
TEXTS = ("Buongiorno", "Sei un cretino", "Prodotto non ancora annunciato", "SEGRETO-3")


class Workers:
    """Two threads that do what is put, each piece twice, as an engine may."""

    def __init__(self, working: Working) -> None:
        self.working, self.put_ids, self.is_on = working, list[str](), threading.Event()
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(at,), daemon=True) for at in (0, 1)]
        for thread in self._threads:
            thread.start()

    def put(self, session: Session, kind: str, ids: Sequence[str]) -> None:
        assert kind == sharing.WORK
        self.put_ids += ids

    def _work(self, at: int) -> None:
        while not self._done.wait(0.005):
            if self.is_on.is_set():
                for id in self.working.left_over()[at:]:
                    asyncio.run(self.working.do(id))
                    asyncio.run(self.working.do(id))

    def end(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def workers(store: Store, seals: Seals, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    monkeypatch.setattr(sharing, "_LOOK", 0.005)
    found = Workers(Working(store, seals.vault, Screener))
    yield found
    found.end()


@pytest.fixture
def seals(store: Store, tmp_path: Path) -> Seals:
    return Seals.open(tmp_path / "keys")


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"id": n, "text": f"{TEXTS[n % 4]} {n}"}) for n in range(5 * CHUNK + 3)]
    path.write_text("\n".join([*lines, "{no"]), encoding="utf-8")
    return path


@pytest.fixture
def begun(policy: Policy, posts: Path) -> Run:
    return Run.begin(policy, NOON, posts, id="id", text="text", words=False)


@pytest.fixture
def handing(store: Store, seals: Seals, begun: Run, workers: Workers) -> Callable[..., Handing]:
    return lambda **more: Handing(store, seals.vault, begun, workers.put, **more)


def rows_of(store: Store) -> int:
    with store.read() as session:
        return len(session.exec(select(BulkChunk)).all()) + len(session.exec(select(BulkRun)).all())


def test_what_workers_say_is_what_one_process_says(
    handing: Callable[..., Handing], workers: Workers, posts: Path, policy: Policy, store: Store, tmp_path: Path
) -> None:
    workers.is_on.set()
    output = Output(tmp_path / "out.jsonl")
    summary = run(Posts(posts), output, handing().screen)
    output.close()
    screener = Screener(policy)
    expected = [told(screened(row, screener, NOON), "en") for row in Posts(posts).rows()]
    assert [json.loads(line) for line in output.path.read_text(encoding="utf-8").splitlines()] == expected
    assert (summary.drafts, summary.faulty) == (5 * CHUNK + 3, 1)
    assert len(workers.put_ids) == len(set(workers.put_ids)) == 6
    assert rows_of(store) == 0


def test_what_waits_is_sealed_and_nothing_stays(
    handing: Callable[..., Handing], workers: Workers, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_AHEAD", 2)
    monkeypatch.setattr(sharing, "_SILENCE", 0.05)
    seen: list[bytes] = []

    def silent() -> None:
        seen.append(stored(store))
        workers.is_on.set()

    chunks = [[Row(n, {"id": "FATTURA-7", "text": "Sei un cretino, SEGRETO-99"})] for n in (1, 2, 3)]
    results = list(handing(silent=silent).screen(chunks))
    assert [each["outcome"] for (each,) in results] == ["block"] * 3
    assert seen
    for held in (seen[0], stored(store)):
        assert b"SEGRETO" not in held
        assert b"FATTURA" not in held
    assert rows_of(store) == 0


def test_who_stops_takes_everything_back(
    handing: Callable[..., Handing], workers: Workers, store: Store, posts: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stop() -> None:
        raise KeyboardInterrupt

    output = Output(tmp_path / "out.jsonl")
    monkeypatch.setattr(sharing, "_SILENCE", 0.02)
    with pytest.raises(KeyboardInterrupt):
        run(Posts(posts), output, handing(silent=stop).screen)
    assert rows_of(store) == 0
    # Whoever was killed took nothing back: the next one begins with a clean table.
    killed = handing().screen(iter([[Row(1, {"text": "x"})]] * 20))
    workers.is_on.set()
    next(killed)
    run(Posts(posts), output, handing().screen)
    output.close()
    assert rows_of(store) == 0
    killed.close()


def test_lines_that_workers_die_of_end_the_run_and_are_named(
    handing: Callable[..., Handing], workers: Workers, store: Store, posts: Path, tmp_path: Path, policy: Policy
) -> None:
    """What was written before them stays, and the same command goes on from there."""
    deadly = f"{handing()._run.id}/000002"
    do = workers.working.do

    async def dying(id: str) -> None:
        if id == deadly:
            await workers.working.give_up(id, 3)
            await workers.working.give_up(id, 3)
        else:
            await do(id)

    workers.working.do = dying  # type: ignore[method-assign]
    workers.is_on.set()
    output = Output(tmp_path / "out.jsonl")
    with capture_logs() as logs, pytest.raises(sharing.DeadlyError) as ended:
        run(Posts(posts), output, handing().screen)
    assert (ended.value.first, ended.value.last) == (2 * CHUNK + 1, 3 * CHUNK)
    assert [(log["event"], log["id"], log["deaths"]) for log in logs] == [("bulk.deadly", deadly, 3)]
    assert rows_of(store) == 0
    assert len(output.path.read_text(encoding="utf-8").splitlines()) == 2 * CHUNK
    workers.working.do = do  # type: ignore[method-assign]
    summary = run(Posts(posts), output, handing().screen)
    output.close()
    assert summary.drafts == 5 * CHUNK + 3


def test_what_nobody_came_back_for_is_thrown_away(
    handing: Callable[..., Handing], workers: Workers, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing()._begin()
    handing()._handed(0, [Row(1, {"text": "x"})])
    assert len(workers.working.left_over()) == 1
    workers.working._tidy()
    assert rows_of(store) == 2
    monkeypatch.setattr(sharing, "_KEPT", -1.0)
    workers.working._tidy()
    assert workers.working.left_over() == []
    assert rows_of(store) == 0


async def test_what_is_gone_or_of_another_key_is_passed_over(
    handing: Callable[..., Handing], workers: Workers, store: Store, tmp_path: Path
) -> None:
    handing()._begin()
    id = handing()._handed(0, [Row(1, {"text": "x"})])
    other = Working(store, Seals.open(tmp_path / "others").vault, Screener)
    await other.do(id)
    assert workers.working.left_over() == [id]
    await workers.working.do("k_0/000000")
    await workers.working.do(id)
    assert workers.working.left_over() == []


def test_results_of_lines_that_were_taken_back_are_not_given_for_others(
    handing: Callable[..., Handing], workers: Workers, store: Store, seals: Seals
) -> None:
    """A run that is gone on with counts its chunks anew, while a worker may still be at one of the same name."""
    handed: list[Handing] = []

    def hand(line: int) -> str:
        """As whoever is killed leaves it."""
        handed.append(handing())
        handed[-1]._begin()
        return handed[-1]._handed(0, [Row(line, {"text": "x"})])

    def slowly(policy: Policy) -> Screener:
        assert hand(51) == id
        return Screener(policy)

    id = hand(1)
    asyncio.run(Working(store, seals.vault, slowly).do(id))
    assert handed[-1]._found(id) is None
    asyncio.run(workers.working.do(id))
    assert [each["line"] for each in handed[-1]._found(id) or ()] == [51]
