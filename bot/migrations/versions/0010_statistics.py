"""PostgreSQL takes no samples of what is sealed, nor of accounts: its statistics would keep what an erasure destroyed.

Of a table that has become empty it takes no new ones, and so the old ones would stay for ever.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_NOT_SAMPLED = {
    "awaited": ("action",),
    "card": ("place", "message"),
    "collection": ("wrapped",),
    "collectionpiece": ("sealed",),
    "content": ("sealed",),
    "identity": ("sealed",),
    "personkey": ("wrapped",),
    "undertaking": ("wrapped",),
    "undertakingpiece": ("sealed",),
    **dict.fromkeys(
        ("appeal", "bulkchunk", "deadletter", "held", "pending", "review", "savedsearch", "seat"), ("sealed", "wrapped")
    ),
}


def upgrade() -> None:
    _sample(0)


def downgrade() -> None:
    _sample(-1)


def _sample(target: int) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, columns in _NOT_SAMPLED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")
            # The same kind as before: nothing is written anew, and the samples that were taken go.
            kind = "BYTEA" if column in ("sealed", "wrapped") else "VARCHAR"
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}")
