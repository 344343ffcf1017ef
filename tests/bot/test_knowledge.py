"""What the company knows reaches every machine: whole or not at all, on record, and gone everywhere when removed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select, update
from stored import stored
from structlog.testing import capture_logs

from bot import parcels
from bot.audit import rotation
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.knowledge import Collections
from bot.knowledge_tables import Collection, CollectionPiece
from bot.people import People
from bot.store import Store
from bot.tables import Entry
from rules.assembly import load_policy
from rules.draft import Draft
from rules.knowledge.documents import add_documents
from rules.knowledge.hashing import Keyed
from rules.knowledge.store import Knowledge, KnowledgeError, Manifest
from rules.knowledge.tables import add_table, open_table
from rules.screening import Screener

AT = datetime(2027, 1, 10, tzinfo=UTC)
KEY = b"k" * 32


@dataclass
class Machine:
    """A process with a data folder of its own."""

    folder: Path
    store: Store
    ledger: Ledger
    knowledge: Knowledge
    collections: Collections

    def add(self, *rows: str, name: str = "customers") -> Manifest:
        source = self.folder / "table.csv"
        source.write_text("\n".join(("surname", *rows)), encoding="utf-8")
        return self.collections.add(lambda place: add_table(place, name, source, ["surname"]), by=None, at=AT)

    def finds(self, text: str, name: str = "customers") -> bool:
        return any(True for _ in open_table(self.knowledge, name).find(text, [["surname"]]))

    @property
    def names(self) -> list[str]:
        return [one.name for one in self.knowledge.names()]


Start = Callable[..., Machine]


@pytest.fixture
def start(database: str, tmp_path: Path) -> Iterator[Start]:
    stores: list[Store] = []

    def start(name: str, key: bytes = KEY) -> Machine:
        store, seals = Store(database), Seals.open(tmp_path / "keys")
        stores.append(store)
        store.migrate(seals)
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        ledger = Ledger(store, folder / "ledger.head", People(store, seals))
        ledger.catch_up()
        knowledge = Knowledge(folder / "knowledge", Keyed(key))
        return Machine(folder, store, ledger, knowledge, Collections(store, seals.vault, ledger, knowledge))

    yield start
    for store in stores:
        store.close()


def recorded(machine: Machine) -> list[dict[str, Any]]:
    with machine.store.read() as session:
        return [json.loads(entry.body) for entry in session.exec(select(Entry).order_by(col(Entry.seq))).all()]


# --- On record --------------------------------------------------------------------------------------------------------


def test_what_is_taken_in_and_removed_is_on_record(start: Start) -> None:
    a = start("a")
    first, second = a.add("Zorblax"), a.add("Quibb")
    a.collections.remove("customers", by=None, at=AT)
    told = [(entry["kind"], entry["facts"]["change"], entry["facts"]["digest"]) for entry in recorded(a)]
    kind = "knowledge"
    assert told == [(kind, "add", first.digest), (kind, "add", second.digest), (kind, "remove", second.digest)]
    assert first.digest != second.digest
    assert a.ledger.verify().is_sound
    assert a.names == []


def test_the_same_rows_have_the_same_digest_whenever_they_are_taken_in(start: Start) -> None:
    a = start("a")
    assert a.add("Zorblax", "Quibb").digest == a.add("Zorblax", "Quibb").digest


def test_what_cannot_be_recorded_is_not_in_force(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    a = start("a")
    a.add("Zorblax")
    monkeypatch.setattr(a.ledger, "append_in", _fails)
    with pytest.raises(OSError, match="full"):
        a.add("Quibb")
    a.collections.keep_up()
    assert (a.finds("Il signor Zorblax"), a.finds("Il signor Quibb")) == (True, False)


def test_what_cannot_be_made_leaves_nothing_behind(start: Start) -> None:
    a = start("a")
    with pytest.raises(KnowledgeError):
        a.add()
    assert (recorded(a), list(a.knowledge.folder.glob(".new-*"))) == ([], [])


def test_there_is_nothing_to_remove(start: Start) -> None:
    with pytest.raises(KnowledgeError, match="there is no customers"):
        start("a").collections.remove("customers", by=None, at=AT)


POLICY = """
name: acme
languages: [it, en]
owners: [{id: comms, name: Comms}]
clauses: [{id: 1.1, title: {it: Uno, en: One}, text: {it: Uno., en: One.}, owner: comms}]
rules:
  - {id: confidential.customer, detector: exact_match, severity: block, clause: 1.1, message: {it: X., en: X.},
     table: customers, match: [[surname]], examples: {flag: [x], allow: [y]}}
"""


def test_a_verdict_names_the_version_that_it_was_made_with(start: Start, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    a = start("a")
    screener = Screener(load_policy(tmp_path / "policy.yaml"), knowledge=a.knowledge)
    for rows, found in ((["Zorblax"], 1), (["Quibb"], 0)):
        digest = a.add(*rows).digest
        verdict = screener.screen(Draft(text="Il signor Zorblax è contento"))
        assert (verdict.models["knowledge:customers"], len(verdict.findings)) == (digest[:12], found)


def test_a_table_of_an_earlier_vaglio_has_its_digest_worked_out(start: Start) -> None:
    a = start("a")
    digest = a.add("Zorblax").digest
    path = a.knowledge.folder / "customers.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    del said["digest"]
    path.write_text(json.dumps(said), encoding="utf-8")
    assert open_table(Knowledge(a.knowledge.folder, Keyed(KEY)), "customers").mark == digest[:12]


# --- On every machine -------------------------------------------------------------------------------------------------

shared = pytest.mark.postgres_only("a file has one machine")


@shared
def test_what_one_machine_takes_in_lies_on_every_other(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcels, "PIECE", 100)  # several transactions
    a, b = start("a"), start("b")
    a.add("Zorblax")
    b.collections.keep_up()
    assert b.finds("Il signor Zorblax")
    b.add("Quibb")
    a.collections.keep_up()
    assert (a.finds("Il signor Zorblax"), a.finds("Il signor Quibb")) == (False, True)
    a.collections.remove("customers", by=None, at=AT)
    b.collections.keep_up()
    assert (a.names, b.names) == ([], [])
    with a.store.read() as session:
        assert session.exec(select(CollectionPiece)).all() == []
    # And it may come back.
    b.add("Zorblax")
    a.collections.keep_up()
    assert a.finds("Il signor Zorblax")


@shared
def test_names_of_documents_are_sealed_in_the_database(start: Start) -> None:
    a, b = start("a"), start("b")
    text = "Entro marzo il gruppo acquisirà la società di Lecco con dodici milioni di euro pagati in tre rate"
    documents = iter([("fusione-con-zorblax.docx", text)])
    a.collections.add(lambda place: add_documents(place, "plans", documents), by=None, at=AT)
    assert b"zorblax" not in stored(a.store)
    b.collections.keep_up()
    assert next(b.knowledge.names()).about["documents"] == ["fusione-con-zorblax.docx"]


@shared
def test_of_two_who_add_the_same_name_at_once_one_is_the_newest_everywhere(start: Start) -> None:
    machines = [start(name) for name in "abc"]
    threads = [
        threading.Thread(target=machine.add, args=(f"Zorblax{number}",)) for number, machine in enumerate(machines)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for machine in machines:
        machine.collections.keep_up()
    digests = {machine.knowledge.version("customers")[0].digest for machine in machines}
    last = recorded(machines[0])[-1]["facts"]["digest"]
    assert digests == {last}
    assert all(machine.ledger.verify().is_sound for machine in machines)


@shared
def test_a_version_that_is_not_whole_counts_for_nothing_and_goes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = start("a"), start("b")
    a.add("Zorblax")
    with monkeypatch.context() as patch:
        patch.setattr(Collections, "_put_in_force", _fails)
        with pytest.raises(OSError, match="full"):
            a.add("Quibb")
    b.collections.keep_up()
    assert b.finds("Il signor Zorblax")
    with a.store.write() as session:
        session.exec(update(Collection).where(col(Collection.version).is_(None)).values(at=0.0))
    a.add("Terzo")
    with a.store.read() as session:
        assert len(session.exec(select(Collection)).all()) == 1


@pytest.mark.as_owner
@shared
@pytest.mark.parametrize("damage", ["missing", "altered", "swapped"])
def test_while_a_new_version_cannot_be_laid_out_the_old_one_serves(
    start: Start, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(parcels, "PIECE", 300)
    a, b = start("a"), start("b")
    a.add("Zorblax")
    b.collections.keep_up()
    a.add("Quibb")
    with a.store.write() as session:
        first, second, *_ = session.exec(select(CollectionPiece).order_by(col(CollectionPiece.number))).all()
        if damage == "missing":
            session.delete(second)
        elif damage == "altered":
            first.sealed = first.sealed[:-1] + bytes([first.sealed[-1] ^ 1])
        else:
            first.sealed, second.sealed = second.sealed, first.sealed
    with capture_logs() as logs:
        for _ in range(3):
            b.collections.keep_up()
    assert [log["event"] for log in logs] == ["knowledge.not_laid_out"]  # once, and not at every look
    assert b.finds("Il signor Zorblax")
    a.add("Terzo")
    b.collections.keep_up()
    assert b.finds("Il signor Terzo")


@shared
def test_a_machine_with_another_key_says_so(start: Start) -> None:
    start("a").add("Zorblax")
    b = start("b", key=b"x" * 32)
    b.collections.keep_up()
    with pytest.raises(KnowledgeError, match="another key"):
        b.finds("Il signor Zorblax")


@shared
def test_what_lay_on_one_machine_alone_is_given_to_the_others_once(start: Start) -> None:
    a, b = start("a"), start("b")
    for machine, row in ((a, "Zorblax"), (b, "Quibb")):
        source = machine.folder / "table.csv"
        source.write_text(f"surname\n{row}", encoding="utf-8")
        add_table(machine.knowledge, "customers", source, ["surname"])
    assert a.collections.adopt(at=AT) == ["customers"]
    assert (a.collections.adopt(at=AT), b.collections.adopt(at=AT)) == ([], [])
    b.collections.keep_up()
    assert b.finds("Il signor Zorblax")
    # What was removed does not come back from a machine that was away.
    c = start("c")
    c.collections.keep_up()
    a.collections.remove("customers", by=None, at=AT)
    assert c.collections.adopt(at=AT) == []
    c.collections.keep_up()
    assert c.names == []


@shared
def test_after_a_rotation_of_the_master_key_it_is_laid_out_all_the_same(start: Start, tmp_path: Path) -> None:
    a = start("a")
    a.add("Zorblax")
    a.store.close()
    rotation.rotate(tmp_path / "keys", a.store)
    b = start("b")
    b.collections.keep_up()
    assert b.finds("Il signor Zorblax")


def _fails(*_: object, **__: object) -> None:
    raise OSError("full")
