"""Signed checkpoints, and how far each place off the host has them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
    )
    op.create_table(
        "outpost",
        sa.Column("place", sa.String(), primary_key=True),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("has", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("outpost")
    op.drop_table("checkpoint")
