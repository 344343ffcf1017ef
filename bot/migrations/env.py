"""Runs the migrations on the engine that `Store.migrate` hands over."""

from alembic import context
from sqlmodel import SQLModel

import bot.audit.tables
import bot.tables  # noqa: F401 -- fills the metadata

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
