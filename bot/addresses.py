"""Where a database is: its address, and what is wrong with one, said by the name under which it was given."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot import postgres
from bot.audit.errors import ADDRESS
from bot.settings import PREFIX, SettingsError

OWNERS: Final = f"{PREFIX}DATABASE_OWNER_URL"

_LIKE: Final = "postgresql://vaglio:PASSWORD@host/vaglio"
_SECRET: Final = re.compile(r"(?<=://)[^\s/]*:\S*(?=@)|(?<=password=)[^&\s]+")


class StoreError(SettingsError):
    """An address that names nothing that keeps a record. Says where it was given, and never what: it may hold a
    password."""


def read_address(url: str, named: str = ADDRESS) -> URL:
    """`named`: the setting or the argument. Raises `StoreError`."""
    # Of the one setting alone nothing at all is an answer.
    blank = ", or leave it empty" if named == ADDRESS else ""
    try:
        address = postgres.with_driver(make_url(url))
    except (ArgumentError, ValueError):
        file = " or like sqlite:////srv/vaglio/vaglio.db" if blank else ""
        raise StoreError(
            f"{named} is not an address: write it like {_LIKE} (@ and / in a password as %40 and %2F){file}{blank}."
        ) from None
    file = address.database or ""
    if address.get_backend_name() == "sqlite" and (file in ("", ":memory:") or file.startswith("file:")):
        raise StoreError(
            f"{named}: a database in memory is gone at every stop, and a record must not be. "
            f"Name a file by its path (sqlite:////srv/vaglio/vaglio.db){blank}."
        )
    if address.get_backend_name() == "sqlite":
        return address
    if not postgres.is_postgres(address):
        sqlite = f"{blank} for SQLite" if blank else ""
        raise StoreError(f"{named}: no database is known by the name {address.drivername}. Write {_LIKE}{sqlite}.")
    if not postgres.names_database(address):
        raise StoreError(f"{named} names no database: write {_LIKE}.")
    return address


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
