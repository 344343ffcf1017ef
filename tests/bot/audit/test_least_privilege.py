"""The user of a running Vaglio on a server can do all that Vaglio does, and nothing that would alter the record."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import Server
from sqlmodel import SQLModel

from bot.audit import copying, rights
from bot.audit.backup import Backups
from bot.audit.checkpoints import Checkpoints
from bot.audit.erasure import Erasures, purge_leavings
from bot.audit.errors import RecordError
from bot.audit.filters import Filters
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.restore import Restoring
from bot.audit.retention import Retention
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.people import People
from bot.store import Store
from bot.tables import Revision
from rules.keeping import Keeping

pytestmark = pytest.mark.postgres_only("a file has no users of its own")
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def lesser(postgres_database: str) -> str:
    """The address for the lesser user; the tables are its owner's, and it was granted what it needs."""
    return postgres_database.replace("vaglio@", "vaglio_app@")


@pytest.fixture
def clearing(postgres_server: Server, postgres_database: str, lesser: str) -> str:
    """The address of whoever clears the files of what was deleted: before PostgreSQL 17 only the owner can."""
    return lesser if postgres_server.version >= 17 else postgres_database


@pytest.fixture
def admin(postgres_server: Server, lesser: str) -> Iterator[psycopg.Connection[Any]]:
    with postgres_server.admin(lesser.split("/")[3].split("?")[0]) as admin:
        yield admin


def test_of_every_table_it_is_said_who_may_do_what() -> None:
    assert {table.name for table in copying.tables()} == rights.RIGHTS.keys() - {"alembic_version"}
    assert set(SQLModel.metadata.tables) <= rights.RIGHTS.keys()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET kind = 'x'",
        "UPDATE entry SET seq = seq",
        "DELETE FROM entry",
        "TRUNCATE entry CASCADE",
        "ALTER TABLE entry DISABLE TRIGGER entry_no_update",
        "ALTER TABLE entry DISABLE TRIGGER ALL",
        "DROP TRIGGER entry_no_update ON entry",
        "CREATE TRIGGER mine BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION entry_only_grows()",
        "CREATE RULE mine AS ON UPDATE TO entry DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION entry_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$",
        "ALTER FUNCTION entry_only_grows() SET search_path = x",
        "DROP FUNCTION entry_only_grows() CASCADE",
        "ALTER TABLE entry ADD COLUMN more integer",
        "ALTER TABLE entry RENAME TO other",
        "ALTER TABLE entry OWNER TO vaglio_app",
        "DROP TABLE entry CASCADE",
        "DROP SCHEMA public CASCADE",
        "INSERT INTO entry VALUES (1, '', '', '', '', '') ON CONFLICT (seq) DO UPDATE SET kind = 'x'",
        "SET session_replication_role = replica",
        "SET ROLE vaglio",
        "CREATE TABLE more (x integer)",
        "UPDATE alembic_version SET version_num = '0001'",
        "UPDATE checkpoint SET body = ''",
        "DELETE FROM checkpoint",
        "DELETE FROM revision",
        "UPDATE content SET sealed = ''",
        "TRUNCATE content",
    ],
)
def test_the_server_refuses_what_would_alter_the_record(lesser: str, statement: str) -> None:
    with psycopg.connect(lesser) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_it_grants_itself_nothing(lesser: str) -> None:
    """The server says so with a warning only."""
    with psycopg.connect(lesser) as connection:
        connection.execute("GRANT UPDATE ON entry TO vaglio_app")
    assert _excess(lesser) == []


@pytest.mark.postgres_since(17, "only the owner clears the files of what was deleted")
def test_all_that_vaglio_does_goes_on(lesser: str, tmp_path: Path) -> None:
    """The chats' own tests run under this user too."""
    seals = Seals.open(tmp_path / "keys")
    with closing(Store(lesser)) as store:
        store.migrate(seals)
        people = People(store, seals)
        ledger = Ledger(store, tmp_path / "data" / "ledger.head", people)
        anna, bruno = people.person("slack:T1:UANNA"), people.person("slack:T1:UBRUNO")
        for number, (person, days) in enumerate([(anna, 400), (anna, 1), (bruno, 1)]):
            ledger.append("appeal", subject=f"a_{number}", facts={}, actor=person, at=NOON - timedelta(days=days),
                          content=b'{"text":"Ciao a tutti"}')  # fmt: skip
        with closing(Index(store, ledger)) as index:
            index.follow()
            assert Retention(store, ledger, index).let_go(Keeping(), "p@1", NOON) == 1
            erased = Erasures(store, ledger, people, tmp_path / "keys" / "erased", index).erase(
                anna, by=bruno, reason="", at=NOON
            )
            assert erased is not None
            assert erased.words == 1
            purge_leavings(store, index)
            assert 3 in list(index.select(Filters()))
        Checkpoints(store, SigningKeys(tmp_path / "keys")).make(NOON)
        assert ledger.verify().is_sound
        with store.read() as session:
            assert rights.excess(session.connection()) == []
            assert rights.lacking(session.connection()) == []


def test_it_makes_a_backup_and_the_owner_puts_it_back(
    lesser: str, postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sequences, the queue's tables and a schema that is another's are in the way of `pg_dump`, or are not."""
    monkeypatch.setenv("PATH", str(postgres_server.tools), prepend=os.pathsep)
    seals, data = Seals.open(tmp_path / "keys"), tmp_path / "data"
    with closing(Store(lesser)) as store:
        people = People(store, seals)
        ledger = Ledger(store, data / "ledger.head", people)
        anna = people.person("slack:T1:UANNA")
        ledger.append("appeal", subject="a_1", facts={}, actor=anna, content=b'{"text":"Ciao a tutti"}')
        with closing(Index(store, ledger)) as index:
            index.catch_up()
        made = Backups(store, ledger, data, []).make(tmp_path / "backup", by=anna, at=NOON)
    name = postgres_server.create()
    try:
        there = postgres_server.url(name)
        Restoring(there, tmp_path / "new", tmp_path / "keys", [], "local:owner").put_back(made.folder, NOON)
        with closing(Store(there, keeps_open=False)) as store, store.write() as session:
            rights.grant(session.connection(), "vaglio_app")
        with closing(Store(there.replace("vaglio@", "vaglio_app@"), keeps_open=False)) as store:
            assert Ledger(store, tmp_path / "new" / "ledger.head", People(store, seals)).verify().is_sound
            with store.write() as session:
                session.add(Revision(revision="p@1", at=0.0, bundle=b""))
            with store.read() as session:
                assert (rights.excess(session.connection()), rights.lacking(session.connection())) == ([], [])
    finally:
        postgres_server.drop(name)


def test_what_was_deleted_is_cleared_from_the_files(clearing: str, admin: psycopg.Connection[Any]) -> None:
    admin.execute("ALTER SYSTEM SET autovacuum = off")
    with closing(Store(clearing)) as store:
        with store.write() as session:
            session.connection().exec_driver_sql("INSERT INTO card VALUES ('a', 'b', 'SEGRETO'), ('c', 'd', 'e')")
        with store.write() as session:
            session.connection().exec_driver_sql("DELETE FROM card WHERE about = 'a'")
        admin.execute("CREATE EXTENSION IF NOT EXISTS pageinspect")
        assert b"SEGRETO" in _page(admin)
        store.purge()
        assert b"SEGRETO" not in _page(admin)


def test_no_sample_is_taken_of_what_is_sealed(clearing: str, admin: psycopg.Connection[Any]) -> None:
    """The server's statistics of a column are values of it, and outlive the rows."""
    sampled = admin.execute(
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE a.attname IN ('wrapped', 'sealed') AND c.relkind = 'r' AND a.attstattarget IS DISTINCT FROM 0"
    ).fetchall()
    assert sampled == []
    with closing(Store(clearing)) as store:
        with store.write() as session:
            session.connection().exec_driver_sql(
                "INSERT INTO person (id, team) SELECT n, 'TEAM-404' FROM generate_series(1, 99) n"
            )
            session.connection().exec_driver_sql("INSERT INTO person (id) VALUES ('more')")
        admin.execute("ANALYZE person")
        assert _sampled(admin, "TEAM-404")
        with store.write() as session:
            session.connection().exec_driver_sql("DELETE FROM person WHERE team = 'TEAM-404'")
        store.purge()
        assert not _sampled(admin, "TEAM-404")


def test_no_account_outlives_its_rows_in_a_sample(clearing: str, admin: psycopg.Connection[Any]) -> None:
    """Of a table that has become empty the server takes no new samples, and would keep the old ones for ever."""
    with closing(Store(clearing)) as store:
        with store.write() as session:
            for statement in (
                "INSERT INTO card SELECT n, 'telegram:404', '404' FROM generate_series(1, 99) n",
                "INSERT INTO awaited SELECT n, 'SEALED-404', 0 FROM generate_series(1, 99) n",
            ):
                session.connection().exec_driver_sql(statement)
        admin.execute("ANALYZE")
        with store.write() as session:
            session.connection().exec_driver_sql("DELETE FROM card")
            session.connection().exec_driver_sql("DELETE FROM awaited")
        store.purge()
        assert not _sampled(admin, "telegram:404")
        assert not _sampled(admin, "SEALED-404")


def test_no_word_outlives_its_rows_in_a_sample(clearing: str, admin: psycopg.Connection[Any], tmp_path: Path) -> None:
    """The index for searching holds masked words, and it may have held those of one person alone."""
    seals = Seals.open(tmp_path / "keys")
    with closing(Store(clearing)) as store:
        people = People(store, seals)
        ledger = Ledger(store, tmp_path / "data" / "ledger.head", people)
        anna = people.person("slack:T1:UANNA")
        for number in range(60):
            ledger.append("appeal", subject=f"a_{number}", facts={}, actor=anna, content=b'{"text":"La zampogna"}')
        with closing(Index(store, ledger)) as index:
            index.catch_up()
            admin.execute("INSERT INTO search.heard SELECT n, '', 'zampogna', 'it', 0, '' FROM generate_series(1, 9) n")
            admin.execute("ANALYZE")
            assert _sampled(admin, "zampogna")
            admin.execute("DELETE FROM search.heard")
            erasures = Erasures(store, ledger, people, tmp_path / "keys" / "erased", index)
            assert erasures.erase(anna, by=None, reason="", at=NOON)
            purge_leavings(store, index)
        assert not _sampled(admin, "zampogna")


def _sampled(admin: psycopg.Connection[Any], value: str) -> bool:
    """Whether the server keeps it for its planner."""
    found = admin.execute(
        "SELECT count(*) FROM pg_stats WHERE strpos(concat(most_common_vals::text, histogram_bounds::text, "
        "most_common_elems::text), %s) > 0",
        [value],
    )
    return found.fetchone() != (0,)


def _page(admin: psycopg.Connection[Any]) -> bytes:
    return bytes(admin.execute("SELECT get_raw_page('card', 0)").fetchone()[0])  # type: ignore[index]


@pytest.mark.postgres_since(17, "there is no such right to take away")
def test_without_the_right_to_it_nobody_says_that_it_was_cleared(lesser: str, admin: psycopg.Connection[Any]) -> None:
    """As before PostgreSQL 17, whose servers pass over what is not theirs with a warning."""
    admin.execute("REVOKE MAINTAIN ON personkey FROM vaglio_app")
    with closing(Store(lesser)) as store, pytest.raises(RecordError) as caught:
        store.purge()
    assert caught.value.code == "purge"


@pytest.mark.parametrize(("form", "code"), [("0005", "behind"), ("9999", "newer")])
def test_it_migrates_nothing_and_says_who_has_to(
    lesser: str, admin: psycopg.Connection[Any], form: str, code: str
) -> None:
    admin.execute("UPDATE alembic_version SET version_num = %s", [form])
    with closing(Store(lesser)) as store, pytest.raises(RecordError) as caught:
        store.migrate()
    assert caught.value.code == code
    assert admin.execute("SELECT version_num FROM alembic_version").fetchall() == [(form,)]


def test_an_empty_database_waits_for_its_owner(postgres_server: Server) -> None:
    name = postgres_server.create()
    with closing(Store(postgres_server.url(name, user="vaglio_app"))) as store, pytest.raises(RecordError) as caught:
        store.migrate()
    assert caught.value.code == "behind"
    postgres_server.drop(name)


def _excess(address: str) -> list[str]:
    with closing(Store(address, keeps_open=False)) as store, store.read() as session:
        return rights.excess(session.connection())


def test_whoever_can_do_more_is_named(postgres_database: str, lesser: str, admin: psycopg.Connection[Any]) -> None:
    assert "owner" in _excess(postgres_database)
    assert "superuser" in _excess(postgres_database.replace("vaglio@", "postgres@"))
    admin.execute("GRANT UPDATE, TRIGGER ON entry TO vaglio_app")
    admin.execute("GRANT TRUNCATE ON content TO PUBLIC")
    admin.execute("GRANT CREATE ON SCHEMA public TO vaglio_app")
    assert _excess(lesser) == ["CREATE", "TRUNCATE content", "TRIGGER entry", "UPDATE entry"]


@pytest.mark.postgres_since(16, "whoever is granted a role inherits all of it")
def test_whoever_may_become_the_owner_is_named(
    postgres_database: str, lesser: str, admin: psycopg.Connection[Any]
) -> None:
    """Without inheriting anything: `SET ROLE` is enough."""
    admin.execute("GRANT vaglio TO vaglio_app WITH INHERIT FALSE")
    try:
        assert _excess(lesser) == ["owner"]
        with closing(Store(postgres_database)) as store, store.read() as session:
            assert rights.standing(session.connection(), "vaglio_app")
    finally:
        admin.execute("REVOKE vaglio FROM vaglio_app")


def test_it_sees_that_somebody_else_is_connected(lesser: str, admin: psycopg.Connection[Any]) -> None:
    """Of other users' connections the server tells it little: who replaces keys must not take them for nobody."""
    with closing(Store(lesser)) as store:
        with pytest.raises(RecordError) as caught:
            store.look_that_nobody_else_is_here()
        assert caught.value.code == "in_use"
        admin.close()
        until = time.monotonic() + 20
        while _is_somebody_here(store) and time.monotonic() < until:
            time.sleep(0.02)
        store.look_that_nobody_else_is_here()


def _is_somebody_here(store: Store) -> bool:
    try:
        store.look_that_nobody_else_is_here()
    except RecordError:
        return True
    return False


def test_granted_once_more_what_was_too_much_is_gone(
    postgres_database: str, lesser: str, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("SET ROLE vaglio")
    admin.execute("GRANT UPDATE, TRIGGER ON entry TO vaglio_app")
    admin.execute("REVOKE SELECT ON content FROM vaglio_app")
    with closing(Store(postgres_database)) as store, store.write() as session:
        assert rights.granted(session.connection()) == ["vaglio_app"]
        rights.grant(session.connection(), "vaglio_app")
    assert _excess(lesser) == []


@pytest.fixture
def as_before_15(postgres_server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A database as PostgreSQL 13 and 14 make it: in its schema everybody may make things, and only the administrator,
    whose it is, can take that away. Its tables are made."""
    name = postgres_server.create()
    with postgres_server.admin(name) as admin:
        admin.execute("ALTER SCHEMA public OWNER TO postgres")
        admin.execute("GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC")
        with closing(Store(postgres_server.url(name), keeps_open=False)) as store:
            store.migrate()
        yield postgres_server.url(name), admin
    postgres_server.drop(name)


@pytest.mark.parametrize("only_adds", [False, True])
def test_a_user_who_may_make_operators_is_granted_nothing(
    as_before_15: tuple[str, psycopg.Connection[Any]], only_adds: bool
) -> None:
    """The owner's own statements would run them. That this cannot be taken away the server says with a warning only."""
    address, admin = as_before_15

    def grant() -> None:
        with closing(Store(address, keeps_open=False)) as store, store.write() as session:
            rights.grant(session.connection(), "vaglio_app", only_adds=only_adds)

    with pytest.raises(rights.GrantError) as refused:
        grant()
    taken, _, given = refused.value.remedy.partition("; ")
    assert taken == "REVOKE CREATE ON SCHEMA public FROM PUBLIC, vaglio_app"
    assert given == "GRANT CREATE ON SCHEMA public TO vaglio"
    for language in ("it", "en"):
        assert refused.value.remedy in refused.value.show(language)
    has = "SELECT has_table_privilege('vaglio_app', 'entry', 'SELECT')"
    assert admin.execute(has).fetchone() == (False,)
    admin.execute(refused.value.remedy.encode())
    grant()
    assert _excess(address.replace("vaglio@", "vaglio_app@")) == []
    may = "SELECT has_schema_privilege('vaglio', 'public', 'CREATE')"
    assert admin.execute(may).fetchone() == (True,), "the next migration wants it"


def test_what_only_an_older_release_needed_stays_until_it_is_taken_away(
    postgres_database: str, admin: psycopg.Connection[Any]
) -> None:
    """While one process after another becomes the newer release, the older ones go on."""
    admin.execute("SET ROLE vaglio")
    admin.execute("CREATE TABLE older (x integer)")
    admin.execute("GRANT SELECT, INSERT ON older TO vaglio_app")
    admin.execute("REVOKE SELECT ON content FROM vaglio_app")
    for only_adds, kept in ((True, True), (False, False)):
        with closing(Store(postgres_database, keeps_open=False)) as store, store.write() as session:
            rights.grant(session.connection(), "vaglio_app", only_adds=only_adds)
        has = "SELECT has_table_privilege('vaglio_app', %s, 'SELECT')"
        assert admin.execute(has, ["older"]).fetchone() == (kept,)
        assert admin.execute(has, ["content"]).fetchone() == (True,)
