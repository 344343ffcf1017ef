"""Backtests in pieces, and chunks of drafts that workers share."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "backtestpiece",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("backtest", sa.String(), sa.ForeignKey("backtest.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("beyond", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
    )
    op.create_table(
        "bulkrun",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("policy", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "bulkchunk",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("run", sa.String(), sa.ForeignKey("bulkrun.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("bulkchunk", "bulkrun", "backtestpiece"):
        op.drop_table(table)


_INDEXES = (("backtestpiece", "backtest"), ("bulkrun", "at"), ("bulkchunk", "run"))
