"""Every row of every table from one database to another, and how to tell that it is the same."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Float, Table, select
from sqlmodel import SQLModel

import bot.audit.tables
import bot.bulk.tables
import bot.console.tables
import bot.knowledge_tables
import bot.proposals.tables
import bot.tables
import bot.work_tables  # noqa: F401 -- fills the metadata

_AT_ONCE: Final = 1_000
"""Rows that are in memory at the same time."""
_SEQUENCES: Final = """
SELECT s.oid::regclass::text, t.relname::text, a.attname::text
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
AND s.relkind = 'S' AND t.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('entry'))"""

Told = Callable[[str, int], None]
"""Told of a table, by its name, how many of its rows are through."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Of one table: how many rows, and the digests of all of them added up, whatever order they come in."""

    rows: int
    digest: str


def tables() -> list[Table]:
    """Each after those that it refers to."""
    return list(SQLModel.metadata.sorted_tables)


def copy(source: Connection, target: Connection, table: Table, told: Told) -> Contents:
    """Bring every row over, as a stream; says what was sent."""
    quoted = target.dialect.identifier_preparer
    columns = ", ".join(quoted.format_column(column) for column in table.columns)
    cursor = target.connection.cursor()  # psycopg's own: COPY is many times as fast as any INSERT
    sent = Sum(table)
    with cursor.copy(f"COPY {quoted.format_table(table)} ({columns}) FROM STDIN") as copying:
        for row in _rows(source, table):
            copying.write_row(sent.take(row))
            if sent.count % _AT_ONCE == 0:
                told(table.name, sent.count)
    told(table.name, sent.count)
    return sent.contents()


def contents(connection: Connection, table: Table) -> Contents:
    """What lies in it."""
    found = Sum(table)
    for row in _rows(connection, table):
        found.take(row)
    return found.contents()


def set_sequences(connection: Connection) -> None:
    """Have the numbers that a server gives itself go on after those that were brought over."""
    quoted = connection.dialect.identifier_preparer.quote_identifier
    for sequence, table, column in connection.exec_driver_sql(_SEQUENCES).all():
        last = f"max({quoted(column)})"
        asked = f"SELECT setval(CAST(%(s)s AS regclass), {last}) FROM {quoted(table)} HAVING {last} IS NOT NULL"  # noqa: S608 -- ours
        connection.exec_driver_sql(asked, {"s": sequence})


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """Beside the ORM: a million objects would be made for nothing."""
    with connection.execute(select(table), execution_options={"yield_per": _AT_ONCE}) as found:
        for part in found.partitions():
            yield from map(tuple, part)


class Sum:
    """What lies in a table, row by row, in any order."""

    def __init__(self, table: Table) -> None:
        self.count, self._sum = 0, 0
        self._is_float = [isinstance(column.type, Float) for column in table.columns]

    def take(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The row as a server takes it: its texts hold no NUL (see `bot.postgres`)."""
        row = tuple(each.replace("\0", "\N{SYMBOL FOR NULL}") if isinstance(each, str) else each for each in row)
        hashed = hashlib.sha256()
        for value, is_float in zip(row, self._is_float, strict=True):
            kind, told = _told(float(value) if is_float and value is not None else value)
            hashed.update(kind + struct.pack(">Q", len(told)) + told)
        self._sum = (self._sum + int.from_bytes(hashed.digest())) % 2**256
        self.count += 1
        return row

    def contents(self) -> Contents:
        return Contents(self.count, f"{self._sum:064x}")


def _told(value: object) -> tuple[bytes, bytes]:
    """What kind of value it is, and the value, so that no two are told alike."""
    match value:
        case None:
            return b"n", b""
        case str():
            return b"s", value.encode()
        case bytes() | memoryview():
            return b"b", bytes(value)
        case float():
            return b"f", struct.pack(">d", value)
        case bool():
            return b"t", bytes([value])
        case int():
            return b"i", str(value).encode()
        case _:
            raise TypeError(type(value).__name__)
