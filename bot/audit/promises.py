"""What entries promise about words, and why some of them may be gone: read from the ledger itself and nowhere else."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlmodel import Session

from bot.audit import records
from bot.audit.forms import read
from bot.audit.seals import HOUSE, Seals
from bot.audit.vault import VaultError, decrypted

_MOST_KEYS = 10_000
"""In memory at the same time."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What an entry says of its words."""

    commitment: str | None
    holder: str
    sealed: str | None
    """None: there are no words, or it is of the first form, which said nothing of their sealed bytes."""

    @classmethod
    def of(cls, body: bytes) -> Promised | None:
        """None: the entry is not of a form that Vaglio writes."""
        said = read(body)
        return None if said is None else cls.by(said)

    @classmethod
    def by(cls, said: Mapping[str, Any]) -> Promised:
        """From what `bot.audit.forms.read` found."""
        if said["commitment"] is None:
            return cls(None, HOUSE, None)
        if said["v"] == 1:
            return cls(said["commitment"], said["actor"] or HOUSE, None)
        return cls(said["commitment"], said["holder"], said["sealed"])


@dataclass(frozen=True, slots=True)
class LetGo:
    """Whose words were erased, and which entries' words were let go when their time was over."""

    persons: frozenset[str] = frozenset()
    starts: list[int] = field(default_factory=list)
    """Where each of the ranges begins, in order; `ends` are their last numbers."""
    ends: list[int] = field(default_factory=list)

    @classmethod
    def told(cls, connection: Connection) -> LetGo:
        """As the entries of the kinds `erasure` and `retention` tell. One that was forged is a fault of the chain.

        Time can be over only for what was written before: a range that goes on to the entry that tells it, or beyond,
        counts for nothing.
        """
        persons, ranges = set[str](), list[tuple[int, int]]()
        for seq, kind, body in telling(connection, "erasure", "retention"):
            facts = facts_of(kind, body)
            if kind == "erasure" and isinstance(person := facts.get("person"), str):
                persons.add(person)
            elif kind == "retention" and isinstance(purged := facts.get("purged"), list):
                ranges += [(each[0], each[1]) for each in purged if _is_range(each) and each[1] < seq]
        merged = _merged(ranges)
        return cls(frozenset(persons), [first for first, _ in merged], [last for _, last in merged])

    def covers(self, seq: int, holder: str) -> bool:
        """Whether the words of entry `seq` may be gone, and so must be."""
        at = bisect_right(self.starts, seq) - 1
        return holder in self.persons or (at >= 0 and seq <= self.ends[at])


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens words to hold them against what was promised; each holder's key is asked for once."""

    session: Session
    seals: Seals
    _keys: dict[str, bytes | None] = field(default_factory=dict)

    def keeps(self, seq: int, promised: Promised, sealed: bytes) -> bool:
        """Whether these sealed bytes hold exactly the words to which the entry is bound."""
        try:
            plain = self.opened(seq, promised.holder, sealed) or b""
        except VaultError:
            return False
        return records.digest(plain) == promised.commitment and len(plain) >= records.SALT_BYTES

    def opened(self, seq: int, holder: str, sealed: bytes) -> bytes | None:
        """The salt and the words; None: their holder was erased. Raises `VaultError`."""
        key = self._key(holder)
        return None if key is None else decrypted(key, sealed, records.sealed_about(seq))

    def _key(self, holder: str) -> bytes | None:
        if holder not in self._keys:
            if len(self._keys) == _MOST_KEYS:
                self._keys.clear()
            self._keys[holder] = self.seals.key(self.session, holder)
        return self._keys[holder]


def telling(connection: Connection, *kinds: str) -> Iterator[tuple[int, str, bytes]]:
    """Number, kind and body of the entries of these kinds, in order: those that are of the right types."""
    column = "CASE typeof(body) WHEN 'blob' THEN body END" if connection.dialect.name == "sqlite" else "body"
    chosen = text(f"SELECT seq, kind, {column} FROM entry WHERE kind IN :kinds ORDER BY seq")  # noqa: S608 -- our own
    for seq, kind, body in connection.execute(chosen.bindparams(bindparam("kinds", kinds, expanding=True))):
        if type(seq) is int and isinstance(body, bytes):
            yield seq, kind, body


def facts_of(kind: str, body: bytes) -> Mapping[str, object]:
    """What an entry of that kind tells; nothing, if it cannot be read as one."""
    said = read(body)
    return said["facts"] if said and said["kind"] == kind else {}


def _is_range(found: object) -> bool:
    return isinstance(found, list) and len(found) == 2 and all(type(each) is int for each in found)


def ranges_of(seqs: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers as inclusive ranges, in order."""
    return _merged((seq, seq) for seq in seqs)


def in_ranges(seqs: Iterable[int], most: int) -> Iterator[list[tuple[int, int]]]:
    """Ascending numbers as inclusive ranges, at most so many together: they are never all in memory."""
    found = list[tuple[int, int]]()
    for seq in seqs:
        if found and seq <= found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
            continue
        if len(found) == most:
            yield found
            found = []
        found.append((seq, seq))
    if found:
        yield found


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
