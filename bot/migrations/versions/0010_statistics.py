"""PostgreSQL takes no samples of what is sealed: its statistics would keep keys that an erasure destroyed."""

from alembic import op

revision = "0010"
down_revision = "0009"

_SEALED = {
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
    for table, columns in _SEALED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS {target}")
