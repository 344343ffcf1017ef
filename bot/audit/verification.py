"""The walk along the chain. It trusts nothing that it reads: what was tampered with is named, and never a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from bot.audit import records
from bot.audit.errors import RecordError, why
from bot.audit.forms import read
from bot.audit.guards import altered_triggers, foreign, is_known_form
from bot.audit.head import LAG, Head, HeadFile
from bot.audit.moved import Note
from bot.audit.promises import LetGo, Opener, Promised
from bot.audit.seals import Seals
from bot.store import Store

_COLUMNS = {"entry": "seq, at, kind, subject, body, hash", "content": "seq, holder, sealed"}

# SQLite keeps whatever type is written, and Python refuses a text of bad bytes: so everything is asked for as bytes,
# and whether it was stored as what it should be is asked apart.
_SQLITE_ROWS = """
SELECT CASE typeof(e.seq) WHEN 'integer' THEN e.seq END,
       typeof(e.body) = 'blob' AND typeof(e.at) = 'text' AND typeof(e.kind) = 'text'
       AND typeof(e.subject) = 'text' AND typeof(e.hash) = 'text',
       CAST(e.at AS BLOB), CAST(e.kind AS BLOB), CAST(e.subject AS BLOB), CAST(e.hash AS BLOB), CAST(e.body AS BLOB),
       c.seq IS NOT NULL, CAST(c.holder AS BLOB), CASE typeof(c.sealed) WHEN 'blob' THEN c.sealed END
FROM entry e LEFT JOIN content c ON c.seq = e.seq ORDER BY e.seq"""
_OTHER_ROWS = """
SELECT e.seq, 1 = 1, e.at, e.kind, e.subject, e.hash, e.body, c.seq IS NOT NULL, c.holder, c.sealed
FROM entry e LEFT JOIN content c ON c.seq = e.seq ORDER BY e.seq"""
_ORPHANS = "SELECT c.seq FROM content c LEFT JOIN entry e ON e.seq = c.seq WHERE e.seq IS NULL ORDER BY c.seq"


_AT_ONCE = 1_000
"""Entries that are in memory at the same time."""

Progress = Callable[[int], None]
"""Told how many entries were walked over."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was written, and the entry where it shows, or else the table or file."""

    seq: int | None
    what: str
    """`gap`, `number`, `hash`, `type`, `body`, `chain`, `content`, `kept`, `orphan`, `missing`, `head`, `lag`, `after`;
    and of a place `gone`, `unreadable`, `table`, `trigger`, `version`, and what `bot.audit.guards.foreign` finds. What
    checkpoints add is in `bot.audit.comparison`."""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a walk. `lag` counts entries that the head did not know yet."""

    count: int
    head: str
    faults: tuple[Fault, ...]
    lag: int = 0
    forgotten: int = 0
    """Entries whose words were let go, by an erasure or because their time was over, as the ledger itself says."""
    is_shared: bool = False
    """Other machines write to it too, so that the head of this one may lie any number of entries behind."""
    left: Note | None = None
    """The record went on elsewhere, and was held against where it ended here."""

    @property
    def is_sound(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class _Row:
    seq: int | None
    is_typed: bool
    at: str
    kind: str
    subject: str
    hash: str
    body: bytes
    has_content: bool
    holder: str
    sealed: bytes | None


def verify(
    store: Store,
    head: HeadFile,
    seals: Seals | None = None,
    progress: Progress | None = None,
    left: Note | None = None,
) -> Verification:
    """Walk the chain. Raises `RecordError` where nothing can be said: a locked database, no rights, no record yet.

    With `seals` the words are opened and held against what their entries commit to; without, only the sealed bytes are.
    `left` is what `bot.audit.moved.departure` finds: from then on the head is that of the record elsewhere.
    """
    is_shared = store.file is None
    known = _known(head, is_shared=is_shared, left=left)
    walk = _Walk(progress)
    try:
        with store.read() as session:
            if not store.is_made(session.connection()):
                raise RecordError("none", store.place)
            walk.opener = Opener(session, seals) if seals else None
            if walk.through(session.connection(), known):
                walk.faults += _against_head(walk, known, head, is_shared=is_shared)
                walk.faults += [Fault(left.entry.count, "after")] if left and walk.count >= left.entry.count else []
    except RecordError as error:
        if error.code == "none" and head.exists():
            walk.faults.append(Fault(None, "gone", error.place))
        elif error.code in ("broken", "tables"):
            walk.faults.append(Fault(None, "unreadable", error.place))
        else:
            raise
    lag = max(0, walk.count - known.count) if known else 0
    return Verification(walk.count, walk.previous, tuple(walk.faults), lag, walk.forgotten, is_shared, left)


def _known(head: HeadFile, *, is_shared: bool, left: Note | None) -> Head | None:
    if left and left.head:
        return Head(left.head.count, left.head.head)
    return Head(0, records.GENESIS) if is_shared and head.is_new() else head.read()


class _Walk:
    """What was found so far; what was found before a page that cannot be read counts too."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress or (lambda count: None)
        self.faults = list[Fault]()
        self.count, self.previous, self.at_head = 0, records.GENESIS, records.GENESIS
        self.opener: Opener | None = None
        self.forgotten = 0
        self._let_go = LetGo()

    def through(self, connection: Connection, known: Head | None) -> bool:
        """False if the tables of the ledger cannot be walked at all."""
        is_sqlite = connection.dialect.name == "sqlite"
        missing = [table for table, columns in _COLUMNS.items() if not _has(connection, table, columns)]
        self.faults += [Fault(None, "table", table) for table in missing]
        self.faults += [Fault(None, "trigger", name) for name in altered_triggers(connection)]
        self.faults += [Fault(None, kind, name) for kind, name in foreign(connection)]
        if not (_has(connection, "alembic_version", "version_num") and is_known_form(connection)):
            self.faults.append(Fault(None, "version", "alembic_version"))
        if missing:
            return False
        self._let_go = LetGo.told(connection)
        for number, row in enumerate(_rows(connection, is_sqlite)):
            self._take(row, known)
            if number % _AT_ONCE == 0:
                self._progress(number)
        for (seq,) in connection.exec_driver_sql(_ORPHANS):
            self.faults.append(Fault(seq, "orphan") if isinstance(seq, int) else Fault(None, "orphan", "content"))
        return True

    def _take(self, row: _Row, known: Head | None) -> None:
        if row.seq is None:
            self.faults.append(Fault(None, "unreadable", "entry"))
            return
        if row.seq < 1:
            self.faults.append(Fault(row.seq, "number"))
            return
        said = read(row.body)
        self.faults += _checked(row, said, row.seq, self.count + 1, self.previous)
        # Where the entry itself is not as it should be, it says nothing that can be held against its words.
        fault, is_forgotten = self._words(row, Promised.by(said), row.seq) if said else (None, False)
        self.faults += [Fault(row.seq, fault)] if fault else []
        self.forgotten += is_forgotten
        self.count, self.previous = row.seq, row.hash
        if known and row.seq == known.count:
            self.at_head = row.hash

    def _words(self, row: _Row, promised: Promised, seq: int) -> tuple[str | None, bool]:
        """What is wrong with the words of an entry; and whether they were let go."""
        if not row.has_content:
            is_right = promised.commitment is None or self._let_go.covers(seq, promised.holder)
            return (None if is_right else "content"), is_right and promised.commitment is not None
        if promised.commitment is not None and self._let_go.covers(seq, promised.holder):
            return "kept", False
        is_as_written = (
            row.sealed is not None
            and promised.commitment is not None
            and row.holder == promised.holder
            and promised.sealed in (None, records.digest(row.sealed))
            and (self.opener is None or self.opener.keeps(seq, promised, row.sealed))
        )
        return (None if is_as_written else "content"), False


def _against_head(walk: _Walk, known: Head | None, head: HeadFile, *, is_shared: bool) -> Iterator[Fault]:
    if known is None:
        if walk.count:
            yield Fault(walk.count, "head")
        elif head.exists():
            yield Fault(None, "head", str(head.path))
    elif known.count > walk.count:
        yield Fault(walk.count + 1, "missing")
    elif walk.at_head != known.hash:
        yield Fault(known.count, "head") if known.count else Fault(None, "head", str(head.path))
    elif walk.count - known.count > LAG and not is_shared:
        yield Fault(known.count + 1, "lag")


def _checked(row: _Row, said: Mapping[str, Any] | None, seq: int, expected: int, previous: str) -> Iterator[Fault]:
    if seq != expected:
        yield Fault(expected, "gap")
    if records.digest(row.body) != row.hash:
        yield Fault(seq, "hash")
    elif not row.is_typed:
        yield Fault(seq, "type")
    if said is None:
        yield Fault(seq, "body")
        return
    if (said["seq"], said["at"], said["kind"], said["subject"]) != (seq, row.at, row.kind, row.subject):
        yield Fault(seq, "body")
    # After a gap the entry before is gone, and what this one names cannot be held against it.
    if seq == expected and said["previous"] != previous:
        yield Fault(seq, "chain")


def _rows(connection: Connection, is_sqlite: bool) -> Iterator[_Row]:
    query = _SQLITE_ROWS if is_sqlite else _OTHER_ROWS
    # On PostgreSQL a cursor of the server's: else all of them would come at once.
    for row in connection.exec_driver_sql(query, execution_options={"yield_per": _AT_ONCE}):
        seq, is_typed, at, kind, subject, hashed, body, has_content, holder, sealed = row
        yield _Row(
            seq=seq if type(seq) is int else None,
            is_typed=bool(is_typed) and isinstance(body, bytes) and (is_sqlite or isinstance(hashed, str)),
            at=_text(at),
            kind=_text(kind),
            subject=_text(subject),
            hash=_text(hashed),
            body=body if isinstance(body, bytes) else str(body or "").encode(),
            has_content=bool(has_content),
            holder=_text(holder),
            sealed=sealed if isinstance(sealed, bytes) else None,
        )


def _text(stored: object) -> str:
    """Bytes that are no text become something that no entry says."""
    return bytes(stored).decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else str(stored)


def _has(connection: Connection, table: str, columns: str) -> bool:
    # PostgreSQL hears nothing more of a transaction in which something failed, unless that was a part of its own.
    part = nullcontext() if connection.dialect.name == "sqlite" else connection.begin_nested()
    try:
        with part:
            connection.exec_driver_sql(f"SELECT {columns} FROM {table} LIMIT 1").close()  # noqa: S608 -- our own names
    except DatabaseError as error:
        # No rights, or no database at all, is another matter than a table that is gone.
        if why(error) != "tables":
            raise
        return False
    return True
