"""The whole story of an entry: all that is on record of the same draft, from its first check on, in order.

Facts and pseudonyms only. Words are looked at by `bot.audit.looks`, on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, text
from sqlmodel import col, select

from bot.audit import records, rows
from bot.audit.errors import RecordError
from bot.audit.fate import Fate, fate_of
from bot.audit.index import Index
from bot.audit.kept import Kept, these
from bot.audit.ledger import Ledger
from bot.audit.promises import LetGo
from bot.audit.spoken import Spoken
from bot.audit.telling import said_by
from bot.receipts import shown
from bot.store import Store
from bot.tables import Receipt, Reminder

RECEIPT: Final = "receipt"
REMINDER: Final = "reminder"
"""Kinds of steps that lie beside the record, and go with the words."""
MOST: Final = 300
"""Entries of a draft, and as many who looked at them."""
_CHECKS: Final = 200

_OF = text("SELECT screening FROM hit WHERE seq = :seq")
_FIRST = text("SELECT max(thread) FROM hit WHERE screening = :screening AND kind = 'screening'")
_AGAIN = text(f"SELECT subject FROM hit WHERE thread = :first ORDER BY seq LIMIT {_CHECKS}")  # noqa: S608 -- our own
_ABOUT = text("SELECT seq, holder FROM hit WHERE screening IN :checks ORDER BY seq LIMIT :most").bindparams(
    bindparam("checks", expanding=True)
)
_ALIKE = text("SELECT seq FROM entry WHERE subject = :subject ORDER BY seq LIMIT :most")
_ANSWERS = text("SELECT seq FROM entry WHERE kind = 'unmask' AND substr(subject, 1, :length) = :start ORDER BY seq")
_ERASED = text("SELECT seq FROM entry WHERE kind = 'erasure' AND subject IN :holders").bindparams(
    bindparam("holders", expanding=True)
)
_WORDED = text("SELECT seq FROM content WHERE seq IN :seqs").bindparams(bindparam("seqs", expanding=True))
_HASH = text("SELECT hash FROM entry WHERE seq = :seq")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at: str
    """UTC, ISO 8601."""
    kind: str
    """An entry's, or `receipt` or `reminder`."""
    subject: str
    seq: int | None = None
    """None: it is no entry."""
    said: Mapping[str, Any] = field(default_factory=lambda: {"facts": {}})
    """What it says; nothing but empty facts where the entry cannot be read as one: `verify` is who tells why."""
    fate: Fate = Fate.NEVER
    """What became of its words."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in the chain, looked at by itself; whether the whole chain stands, only `verify` tells."""

    seq: int
    hash: str
    previous: str
    is_hashed: bool
    """Its bytes have this hash."""
    follows: bool
    """The hash that it names is that of the entry before it."""
    last: int
    """The number of the newest entry."""


@dataclass(frozen=True, slots=True)
class Story:
    """`about` is the entry that was asked for, one of the steps. `checks` are those of its draft, the first first."""

    about: Step
    link: Link
    checks: tuple[str, ...]
    steps: tuple[Step, ...]
    is_cut: bool = False
    """There is more than is told."""


class Stories:
    """By the index: milliseconds, however long the record is."""

    def __init__(self, store: Store, ledger: Ledger, index: Index) -> None:
        self._store, self._ledger, self._index = store, ledger, index

    def of(self, name: str) -> Story | None:
        """Of the entry with this number, or about this (`s_...`, `r_...`, `a_...`); None: there is none.

        Raises `RecordError`.
        """
        entry = self._ledger.entry(name)
        if entry is None:
            return None
        missing = self._index.caught_up()
        with self._index.read() as connection:
            checks = _checks(connection, entry.seq)
            found = dict(self._about(connection, checks, entry.subject))
            found.setdefault(entry.seq, None)
            is_cut = missing > 0 or len(found) >= MOST
            looks = {look for seq, holder in found.items() if holder for look in rows.reaching(connection, seq, MOST)}
        seqs = {*found, *sorted(looks)[-MOST:]}
        steps = list(self._entries(seqs, {holder for holder in found.values() if holder}))
        for beside in sorted(self._beside(checks), key=lambda step: step.at):
            # Of entries the number counts; what lies beside them has none, and comes after what is not later.
            after = (place for place, step in enumerate(steps, 1) if step.at <= beside.at)
            steps.insert(max(after, default=0), beside)
        about = next(step for step in steps if step.seq == entry.seq)
        return Story(about, self._link(about, str(entry.hash), _bytes(entry.body)), checks, tuple(steps), is_cut)

    def _about(self, connection: Connection, checks: Sequence[str], subject: str) -> Iterator[tuple[int, str | None]]:
        """Numbers of entries, and whose words each has."""
        if checks:
            found = connection.execute(_ABOUT, {"checks": list(checks), "most": MOST})
            yield from ((seq, holder) for seq, holder in found)
            return
        with self._store.read() as session:
            ours, whole = session.connection(), subject.partition("/")[0]
            seqs = [*ours.execute(_ALIKE, {"subject": whole, "most": MOST}).scalars()]
            seqs += ours.execute(_ANSWERS, {"start": f"{whole}/", "length": len(whole) + 1}).scalars()
        for facets in rows.facets(connection, seqs):
            yield facets.seq, facets.holder

    def _entries(self, seqs: Iterable[int], holders: Iterable[str]) -> Iterator[Step]:
        wanted = list(seqs)
        with self._store.read() as session:
            ours = session.connection()
            if names := list(holders):
                wanted += ours.execute(_ERASED, {"holders": names}).scalars()
            worded = set(ours.execute(_WORDED, {"seqs": wanted}).scalars())
            gone = LetGo.told(ours)
        for entry in these(self._store, sorted(set(wanted))):
            fate = fate_of(entry.seq, _bytes(entry.body), gone, has_words=entry.seq in worded)
            yield Step(str(entry.at), str(entry.kind), str(entry.subject), entry.seq, _said(entry), fate)

    def _beside(self, checks: Sequence[str]) -> Iterator[Step]:
        """What holds nobody's words and is no entry: receipts, and reminders that are still to come."""
        with self._store.read() as session:
            receipts = session.exec(select(Receipt).where(col(Receipt.screening).in_(checks))).all()
            reminders = session.exec(select(Reminder).where(col(Reminder.screening).in_(checks))).all()
        for receipt in receipts:
            facts = {"standing": receipt.outcome.partition(" ")[0], "policy": receipt.policy}
            yield Step(_moment(receipt.at), RECEIPT, shown(receipt.code), said={"facts": facts})
        for reminder in reminders:
            yield Step(_moment(reminder.at), REMINDER, reminder.screening)

    def _link(self, about: Step, hashed: str, body: bytes) -> Link:
        seq, previous = about.seq or 0, str(about.said.get("previous", ""))
        with self._store.read() as session:
            before = session.connection().execute(_HASH, {"seq": seq - 1}).scalar()
        newest = self._ledger.entries(newest=1)
        expected = records.GENESIS if seq == 1 else before
        return Link(seq, hashed, previous, records.digest(body) == hashed, previous == expected, newest[0].seq)


def _checks(connection: Connection, seq: int) -> tuple[str, ...]:
    screening = connection.execute(_OF, {"seq": seq}).scalar()
    if screening is None:
        return ()
    first = connection.execute(_FIRST, {"screening": screening}).scalar() or screening
    return (first, *connection.execute(_AGAIN, {"first": first}).scalars())


def _said(entry: Kept) -> Mapping[str, Any]:
    try:
        return said_by(entry)
    except RecordError:
        return {"at": str(entry.at), "kind": str(entry.kind), "subject": str(entry.subject), "actor": None, "facts": {}}


def _bytes(body: object) -> bytes:
    """SQLite keeps whatever somebody writes behind our back."""
    return body if isinstance(body, bytes) else str(body).encode(errors="replace")


def _moment(seconds: float) -> str:
    return records.timestamp(datetime.fromtimestamp(seconds, UTC))


def called(kind: str, spoken: Spoken) -> str:
    """What a step of that kind is called."""
    beside = {RECEIPT: spoken.wording.say("a receipt"), REMINDER: spoken.wording.say("a reminder")}
    return beside.get(kind) or spoken.kind(kind)
