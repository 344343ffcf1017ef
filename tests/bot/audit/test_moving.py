"""From one file to a server: everything or nothing, the same on both sides, and never two records of one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from every_table import fill_all
from hypothesis import given
from hypothesis import strategies as st
from postgres import Server
from records_made import AT, Made, fill
from sqlalchemy import Column, LargeBinary, MetaData, Table, text

from bot.addresses import StoreError
from bot.audit import copying, moving
from bot.audit.checkpoints import Checkpoints
from bot.audit.errors import RecordError
from bot.audit.evidence import read_place
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.moved import read_note
from bot.audit.moving import Moved, Moving
from bot.audit.recipients import put
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.audit.transfers import TransferError
from bot.jobs import depth
from bot.people import People
from bot.store import Store


class House:
    """An installation whose record lies in a file, with something in every table, and an empty database."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.folder, self.server = folder, server
        self.data, self.keys, self.evidence = folder / "data", folder / "keys", folder / "evidence"
        self.evidence.mkdir()
        made = Made.open(folder, is_new=True)
        fill(made)
        fill_all(made.store)
        checkpoints = Checkpoints(made.store, SigningKeys(self.keys))
        signed = checkpoints.make(AT)
        put(self.evidence, signed.statement().number, signed)
        self.words = made.ledger.words(range(1, 99))
        made.store.close()
        self.file = made.database
        self.name = server.create()
        self.to = server.url(self.name)

    def moving(self, **more: Any) -> Moving:
        places = [read_place(self.evidence)]
        return Moving(f"sqlite:///{self.file}", self.data, self.keys, places, "local:owner", **more)

    def move(self, to: str | None = None, **more: Any) -> Moved:
        return self.moving(**more).move(to or self.to, AT)

    def there(self) -> Store:
        return Store(self.to, keeps_open=False)

    def is_empty_there(self) -> bool:
        with closing(self.there()) as store, store.read() as session:
            return session.connection().execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
                                                ).scalar() == 0  # fmt: skip

    def bytes(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    def ledger(self, store: Store) -> Ledger:
        return Ledger(store, self.data / "ledger.head", People(store, Seals.open(self.keys)))


@pytest.fixture
def house(tmp_path: Path, postgres_server: Server) -> Iterator[House]:
    house = House(tmp_path, postgres_server)
    yield house
    postgres_server.drop(house.name)


def test_everything_is_there_and_the_same(house: House) -> None:
    (house.data / "search.db").write_bytes(b"words in clear")
    before = house.bytes()
    done = house.move()
    assert house.bytes() == before
    assert done.rows["entry"] == done.count - 1 > 10
    assert all(done.rows[table.name] for table in copying.tables())
    with closing(Store(f"sqlite:///{house.file}", read_only=True)) as here, closing(house.there()) as there:
        for table in copying.tables():
            with here.read() as one, there.read() as other:
                rows = [sorted(map(repr, each.connection().execute(table.select()))) for each in (one, other)]
            # The move itself is one entry more, by somebody who may be new.
            assert set(rows[0]) <= set(rows[1]), table.name
            assert len(rows[1]) - len(rows[0]) <= 1, table.name
        ledger = house.ledger(there)
        found = ledger.verify()
        assert (found.faults, found.count, found.head, found.lag) == ((), done.count, done.head, 0)
        assert ledger.words(range(1, 99)) == house.words
        newest = ledger.entries(newest=1)[0]
        assert (newest.kind, json.loads(newest.body)["facts"]["count"]) == ("move", done.count - 1)
        # What was acknowledged is answered there.
        with there.read() as session:
            assert depth(session, "event", 99) == done.rows["pending"] == 7
        # Numbers that the server gives itself go on.
        assert _next_revision(there) == max(range(1, 8)) + 1
        ledger.append("note", subject="n_after", facts={})
        assert ledger.verify().is_sound
    assert not (house.data / "search.db").exists()


def _next_revision(store: Store) -> int:
    with store.write() as session:
        return int(
            session.connection()
            .execute(text("INSERT INTO revision (revision, at, note, bundle) VALUES ('p@1', 0, '', '') RETURNING seq"))
            .scalar_one()
        )


def test_guards_are_in_force_there(house: House) -> None:
    house.move()
    with closing(house.there()) as there:
        for statement in ("UPDATE entry SET kind = 'x'", "DELETE FROM entry", "TRUNCATE entry CASCADE"):
            with pytest.raises(Exception, match="the ledger only grows"), there.write() as session:
                session.connection().exec_driver_sql(statement)


def test_the_file_is_not_gone_on_with(house: House) -> None:
    house.move()
    note = read_note(house.file)
    assert note is not None
    assert (note.state, "vaglio@" in note.model_dump_json()) == ("moved", False)
    with pytest.raises(RecordError) as caught:
        house.move(house.server.url("other"))
    assert caught.value.code == "moved"


@pytest.mark.parametrize("step", ["_copied", "_look_at_both", "_on_record", "write_note"])
def test_broken_off_before_the_end_nothing_is_there(house: House, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving if step == "write_note" else Moving, step, broken)
        with pytest.raises(KeyboardInterrupt):
            house.move()
    assert house.is_empty_there()
    assert read_note(house.file) is None
    assert house.move().count


@pytest.mark.parametrize("was_committed", [True, False])
def test_broken_off_in_the_very_end_the_next_call_knows(
    house: House, was_committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = moving.write_note

    def broken(file: Path, note: Any) -> None:
        real(file, note)
        if not was_committed:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moving, "write_note", broken)
        if was_committed:
            patched.setattr(Moving, "_finish", broken_finish)
        with pytest.raises(KeyboardInterrupt):
            house.move()
    note = read_note(house.file)
    assert note is not None
    assert note.state == "moving"
    assert house.is_empty_there() is not was_committed
    # Whichever it was: naming another place would make two.
    with pytest.raises(TransferError) as caught:
        house.move(house.server.url("elsewhere"))
    assert caught.value.code == "other"
    done = house.move()
    assert bool(done.rows) is not was_committed
    with closing(house.there()) as there:
        found = house.ledger(there).verify()
        assert (found.faults, found.count, found.lag) == ((), done.count, 0)
        assert [entry.kind for entry in house.ledger(there).entries()].count("move") == 1


def broken_finish(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_is_committed_only_now_is_not_taken_for_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may still be at the transaction of a call that is gone, when the next one looks."""
    with monkeypatch.context() as patched:
        patched.setattr(Moving, "_finish", broken_finish)
        with pytest.raises(KeyboardInterrupt):
            house.move()
    with monkeypatch.context() as patched:
        patched.setattr(Moving, "_arrived", lambda *_: False)
        with pytest.raises(TransferError) as caught:
            house.move()
    assert caught.value.code == "not_empty"
    note = read_note(house.file)
    assert note is not None, "somebody would go on here, and somebody there"
    assert note.state == "moving"
    assert house.move().count == note.entry.count


def test_what_arrives_otherwise_is_not_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = copying.copy

    def altered(source: Any, target: Any, table: Any, told: Any) -> Any:
        found = real(source, target, table, told)
        if table.name == "card":
            target.exec_driver_sql("UPDATE card SET message = 'x' WHERE about = (SELECT min(about) FROM card)")
        return found

    monkeypatch.setattr(copying, "copy", altered)
    with pytest.raises(TransferError, match="card") as caught:
        house.move()
    assert caught.value.code == "differs"
    assert house.is_empty_there()


def test_a_record_with_a_fault_stays_where_it_is(house: House) -> None:
    with closing(sqlite3.connect(house.file)) as file:
        file.execute("DROP TRIGGER entry_no_update")
        file.execute("UPDATE entry SET subject = 's_x' WHERE seq = 4")
        file.commit()
    with pytest.raises(TransferError) as caught:
        house.move()
    assert caught.value.code == "fault"
    assert house.is_empty_there()


def test_a_record_that_its_checkpoints_do_not_know_stays_where_it_is(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(house.keys, other / "keys")
    made = Made.open(other, is_new=True)
    fill(made, rounds=5)
    made.store.close()
    places = [read_place(house.evidence)]
    with pytest.raises(TransferError) as caught:
        Moving(f"sqlite:///{made.database}", other / "data", other / "keys", places, "local:x").move(house.to, AT)
    assert caught.value.code == "checkpoints"
    assert house.is_empty_there()


def test_under_another_master_key_nothing_is_moved(house: House) -> None:
    (house.keys / "master.key").write_bytes(os.urandom(32))
    with pytest.raises(RecordError) as caught:
        house.move()
    assert caught.value.code == "master"
    assert house.is_empty_there()


@pytest.mark.parametrize(
    "made", ["CREATE TABLE anything (x integer)", "CREATE SCHEMA s; CREATE VIEW s.v AS SELECT 1", "CREATE SEQUENCE q"]
)
def test_nothing_is_written_over(house: House, made: str) -> None:
    with house.server.admin(house.name) as admin:
        admin.execute(made.encode())
    with pytest.raises(TransferError) as caught:
        house.move()
    assert caught.value.code == "not_empty"
    assert read_note(house.file) is None


def test_a_database_of_another_encoding_is_refused(house: House) -> None:
    with house.server.admin() as admin:
        admin.execute(b"CREATE DATABASE latin OWNER vaglio TEMPLATE template0 ENCODING 'LATIN1'")
    with pytest.raises(StoreError, match="LATIN1"):
        house.move(house.server.url("latin"))
    house.server.drop("latin")


def test_without_rights_nothing_is_moved(house: House) -> None:
    with house.server.admin(house.name) as admin:
        admin.execute(b"ALTER SCHEMA public OWNER TO postgres")
        admin.execute(b"REVOKE ALL ON SCHEMA public FROM PUBLIC, vaglio")
        admin.execute(b"GRANT USAGE ON SCHEMA public TO vaglio")
    with pytest.raises(RecordError) as caught:
        house.move()
    assert caught.value.code == "rights"
    with pytest.raises(RecordError) as caught:
        house.move(house.server.url("no_such_database"))
    assert caught.value.code == "absent"


def test_only_a_file_moves_and_only_to_a_server(house: House, tmp_path: Path) -> None:
    with pytest.raises(TransferError) as caught:
        house.move(f"sqlite:///{tmp_path / 'new.db'}")
    assert caught.value.code == "target"
    assert not (tmp_path / "new.db").exists()


def test_taken_back_the_file_goes_on_and_says_so(house: House) -> None:
    before = HeadFile(house.data / "ledger.head").read()
    house.move()
    house.moving().undo(AT)
    assert read_note(house.file) is None
    with closing(Store(f"sqlite:///{house.file}")) as store:
        ledger = house.ledger(store)
        found = ledger.verify()
        assert before is not None
        assert (found.faults, found.count) == ((), before.count + 1)
        assert json.loads(ledger.entries(newest=1)[0].body)["facts"]["to"] == "sqlite"
        assert HeadFile(house.data / "ledger.head").read() == Head(found.count, found.head)
    with pytest.raises(TransferError) as caught:
        house.moving().undo(AT)
    assert caught.value.code == "not_moved"


def test_taken_back_it_says_what_is_known_of_the_entries_that_stay_there(house: House) -> None:
    done = house.move()
    with closing(house.there()) as there:
        for number in range(2):
            house.ledger(there).append("note", subject=f"n_after_{number}", facts={})
    house.moving().undo(AT)
    with closing(Store(f"sqlite:///{house.file}")) as store:
        ledger = house.ledger(store)
        assert ledger.verify().is_sound
        facts = json.loads(ledger.entries(newest=1)[0].body)["facts"]
        assert facts["lost"] == [done.count + 1, done.count + 2]


def test_it_is_not_taken_back_once_it_has_gone_on_elsewhere(house: House) -> None:
    house.move()
    with closing(house.there()) as there:
        house.ledger(there).append("note", subject="n_after", facts={})
        signed = Checkpoints(there, SigningKeys(house.keys)).make(AT)
        put(house.evidence, signed.statement().number, signed)
    with pytest.raises(TransferError) as caught:
        house.moving().undo(AT)
    assert caught.value.code == "went_on"
    assert read_note(house.file) is not None


_VALUES = st.one_of(
    st.none(), st.text(max_size=4), st.binary(max_size=4), st.integers(-9, 9), st.floats(allow_nan=False), st.booleans()
)
_ROWS = st.lists(st.tuples(_VALUES, _VALUES), max_size=5)


@given(one=_ROWS, other=_ROWS, chance=st.randoms())
def test_two_tables_have_one_digest_only_if_they_hold_the_same(one: list[Any], other: list[Any], chance: Any) -> None:
    table = Table("t", MetaData(), Column("a", LargeBinary), Column("b", LargeBinary))

    def digest(rows: list[Any]) -> copying.Contents:
        found = copying.Sum(table)
        for row in rows:
            found.take(row)
        return found.contents()

    def same(row: tuple[Any, ...]) -> tuple[Any, ...]:
        # 0, 0.0, -0.0 and False are equal to Python, and not to a database; a server's texts hold no NUL.
        shown = (each.replace("\0", "␀") if isinstance(each, str) else each for each in row)
        return tuple((type(each), repr(each)) for each in shown)

    assert (digest(one) == digest(other)) is (sorted(map(same, one), key=str) == sorted(map(same, other), key=str))
    assert digest(chance.sample(one, len(one))) == digest(one)
