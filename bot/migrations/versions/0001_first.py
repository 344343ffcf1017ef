"""The first tables; the ledger's can only grow."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_GUARDED = ("update", "delete")


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("locale", sa.String()),
        sa.Column("language", sa.String()),
    )
    op.create_index("ix_person_account", "person", ["account"], unique=True)
    op.create_table(
        "entry",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    for column in ("at", "kind", "subject"):
        op.create_index(f"ix_entry_{column}", "entry", [column])
    op.create_table(
        "content",
        sa.Column("seq", sa.Integer(), sa.ForeignKey("entry.seq"), primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("day", sa.String(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "pending",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
    op.create_index("ix_pending_at", "pending", ["at"])
    op.create_table(
        "seen",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        for verb in _GUARDED:
            op.execute(
                f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry "
                "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
            )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION entry_only_grows() RETURNS trigger LANGUAGE plpgsql "
        "AS $$BEGIN RAISE EXCEPTION 'the ledger only grows'; END$$"
    )
    for verb, each in {"update": "ROW", "delete": "ROW", "truncate": "STATEMENT"}.items():
        op.execute(
            f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry "
            f"FOR EACH {each} EXECUTE FUNCTION entry_only_grows()"
        )
        # Also for a session that plays the part of a replica, in which triggers rest otherwise.
        op.execute(f"ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_{verb}")


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    if not is_postgresql:
        for verb in _GUARDED:
            op.execute(f"DROP TRIGGER entry_no_{verb}")
    for table in ("seen", "pending", "tally", "content", "entry", "person"):
        op.drop_table(table)
    if is_postgresql:
        op.execute("DROP FUNCTION entry_only_grows()")
