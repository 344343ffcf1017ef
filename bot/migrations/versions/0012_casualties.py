"""Pieces of work that were in hand when a process died, and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "casualty",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("deaths", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("casualty")
