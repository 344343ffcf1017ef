"""The ledger: what it says, what it never says, and that no change to it goes unseen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from bot.audit import records
from bot.audit.ledger import Fault, Ledger
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from bot.tables import Content, Tally
from rules.draft import Account, Draft

Damage = Callable[..., None]
DRAFT = "Sei un cretino, e il codice è SEGRETO-77 😀. Ripeto: SEGRETO-77."


@pytest.fixture
def five(prescreen: Prescreen) -> None:
    for number in range(5):
        prescreen(Draft(text=f"{DRAFT} {number}", author="slack:T1:U1"), id=f"s_{number}")


def test_an_empty_ledger_is_sound(ledger: Ledger) -> None:
    assert ledger.verify().is_sound


def test_an_entry_says_what_was_found_and_no_word_of_it(
    prescreen: Prescreen, ledger: Ledger, people: People, store: Store
) -> None:
    draft = Draft(text=DRAFT, author="slack:T1:U1", in_reply_to="Vi scrivo per SEGRETO-9")
    screening = prescreen(draft)
    entry = ledger.entry(screening.id)
    assert entry is not None
    said = json.loads(entry.body)
    assert entry.body == records.canonical(said)
    assert said["facts"]["outcome"] == "block"
    assert said["facts"]["policy"] == screening.verdict.policy_revision
    assert [finding["rule"] for finding in said["facts"]["findings"]] == ["toxicity.insult", *["confidential.code"] * 2]
    assert said["actor"] == people.pseudonym("slack:T1:U1")
    for word in (b"cretino", b"SEGRETO", b"U1", b"Ripeto"):
        assert word not in entry.body
    kept = json.loads(ledger.words([entry.seq])[entry.seq])
    assert kept["text"] == "Sei un cretino, e il codice è [CODE] 😀. Ripeto: [CODE]."
    assert kept["in_reply_to"] == "Vi scrivo per [CODE]"
    start, end = kept["spans"][1]
    assert kept["text"][start:end] == "[CODE]"
    assert said["holder"] == said["actor"]
    with store.read() as session:
        row = session.get(Content, entry.seq)
    assert row is not None
    assert said["sealed"] == records.digest(row.sealed)
    for word in (b"SEGRETO", b"cretino", b"CODE"):
        assert word not in row.sealed


def test_the_chain_names_each_entry_before(five: None, ledger: Ledger) -> None:
    entries = list(reversed(ledger.entries()))
    assert [json.loads(entry.body)["previous"] for entry in entries] == [
        records.GENESIS,
        *[entry.hash for entry in entries[:-1]],
    ]
    assert ledger.verify().is_sound


def test_the_same_screening_is_recorded_once(prescreen: Prescreen, ledger: Ledger) -> None:
    for _ in range(3):
        prescreen(Draft(text="Ciao"), id="s_once")
    assert ledger.verify().count == 1


def test_a_private_draft_leaves_a_count(prescreen: Prescreen, ledger: Ledger, store: Store, tmp_path: Path) -> None:
    prescreen(Draft(text="Zanzibar cretino", author="slack:T1:PRIVATA", account=Account.PRIVATE))
    assert ledger.verify().count == 0
    with store.read() as session:
        assert [tally.count for tally in session.exec(select(Tally)).all()] == [1]
    store.close()
    written = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.is_file())
    assert b"Zanzibar" not in written
    assert b"PRIVATA" not in written


def test_protected_speech_leaves_a_count(prescreen: Prescreen, ledger: Ledger, store: Store) -> None:
    said = "Sabato scioperiamo: turni di dodici ore non sono turni, cretino chi li ha scritti."
    screening = prescreen(Draft(text=said, author="slack:T1:U1", account=Account.PERSONAL))
    assert screening.is_forgotten
    assert ledger.verify().count == 0
    with store.read() as session:
        assert [tally.count for tally in session.exec(select(Tally)).all()] == [1]
    prescreen(Draft(text=said, author="slack:T1:U1", account=Account.INSTITUTIONAL))
    assert ledger.verify().count == 1


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE entry SET body = replace(body, 'block', 'clear') WHERE seq = 3", Fault(3, "hash")),
        ("UPDATE entry SET hash = '0' WHERE seq = 3", Fault(3, "hash")),
        ("UPDATE entry SET kind = 'decision' WHERE seq = 3", Fault(3, "body")),
        ("UPDATE entry SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3", Fault(3, "body")),
        ("DELETE FROM entry WHERE seq = 3", Fault(3, "gap")),
        ("DELETE FROM entry WHERE seq = 1", Fault(1, "gap")),
        ("DELETE FROM entry WHERE seq = 5", Fault(5, "missing")),
        ("DELETE FROM entry", Fault(1, "missing")),
        ("UPDATE content SET sealed = (SELECT sealed FROM content WHERE seq = 1) WHERE seq = 2", Fault(2, "content")),
        ("UPDATE content SET holder = 'house' WHERE seq = 2", Fault(2, "content")),
        ("DELETE FROM content WHERE seq = 2", Fault(2, "content")),
    ],
)
def test_a_row_changed_or_dropped_is_found(
    five: None, ledger: Ledger, damage: Damage, statement: str, fault: Fault
) -> None:
    damage(statement)
    assert fault in ledger.verify().faults


def test_two_entries_swapped_are_found(five: None, ledger: Ledger, damage: Damage) -> None:
    damage(
        "CREATE TEMP TABLE two AS SELECT * FROM entry WHERE seq IN (2, 4)",
        "UPDATE entry SET (body, hash, subject, at, kind) = "
        "(SELECT body, hash, subject, at, kind FROM two WHERE two.seq = 6 - entry.seq) WHERE seq IN (2, 4)",
    )
    assert {fault.seq for fault in ledger.verify().faults} >= {2, 4}


def test_an_entry_rewritten_with_its_hash_breaks_the_chain(five: None, ledger: Ledger, damage: Damage) -> None:
    found = ledger.entry("3")
    assert found is not None
    said = json.loads(found.body)
    said["facts"]["outcome"] = "clear"
    body = records.canonical(said)
    damage(f"UPDATE entry SET body = x'{body.hex()}', hash = '{records.digest(body)}' WHERE seq = 3")
    assert Fault(4, "chain") in ledger.verify().faults


def test_the_whole_chain_rewritten_disagrees_with_the_head(five: None, ledger: Ledger, damage: Damage) -> None:
    statements, previous = [], records.GENESIS
    for entry in reversed(ledger.entries()):
        said = json.loads(entry.body) | {"previous": previous}
        said["facts"]["outcome"] = "clear"
        body = records.canonical(said)
        previous = records.digest(body)
        statements.append(f"UPDATE entry SET body = x'{body.hex()}', hash = '{previous}' WHERE seq = {entry.seq}")
    damage(*statements)
    assert ledger.verify().faults == (Fault(5, "head"),)


def _remove(head: Path) -> None:
    head.unlink()


def _garble(head: Path) -> None:
    head.write_text("{", encoding="utf-8")


@pytest.mark.parametrize("spoil", [_remove, _garble])
def test_a_head_that_is_gone_is_found_and_not_made_anew(
    five: None, ledger: Ledger, prescreen: Prescreen, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(tmp_path / "data" / "ledger.head")
    prescreen(Draft(text="Un altro"))
    assert ledger.catch_up() == 0
    assert [fault.what for fault in ledger.verify().faults] == ["head"]


def test_entries_written_after_a_loss_do_not_hide_it(
    five: None, ledger: Ledger, prescreen: Prescreen, damage: Damage
) -> None:
    damage("DELETE FROM content WHERE seq = 5", "DELETE FROM entry WHERE seq = 5")
    for number in range(3):
        prescreen(Draft(text=f"dopo {number}"))
    assert Fault(5, "head") in ledger.verify().faults


def test_a_stop_between_entry_and_head_is_mended_at_the_next_start(five: None, ledger: Ledger, tmp_path: Path) -> None:
    fourth = ledger.entry("4")
    assert fourth is not None
    head = tmp_path / "data" / "ledger.head"
    head.write_text(json.dumps({"count": 4, "hash": fourth.hash}), encoding="utf-8")
    assert (ledger.verify().is_sound, ledger.verify().lag) == (True, 1)
    assert ledger.catch_up() == 1
    assert ledger.verify().lag == 0


@pytest.mark.parametrize("statement", ["UPDATE entry SET kind = 'x'", "DELETE FROM entry"])
def test_the_database_itself_refuses_to_change_an_entry(five: None, store: Store, statement: str) -> None:
    with pytest.raises(Exception, match="the ledger only grows"), store.write() as session:
        session.connection().execute(text(statement))


def test_many_writers_make_one_chain(prescreen: Prescreen, ledger: Ledger) -> None:
    def write(start: int) -> None:
        for number in range(10):
            prescreen(Draft(text="Ciao a tutti", author=f"slack:T:{start % 3}"), id=f"s_{start}_{number}")

    threads = [threading.Thread(target=write, args=(start,)) for start in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ledger.verify().is_sound, ledger.verify().count) == (True, 60)


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_single_bit_flipped_is_found(
    five: None, ledger: Ledger, store: Store, damage: Damage, data: st.DataObject
) -> None:
    seq = data.draw(st.integers(1, 5))
    table, column = data.draw(st.sampled_from([("entry", "body"), ("content", "sealed")]))
    with store.read() as session:
        before: bytes = (
            session.connection().exec_driver_sql(f"SELECT {column} FROM {table} WHERE seq = {seq}").scalar_one()
        )
    bit = data.draw(st.integers(0, len(before) * 8 - 1))
    changed = bytearray(before)
    changed[bit // 8] ^= 1 << (bit % 8)
    damage(f"UPDATE {table} SET {column} = x'{changed.hex()}' WHERE seq = {seq}")
    try:
        assert seq in {fault.seq for fault in ledger.verify().faults}
    finally:
        damage(f"UPDATE {table} SET {column} = x'{before.hex()}' WHERE seq = {seq}")


def test_a_text_that_could_not_be_searched_for_secrets_is_not_kept(
    prescreen: Prescreen, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prescreen.screener, "hidden", lambda text: None)
    prescreen(Draft(text=DRAFT), id="s_1")
    assert json.loads(ledger.words([1])[1]) == {"in_reply_to": None, "spans": [], "text": None}
