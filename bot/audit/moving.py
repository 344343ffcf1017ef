"""A record in a file becomes one on a server: whole or not at all, the same on both sides, and never two of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from bot import form
from bot.audit import copying, masters, records
from bot.audit.comparison import compare
from bot.audit.copying import Contents, Told
from bot.audit.errors import ADDRESS, RecordError
from bot.audit.evidence import Source, read_own
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.manifests import HEAD, Count
from bot.audit.moved import Note, read_note, remove_note, write_note
from bot.audit.seals import TEXTS, Seals
from bot.audit.shelf import FILE as SEARCH
from bot.audit.signing import SigningKeys
from bot.audit.transfers import Code, TransferError
from bot.audit.verification import verify
from bot.dead_letters import KIND as EVENT
from bot.inside import Inside
from bot.keys import existing_key
from bot.people import People
from bot.store import Store
from bot.tables import Entry, Pending

KIND: Final = "move"
# Extensions bring tables of their own, and a server's keeper may have wanted those.
_ANYTHING: Final = """
SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
AND NOT EXISTS (
  SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
) LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was brought over: the ledger as it was, and rows by table; without them where an earlier call did it."""

    count: int
    head: str
    file: Path
    place: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Moving:
    """`url` is the file's address; `places` have checkpoints; `by` is the account of whoever does it.

    Nobody else may be at work: see `bot.audit.presence`.
    """

    url: str
    data: Path
    keys: Path
    places: Sequence[Source]
    by: str
    told: Told = lambda table, rows: None

    def move(self, to: str, at: datetime, named: str = ADDRESS) -> Moved:
        """Bring everything to the empty database at `to`, in one transaction. The file stays as it was.

        `named` is where that address was given.

        Broken off anywhere, nothing is there, or all of it is and the next call finishes.
        Raises `TransferError`, `RecordError`, `StoreError`, `VaultError`, `OSError`.
        """
        target = Store(to, keeps_open=False, named=named)
        with closing(Store(self.url, read_only=True)) as source, closing(target):
            file = self._file(source)
            if target.file is not None:
                raise TransferError("target", target.place)
            if note := read_note(file):
                if note.state == "moved":
                    raise RecordError("moved", source.place)
                if self._arrived(note, target):
                    return self._finish(file, note, {})
            return self._brought(source, file, target, at)

    def went(self) -> Note:
        """What is noted of a move that can be taken back. Raises `TransferError` where there was none."""
        with closing(Store(self.url, read_only=True)) as store:
            if (note := read_note(self._file(store))) is None:
                raise TransferError("not_moved", store.place)
            return note

    def undo(self, at: datetime) -> None:
        """The record goes on in the file, from where it was. That it was away is on record.

        Raises `TransferError` where checkpoints know that it has gone on elsewhere, `RecordError`, `OSError`.
        """
        note = self.went()
        with closing(Store(self.url)) as store:
            file = self._file(store)
            self._look_at_checkpoints(store, "went_on")
            head, people = HeadFile(self.data / HEAD), People(store, Seals.open(self.keys))
            facts = {"count": note.entry.count - 1, "from": "postgresql", "to": "sqlite", "lost": self._lost(note)}
            ledger = Ledger(store, head.path, people)
            new = NewEntry(KIND, _new_subject(), facts, actor=people.person(self.by), at=at)
            with store.write() as session:
                ledger.append_in(session, new)
            # Only now: until then it says how far the record had gone on the server.
            if note.head is not None:
                with head.lock():
                    head.write(Head(note.head.count, note.head.head))
            ledger.let_head_follow()
            remove_note(file)

    def _lost(self, note: Note) -> list[int] | None:
        """The first and the last entry after the one that says it was moved, as far as the head here has seen them."""
        known = HeadFile(self.data / HEAD).read()
        return [note.entry.count + 1, known.count] if known and known.count > note.entry.count else None

    # --- Before ------------------------------------------------------------------------------------------------------

    def _file(self, source: Store) -> Path:
        if source.file is None:
            raise TransferError("kind", source.place)
        return source.file

    def _look(self, source: Store) -> Count:
        """That what is here can be moved: of the newest form, sound, borne out by checkpoints, and not sealed by
        another master key."""
        found = source.form()
        if found != form.newest():
            raise RecordError("newer", source.place) if form.is_newer(found) else TransferError("behind", source.place)
        masters.look(self.keys, source)
        walked = verify(source, HeadFile(self.data / HEAD), Seals.open(self.keys))
        if not walked.is_sound:
            raise TransferError("fault", source.place)
        self._look_at_checkpoints(source)
        return Count(count=walked.count, head=walked.head)

    def _look_at_checkpoints(self, store: Store, code: Code = "checkpoints") -> int:
        public = SigningKeys(self.keys).public()
        found = compare(store, [read_own(store), *self.places], [public] if public else [])
        if found.faults:
            raise TransferError(code, store.place)
        return found.count

    # --- The transaction ---------------------------------------------------------------------------------------------

    def _brought(self, source: Store, file: Path, target: Store, at: datetime) -> Moved:
        before = self._look(source)
        with Inside.begun(target) as inside:
            if inside.connection.exec_driver_sql(_ANYTHING).first():
                raise TransferError("not_empty", target.place)
            # The lock is ours, and nothing is there: the transaction of a call that was broken off is over, and left
            # nothing. Before, it might still have been committed.
            remove_note(file)
            seals = Seals.open(self.keys)
            inside.migrate(seals)
            rows = {table: found.rows for table, found in self._copied(source, inside).items()}
            self._look_at_both(source, inside, before, seals)
            entry = self._on_record(inside, seals, before, sum(rows.values()), at)
            note = Note(
                state="moving", to=target.place, at=records.timestamp(at),
                entry=Count(count=entry.seq, head=entry.hash),
                head=before,
            ).sealed(existing_key(self.keys, TEXTS))  # fmt: skip
            # From here on nobody starts on the file: the server may have it all, also if it cannot say so any more.
            write_note(file, note)
        return self._finish(file, note, rows)

    def _copied(self, source: Store, inside: Inside) -> dict[str, Contents]:
        """Raises `TransferError` where a table does not hold there what it holds here."""
        sent = dict[str, Contents]()
        with source.read() as session:
            for table in copying.tables():
                with inside.told():
                    _empty(inside, table.name)
                    sent[table.name] = copying.copy(session.connection(), inside.connection, table, self.told)
        with inside.told():
            copying.set_sequences(inside.connection)
            for table in copying.tables():
                if copying.contents(inside.connection, table) != sent[table.name]:
                    raise TransferError("differs", f"{inside.place} ({table.name})")
        return sent

    def _look_at_both(self, source: Store, inside: Inside, before: Count, seals: Seals) -> None:
        """The ledger there is the one here, guards and all; its words open, and it knows the same checkpoints."""
        walked = verify(inside, HeadFile(self.data / HEAD), seals)
        if not walked.is_sound or (walked.count, walked.head) != (before.count, before.head):
            raise TransferError("differs", f"{inside.place} (entry)")
        masters.look(self.keys, inside)
        if self._look_at_checkpoints(inside) != self._look_at_checkpoints(source):
            raise TransferError("differs", f"{inside.place} (checkpoint)")

    def _on_record(self, inside: Inside, seals: Seals, before: Count, rows: int, at: datetime) -> Entry:
        people = People(inside, seals)
        person = people.person(self.by)
        facts = {"count": before.count, "head": before.head, "rows": rows, "from": "sqlite", "to": "postgresql"}
        with inside.write() as session:
            new = NewEntry(KIND, _new_subject(), facts, actor=person, at=at)
            entry = Ledger(inside, self.data / HEAD, people).append_in(session, new)
            _put_to_work(inside, session)
        return entry

    # --- After -------------------------------------------------------------------------------------------------------

    def _arrived(self, note: Note, target: Store) -> bool:
        """Whether a call that was broken off had committed its transaction. Raises `TransferError`, `RecordError`."""
        if target.place != note.to:
            raise TransferError("other", note.to)
        with target.read() as session:
            if not target.is_made(session.connection()):
                return False
            found = session.exec(select(Entry.hash).where(col(Entry.seq) == note.entry.count)).first()
        if found != note.entry.head:
            raise TransferError("not_empty", target.place)
        return True

    def _finish(self, file: Path, note: Note, rows: Mapping[str, int]) -> Moved:
        """The head goes on to the entry that says it, and what was derived from opened words goes."""
        head = HeadFile(self.data / HEAD)
        with head.lock():
            known = head.read()
            if known is None or known.count < note.entry.count:
                head.write(Head(note.entry.count, note.entry.head))
        for suffix in ("", "-wal", "-shm", "-journal"):
            file.with_name(SEARCH + suffix).unlink(missing_ok=True)
        write_note(file, note.model_copy(update={"state": "moved"}))
        return Moved(note.entry.count, note.entry.head, file, note.to, rows)


def _put_to_work(inside: Inside, session: Session) -> None:
    """What was acknowledged and not answered is answered there, where each piece is a job of the queue.

    Whatever else is left over, such as a backtest that was stopped, the queue finds by itself.
    """
    from bot.queue import Queue  # its library takes as long to import as all the rest

    ids = session.exec(select(Pending.id).order_by(col(Pending.at))).all()
    Queue(inside, workers=1).put(session, EVENT, ids)


def _empty(inside: Inside, table: str) -> None:
    """Without what a migration may have put there by itself; of the ledger it puts nothing."""
    if table != str(Entry.__tablename__):
        inside.connection.exec_driver_sql(f'DELETE FROM "{table}"')  # noqa: S608 -- ours


def _new_subject() -> str:
    return f"m_{secrets.token_hex(10)}"
