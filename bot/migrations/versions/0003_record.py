"""Words and accounts are sealed under the key of whoever they are about."""

import json
import secrets

import sqlalchemy as sa
from alembic import context, op

from bot.audit.errors import RecordError
from bot.audit.seals import Seals
from bot.audit.vault import decrypted, encrypted

revision = "0003"
down_revision = "0002"

_HOUSE = "house"


def upgrade() -> None:
    op.create_table(
        "personkey",
        sa.Column("person", sa.String(), primary_key=True),
        sa.Column("joined", sa.String()),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_personkey_joined", "personkey", ["joined"])
    keys = _make_keys()
    _seal_accounts(keys)
    _seal_contents(keys)
    # What is asked for, and how often somebody wrote, is known for an hour at most: it starts anew.
    op.execute("DELETE FROM rate")
    op.drop_table("awaited")
    _awaited("key")


def downgrade() -> None:
    keys = {row.person: _seals().unwrap_key(row.person, row.wrapped) for row in _rows("SELECT * FROM personkey")}
    accounts = _rows("SELECT key, person, sealed FROM identity")
    op.drop_table("identity")
    _identity("account")
    for row in accounts:
        account = decrypted(keys[row.person], row.sealed, row.key.encode()).decode()
        _insert("identity", account=account, person=row.person)
    contents = _rows("SELECT seq, holder, sealed FROM content")
    op.drop_table("content")
    _content(sa.Column("salt", sa.LargeBinary(), nullable=False), sa.Column("body", sa.LargeBinary(), nullable=False))
    for row in contents:
        plain = decrypted(keys[row.holder], row.sealed, b"content:%d" % row.seq)
        _insert("content", seq=row.seq, salt=plain[:32], body=plain[32:])
    op.drop_table("awaited")
    _awaited("account")
    op.drop_table("personkey")


def _make_keys() -> dict[str, bytes]:
    """A key for everybody who is there already, and for those of whom only words are left."""
    persons = {row.id for row in _rows("SELECT id FROM person")} | {
        _holder(row.body) for row in _rows("SELECT e.body FROM entry e JOIN content c ON c.seq = e.seq")
    }
    keys = {person: secrets.token_bytes(32) for person in persons}
    for person, key in keys.items():
        _insert("personkey", person=person, joined=None, wrapped=_seals().wrap_key(person, key))
    return keys


def _seal_accounts(keys: dict[str, bytes]) -> None:
    known = _rows("SELECT account, person FROM identity")
    op.drop_table("identity")
    _identity("key", sa.Column("sealed", sa.LargeBinary(), nullable=False))
    for row in known:
        key = _seals().name("account", row.account)
        sealed = encrypted(keys[row.person], row.account.encode(), key.encode())
        _insert("identity", key=key, person=row.person, sealed=sealed)


def _seal_contents(keys: dict[str, bytes]) -> None:
    known = _rows("SELECT c.seq, c.salt, c.body, e.body AS entry FROM content c JOIN entry e ON e.seq = c.seq")
    op.drop_table("content")
    _content(sa.Column("holder", sa.String(), nullable=False), sa.Column("sealed", sa.LargeBinary(), nullable=False))
    op.create_index("ix_content_holder", "content", ["holder"])
    for row in known:
        holder = _holder(row.entry)
        sealed = encrypted(keys[holder], row.salt + row.body, b"content:%d" % row.seq)
        _insert("content", seq=row.seq, holder=holder, sealed=sealed)


def _holder(body: bytes) -> str:
    return json.loads(bytes(body))["actor"] or _HOUSE


def _seals() -> Seals:
    """As `Store.migrate` was given them; they are needed only where there is something to seal."""
    seals: Seals | None = context.config.attributes.get("seals")
    if seals is None:
        raise RecordError("keys", "VAGLIO_KEYS_DIR")
    return seals


def _identity(key: str, *more: sa.Column) -> None:  # type: ignore[type-arg]
    op.create_table(
        "identity",
        sa.Column(key, sa.String(), primary_key=True),
        sa.Column("person", sa.String(), sa.ForeignKey("person.id"), nullable=False),
        *more,
    )
    op.create_index("ix_identity_person", "identity", ["person"])


def _content(*columns: sa.Column) -> None:  # type: ignore[type-arg]
    seq = sa.Column("seq", sa.Integer(), sa.ForeignKey("entry.seq"), primary_key=True, autoincrement=False)
    op.create_table("content", seq, *columns)


def _awaited(key: str) -> None:
    op.create_table(
        "awaited",
        sa.Column(key, sa.String(), primary_key=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
    )


def _rows(statement: str) -> list[sa.Row]:  # type: ignore[type-arg]
    return list(op.get_bind().execute(sa.text(statement)))


def _insert(table: str, **values: object) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    op.get_bind().execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)  # noqa: S608 -- our own
