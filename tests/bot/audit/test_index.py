"""The search index follows the ledger, can be thrown away, and holds nothing that is forgotten."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.index import Filters, Index
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.shelf import TABLES, Shelf
from bot.people import People
from bot.prescreen import Prescreen
from bot.settings import PREFIX
from bot.store import Store
from bot.tables import Content
from rules.draft import Draft

ANNA, BRUNO = "slack:T1:ANNA", "slack:T1:BRUNO"


@pytest.fixture
def on_sqlite(store: Store) -> None:
    if store.engine.dialect.name != "sqlite":
        pytest.skip("about a file of its own")


@pytest.fixture
def say(prescreen: Prescreen) -> Callable[..., str]:
    def say(words: str, author: str = ANNA) -> str:
        return prescreen(Draft(text=words, author=author)).id

    return say


def found(index: Index, typed: str) -> list[int]:
    return [hit.seq for hit in index.search(Filters(text=typed)).hits]


def rows(store: Store) -> dict[str, list[Any]]:
    """All that an index holds."""
    with Shelf(store).read() as connection:
        every = {table: connection.execute(text(f"SELECT * FROM {table}")).all() for table in TABLES}
    every["state"] = [row[:-1] for row in every["state"]]
    return {table: sorted(map(repr, rows)) for table, rows in every.items()}


def erase(store: Store, people: People, ledger: Ledger, account: str) -> str:
    """As an erasure does: the key destroyed, the words deleted, an entry."""
    person = people.person(account)
    with store.write() as session:
        people.seals.destroy(session, person)
        session.connection().execute(text("DELETE FROM content WHERE holder = :p"), {"p": person})
    ledger.append("erasure", subject=f"e_{person}", facts={"person": person})
    return person


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("search.db*"))


def test_what_is_new_is_taken_in_before_it_is_looked_for(index: Index, say: Callable[..., str]) -> None:
    assert found(index, "cretino") == []
    say("Sei un cretino")
    assert found(index, "CRETÌNO") == [1]
    say("Il cretino di prima")
    assert found(index, "cretin*") == [2, 1]
    assert found(index, '"un cretino"') == [1]
    assert index.catch_up() == 0


def test_words_are_those_that_were_masked(index: Index, say: Callable[..., str]) -> None:
    say("Il codice è SEGRETO-77")
    assert found(index, "segreto") == []
    assert found(index, "77") == []
    assert found(index, "codice") == [1]
    assert found(index, "codice CODE") == []


def test_made_anew_it_is_the_same(
    index: Index, say: Callable[..., str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.index.BATCH", 3)
    for number in range(8):
        say(f"Sei un cretino numero {number}", author=f"slack:T1:U{number}")
        if number % 3 == 0:
            index.catch_up()
    told: list[tuple[int, int]] = []
    index.catch_up(lambda seen, last: told.append((seen, last)))
    followed = rows(store)
    assert len(followed["hit"]) == len(followed["words"]) == 8
    assert index.rebuild(lambda seen, last: told.append((seen, last))) == 8
    assert rows(store) == followed
    assert told[-1] == (8, 8)


def test_one_that_stopped_on_the_way_goes_on_from_there(
    index: Index, say: Callable[..., str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.index.BATCH", 2)
    for number in range(6):
        say(f"Parola {number}")

    def stop(seen: int, last: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.catch_up(stop)
    assert len(rows(store)["hit"]) == 2
    assert index.catch_up() == 4
    assert len(rows(store)["words"]) == 6


def test_two_at_once_double_nothing(
    say: Callable[..., str], store: Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.audit.index.BATCH", 4)
    for number in range(30):
        say(f"Sei un cretino {number}")
    indices = [Index(store, ledger) for _ in range(4)]
    taken: list[int] = []
    threads = [threading.Thread(target=lambda index=index: taken.append(index.catch_up())) for index in indices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 30
    followed = rows(store)
    indices[0].rebuild()
    assert rows(store) == followed
    for index in indices:
        index.close()


@pytest.mark.slow
def test_two_processes_at_once_double_nothing(
    on_sqlite: None, say: Callable[..., str], store: Store, index: Index, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for number in range(40):
        say(f"Sei un cretino {number}")
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    command = [sys.executable, "-c", "import bot.audit.index, bot.cli.commands, sys; bot.audit.index.BATCH = 3; "
               "sys.exit(bot.cli.commands.run(['audit', 'index']))"]  # fmt: skip
    running = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum(int(out.split()[0]) for out, _ in said) == 40
    followed = rows(store)
    index.rebuild()
    assert rows(store) == followed


def test_an_erased_persons_words_are_let_go_by_whoever_meets_the_entry(
    index: Index, say: Callable[..., str], store: Store, people: People, ledger: Ledger
) -> None:
    say("Zanzibar cretino", author=ANNA)
    say("Zagabria cretino", author=BRUNO)
    assert found(index, "cretino") == [2, 1]
    person = erase(store, people, ledger, ANNA)
    other = Index(store, ledger)
    assert found(other, "cretino") == [2]
    assert found(index, "zanzibar") == []
    assert [hit.seq for hit in index.search(Filters(pseudonym=person)).hits] == [1]
    followed = rows(store)
    index.rebuild()
    assert rows(store) == followed
    other.close()


def test_nothing_of_them_is_in_the_bytes(
    on_sqlite: None, index: Index, say: Callable[..., str], store: Store, people: People, ledger: Ledger,
    tmp_path: Path,
) -> None:  # fmt: skip
    for number in range(40):
        say(f"Zanzibar{number} cretino", author=ANNA)
        say(f"Zagabria{number} cretino", author=BRUNO)
        index.catch_up()  # a segment of the index each
    assert b"zanzibar1" in bytes_of(tmp_path / "data")
    erase(store, people, ledger, ANNA)
    index.catch_up()
    left = bytes_of(tmp_path / "data")
    assert b"zanzibar" not in left
    assert b"anzibar" not in left
    assert b"zagabria1" in left


def test_forgotten_at_once(
    on_sqlite: None, index: Index, say: Callable[..., str], store: Store, people: People, ledger: Ledger,
    tmp_path: Path,
) -> None:  # fmt: skip
    say("Zanzibar cretino")
    say("Zagabria", author=BRUNO)
    index.catch_up()
    with store.write() as session:
        people.seals.destroy(session, people.person(ANNA))
    ledger.append("erasure", subject="x", facts={"person": people.person(ANNA)})
    index.follow()
    assert b"zanzibar" not in bytes_of(tmp_path / "data")
    assert found(index, "zagabria") == [2]


def test_whoever_reads_delays_the_purge_and_does_not_prevent_it(
    on_sqlite: None, index: Index, say: Callable[..., str], store: Store, people: People, ledger: Ledger,
    tmp_path: Path,
) -> None:  # fmt: skip
    say("Zanzibar cretino")
    index.catch_up()
    with store.write() as session:
        people.seals.destroy(session, people.person(ANNA))
    ledger.append("erasure", subject="x", facts={"person": people.person(ANNA)})
    with closing(sqlite3.connect(tmp_path / "data" / "search.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM hit").fetchall()
        with pytest.raises(RecordError) as caught:
            index.follow()
        assert caught.value.code == "locked"
        assert found(index, "zanzibar") == []
        reader.execute("COMMIT")
    index.catch_up()
    assert b"zanzibar" not in bytes_of(tmp_path / "data")


def test_what_was_let_go_after_its_time_is_let_go_here(
    index: Index, say: Callable[..., str], store: Store, ledger: Ledger
) -> None:
    for word in ("Zanzibar", "Zagabria", "Zara", "Zurigo"):
        say(word)
    index.catch_up()
    with store.write() as session:
        session.connection().execute(text("DELETE FROM content WHERE seq IN (1, 2, 4)"))
    ledger.append("retention", subject="t_1", facts={"purged": [[1, 2], [4, 4]]})
    assert [found(index, word) for word in ("zanzibar", "zagabria", "zara", "zurigo")] == [[], [], [3], []]


def test_another_ledger_is_taken_in_anew(
    on_sqlite: None, index: Index, say: Callable[..., str], store: Store, people: People, tmp_path: Path
) -> None:
    say("Prima")
    store.close()
    database, copy = tmp_path / "data" / "vaglio.db", tmp_path / "copy.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(database, copy)
    say("Seconda")
    assert found(index, "seconda") == [2]
    store.close()
    for beside in ("-wal", "-shm"):
        Path(f"{database}{beside}").unlink(missing_ok=True)
    shutil.copy(copy, database)
    (tmp_path / "data" / "ledger.head").unlink()
    Ledger(store, tmp_path / "data" / "ledger.head", people).append("look", subject="l_1", facts={})
    assert found(index, "seconda") == []
    assert found(index, "prima") == [1]
    assert [hit.kind for hit in index.search(Filters()).hits] == ["look", "screening"]


@pytest.mark.parametrize("garbage", [b"no database " * 1_000, b"", b"SQLite format 3\0" + b"\xff" * 5_000])
def test_one_that_cannot_be_read_is_made_anew(
    on_sqlite: None, say: Callable[..., str], store: Store, ledger: Ledger, tmp_path: Path, garbage: bytes
) -> None:
    say("Zanzibar")
    first = Index(store, ledger)
    first.catch_up()
    first.close()
    for beside in ("-wal", "-shm"):
        (tmp_path / "data" / f"search.db{beside}").unlink(missing_ok=True)
    (tmp_path / "data" / "search.db").write_bytes(garbage)
    again = Index(store, ledger)
    assert found(again, "zanzibar") == [1]
    again.close()


def test_it_lies_apart_for_its_owner_alone(on_sqlite: None, index: Index, store: Store, tmp_path: Path) -> None:
    index.catch_up()
    assert stat.S_IMODE((tmp_path / "data" / "search.db").stat().st_mode) == 0o600
    with store.read() as session:
        names = session.connection().execute(text("SELECT name FROM sqlite_master")).scalars().all()
    assert not {"hit", "words", "party"} & set(names)


def test_a_text_that_was_changed_hides_no_other(index: Index, say: Callable[..., str], store: Store) -> None:
    for word in ("Zanzibar", "Zagabria", "Zara"):
        say(word)
    with store.write() as session:
        row = session.get(Content, 2)
        assert row is not None
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
        session.add(row)
    assert [found(index, word) for word in ("zanzibar", "zagabria", "zara")] == [[1], [], [3]]


def test_what_was_not_blanked_is_never_searched(index: Index, ledger: Ledger, people: People) -> None:
    person = people.person(ANNA)
    ledger.append("raw", subject="w_1", facts={}, actor=person, content=records.canonical({"text": "Zanzibar"}))
    ledger.append("appeal", subject="a_1", facts={}, actor=person, content=records.canonical({"why": "Zagabria"}))
    assert found(index, "zanzibar") == []
    assert found(index, "zagabria") == [2]


def test_an_entry_that_says_nothing_is_passed_over(index: Index, say: Callable[..., str], store: Store) -> None:
    say("Zanzibar")
    with store.write() as session:
        session.connection().execute(
            text("INSERT INTO entry VALUES (2, 'when?', 'odd', 'x', :body, 'h')"), {"body": b"[\xff"}
        )
    say("Zagabria")
    assert [hit.kind for hit in index.search(Filters()).hits] == ["screening", "odd", "screening"]


def test_no_keys_no_words(say: Callable[..., str], store: Store, people: People, tmp_path: Path) -> None:
    say("Zanzibar")
    other = People(store, Seals.open(tmp_path / "other-keys"))
    index = Index(store, Ledger(store, tmp_path / "data" / "ledger.head", other))
    assert found(index, "zanzibar") == []
    assert json.loads(json.dumps([hit.seq for hit in index.search(Filters(kind="screening")).hits])) == [1]
    index.close()
