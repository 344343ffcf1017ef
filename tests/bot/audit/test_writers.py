"""Many write at once, in threads and in processes of their own, and some are killed: one chain without a gap."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from postgres import Server

from bot.audit.ledger import Ledger
from bot.people import People
from bot.store import Store

WRITING = Path(__file__).with_name("writing.py")
ROOT = WRITING.parents[3]
Start = Callable[[str, Path, str, int], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a process that appends so many entries to the ledger at an address."""
    started: list[subprocess.Popen[str]] = []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def start(url: str, folder: Path, name: str, count: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(WRITING), url, str(folder), name, str(count)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def opened(database: str, folder: Path) -> Iterator[Ledger]:
    store = Store(database)
    yield Ledger(store, folder / "data" / "ledger.head")
    store.close()


def test_threads_make_one_chain(ledger: Ledger, people: People) -> None:
    def append(name: int) -> None:
        for number in range(10):
            actor = people.person(f"slack:T1:U{number}")
            ledger.append("screening", subject=f"{name}_{number}", facts={}, actor=actor, content=b"{}")

    threads = [threading.Thread(target=append, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ledger.verify()
    assert (found.faults, found.count, found.lag) == ((), 80, 0)
    assert len(people.everybody()) == 10


def test_processes_that_start_at_once_make_one_set_of_tables_and_one_chain(
    database: str, tmp_path: Path, start: Start
) -> None:
    processes = [start(database, tmp_path, name, 20) for name in ("a", "b", "c")]
    said = [process.communicate(timeout=100)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(int(number) for lines in said for number in lines.split()) == list(range(1, 61))
    with opened(database, tmp_path) as ledger:
        found = ledger.verify()
    assert (found.faults, found.count, found.lag) == ((), 60, 0)


def test_a_writer_that_is_killed_leaves_a_sound_chain_and_no_lock(database: str, tmp_path: Path, start: Start) -> None:
    kept = 0
    for turn in range(3):
        process = start(database, tmp_path, f"{turn}", 10_000)
        assert process.stdout is not None
        for _ in range(5 + turn):
            kept = int(process.stdout.readline())
        process.kill()
        process.wait()
    with opened(database, tmp_path) as ledger:
        found = ledger.verify()
        assert found.faults == ()
        # What was said to be kept is kept; one more may be, of which it was killed before it could say so.
        assert found.count >= kept
        ledger.append("screening", subject="after", facts={})
        assert ledger.verify().faults == ()


@pytest.mark.postgres_only("on SQLite every database of the tests above is empty at first")
def test_processes_that_migrate_an_empty_database_at_once(
    postgres_server: Server, tmp_path: Path, start: Start
) -> None:
    name = postgres_server.create()
    processes = [start(postgres_server.url(name), tmp_path, f"{number}", 1) for number in range(4)]
    for process in processes:
        process.communicate(timeout=100)
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    postgres_server.drop(name)
