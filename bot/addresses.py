"""Where a database is: its address, and what is wrong with one, said by the name under which it was given."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot import postgres
from bot.audit.errors import ADDRESS
from bot.settings import PREFIX, SettingsError
from bot.wording.saying import Saying, saying

OWNERS: Final = f"{PREFIX}DATABASE_OWNER_URL"

_LIKE: Final = "postgresql://vaglio:PASSWORD@host/vaglio"
_SECRET: Final = re.compile(r"(?<=://)[^\s/]*:\S*(?=@)|(?<=password=)[^&\s]+")


class StoreError(SettingsError):
    """An address that names nothing that keeps a record. Says where it was given, and never what: it may hold a
    password."""


def read_address(url: str, named: str = ADDRESS) -> URL:
    """`named`: the setting or the argument. Raises `StoreError`."""
    # Of the one setting alone nothing at all is an answer.
    may_be_blank = named == ADDRESS
    try:
        address = postgres.with_driver(make_url(url))
    except (ArgumentError, ValueError):
        raise StoreError(_no_address(named, may_be_blank=may_be_blank)) from None
    file = address.database or ""
    if address.get_backend_name() == "sqlite" and (file in ("", ":memory:") or file.startswith("file:")):
        raise StoreError(_in_memory(named, may_be_blank=may_be_blank))
    if address.get_backend_name() == "sqlite":
        return address
    if not postgres.is_postgres(address):
        raise StoreError(_unknown(named, address.drivername, may_be_blank=may_be_blank))
    if url.count("@") > 1:
        # Of a password with such a sign the rest stands where the server is looked for, and would be shown.
        raise StoreError(
            saying("{named}: one @ too many. Write @ and / in a user or a password as %40 and %2F.", named=named)
        )
    if not postgres.names_database(address):
        raise StoreError(saying("{named} names no database: write {like}.", named=named, like=_LIKE))
    return address


def _no_address(named: str, *, may_be_blank: bool) -> Saying:
    if may_be_blank:
        return saying(
            "{named} is not an address: write it like {like} (@ and / in a password as %40 and %2F) or like "
            "sqlite:////srv/vaglio/vaglio.db, or leave it empty.",
            named=named, like=_LIKE,
        )  # fmt: skip
    return saying(
        "{named} is not an address: write it like {like} (@ and / in a password as %40 and %2F).",
        named=named, like=_LIKE,
    )  # fmt: skip


def _in_memory(named: str, *, may_be_blank: bool) -> Saying:
    if may_be_blank:
        return saying(
            "{named}: a database in memory is gone at every stop, and a record must not be. Name a file by its path "
            "(sqlite:////srv/vaglio/vaglio.db), or leave it empty.",
            named=named,
        )
    return saying(
        "{named}: a database in memory is gone at every stop, and a record must not be. Name a file by its path "
        "(sqlite:////srv/vaglio/vaglio.db).",
        named=named,
    )


def _unknown(named: str, kind: str, *, may_be_blank: bool) -> Saying:
    if may_be_blank:
        return saying(
            "{named}: no database is known by the name {kind}. Write {like}, or leave it empty for SQLite.",
            named=named, kind=kind, like=_LIKE,
        )  # fmt: skip
    return saying("{named}: no database is known by the name {kind}. Write {like}.", named=named, kind=kind, like=_LIKE)


def holds_password(url: str) -> bool:
    """Whether whoever sees the address sees a password."""
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return _SECRET.search(url) is not None
    return bool(address.password or postgres.connecting(address)[1])


def without_passwords(said: str) -> str:
    """A sentence that may repeat an address."""
    return _SECRET.sub("•••", said)
