"""The search index: derived from the record, thrown away and made anew at any time, never holding what is forgotten.

It opens words to take them in. That is the machine's work and no look: nobody sees them by it, and so nothing goes on
record. Whoever wants to read what was found looks at it by `bot.audit.looks`.
"""

# ruff: noqa: S608 -- statements are put together from our own pieces; values always go beside them

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, text

from bot.audit import rows, terms
from bot.audit.errors import RecordError
from bot.audit.facets import Facets, facets_of, forgotten_by, words_of
from bot.audit.filters import Filters, select_by
from bot.audit.ledger import Ledger
from bot.audit.shelf import FORM, Shelf
from bot.audit.vault import VaultError
from bot.store import Store
from bot.wording import Wording

__all__ = ["Filters", "Index", "Page"]

log = structlog.get_logger(__name__)

BATCH: Final = 500
"""Entries that are taken in at a time, each time durably."""
_PAGE: Final = 5_000
_MANY: Final = 10_000
"""New entries after which the database looks anew at how common things are."""
_BREATH: Final = 0.001
"""Seconds between two batches: who waits in this process would else hardly ever be first."""
_MOST: Final = 2**31 - 1

Progress = Callable[[int, int], None]
"""Told how many entries the index has seen, of how many."""

_LETS_GO = "SELECT 1 FROM entry WHERE seq > :seen AND kind IN ('erasure', 'retention', 'restore') LIMIT 1"
_ENTRIES = "SELECT seq, at, kind, subject, body, hash FROM entry WHERE seq > :seen ORDER BY seq LIMIT :batch"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was found, the newest first."""

    hits: tuple[Facets, ...]
    next: int | None
    """What to ask `after` for the page behind it; None: there is none."""
    missing: int = 0
    """The newest entries, so many, were not looked at: others held the index for too long."""

    def told(self, wording: Wording) -> str:
        """That some are missing; nothing where none is."""
        if not self.missing:
            return ""
        return wording.count(
            "The newest entry is not in here yet: the search index is being brought up to date.",
            "The newest {number} entries are not in here yet: the search index is being brought up to date.",
            self.missing,
        )


@dataclass(frozen=True, slots=True)
class _Standing:
    """How an index stands beside the ledger."""

    missing: int
    """Entries that it has not seen."""
    lets_go: bool
    """One of them lets go of words."""
    is_clean: bool
    """Nothing of what was let go is left in its files."""


class Index:
    """Follows the ledger by the last number that it has seen. Every method raises `RecordError`."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        """`ledger` must have people, and so keys: without them no words are found."""
        self._store, self._ledger = store, ledger
        self._shelf = Shelf(store)
        self._is_made = False

    # --- Following the ledger --------------------------------------------------------------------------------------

    def catch_up(self, progress: Progress | None = None) -> int:
        """Take in what is new. Returns how many entries that were.

        Whatever an erasure or a retention among them let go is let go here too, before anything is found. Raises
        `RecordError` ("index") while others hold it for too long.
        """
        try:
            return self._catch_up(progress)
        except RecordError as error:
            if error.place != self._shelf.place or error.code not in ("broken", "tables"):
                raise
        # It is derived: what cannot be read is not worth mending.
        log.warning("search.made_anew", place=self._shelf.place)
        self._shelf.throw_away()
        self._is_made = False
        return self._catch_up(progress)

    def caught_up(self) -> int:
        """Catch up, or do without what is new while others hold the index. Returns how many entries are missing.

        Raises `RecordError` ("index") where words are among it that were let go meanwhile, and must not be found.
        """
        try:
            self.catch_up()
        except RecordError as error:
            if error.code != "index":
                raise
            with suppress(RecordError):
                standing = self._standing()
                if standing and not standing.lets_go:
                    return standing.missing
            raise
        return 0

    def follow(self) -> None:
        """Catch up if there is an index at all: what the ledger let go is let go here, to the last byte.

        Raises `RecordError("locked", ...)` while somebody reads for so long that the bytes cannot be purged.
        """
        if self._shelf.is_there():
            self.catch_up()
            if not self._shelf.clean():
                raise RecordError("locked", self._shelf.place)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Throw all of it away and take in the whole ledger."""
        try:
            self._make()
            with self._shelf.write() as connection:
                self._shelf.empty(connection)
        except RecordError as error:
            if error.code not in ("broken", "tables"):
                raise
            self._shelf.throw_away()
            self._is_made = False
        return self.catch_up(progress)

    def behind(self) -> int:
        """How many entries it has not seen yet: who asks may rather not wait until all of them are taken in."""
        try:
            standing = self._standing() if self._shelf.is_there() else None
        except RecordError as error:
            if error.place != self._shelf.place or error.code not in ("broken", "tables"):
                raise
            standing = None
        return self._last() if standing is None else standing.missing

    def close(self) -> None:
        self._shelf.close()

    def _make(self) -> None:
        if not self._is_made:
            self._shelf.make()
            self._is_made = True

    def _standing(self) -> _Standing | None:
        """How the index stands, which nobody has to wait for; None: it is of another form, or of another ledger."""
        with self._shelf.read() as connection:
            row = connection.execute(text("SELECT form, seen, hash, unclean FROM state")).first()
        with self._store.read() as session:
            ours = session.connection()
            if row is None or row.form != FORM or (row.seen and not _stands(ours, row.seen, row.hash)):
                return None
            last = ours.execute(text("SELECT max(seq) FROM entry")).scalar_one() or 0
            lets_go = ours.execute(text(_LETS_GO), {"seen": row.seen}).first() is not None
        return _Standing(max(0, int(last) - row.seen), lets_go, is_clean=not row.unclean)

    def _catch_up(self, progress: Progress | None) -> int:
        self._make()
        standing = self._standing()
        if standing and standing.is_clean and not standing.missing:
            return 0
        taken = 0
        while True:
            # The words are opened while nobody else may write here. Whoever is erased meanwhile has their key destroyed
            # before or after: before, there is nothing to take in; after, whoever follows waits for us and lets go.
            with self._shelf.write() as connection:
                seen, count = self._take(connection)
            taken += count
            if progress and count:
                progress(seen, max(seen, self._last()))
            if count < BATCH:
                break
            time.sleep(_BREATH)
        if taken > _MANY:
            self._shelf.count_values()
        if not self._shelf.clean():
            log.warning("search.purge_waits", place=self._shelf.place)
        return taken

    def _last(self) -> int:
        with self._store.read() as session:
            return int(session.connection().execute(text("SELECT max(seq) FROM entry")).scalar_one() or 0)

    def _take(self, connection: Connection) -> tuple[int, int]:
        """One batch: the last number that was seen, and how many entries are new."""
        form, seen, known = connection.execute(text("SELECT form, seen, hash FROM state")).one()
        with self._store.read() as session:
            ours = session.connection()
            if form != FORM or (seen and not _stands(ours, seen, known)):
                # Another ledger than the one it followed: a backup that was put back, for one.
                self._shelf.empty(connection)
                seen = 0
            entries = ours.execute(text(_ENTRIES), {"seen": seen, "batch": BATCH}).all()
        if not entries:
            return seen, 0
        found = [facets_of(entry.seq, entry.at, entry.kind, entry.subject, bytes(entry.body)) for entry in entries]
        rows.add_facets(connection, found)
        self._add_words(connection, found)
        for entry in entries:
            holders, ranges = forgotten_by(entry.kind, bytes(entry.body))
            for holder in holders:
                rows.forget_holder(connection, holder)
            for first, last in ranges:
                rows.forget_range(connection, first, last)
        state = {"seen": entries[-1].seq, "hash": entries[-1].hash}
        connection.execute(text("UPDATE state SET seen = :seen, hash = :hash"), state)
        return entries[-1].seq, len(entries)

    def _add_words(self, connection: Connection, found: Sequence[Facets]) -> None:
        kinds = {facets.seq: facets.kind for facets in found if facets.holder}
        write = terms.for_sqlite if self._shelf.is_sqlite else terms.for_postgres
        opened = self.opened(list(kinds))
        bodies = [{"seq": seq, "body": write(words_of(kinds[seq], content))} for seq, content in opened.items()]
        worded = [row for row in bodies if row["body"]]
        value = ":body" if self._shelf.is_sqlite else "CAST(:body AS tsvector)"
        if worded:
            connection.execute(text(f"INSERT INTO words (rowid, body) VALUES (:seq, {value})"), worded)

    def opened(self, seqs: list[int]) -> dict[int, bytes]:
        """Words to be taken in, by the entry's number; those that cannot be read are left out."""
        try:
            return self._ledger.words(seqs)
        except VaultError:
            if len(seqs) == 1:
                # Damaged, or another master key: `verify` is who tells. The others are to be found all the same.
                log.warning("search.words_unreadable", seq=seqs[0])
                return {}
        half = len(seqs) // 2
        return self.opened(seqs[:half]) | self.opened(seqs[half:])

    # --- Finding ---------------------------------------------------------------------------------------------------

    def search(self, filters: Filters, *, newest: int = 50, after: int | None = None) -> Page:
        """The newest entries that `filters` leave, older than entry `after`; caught up with the ledger first.

        While others hold the index: those that it knows, but for what has to be let go first. See `caught_up`.
        """
        missing = self.caught_up()
        if filters.finds_nothing:
            return Page((), None)
        with self._shelf.read() as connection:
            selection = select_by(connection, filters, newest_first=True)
            seqs = selection.run(connection, beyond=_MOST if after is None else after, limit=newest + 1)
            hits = rows.facets(connection, seqs[:newest])
        return Page(hits, seqs[newest - 1] if len(seqs) > newest else None, missing)

    def select(self, filters: Filters) -> Iterator[int]:
        """The numbers of all that `filters` leave, the oldest first, as they are asked for; caught up first."""
        self.catch_up()
        beyond = 0
        while not filters.finds_nothing:
            # A page at a time: who reads for hours would keep the index from being purged.
            with self._shelf.read() as connection:
                seqs = select_by(connection, filters, newest_first=False).run(connection, beyond=beyond, limit=_PAGE)
            yield from seqs
            if len(seqs) < _PAGE:
                return
            beyond = seqs[-1]

    def read(self) -> AbstractContextManager[Connection]:
        """A connection to the tables of facets, for who counts."""
        return self._shelf.read()

    def write(self) -> AbstractContextManager[Connection]:
        """One of those who add to what is derived, at a time: meanwhile nothing is let go."""
        return self._shelf.write()


def _stands(connection: Connection, seq: int, known: str) -> bool:
    return connection.execute(text("SELECT hash FROM entry WHERE seq = :seq"), {"seq": seq}).scalar() == known
