"""The migrations make the tables that the code declares, forwards and back."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

from bot.store import MIGRATIONS, Store


def test_the_migrated_tables_are_the_declared_ones(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


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


def test_the_folder_of_the_database_is_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'a' / 'b' / 'vaglio.db'}")
    store.migrate()
    store.close()
    assert (tmp_path / "a" / "b" / "vaglio.db").is_file()
