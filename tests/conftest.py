"""What every test may share: the models, built once for all runs into a folder that git does not see, and databases.

Tests that ask for `database`, directly or through `store`, `ledger` or `house`, run once on SQLite and once on
PostgreSQL. A test of what only a file has (damage to its bytes, its rights, its write-ahead log) is marked
`sqlite_only` with the reason, one of what only a server has `postgres_only`. Of the conversations a part runs on both,
see `_IN_THE_CHATS`. Where PostgreSQL cannot be had, its half
is skipped and says why.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import NoServer, Server

from bot.audit import rights
from bot.store import Store
from rules.judges import Judges

MODELS = Path(__file__).parents[1] / "models"


# Commands that tests start would each build the models anew in their own folder.
os.environ.setdefault("VAGLIO_MODELS_DIR", str(MODELS))


_IN_THE_CHATS = {
    *("test_desk", "test_duplicates", "test_durable", "test_outages", "test_quiz", "test_strangers"),
}
"""Of the conversations' thousands of tests those that go through every table, several writers, a stop and a restart.
The others are about what a platform is shown, and reach the database through the same parts, each of which has tests
of its own that run on both: they would double the suite's longest part and tell nothing more."""
_AT_THE_CONSOLE = {"test_several", "test_auth", "test_clients", "test_link", "test_metrics", "test_rooms"}
"""Pages reach the database through parts that have tests of their own on both."""
_OWNERS = {"audit", "cli", "test_store", "test_postgres"}
"""Tests that alter tables or rows, as their owner may; single ones elsewhere are marked `as_owner`."""
_DATABASES = {"sqlite": "sqlite_only", "postgresql": "postgres_only"}
"""Each, and the mark of the tests that are for it alone."""


_WIDE = {
    *("audit", "bulk", "chat", "cli", "console", "deploy", "docs", "emulators", "faults", "fuzzing", "insights"),
    *("proposals", "security"),
}
"""Folders whose tests go through a whole chat, page, command, record or handbook: `make test-fast` leaves them out, and
what runs on PostgreSQL a second time."""
_AT_THE_HEART = {"test_ledger", "test_vault"}
"""Files in them that it takes all the same."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        is_wide = _WIDE & {*item.path.parts} and item.path.stem not in _AT_THE_HEART
        if is_wide or (callspec and callspec.params.get("database") == "postgresql"):
            item.add_marker("wide")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker
        only = [name for name, mark in _DATABASES.items() if marked(mark)]
        if "chat" in metafunc.definition.path.parts and metafunc.definition.path.stem not in _IN_THE_CHATS:
            only = ["sqlite"]
        if "console" in metafunc.definition.path.parts and metafunc.definition.path.stem not in _AT_THE_CONSOLE:
            only = ["sqlite"]
        metafunc.parametrize("database", only or list(_DATABASES), indirect=True)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was put on the disk, file by file and folder by folder, in order: all that a power cut leaves for sure."""
    found, sync = list[Path](), os.fsync

    def noted(handle: int) -> None:
        found.append(Path(f"/proc/self/fd/{handle}").readlink())
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    return found


@pytest.fixture(scope="session")
def models() -> Path:
    """Where the encoder and the judge are built: their digests are checked at every opening."""
    return MODELS


@pytest.fixture(scope="session")
def judges() -> Judges:
    """The built-in judge alone, whatever is installed."""
    return Judges(MODELS, "built-in")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    server = Server()
    try:
        server.start()
    except NoServer as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _new_enough(request: pytest.FixtureRequest) -> None:
    marked = request.node.get_closest_marker("postgres_since")
    if marked and request.getfixturevalue("postgres_server").version < marked.args[0]:
        pytest.skip(f"before PostgreSQL {marked.args[0]} {marked.args[1]}")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> str:
    """The name of a database whose tables are made: copying it takes a tenth of the time that making them does."""
    name = postgres_server.create()
    store = Store(postgres_server.url(name))
    store.migrate()
    with store.write() as session:
        rights.grant(session.connection(), "vaglio_app")
    store.close()
    return name


@pytest.fixture
def postgres_database(postgres_server: Server, postgres_template: str) -> Iterator[str]:
    """The address of a database of this test's own, its tables made and empty."""
    name = postgres_server.create(template=postgres_template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of this test's own. It may still have to be migrated."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'vaglio.db'}"
    address = str(request.getfixturevalue("postgres_database"))
    # As an installation should: under a user who may do no more than what Vaglio does.
    is_owners = _OWNERS & {*request.path.parts, request.path.stem} or request.node.get_closest_marker("as_owner")
    return address if is_owners else address.replace("vaglio@", "vaglio_app@")
