"""What somebody who comes by the database can read in it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlmodel import SQLModel

from bot.store import Store


def stored(store: Store) -> bytes:
    """Everything that lies on the disk under the database's name; of a server, everything that its tables say."""
    if store.engine.dialect.name == "sqlite":
        file = Path(str(store.engine.url.database))
        return b"".join(path.read_bytes() for path in sorted(file.parent.glob(f"{file.name}*")))
    with store.engine.connect() as connection:
        rows = [row for name in SQLModel.metadata.tables for row in connection.execute(text(f'TABLE "{name}"'))]
    return b"\n".join(each if isinstance(each, bytes) else str(each).encode() for row in rows for each in row)
