"""Rows in every table, with values that a copy may get wrong: signs, empty and large, numbers to the last bit."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Table, insert, select

from bot.audit import copying
from bot.store import Store

_TEXTS = (
    "",
    "\\N",
    "\\.",
    "a\tb\nc\rd",
    "“È” 😀 \\x41 \\\\",
    "'; DROP TABLE entry; --",
    "\x1b[2J",
    "x" * 9_000,
    "A\u0301é",
)
_FLOATS = (0.0, -0.0, 0.1 + 0.2, 1e-300, 1.7976931348623157e308, 1_796_000_000.123456, 5e-324)
_BYTES = (b"", b"\0", bytes(range(256)), b"\\x00", b"\xff" * 5_000)
OF_THE_LEDGER = {"entry", "content", "checkpoint"}
"""Whose rows only the writer itself makes."""


def fill_all(store: Store, *, seed: int = 1, rows: int = 7) -> None:
    """So many in each table that is not of the ledger; what refers to another table refers to a row of it."""
    chance = random.Random(seed)
    with store.write() as session:
        for table in copying.tables():
            if table.name not in OF_THE_LEDGER:
                made = [_row(session.connection(), table, number, chance) for number in range(rows)]
                session.connection().execute(insert(table), made)


def _row(connection: Any, table: Table, number: int, chance: random.Random) -> dict[str, Any]:
    found = dict[str, Any]()
    for column in table.columns:
        (reference,) = column.foreign_keys or (None,)
        if reference is not None:
            there = connection.execute(select(reference.column)).scalars().all()
            found[column.name] = there[number % len(there)]
        else:
            found[column.name] = _value(column, number, chance)
    return found


def _value(column: Column[Any], number: int, chance: random.Random) -> object:
    if column.nullable and chance.random() < 0.4:
        return None
    match column.type:
        case LargeBinary():
            return chance.choice(_BYTES)
        case Boolean():
            return chance.random() < 0.5
        case Float():
            return chance.choice(_FLOATS)
        case Integer():
            return number + 1 if column.primary_key else chance.choice((0, 1, 2**31 - 1))
    text = chance.choice(_TEXTS)
    is_one_of_its_kind = column.primary_key or column.unique
    return f"{text[:40]}{number}-{chance.random()}" if is_one_of_its_kind else text
