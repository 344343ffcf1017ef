"""By what rows are found whose time is over, or that go with a person: nobody who writes waits for the look.

Of a large table they are there before (see `bot.migrating`).
"""

from alembic import op

revision = "0013"
down_revision = "0012"

_INDEXES = (
    ("receipt", "at"),
    ("dismissal", "at"),
    ("review", "at"),
    ("appeal", "at"),
    ("appeal", "decided_by"),
    ("seat", "decided_by"),
    ("seat", "taken_by"),
    ("card", "place"),
)


def upgrade() -> None:
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)
    # Byte by byte, whatever the server's own order is: names are found by how they begin.
    op.create_index(
        "ix_card_about", "card", ["about"], if_not_exists=True, postgresql_ops={"about": "varchar_pattern_ops"}
    )


def downgrade() -> None:
    op.drop_index("ix_card_about", "card")
    for table, column in _INDEXES:
        op.drop_index(f"ix_{table}_{column}", table)
