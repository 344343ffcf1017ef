"""Runs the migrations on the engine, or in the transaction, that `bot.form.upgrade` hands over."""

from contextlib import nullcontext

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import bot.audit.tables
import bot.bulk.tables
import bot.console.tables
import bot.knowledge_tables
import bot.proposals.tables
import bot.tables
import bot.work_tables  # noqa: F401 -- fills the metadata

# The transaction begins with the writers' lock, before it is even asked which form the tables have: two processes that
# start at once would else both find the old one.
within = context.config.attributes["engine"]
with nullcontext(within) if isinstance(within, Connection) else within.begin() as connection:
    context.configure(connection=connection, target_metadata=SQLModel.metadata)
    context.run_migrations()
