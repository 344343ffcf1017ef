"""A dump of PostgreSQL's is put back as rows: all of them, and nothing else that somebody may have put into it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from every_table import OF_THE_LEDGER, fill_all
from postgres import Server
from sqlalchemy import text

from bot import form
from bot.audit import copying, dumps
from bot.audit.errors import RecordError
from bot.audit.guards import foreign
from bot.audit.ledger import Ledger
from bot.audit.transfers import TransferError
from bot.store import Store
from bot.tables import Revision

pytestmark = pytest.mark.postgres_only("SQLite's is a copy of its file")


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch, postgres_server: Server) -> None:
    monkeypatch.setenv("PATH", f"{postgres_server.tools}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def source(store: Store, tmp_path: Path) -> Store:
    """With rows in every table."""
    ledger = Ledger(store, tmp_path / "data" / "ledger.head")
    for number in range(3):
        ledger.append("note", subject=f"n_{number}", facts={})
    fill_all(store)
    return store


@pytest.fixture
def there(postgres_server: Server) -> Iterator[Store]:
    """An empty database."""
    name = postgres_server.create()
    with closing(Store(postgres_server.url(name), keeps_open=False)) as store:
        yield store
    postgres_server.drop(name)


@pytest.fixture
def dumped(source: Store, tmp_path: Path) -> Callable[[], Path]:
    def dump() -> Path:
        with source.read() as session:
            dumps.dump(source, session, tmp_path / "vaglio.dump")
        return tmp_path / "vaglio.dump"

    return dump


def _relations(store: Store) -> set[str]:
    asked = "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public'"
    with store.read() as session:
        return set(session.connection().execute(text(asked)).scalars())


def _run(store: Store, *statements: str) -> None:
    with store.write() as session:
        for statement in statements:
            session.connection().exec_driver_sql(statement)


def test_every_row_is_there_and_the_numbers_go_on(source: Store, there: Store, dumped: Callable[[], Path]) -> None:
    dumps.load(there, dumped(), form.newest())
    with source.read() as one, there.read() as other:
        for table in copying.tables():
            before = copying.contents(one.connection(), table)
            assert before.rows or table.name in OF_THE_LEDGER, table.name
            assert copying.contents(other.connection(), table) == before, table.name
    with there.write() as session:
        revision = Revision(revision="p@1", at=0.0, bundle=b"")
        session.add(revision)
        session.flush()
        assert revision.seq == 8


def test_jobs_are_none_of_its_rows(source: Store, there: Store, dumped: Callable[[], Path]) -> None:
    """They would be done once more; what is left to be done the queue finds by the tables that hold it."""
    job = "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('event', 'event')"
    _run(source, job)
    dumps.load(there, dumped(), form.newest())
    with there.read() as session:
        assert session.connection().execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar() == 0


FOREIGN = (
    "CREATE FUNCTION stolen() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM content'",
    "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "CREATE TRIGGER quiet BEFORE INSERT ON content FOR EACH ROW EXECUTE FUNCTION quiet()",
    "CREATE RULE mine AS ON INSERT TO checkpoint DO INSTEAD NOTHING",
    "CREATE VIEW entries AS SELECT * FROM entry",
    "ALTER TABLE entry ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON entry USING (kind <> 'erasure')",
    "CREATE TABLE more (x integer)",
    "CREATE SCHEMA other",
    "CREATE FUNCTION other.stolen() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.content'",
)


def test_what_else_a_dump_brings_is_not_made(source: Store, there: Store, dumped: Callable[[], Path]) -> None:
    before = _relations(source)
    _run(source, *FOREIGN)
    dumps.load(there, dumped(), form.newest())
    assert _relations(there) == before
    with there.read() as session:
        assert list(foreign(session.connection())) == []
        schemas = session.connection().execute(text("SELECT count(*) FROM pg_namespace WHERE nspname = 'other'"))
        assert schemas.scalar() == 0
    with source.read() as session:
        assert list(foreign(session.connection()))


def _rewritten(dump: Path, table: str, statement: str) -> None:
    """The statement by which that table's rows are to be put back: it stands in the file as it will be run."""
    raw = dump.read_bytes()
    start = raw.index(f"COPY public.{table} (".encode())
    end = raw.index(b" FROM stdin;\n", start)
    forged = statement.ljust(end - start - 1)[: end - start - 1] + " "
    assert len(statement) < end - start
    dump.write_bytes(raw[:start] + forged.encode() + raw[end:])


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE stolen (x int); COPY public.held",
        "CREATE TABLE stolen (x int);\nCOPY public.held (id)",
        "COPY (SELECT 1) TO PROGRAM 'x'; COPY public.held",
    ],
)
def test_no_statement_of_a_dump_is_run(there: Store, dumped: Callable[[], Path], statement: str) -> None:
    dump = dumped()
    _rewritten(dump, "held", statement)
    with pytest.raises(TransferError) as refused:
        dumps.load(there, dump, form.newest())
    assert refused.value.code == "file"
    assert _relations(there) == set()


def test_rows_of_another_table_than_they_say_are_refused(there: Store, dumped: Callable[[], Path]) -> None:
    dump = dumped()
    _rewritten(dump, "checkpoint", "COPY public.tally (day)")
    with pytest.raises(TransferError) as refused:
        dumps.load(there, dump, form.newest())
    assert refused.value.code == "file"
    assert _relations(there) == set()


def test_of_a_table_that_is_missing_nothing_is_kept(source: Store, there: Store, dumped: Callable[[], Path]) -> None:
    _run(source, "DROP TABLE tally")
    with pytest.raises(TransferError) as refused:
        dumps.load(there, dumped(), form.newest())
    assert refused.value.code == "file"
    assert _relations(there) == set()


@pytest.mark.parametrize("tables", ["head", "+1", "0001:0002", ""])
def test_a_form_that_is_none_is_refused(there: Store, dumped: Callable[[], Path], tables: str) -> None:
    with pytest.raises(TransferError):
        dumps.load(there, dumped(), tables)
    with pytest.raises(RecordError) as refused:
        dumps.load(there, Path("nowhere"), "9999")
    assert refused.value.code == "newer"


def test_where_somebody_has_put_something_already_nothing_is_done(
    there: Store, dumped: Callable[[], Path], postgres_server: Server
) -> None:
    name = there.url.split("/")[3].split("?")[0]
    with postgres_server.admin(name) as admin:
        admin.execute("CREATE FUNCTION public.mine(oid, regclass) RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    with pytest.raises(TransferError) as refused:
        dumps.load(there, dumped(), form.newest())
    assert refused.value.code == "not_empty"
    assert _relations(there) == set()


def test_a_dump_that_is_cut_short_leaves_nothing(there: Store, dumped: Callable[[], Path]) -> None:
    dump = dumped()
    dump.write_bytes(dump.read_bytes()[:-2_000])
    with pytest.raises(TransferError):
        dumps.load(there, dump, form.newest())
    assert _relations(there) == set()


def test_a_value_that_is_none_of_its_column_is_the_files_fault(
    source: Store, there: Store, dumped: Callable[[], Path]
) -> None:
    _run(source, "ALTER TABLE tally ALTER COLUMN count TYPE text USING 'many'")
    with pytest.raises(TransferError) as refused:
        dumps.load(there, dumped(), form.newest())
    assert refused.value.code == "file"
    assert _relations(there) == set()


def test_a_dump_needs_no_connection_of_its_own(
    there: Store, dumped: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pg_restore` is told of no database, and finds none."""
    dump = dumped()
    for name, value in {"PGHOST": "/nowhere", "PGDATABASE": "nowhere", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)
    dumps.load(there, dump, form.newest())
    with psycopg.connect(there.url) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (3,)
