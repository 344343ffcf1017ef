"""Several machines on one server, each with a head of its own: none takes the others for thieves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.audit.head import LAG
from bot.audit.ledger import Ledger
from bot.audit.reports import told
from bot.store import Store
from bot.wording import Wording

pytestmark = pytest.mark.postgres_only("one file has one machine")
FAR = 3 * LAG
Machine = Callable[[str], Ledger]


@pytest.fixture
def machine(database: str, tmp_path: Path) -> Iterator[Machine]:
    """A process on the machine of that name, just started."""
    stores: list[Store] = []

    def start(name: str) -> Ledger:
        stores.append(Store(database))
        ledger = Ledger(stores[-1], tmp_path / name / "ledger.head")
        ledger.catch_up()
        return ledger

    yield start
    for store in stores:
        store.close()


def write(ledger: Ledger, number: int, name: str = "s") -> None:
    for each in range(number):
        ledger.append("screening", subject=f"{name}_{each}", facts={})


def head(folder: Path) -> int:
    return int(json.loads((folder / "ledger.head").read_bytes())["count"])


def test_a_machine_that_was_idle_goes_on_where_the_others_are(machine: Machine, tmp_path: Path) -> None:
    a, b = machine("a"), machine("b")
    write(a, FAR)
    found = b.verify()
    assert (found.faults, found.lag, head(tmp_path / "b")) == ((), FAR, 0)
    assert f"newest {FAR} entries yet" in told(found, Wording("en"))[-1]
    write(b, 1, "b")
    for each in (a, b):
        each.keep_up()
        assert (each.verify().faults, each.verify().lag) == ((), 0)
    assert head(tmp_path / "a") == head(tmp_path / "b") == FAR + 1


def test_a_machine_that_writes_nothing_keeps_up_all_the_same(machine: Machine, tmp_path: Path) -> None:
    a, b = machine("a"), machine("b")
    for turn in range(3):
        write(a, FAR, f"{turn}")
        b.keep_up()
        assert head(tmp_path / "b") == FAR * (turn + 1)


def test_a_machine_that_was_away_walks_from_what_it_knew(machine: Machine, tmp_path: Path) -> None:
    a, b = machine("a"), machine("b")
    write(b, 3, "b")
    write(a, FAR)
    assert machine("b").catch_up() == 0  # the start has done it
    assert head(tmp_path / "b") == FAR + 3


def test_a_machine_that_is_new_walks_from_the_first_entry(machine: Machine, tmp_path: Path) -> None:
    write(machine("a"), FAR)
    with capture_logs() as logs:
        found = machine("new").verify()
    assert (found.faults, found.lag, head(tmp_path / "new")) == ((), 0, FAR)
    assert [(log["event"], log["is_new"]) for log in logs] == [("ledger.head_follows", True)]


def test_before_vaglio_has_run_on_a_machine_its_head_is_not_missed(
    machine: Machine, database: str, tmp_path: Path
) -> None:
    write(machine("a"), 5)
    store = Store(database, read_only=True)
    found = Ledger(store, tmp_path / "new" / "ledger.head").verify()
    store.close()
    assert (found.faults, found.lag) == ((), 5)


def test_a_head_that_was_removed_is_missed_and_never_made_anew(machine: Machine, tmp_path: Path) -> None:
    write(machine("a"), FAR)
    (tmp_path / "a" / "ledger.head").unlink()
    again = machine("a")
    write(again, 1, "more")
    assert [fault.what for fault in again.verify().faults] == ["head"]
    assert not (tmp_path / "a" / "ledger.head").exists()


@pytest.mark.parametrize("seq", [5, FAR - 1, FAR + 3])
def test_a_head_does_not_move_over_a_chain_that_was_altered(
    machine: Machine, postgres_server: object, database: str, tmp_path: Path, seq: int
) -> None:
    a, b = machine("a"), machine("b")
    write(b, 3, "b")
    write(a, FAR)
    before, known = head(tmp_path / "b"), a.entries()[-seq]
    store = Store(database)
    with store.write() as session:
        connection = session.connection()
        connection.exec_driver_sql("ALTER TABLE entry DISABLE TRIGGER USER")
        connection.exec_driver_sql(f"UPDATE entry SET hash = '{'a' * 64}' WHERE seq = {known.seq}")
        connection.exec_driver_sql("ALTER TABLE entry ENABLE TRIGGER USER")
    store.close()
    for started in (b, machine("b")):
        with capture_logs():
            started.keep_up()
            write(started, 1, f"after{id(started)}")
        assert head(tmp_path / "b") == before
    assert not b.verify().is_sound


def test_a_head_that_knows_another_entry_is_evidence_however_far_behind(machine: Machine, tmp_path: Path) -> None:
    a = machine("a")
    write(a, FAR)
    said = {"count": 3, "hash": "b" * 64}
    (tmp_path / "a" / "ledger.head").write_text(json.dumps(said), encoding="utf-8")
    with capture_logs():
        a.keep_up()
        assert machine("a").catch_up() == 0
    assert [(fault.seq, fault.what) for fault in a.verify().faults] == [(3, "head")]
