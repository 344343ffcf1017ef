"""The form of the tables: which one they have, which one this Vaglio knows, and how the one becomes the other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect

if TYPE_CHECKING:
    from bot.audit.seals import Seals

MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "head"
"""What `upgrade` takes for the newest form, whichever it is."""


def known() -> tuple[str, ...]:
    """Every form that this Vaglio knows, the oldest first."""
    return tuple(sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")))


def newest() -> str:
    return known()[-1]


def form_of(connection: Connection) -> str | None:
    """Which form the tables say they have; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def is_newer(form: str | None) -> bool:
    """Whether a later Vaglio has made it."""
    return form is not None and form.isdecimal() and form > newest()


def upgrade(within: Engine | Connection, seals: Seals | None, to: str = NEWEST) -> None:
    """Bring the tables to the newest form, or to one of those `known`: in a transaction of its own, or in one that has
    begun.

    `seals`: with which words of an older form are sealed. Raises `CommandError` where the form is unknown.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes.update(engine=within, seals=seals)
    command.upgrade(config, to)
