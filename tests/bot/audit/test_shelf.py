"""The search index on a server: whoever holds it, or has vanished with it, keeps nobody else from anything for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.pool import QueuePool

from bot.audit import shelf as shelves
from bot.audit.errors import RecordError
from bot.audit.filters import Filters
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.shelf import Shelf
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from bot.tables import Content
from bot.wording import Wording
from rules.draft import Draft

pytestmark = pytest.mark.postgres_only("the file of the index has locks of its own")
ANNA = "slack:T1:ANNA"


@pytest.fixture
def index(store: Store, ledger: Ledger) -> Iterator[Index]:
    with closing(Index(store, ledger)) as index:
        yield index


@pytest.fixture
def say(prescreen: Prescreen) -> Callable[[str], str]:
    return lambda words: prescreen(Draft(text=words, author=ANNA)).id


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "_PATIENCE", 0.2)


@contextmanager
def held(database: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Another process that does not let go, but for a test that would wait for it."""
    with psycopg.connect(database.replace("vaglio@", "postgres@")) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '30s'")
        connection.commit()
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


LOCK = f"SELECT pg_advisory_xact_lock({shelves._LOCK})"


def found(index: Index, typed: str) -> list[int]:
    return [hit.seq for hit in index.search(Filters(text=typed)).hits]


@pytest.mark.usefixtures("impatient")
def test_a_search_goes_on_with_what_is_indexed(index: Index, say: Callable[[str], str], database: str) -> None:
    say("La zampogna")
    assert found(index, "zampogna") == [1]
    say("Un’altra zampogna")
    with held(database, LOCK):
        page = index.search(Filters(text="zampogna"))
        assert ([hit.seq for hit in page.hits], page.missing) == ([1], 1)
        assert "The newest entry is not in here yet" in page.told(Wording("en"))
        with pytest.raises(RecordError) as refused:
            list(index.select(Filters(text="zampogna")))  # a part of them is no export
        assert refused.value.code == "index"
    page = index.search(Filters(text="zampogna"))
    assert ([hit.seq for hit in page.hits], page.missing, page.told(Wording("en"))) == ([2, 1], 0, "")


@pytest.mark.usefixtures("impatient")
def test_what_was_let_go_meanwhile_is_not_found(
    index: Index, say: Callable[[str], str], database: str, ledger: Ledger
) -> None:
    say("La zampogna")
    assert found(index, "zampogna") == [1]
    ledger.append("retention", subject="t_1", facts={"purged": [[1, 1]], "policy": "p@1"})
    with held(database, LOCK):
        with pytest.raises(RecordError) as refused:
            index.search(Filters(text="zampogna"))
        assert refused.value.code == "index"
        assert "occupato" in refused.value.show("it")
    assert found(index, "zampogna") == []


@pytest.mark.usefixtures("impatient")
def test_where_nothing_is_new_nobody_is_waited_for(index: Index, say: Callable[[str], str], database: str) -> None:
    say("La zampogna")
    index.catch_up()
    with held(database, LOCK):
        assert index.catch_up() == 0
        assert index.behind() == 0
        say("Buongiorno")
        assert index.behind() == 1


@pytest.mark.usefixtures("impatient")
def test_an_index_that_was_never_made_has_no_answer(
    store: Store, ledger: Ledger, say: Callable[[str], str], database: str
) -> None:
    say("La zampogna")
    with held(database, LOCK), closing(Index(store, ledger)) as index:
        assert index.behind() == 1
        with pytest.raises(RecordError) as refused:
            index.search(Filters(text="zampogna"))
        assert refused.value.code == "index"


@pytest.mark.usefixtures("impatient")
def test_who_reads_the_words_keeps_them_from_being_cleared_and_nobody_waiting(
    index: Index, say: Callable[[str], str], database: str, store: Store, people: People, ledger: Ledger
) -> None:
    say("La zampogna")
    index.catch_up()
    with store.write() as session:
        people.seals.destroy(session, people.person(ANNA))
        session.delete(session.get(Content, 1))
    ledger.append("erasure", subject="e_1", facts={"person": people.person(ANNA)})
    with held(database, "SELECT count(*) FROM search.words"):
        with pytest.raises(RecordError) as refused:
            index.follow()
        assert refused.value.code == "locked"
        assert found(index, "zampogna") == []
    index.follow()


@pytest.mark.usefixtures("impatient")
def test_who_writes_the_words_anew_keeps_nobody_waiting(index: Index, say: Callable[[str], str], database: str) -> None:
    say("La zampogna")
    index.catch_up()
    with held(database, "LOCK TABLE search.words IN ACCESS EXCLUSIVE MODE"):
        with pytest.raises(RecordError) as refused:
            index.search(Filters(text="zampogna"))
        assert refused.value.code == "index"
    assert found(index, "zampogna") == [1]


def test_who_is_heard_of_no_more_loses_it(
    store: Store, ledger: Ledger, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that has vanished: the server hears nothing of it any more, and would for two hours."""
    Shelf(store).make()
    monkeypatch.setattr("bot.postgres._ABANDONED", "200ms")

    def come_back(connection: Connection) -> None:
        with closing(Store(database)) as elsewhere, Shelf(elsewhere).write():
            pass
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(RecordError) as lost, Shelf(store).write() as connection:
        come_back(connection)
    assert lost.value.code == "away"


def test_of_every_connection_the_server_notices_that_its_machine_is_gone(store: Store) -> None:
    """By what it is told: over a socket of the same machine there is nothing to be noticed, and it shows 0."""
    asked = "SELECT name FROM pg_settings WHERE starts_with(name, 'tcp_keepalives') AND source = 'session'"
    for opened in (store.read, store.write):
        with opened() as session:
            names = set(session.connection().exec_driver_sql(asked).scalars())
        assert names == {"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"}


def test_many_searches_at_once_leave_connections_for_everything_else(
    store: Store, ledger: Ledger, say: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes entries in needs a second connection: others who wait with one each would have them all."""
    say("La zampogna")
    pool = store.engine.pool
    assert isinstance(pool, QueuePool)
    monkeypatch.setattr(pool, "_timeout", 2.0)
    opened = Index.opened

    def slowly(index: Index, seqs: list[int]) -> dict[int, bytes]:
        time.sleep(0.5)
        return opened(index, seqs)

    monkeypatch.setattr(Index, "opened", slowly)
    told, wrong = list[int](), list[Exception]()

    def search() -> None:
        try:
            told.extend(found(Index(store, ledger), "zampogna"))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told, wrong) == ([1] * 20, [])
