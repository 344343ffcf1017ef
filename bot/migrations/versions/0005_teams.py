"""A label for the team that somebody belongs to."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("person", sa.Column("team", sa.String()))


def downgrade() -> None:
    op.drop_column("person", "team")
