"""The ledger held against checkpoints. Whoever can rewrite database and head alike cannot sign, and so is found out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import func
from sqlmodel import Session, col, select

from bot.audit import records
from bot.audit.admissions import admissions
from bot.audit.errors import RecordError
from bot.audit.evidence import Checked, Source, check
from bot.audit.manifests import Count
from bot.audit.statements import Statement
from bot.audit.verification import Fault
from bot.store import Store
from bot.tables import Entry

_CHUNK: Final = 500

NoteKind = Literal["admitted", "begins", "no_key", "unread", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Note:
    """What whoever checks should know, and what is no fault."""

    what: NoteKind
    place: str = ""
    number: int = 0
    """Of `admitted`, the entry that admits a loss; of `begins`, the first checkpoint that is there; of `elsewhere`, the
    first entry that is not here."""
    last: int = 0
    """Of `admitted`, the last of the lost entries that a checkpoint knows; the first one stood where `number` is."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`count` checkpoints were believed. Faults of an entry have its number, those of a checkpoint its place:

    `removed`, `rewritten`; and of a place `form`, `named`, `signature`, `key`, `skipped`, `order`, `link`, `clock`,
    `differs`, `lost`, `empty`, `unreadable`.
    """

    count: int
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]
    reaches: int = 0
    """The last entry that a checkpoint knows and the ledger lacks; 0 where there is none."""


def compare(store: Store, sources: Sequence[Source], keys: Collection[str], went_on: Count | None = None) -> Comparison:
    """Hold the ledger against what was signed of it. `keys` are the public keys that are trusted; without any, each
    checkpoint is believed that its own key signed, and a note says so. `went_on` is the first entry of a record that
    goes on elsewhere: what was signed from there on is to be held against the record there. Raises `RecordError`.
    """
    checked = [check(source, keys) for source in sources]
    faults = [fault for each in checked for fault in each.faults]
    notes = [Note("begins", each.name, each.first) for each in checked if each.first > 1]
    if not keys and any(each.believed for each in checked):
        notes.append(Note("no_key"))
    believed = dict[int, tuple[str, Statement]]()
    for each in checked:
        faults += _differing(believed, each)
    statements = [believed[number][1] for number in sorted(believed)]
    reaches = 0
    try:
        with store.read() as session:
            against = _Ledger(session, statements, went_on)
            faults += against.faults()
            reaches = against.reaches
            notes += [Note("admitted", number=seq, last=last) for seq, last in sorted(against.admitted.items())]
            notes += [Note("elsewhere", number=went_on.count)] if went_on and against.is_elsewhere else []
    except RecordError as error:
        # The walk along the chain says what is wrong with such a database.
        if error.code not in ("none", "broken", "tables"):
            raise
        faults += [Fault(None, "unreadable", error.place)] if statements else []
    return Comparison(len(statements), tuple(faults), tuple(notes), reaches)


def _differing(believed: dict[int, tuple[str, Statement]], checked: Checked) -> Iterator[Fault]:
    """Two that are both signed and have one number: somebody has the key, and made a second history."""
    for each in checked.believed:
        known = believed.setdefault(each.statement.number, (each.digest, each.statement))
        if known[0] != each.digest:
            yield Fault(None, "differs", each.place)


class _Ledger:
    def __init__(self, session: Session, statements: Sequence[Statement], went_on: Count | None) -> None:
        self._statements, self._went_on = statements, went_on
        self._end = session.exec(select(func.max(Entry.seq))).one() or 0
        self._hashes = dict(_hashes(session, sorted({statement.count for statement in statements})))
        self._admissions = admissions(session)
        self.admitted = dict[int, int]()
        self.reaches = 0
        self.is_elsewhere = False
        """Something was signed of what is not here, and should not be."""

    def faults(self) -> Iterator[Fault]:
        """Of many that do not fit only the first ones: each says the same of all that came before it."""
        rewritten, reached = list[int](), 0
        for statement in self._statements:
            if self._hashes.get(statement.count) == statement.head:
                reached = max(reached, statement.count)
            elif seq := self._admits(statement.count, reached):
                self.admitted[seq] = max(self.admitted.get(seq, 0), statement.count)
            elif self._is_of_what_went_on(statement):
                self.is_elsewhere = True
            elif statement.count > self._end:
                self.reaches = max(self.reaches, statement.count)
            else:
                rewritten.append(statement.count)
        if self.reaches:
            yield Fault(self._end + 1, "removed")
        if rewritten:
            yield Fault(min(rewritten), "rewritten")

    def _is_of_what_went_on(self, statement: Statement) -> bool:
        """One of the very entry that says it knows it, or else it went on otherwise."""
        first = self._went_on
        return first is not None and (
            statement.count > first.count or (statement.count, statement.head) == (first.count, first.head)
        )

    def _admits(self, count: int, reached: int) -> int | None:
        """The entry of a restored backup that admits that entry `count` is lost."""
        return next((each.seq for each in self._admissions if each.covers(count, reached)), None)


def _hashes(session: Session, counts: Sequence[int]) -> Iterator[tuple[int, str]]:
    yield 0, records.GENESIS
    for start in range(0, len(counts), _CHUNK):
        chosen = counts[start : start + _CHUNK]
        yield from session.exec(select(Entry.seq, Entry.hash).where(col(Entry.seq).in_(chosen))).all()
