"""PostgreSQL by one setting: its address, what it refuses, and what nobody is shown of either."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from postgres import Server, password
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError
from sqlmodel import Session

from bot import store as stores
from bot.addresses import StoreError
from bot.audit import archives, dumps
from bot.audit.errors import Code, RecordError, why
from bot.audit.ledger import Ledger
from bot.audit.seals import Seals
from bot.audit.transfers import TransferError
from bot.people import People
from bot.store import Store
from bot.tables import Entry, Identity, Person, Revision, Tally

pytestmark = pytest.mark.postgres_only("it is about PostgreSQL")


@pytest.fixture
def guarded(postgres_server: Server) -> Iterator[tuple[str, str]]:
    """A user who is asked for a password, and the password."""
    secret = password()
    with postgres_server.admin() as admin:
        admin.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{secret}'".encode())
        yield "guarded", secret
        admin.execute("DROP ROLE guarded")


@pytest.fixture
def empty(postgres_server: Server) -> Iterator[str]:
    """The address of a database without a table."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


def refusal(store: Store, how: Any = Store.migrate) -> RecordError:
    with pytest.raises(RecordError) as refused:
        how(store)
    store.close()
    return refused.value


def look(store: Store) -> None:
    with store.read() as session:
        session.get(Tally, "x")


def touch(store: Store) -> None:
    with store.write() as session:
        session.add(Tally(day="x"))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_nobody_needs_to_know_the_drivers_name(database: str, scheme: str) -> None:
    store = Store(database.replace("postgresql", scheme, 1))
    touch(store)
    store.close()


def test_where_it_is_tells_neither_user_nor_password_nor_option() -> None:
    for address, place in (
        ("postgres://anna:SEGRETA@db.acme.example/vaglio?sslmode=require", "postgresql://db.acme.example/vaglio"),
        ("postgresql://anna@db:6432/vaglio?password=SEGRETA", "postgresql://db:6432/vaglio"),
        ("postgresql://anna:SEGRETA@/vaglio?host=/run/postgresql", "postgresql:///run/postgresql/vaglio"),
        ("postgresql://anna@/vaglio?host=one:1&host=two:2", "postgresql://one:1,two:2/vaglio"),
        ("postgresql:///?service=acme", "postgresql://acme/"),
    ):
        store = Store(address)
        assert store.place == place
        assert "SEGRETA" not in repr(store.engine)
        store.close()


def test_an_address_without_a_database_is_refused() -> None:
    with pytest.raises(StoreError, match="names no database") as refused:
        Store("postgresql://anna:SEGRETA@db/")
    assert "SEGRETA" not in str(refused.value)


def test_options_of_the_address_reach_the_server(database: str) -> None:
    store = Store(f"{database}&application_name=other&options=-c%20geqo%3Doff")
    with store.read() as session:
        shown = session.connection().exec_driver_sql
        found = [shown(f"SHOW {name}").scalar_one() for name in ("application_name", "geqo", "client_encoding")]
    store.close()
    assert found == ["other", "off", "UTF8"]


def test_names_are_looked_up_in_no_schema_but_that_of_the_tables(database: str, postgres_server: Server) -> None:
    """One that is called as the user comes first by the server's own rule, and others may make things there."""
    name = database.split("/")[3].split("?")[0]
    with postgres_server.admin(name) as admin:
        admin.execute("CREATE SCHEMA vaglio AUTHORIZATION vaglio_app")
        admin.execute("CREATE FUNCTION vaglio.lower(varchar) RETURNS text LANGUAGE sql AS $$SELECT 'mine'$$")
        admin.execute("CREATE TABLE vaglio.tally AS SELECT 'mine' AS day, 0 AS count")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA vaglio TO vaglio")
        admin.execute("GRANT ALL ON SCHEMA vaglio TO vaglio")
    with psycopg.connect(database) as plain:
        assert plain.execute("SELECT lower(CAST('A' AS varchar))").fetchone() == ("mine",)
    store = Store(database)
    touch(store)
    with store.read() as session:
        asked = session.connection().exec_driver_sql
        assert asked("SELECT lower(CAST('A' AS varchar))").scalar() == "a"
        assert asked("SELECT day FROM tally").scalars().all() == ["x"]
        assert asked("SHOW search_path").scalar() == "public, pg_temp"
    store.close()


# --- What it refuses --------------------------------------------------------------------------------------------------


def test_a_wrong_password_says_so_and_shows_none(postgres_server: Server, guarded: tuple[str, str]) -> None:
    user, secret = guarded
    for wrong in (f"{user}:{secret}x", user, "nobody-knows:x"):
        error = refusal(Store(postgres_server.url("postgres", user=wrong)))
        assert error.code == "login"
        for said in (str(error), error.show("it"), repr(error)):
            assert secret not in said
            assert user not in said


def test_a_database_that_is_not_there(postgres_server: Server) -> None:
    assert refusal(Store(postgres_server.url("nosuch"))).code == "absent"
    assert refusal(Store(postgres_server.url("nosuch"), read_only=True), look).code == "none"


@pytest.mark.parametrize("place", ["127.0.0.1:1", "nosuch.invalid"])
def test_a_server_that_is_not_there(place: str) -> None:
    assert refusal(Store(f"postgresql://vaglio:SEGRETA@{place}/vaglio")).code == "away"


def test_an_option_that_nobody_knows() -> None:
    assert refusal(Store("postgresql://vaglio@/vaglio?nosuch=SEGRETA")).code == "other"


def test_a_database_that_is_empty_yet_has_no_record_and_gets_none_by_looking(empty: str, tmp_path: Path) -> None:
    store = Store(empty, read_only=True)
    ledger = Ledger(store, tmp_path / "ledger.head")
    assert not store.has(Revision)
    for read in (Ledger.verify, Ledger.entries):
        with pytest.raises(RecordError) as refused:
            read(ledger)
        assert refused.value.code == "none"
    with store.read() as session:
        assert not store.is_made(session.connection())
    store.close()


def test_a_database_that_was_emptied_beside_its_head_is_named(
    postgres_server: Server, store: Store, ledger: Ledger
) -> None:
    ledger.append("screening", subject="s_1", facts={})
    with postgres_server.admin(str(store.engine.url.database)) as admin:
        admin.execute("DROP SCHEMA public CASCADE")
        admin.execute("CREATE SCHEMA public AUTHORIZATION vaglio")
    assert [fault.what for fault in ledger.verify().faults] == ["gone"]


def test_a_database_of_another_encoding_is_refused(postgres_server: Server) -> None:
    with postgres_server.admin() as admin:
        admin.execute("CREATE DATABASE narrow OWNER vaglio ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    store = Store(postgres_server.url("narrow"))
    with pytest.raises(StoreError, match="LATIN1"):
        store.migrate()
    store.close()
    postgres_server.drop("narrow")


def test_a_user_without_rights(database: str, guarded: tuple[str, str]) -> None:
    user, secret = guarded
    store = Store(database.replace("vaglio@", f"{user}:{secret}@"))
    assert refusal(store, look).code == "rights"
    assert refusal(store, touch).code == "rights"


def test_a_database_that_only_reads(database: str) -> None:
    store = Store(f"{database}&options=-c%20default_transaction_read_only%3Don")
    assert refusal(store, touch).code == "rights"
    assert refusal(Store(database, read_only=True), touch).code == "rights"


def test_who_waits_too_long_for_the_lock_is_told(database: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_LOCKED", 0.2)
    other = Store(database)
    with store.write() as session:
        session.get(Tally, "x")
        assert refusal(other, touch).code == "locked"
    touch(other)
    other.close()


def test_a_statement_that_takes_too_long_is_told(database: str) -> None:
    def sleep(store: Store) -> None:
        with store.read() as session:
            session.connection().exec_driver_sql("SELECT pg_sleep(60)")

    store = Store(f"{database}&options=-c%20statement_timeout%3D50")
    assert refusal(store, sleep).code == "locked"


def test_a_connection_that_is_lost_is_told_and_the_next_is_another(
    postgres_server: Server, database: str, store: Store
) -> None:
    def end() -> None:
        with postgres_server.admin() as admin:
            ended = "FROM pg_stat_activity WHERE usename = 'vaglio'"
            admin.execute(f"SELECT pg_terminate_backend(pid) {ended}".encode())
            while admin.execute(f"SELECT count(*) {ended}".encode()).fetchone() != (0,):
                time.sleep(0.01)

    def write(session: Session) -> None:
        session.get(Tally, "x")
        end()
        session.add(Tally(day="x"))

    look(store)
    end()
    look(store)  # one that was lost while it lay in the pool is noticed before it is used
    with pytest.raises(RecordError) as refused, store.write() as session:
        write(session)
    assert refused.value.code == "away"
    touch(store)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("53100", "full"), ("53200", "other"), ("53300", "away"), ("42501", "rights"), ("25006", "rights"),
        ("55P03", "locked"), ("57014", "locked"), ("40P01", "locked"), ("40001", "locked"), ("42P01", "tables"),
        ("42703", "tables"), ("08006", "away"), ("57P01", "away"), ("57P03", "away"), ("25P03", "away"),
        ("28P01", "login"), ("28000", "login"), ("3D000", "none"), ("58030", "disk"), ("XX001", "broken"),
        ("XX002", "broken"), ("XX000", "other"), ("23505", None), ("22P02", None), ("42601", None), ("P0001", None),
    ],
)  # fmt: skip
def test_every_refusal_has_its_remedy(state: str, code: Code | None) -> None:
    assert why(DatabaseError("", None, psycopg.errors.lookup(state)())) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('FATAL:  password authentication failed for user "x"', "login"),
        ('FATAL:  autenticazione con password fallita per l\'utente "x"', "login"),
        ("fe_sendauth: no password supplied", "login"),
        ('FATAL:  role "x" is not permitted to log in', "login"),
        ('FATAL:  database "x" does not exist', "none"),
        ('FATAL:  il database "x" non esiste', "none"),
        ("FATAL:  sorry, too many clients already", "away"),
        ("Connection refused", "away"),
        ("server does not support SSL, but SSL was required", "away"),
        ("server closed the connection unexpectedly", "away"),
    ],
)
def test_what_is_only_said_in_words(said: str, code: Code) -> None:
    assert why(OperationalError("", None, psycopg.OperationalError(said))) == code


# --- What it must not tell, and what it takes -------------------------------------------------------------------------


def test_an_error_of_ours_shows_no_value(store: Store) -> None:
    def twice(session: Session) -> None:
        session.add(Person(id="p_1"))
        session.flush()
        for _ in range(2):
            session.connection().exec_driver_sql("INSERT INTO identity VALUES ('slack:T1:CARLA', 'p_1', '\\x00')")

    with pytest.raises(IntegrityError) as refused, store.write() as session:
        twice(session)
    assert "identity_pkey" in str(refused.value)
    assert "CARLA" not in str(refused.value.orig)
    with pytest.raises(DatabaseError) as wrong, store.read() as session:
        session.connection().exec_driver_sql("SELECT CAST(%(it)s AS integer)", {"it": "ANNA"})
    assert "ANNA" not in str(wrong.value)
    with pytest.raises(ProgrammingError), store.read() as session:
        session.connection().exec_driver_sql("SELEC 1")


def test_text_with_a_nul_finds_nothing_and_is_taken(store: Store) -> None:
    with store.write() as session:
        assert session.get(Identity, "slack:\0") is None
        session.add(Tally(day="a\0b"))
    with store.read() as session:
        assert session.get(Tally, "a\N{SYMBOL FOR NULL}b") is not None


def test_a_reader_sees_one_state_from_first_to_last(store: Store, ledger: Ledger) -> None:
    ledger.append("screening", subject="s_1", facts={})
    with store.read() as session:
        assert session.get(Entry, 1) is not None
        ledger.append("screening", subject="s_2", facts={})
        assert session.get(Entry, 2) is None


def test_what_is_committed_is_on_the_disk_whatever_the_server_was_told(database: str) -> None:
    store = Store(f"{database}&options=-c%20synchronous_commit%3Doff")
    with store.write() as session:
        assert session.connection().exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    store.close()


def test_an_account_that_two_bring_at_once_is_not_in_the_servers_log(
    store: Store, seals: Seals, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server writes down what it refuses, with the row's values; so it must never have to."""
    log = postgres_server.folder / "log"
    people, refused = People(store, seals), log.read_text(encoding="utf-8").count("identity_pkey")
    first = people.person("slack:T1:ANNA")
    monkeypatch.setattr(people, "_find", lambda account: monkeypatch.undo() or None)
    assert people.person("slack:T1:ANNA") == first
    assert log.read_text(encoding="utf-8").count("identity_pkey") == refused


def test_its_own_programs_are_told_no_secret_but_its_password(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What every user of the machine can read of a process: its arguments. What is none of its business: our tokens."""
    told = tmp_path / "told"
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(
            '#!/bin/sh\n{ echo "$@"; echo; env; echo; cat "$PGSERVICEFILE"; ls -ld "$(dirname "$PGSERVICEFILE")"; } '
            f">{told} 2>/dev/null\n"
        )
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("VAGLIO_SLACK_BOT_TOKEN", "xoxb-SEGRETA")
    secret, phrase = password(), password()
    away = Store(f"postgresql://vaglio:{secret}@db.acme.example/vaglio?sslpassword={phrase}", keeps_open=False)
    with store.read() as session:
        dumps.dump(away, session, tmp_path / "x")
    arguments, environment, file = told.read_text().split("\n\n", 2)
    assert "SEGRETA" not in arguments
    assert environment.count("SEGRETA") == environment.count(f"PGPASSWORD={secret}") == 1
    assert f"sslpassword={phrase}" in file
    assert "drwx------" in file
    assert not Path(re.search("PGSERVICEFILE=(.+)", environment)[1]).exists()  # type: ignore[index]
    # The one that reads a backup is told of no database at all.
    with pytest.raises(TransferError):
        next(archives.rows_in(tmp_path / "x", ["entry"]))
    arguments, environment, _ = told.read_text().split("\n\n", 2)
    assert arguments == f"--list {tmp_path / 'x'}"
    assert "SEGRETA" not in environment
    assert "PGPASSWORD" not in environment
