"""The migrations make the tables that the code declares, forwards and back."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

from bot.addresses import StoreError, holds_password, without_passwords
from bot.audit import records
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.form import MIGRATIONS
from bot.people import People
from bot.store import Store


def _differences(connection: Connection) -> list[object]:
    """Those of procrastinate are its own: see tests/bot/test_queue.py."""
    ours = {"include_name": lambda name, kind, _: not (kind == "table" and name.startswith("procrastinate_"))}
    return list(compare_metadata(MigrationContext.configure(connection, opts=ours), SQLModel.metadata))


def test_the_migrated_tables_are_the_declared_ones(store: Store) -> None:
    with store.engine.connect() as connection:
        assert _differences(connection) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    before = inspect(store.engine).get_table_names()
    store.migrate()
    assert inspect(store.engine).get_table_names() == before


def test_the_way_back_leaves_nothing(store: Store) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = store._writing
    command.downgrade(config, "base")
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    store.migrate()
    with store.engine.connect() as connection:
        assert _differences(connection) == []


def test_people_go_forwards_and_back(store: Store) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = store._writing
    command.downgrade(config, "0001")
    with store.write() as session:
        for name in ("anna", "bruno"):
            session.connection().exec_driver_sql(
                f"INSERT INTO person (id, account) VALUES ('p_{name}', 'local:{name}')"
            )
    command.upgrade(config, "0002")
    with store.write() as session:
        for name in ("carla", "dario"):  # who have no account any more
            session.connection().exec_driver_sql(f"INSERT INTO person (id) VALUES ('p_{name}')")
    command.downgrade(config, "0001")
    with store.read() as session:
        found = session.connection().exec_driver_sql("SELECT id, account FROM person ORDER BY id").all()
    assert [tuple(row) for row in found] == [
        *(("p_anna", "local:anna"), ("p_bruno", "local:bruno")),
        *(("p_carla", "none:p_carla"), ("p_dario", "none:p_dario")),
    ]


def test_words_of_an_older_form_are_sealed_and_come_back(store: Store, seals: Seals, ledger: Ledger) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(engine=store._writing, seals=seals)
    command.downgrade(config, "0002")
    said = {"v": 1, "seq": 1, "at": "2026-01-01T00:00:00.000000Z", "kind": "screening", "subject": "s_1",
            "actor": "p_1", "previous": records.GENESIS, "facts": {}}  # fmt: skip
    salt, words = b"s" * 32, b'{"text":"zampogna"}'
    body = records.canonical({**said, "commitment": records.commitment(salt, words)})
    row = {"at": said["at"], "body": body, "hash": records.digest(body), "salt": salt, "words": words}
    with store.write() as session:
        for statement in (
            "INSERT INTO person (id) VALUES ('p_1')",
            "INSERT INTO identity VALUES ('slack:T1:UANNA', 'p_1')",
            "INSERT INTO entry VALUES (1, :at, 'screening', 's_1', :body, :hash)",
            "INSERT INTO content VALUES (1, :salt, :words)",
        ):
            session.connection().execute(text(statement), row)
    command.upgrade(config, "head")
    assert People(store, seals).accounts("p_1") == ("slack:T1:UANNA",)
    assert ledger.words([1]) == {1: words}
    assert ledger.verify().is_sound
    command.downgrade(config, "0002")
    with store.read() as session:
        assert session.connection().execute(text("SELECT account, person FROM identity")).one() == (
            "slack:T1:UANNA", "p_1",
        )  # fmt: skip
        kept = session.connection().execute(text("SELECT salt, body FROM content")).one()
    assert (bytes(kept[0]), bytes(kept[1])) == (salt, words)
    config.attributes["seals"] = None
    with pytest.raises(RecordError):
        command.upgrade(config, "head")
    store.migrate(seals)


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a' / 'b' / 'vaglio.db'}")
    store.migrate()
    store.close()
    assert (tmp_path / "a" / "b" / "vaglio.db").is_file()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "memory"),
        ("vaglio.db", "not an address"),
        ("http://host:port/x", "not an address"),
        ("nosuch://user:SEGRETA@host/x", "nosuch"),
        ("oracle+cx_oracle://user:SEGRETA@host/x", "oracle"),
        ("postgresql://vaglio:x@SEGRETA@host/x", "one @ too many"),
        ("postgresql://vaglio:x@SEG/RETA@host:5432/x", "one @ too many"),
        ("postgresql://vaglio:x@y/z?SEGRETA@host/x", "one @ too many"),
    ],
)
def test_an_address_that_keeps_no_record_is_refused_by_its_name(url: str, said: str) -> None:
    with pytest.raises(StoreError, match="VAGLIO_DATABASE_URL") as refused:
        Store(url)
    assert said in str(refused.value)
    assert "SEGRETA" not in str(refused.value)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    store = Store(f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}")
    with pytest.raises(RecordError) as refused:
        store.migrate()
    assert (refused.value.code, refused.value.place) == ("rights", str(tmp_path / "data" / "vaglio.db"))


@pytest.mark.parametrize("statement", ["DROP TABLE alembic_version", "UPDATE alembic_version SET version_num = 'x'"])
def test_tables_of_another_making_are_not_migrated(store: Store, statement: str) -> None:
    with store.write() as session:
        session.connection().exec_driver_sql(statement)
    with pytest.raises(RecordError) as refused:
        store.migrate()
    assert refused.value.code == "tables"


def test_whoever_writes_and_wants_to_write_besides_is_told_at_once(store: Store) -> None:
    """And does not wait for themselves, for a minute, while nobody else can write either."""
    with store.write(), pytest.raises(RuntimeError, match="wait for themselves"), store.write():
        pass
    with store.write(), store.read():
        pass


@pytest.mark.parametrize(
    "url", ["vaglio.db", "sqlite://", "oracle://anna:SEGRETA@host/x", "postgresql://anna:SEGRETA@h"]
)
def test_what_is_wrong_with_it_is_said_by_where_it_was_given(url: str) -> None:
    with pytest.raises(StoreError, match=r"^THERE") as refused:
        Store(url, named="THERE")
    assert "VAGLIO_DATABASE_URL" not in str(refused.value)
    # Of an argument, leaving it empty is no remedy.
    assert "empty" not in str(refused.value)
    assert "SEGRETA" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("postgresql://vaglio@h:5432/d", False), ("postgresql:///d?host=/run", False), ("sqlite:///a:b@c.db", False),
        ("postgresql://vaglio:x@h/d", True), ("postgresql://vaglio@h/d?password=x", True),
        ("postgresql://vaglio@h/d?sslpassword=x", True), ("postgresql://vaglio:x@h:port/d", True),
    ],
)  # fmt: skip
def test_whether_an_address_shows_a_password(url: str, holds: bool) -> None:
    assert holds_password(url) is holds


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("extra argument (postgresql://vaglio:x@y@h/d)", "extra argument (postgresql://•••@h/d)"),
        ("postgresql://h/d?password=x&sslpassword=y", "postgresql://h/d?password=•••&sslpassword=•••"),
        ("nothing of the kind: a@b, https://acme.example/x", "nothing of the kind: a@b, https://acme.example/x"),
    ],
)
def test_no_sentence_repeats_a_password(said: str, shown: str) -> None:
    assert without_passwords(said) == shown
