"""Entries as they lie in the database, many at a time. The table's own class would take minutes for a million."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, text

from bot.audit.errors import RecordError
from bot.store import Store

Kept = Row[Any]
"""With `seq`, `at`, `kind`, `subject`, `body` and `hash`."""

_KEPT = "SELECT seq, at, kind, subject, body, hash FROM entry"
_AFTER = text(f"{_KEPT} WHERE seq > :after AND seq <= :end ORDER BY seq LIMIT :most")
_THESE = text(f"{_KEPT} WHERE seq IN :seqs ORDER BY seq").bindparams(bindparam("seqs", expanding=True))
_NUMBERS = text("SELECT seq FROM entry WHERE seq > :after AND seq <= :end ORDER BY seq LIMIT :most")


def numbers(store: Store, end: int, most: int) -> Iterator[int]:
    """Of the entries that are there, up to `end`; `most` are read at once.

    They are asked for and not counted: in a record with a fault the last number may be any.
    """
    after = 0
    while True:
        with store.read() as session:
            found = session.connection().execute(_NUMBERS, {"after": after, "end": end, "most": most}).scalars().all()
        if not found:
            return
        yield from found
        after = found[-1]


def following(store: Store, after: int, end: int, most: int) -> Sequence[Kept]:
    """The first `most` after that number, and not beyond `end`.

    In a transaction of its own: entries never change, and a long one would hold up the purge of words.
    """
    with store.read() as session:
        return session.connection().execute(_AFTER, {"after": after, "end": end, "most": most}).all()


def these(store: Store, seqs: Sequence[int]) -> Sequence[Kept]:
    with store.read() as session:
        return session.connection().execute(_THESE, {"seqs": list(seqs)}).all()


def said_by(entry: Kept) -> Mapping[str, Any]:
    """What an entry says. Raises `RecordError` for one whose columns say something else: `verify` tells why."""
    try:
        said = json.loads(entry.body)
        columns = (said["seq"], said["at"], said["kind"], said["subject"])
        is_right = isinstance(entry.body, bytes) and isinstance(said["facts"], dict)
        is_right = is_right and {"commitment", "actor"} <= said.keys()
    except (ValueError, KeyError, TypeError, RecursionError):
        is_right = False
    if not is_right or columns != (entry.seq, entry.at, entry.kind, entry.subject):
        raise RecordError("broken", f"#{entry.seq}")
    return dict(said)


def batched(seqs: Iterable[int], most: int) -> Iterator[list[int]]:
    batch = list[int]()
    for seq in seqs:
        batch.append(seq)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch
