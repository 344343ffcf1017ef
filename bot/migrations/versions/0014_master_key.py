"""By what the master key is known that wraps what lies here: whoever has another one is told before they seal."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "masterkey",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("masterkey")
