"""What somebody with the database and without scruples might do to it, by chance."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bot.audit import records

Damage = Callable[[sqlite3.Connection, random.Random], None]

_ENTRY = ("seq", "at", "kind", "subject", "body", "hash")
_TEXT = ("at", "kind", "subject", "hash", "holder")


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """Without its triggers, which stand there again afterwards: whoever can drop them can put them back."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            connection.execute(sql)


def state(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Everything, byte for byte."""
    return [
        *connection.execute("SELECT seq, hex(at), hex(kind), hex(subject), body, hex(hash) FROM entry ORDER BY seq"),
        *connection.execute("SELECT seq, hex(holder), sealed FROM content ORDER BY seq"),
    ]


def flipped_in_entry(connection: sqlite3.Connection, chance: random.Random) -> None:
    _flip(connection, chance, "entry", chance.choice(_ENTRY))


def flipped_in_content(connection: sqlite3.Connection, chance: random.Random) -> None:
    _flip(connection, chance, "content", chance.choice(("seq", "holder", "sealed", "sealed")))


def dropped(connection: sqlite3.Connection, chance: random.Random) -> None:
    seq = _one(connection, chance)
    connection.execute("DELETE FROM entry WHERE seq = ?", (seq,))
    if chance.random() < 0.5:
        connection.execute("DELETE FROM content WHERE seq = ?", (seq,))


def newest_dropped(connection: sqlite3.Connection, chance: random.Random) -> None:
    for table in ("content", "entry"):
        connection.execute(f"DELETE FROM {table} WHERE seq > ?", (_end(connection) - chance.randint(1, 3),))


def words_dropped(connection: sqlite3.Connection, chance: random.Random) -> None:
    connection.execute("DELETE FROM content WHERE seq = ?", (_one(connection, chance, "content"),))


def repeated(connection: sqlite3.Connection, chance: random.Random) -> None:
    seq = _one(connection, chance)
    to = chance.choice((_end(connection) + 1, _one(connection, chance)))
    if to == seq:
        return
    connection.execute("DELETE FROM entry WHERE seq = ?", (to,))
    connection.execute("INSERT INTO entry SELECT ?, at, kind, subject, body, hash FROM entry WHERE seq = ?", (to, seq))


def swapped(connection: sqlite3.Connection, chance: random.Random) -> None:
    one, other = _one(connection, chance), _one(connection, chance)
    columns = chance.choice(("at, kind, subject, body, hash", "body, hash", "body", "hash", "at", "kind, subject"))
    _swap(connection, "entry", columns, one, other)


def words_swapped(connection: sqlite3.Connection, chance: random.Random) -> None:
    one, other = _one(connection, chance, "content"), _one(connection, chance, "content")
    _swap(connection, "content", chance.choice(("holder, sealed", "sealed", "holder")), one, other)


def forged(connection: sqlite3.Connection, chance: random.Random) -> None:
    """Rewritten and hashed anew: by itself, or with all that follow."""
    seq = _one(connection, chance)
    _rechain(connection, seq, {seq: {"subject": "s_forged"}}, seq if chance.random() < 0.5 else _end(connection))


def inserted(connection: sqlite3.Connection, chance: random.Random) -> None:
    """Between two others, which move up: in their numbers alone, or rewritten with them."""
    seq, end = _one(connection, chance), _end(connection)
    for table in ("content", "entry"):
        for each in range(end, seq - 1, -1):
            connection.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?", (each + 1, each))
    connection.execute(
        "INSERT INTO entry SELECT ?, at, kind, 's_new', body, hash FROM entry WHERE seq = ?", (seq, seq + 1)
    )
    _rechain(connection, seq, {seq: {"subject": "s_new"}}, seq if chance.random() < 0.5 else end + 1)


def put_before_the_first(connection: sqlite3.Connection, chance: random.Random) -> None:
    seq = _one(connection, chance)
    connection.execute(
        "INSERT INTO entry SELECT ?, at, kind, 's_before', body, hash FROM entry WHERE seq = ?",
        (-chance.randint(0, 9), seq),
    )


def words_put_in(connection: sqlite3.Connection, chance: random.Random) -> None:
    """Under a number that has none: those of an erased person, of an entry without words, of no entry."""
    has = {seq for (seq,) in connection.execute("SELECT seq FROM content")}
    free = sorted(set(range(-1, _end(connection) + 3)) - has)
    connection.execute(
        "INSERT INTO content SELECT ?, holder, sealed FROM content WHERE seq = ?",
        (chance.choice(free), _one(connection, chance, "content")),
    )


IN_CHAIN: tuple[Damage, ...] = (
    flipped_in_entry, flipped_in_entry, flipped_in_entry, dropped, newest_dropped, repeated, swapped, forged, inserted,
    put_before_the_first,
)  # fmt: skip
IN_WORDS: tuple[Damage, ...] = (flipped_in_content, words_dropped, words_swapped, words_put_in)


def _flip(connection: sqlite3.Connection, chance: random.Random, table: str, column: str) -> None:
    seq = _one(connection, chance, table)
    if column == "seq":
        bit = 1 << chance.randrange(64)
        moved = seq ^ (bit - (1 << 64) if bit >> 63 else bit)
        connection.execute(f"UPDATE OR IGNORE {table} SET seq = ? WHERE seq = ?", (moved, seq))
        return
    (raw,) = connection.execute(f"SELECT CAST({column} AS BLOB) FROM {table} WHERE seq = ?", (seq,)).fetchone()
    changed = bytearray(raw)
    changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    value = "CAST(? AS TEXT)" if column in _TEXT else "?"
    connection.execute(f"UPDATE {table} SET {column} = {value} WHERE seq = ?", (bytes(changed), seq))


def _swap(connection: sqlite3.Connection, table: str, columns: str, one: int, other: int) -> None:
    marks = ", ".join(f"{column} = ?" for column in columns.split(", "))
    rows = [
        connection.execute(f"SELECT {columns} FROM {table} WHERE seq = ?", (seq,)).fetchone() for seq in (one, other)
    ]
    for seq, row in zip((other, one), rows, strict=True):
        connection.execute(f"UPDATE {table} SET {marks} WHERE seq = ?", (*row, seq))


def _rechain(connection: sqlite3.Connection, first: int, said: dict[int, dict[str, object]], last: int) -> None:
    found = connection.execute("SELECT hash FROM entry WHERE seq = ?", (first - 1,)).fetchone()
    previous = found[0] if found else records.GENESIS
    for seq in range(first, last + 1):
        (raw,) = connection.execute("SELECT body FROM entry WHERE seq = ?", (seq,)).fetchone()
        now = {**json.loads(raw), "seq": seq, "previous": previous, **said.get(seq, {})}
        body = records.canonical(now)
        previous = records.digest(body)
        connection.execute(
            "UPDATE entry SET body = ?, hash = ?, at = ?, kind = ?, subject = ? WHERE seq = ?",
            (body, previous, now["at"], now["kind"], now["subject"], seq),
        )


def _one(connection: sqlite3.Connection, chance: random.Random, table: str = "entry") -> int:
    return int(chance.choice([seq for (seq,) in connection.execute(f"SELECT seq FROM {table} ORDER BY seq")]))


def _end(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(seq) FROM entry").fetchone()[0])
