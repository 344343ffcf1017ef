"""When a quiz was done: for a while the same answer, sent once more, is answered as it was, by whichever process."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("quiz", sa.Column("done", sa.Float()))


def downgrade() -> None:
    op.drop_column("quiz", "done")
