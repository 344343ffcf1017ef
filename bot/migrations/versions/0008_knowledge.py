"""What every process must see: what the company knows, how far an answer is out, what takes long at the console."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "collection",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_collection_name", "collection", ["name"])
    op.create_index("ix_collection_version", "collection", ["version"])
    op.add_column("pending", sa.Column("out", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "undertaking",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_undertaking_until", "undertaking", ["until"])
    op.create_table(
        "undertakingpiece",
        sa.Column("undertaking", sa.String(), sa.ForeignKey("undertaking.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "collectionpiece",
        sa.Column("collection", sa.String(), sa.ForeignKey("collection.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("undertakingpiece")
    op.drop_table("undertaking")
    op.drop_column("pending", "out")
    op.drop_table("collectionpiece")
    op.drop_table("collection")
