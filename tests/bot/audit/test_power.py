"""What a power cut leaves: whatever was acknowledged was on the disk before, and so was its name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from docs.operations import section

from bot.audit.erasure import Erasures
from bot.audit.head import LAG, Head, HeadFile
from bot.audit.ledger import Ledger
from bot.keys import key_in
from bot.people import People
from bot.store import Store


@pytest.mark.sqlite_only("a server's own settings are the server's")
def test_a_transaction_in_a_file_waits_for_the_disk(store: Store) -> None:
    with store.write() as session:
        ask = session.connection().exec_driver_sql
        assert ask("PRAGMA journal_mode").scalar() == "wal"
        assert ask("PRAGMA synchronous").scalar() == 2  # FULL: the log is synced at every commit


def test_the_head_comes_back_as_it_was_written_last(tmp_path: Path, synced: list[Path]) -> None:
    head = HeadFile(tmp_path / "ledger.head")
    head.write(Head(7, "0" * 64))
    # The file before it has its name, and the name after: else an older head might come back.
    assert synced == [tmp_path / "ledger.new", tmp_path]


def test_a_key_is_there_before_anything_is_sealed_under_it(tmp_path: Path, synced: list[Path]) -> None:
    folder = tmp_path / "vaglio" / "keys"
    key_in(folder, "master.key", "the key")
    assert {tmp_path, tmp_path / "vaglio"} <= set(synced)
    assert synced[-1] == folder
    assert synced[-2].name.startswith(".master.key.")
    key_in(folder, "master.key", "the key")
    assert synced[-2].name.startswith(".master.key."), "a key that is there costs nothing"


def test_who_was_erased_stays_noted(
    store: Store, ledger: Ledger, people: People, tmp_path: Path, synced: list[Path]
) -> None:
    person, other = people.person("slack:T1:UANNA"), people.person("slack:T1:UBRUNO")
    noted = tmp_path / "noted" / "erased"
    noted.parent.mkdir()
    Erasures(store, ledger, people, noted).erase(person, by=other, reason="x", at=datetime.now(UTC))
    assert synced[synced.index(noted) + 1] == noted.parent


def test_the_page_tells_what_the_code_holds() -> None:
    told = section("A power cut")
    assert "`synchronous=FULL`" in told
    assert f"{LAG} entries" in told
    for setting in ("`fsync`", "`full_page_writes`", "`synchronous_commit`"):
        assert setting in told
