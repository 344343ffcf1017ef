"""Dead letters and rounds; on PostgreSQL the tables and functions of procrastinate, which hands out the work there.

The schema beside the migrations is procrastinate 3.10's own, word for word (MIT License). It is kept here, and not read
from the library that happens to be installed: a migration must make the same tables for ever. A test says that the two
agree, so that a newer library does not come without a migration of its own.
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = Path(__file__).parents[1] / "procrastinate-3.10.sql"

_TAKEN_AWAY = """
DROP TABLE procrastinate_events, procrastinate_periodic_defers, procrastinate_jobs, procrastinate_workers CASCADE;
DO $$
DECLARE
    found regprocedure;
BEGIN
    FOR found IN
        SELECT oid FROM pg_proc
        WHERE starts_with(proname, 'procrastinate_') AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE format('DROP FUNCTION %s', found);
    END LOOP;
END
$$;
DROP TYPE procrastinate_job_to_defer_v1, procrastinate_job_event_type, procrastinate_job_status;
"""


def upgrade() -> None:
    op.create_table(
        "deadletter",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("died", sa.Float(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_deadletter_died", "deadletter", ["died"])
    op.create_table(
        "round",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
    )
    _on_a_server(SCHEMA.read_text(encoding="utf-8"))


def downgrade() -> None:
    _on_a_server(_TAKEN_AWAY)
    op.drop_table("round")
    op.drop_table("deadletter")


def _on_a_server(statements: str) -> None:
    bind = op.get_bind()
    if bind.dialect.name == "postgresql":
        driver: Any = bind.connection.driver_connection
        # Many statements at once, in the transaction of the migration: SQLAlchemy would pass on one.
        driver.execute(statements)
