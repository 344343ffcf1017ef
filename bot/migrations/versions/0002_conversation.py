"""The conversation's tables: several accounts a person, held drafts, reviews, appeals, receipts, published policies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_OF_THE_DRAFT = ("held", "receipt", "reminder", "review", "seat", "appeal", "dismissal", "card", "awaited")
_OF_THE_POLICY = ("revision", "acknowledgement", "quiz", "quizdone")
_OF_PEOPLE = ("grant", "linkcode", "rate", "digest")


def upgrade() -> None:
    _give_people_accounts()
    _table("grant", ["person:person.id", "role", "owner"], _number("at"))
    _table("linkcode", ["code"], _text("person", of="person.id"), _number("until"))
    _table("rate", ["key"], _number("until"), sa.Column("count", sa.Integer(), nullable=False), index=["until"])
    _table("digest", ["owner", "day"])
    _hold_drafts()
    _ask_owners()
    _publish_policies()


def _give_people_accounts() -> None:
    _table("identity", ["account"], _text("person", of="person.id"), index=["person"])
    op.execute("INSERT INTO identity (account, person) SELECT account, id FROM person")
    op.add_column("person", sa.Column("zone", sa.String()))
    op.drop_index("ix_person_account", "person")
    op.drop_column("person", "account")


def _hold_drafts() -> None:
    _table(
        "held", ["id"], _text("thread"), _text("person"), _number("at"), _number("until"), _text("outcome"),
        _text("state"), _text("policy"), *_sealed(), index=["thread", "person", "at", "until"],
    )  # fmt: skip
    _table(
        "receipt", ["code"], _text("screening"), _text("mac"), _text("policy"), _text("outcome"), _number("at"),
        index=["screening"],
    )  # fmt: skip
    _table("reminder", ["screening"], _text("person"), _number("at"), index=["at"])
    _table("card", ["about", "place"], _text("message"))
    _table("awaited", ["account"], _text("action"), _number("until"))


def _ask_owners() -> None:
    _table(
        "review", ["id"], _text("screening"), _text("person"), _number("at"), _text("state"), *_sealed(),
        sa.UniqueConstraint("screening"), index=["person", "state"],
    )  # fmt: skip
    _table(
        "seat", ["id"], _text("review", of="review.id"), _text("asked"), _text("owner"), _text("state"),
        *_decision(), sa.Column("taken_by", sa.String()), sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due", sa.Float()), *_sealed(), index=["review", "owner", "state", "due"],
    )  # fmt: skip
    _table(
        "appeal", ["id"], _text("screening"), _text("rule"), _text("person"), _number("at"), _text("state"),
        *_decision(), *_sealed(), index=["screening", "person", "state"],
    )  # fmt: skip
    _table("dismissal", ["key"], _text("rule"), _text("appeal"), _number("at"))


def _publish_policies() -> None:
    op.create_table(
        "revision",
        sa.Column("seq", sa.Integer(), primary_key=True),
        _text("revision"),
        _number("at"),
        sa.Column("person", sa.String()),
        _text("note"),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_revision_revision", "revision", ["revision"])
    _table("acknowledgement", ["person", "revision"], _number("at"))
    _table("quiz", ["id"], _text("person"), _text("policy"), _number("at"), _text("answers"), index=["person"])
    _table("quizdone", ["person", "revision"], _number("at"))


def downgrade() -> None:
    for table in (*_OF_THE_POLICY, *reversed(_OF_THE_DRAFT), *_OF_PEOPLE):
        op.drop_table(table)
    # A person has one account again; whoever came by a second one comes anew. Nothing refers to `person` any more when
    # it is made anew: SQLite would refuse that.
    op.execute("CREATE TEMPORARY TABLE had AS SELECT person, min(account) AS account FROM identity GROUP BY person")
    op.drop_table("identity")
    with op.batch_alter_table("person") as person:
        person.add_column(sa.Column("account", sa.String(), nullable=False, server_default=""))
        person.drop_column("zone")
    op.execute("UPDATE person SET account = coalesce((SELECT account FROM had WHERE had.person = id), 'none:' || id)")
    op.execute("DROP TABLE had")
    op.create_index("ix_person_account", "person", ["account"], unique=True)


def _table(name: str, keys: list[str], *columns: sa.schema.SchemaItem, index: list[str] | None = None) -> None:
    """A table whose key is `keys`, each by its name, or by `name:table.column` where it is another's."""
    named = [(key.partition(":")[0], key.partition(":")[2]) for key in keys]
    own = [sa.Column(key, sa.String(), *_foreign(of), primary_key=True, nullable=False) for key, of in named]
    op.create_table(name, *own, *columns)
    for column in index or []:
        op.create_index(f"ix_{name}_{column}", name, [column])


def _foreign(of: str | None) -> list[sa.ForeignKey]:
    return [sa.ForeignKey(of)] if of else []


def _text(name: str, of: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(), *_foreign(of), nullable=False)


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=False)


def _sealed() -> list[sa.Column[bytes]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=False) for name in ("wrapped", "sealed")]


def _decision() -> list[sa.schema.SchemaItem]:
    return [sa.Column("decided_by", sa.String()), sa.Column("decided_at", sa.Float())]
