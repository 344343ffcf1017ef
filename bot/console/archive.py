"""What the pages of the record are built from, and what they share: nothing here knows of pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from bot.audit.beside import compare_beside
from bot.audit.checkpoints import Checkpoints
from bot.audit.comparison import Comparison, Note
from bot.audit.erasure import KIND as ERASURE
from bot.audit.erasure import Erasures
from bot.audit.errors import RecordError
from bot.audit.holds import Holds
from bot.audit.index import Index
from bot.audit.ledger import Fault, Ledger, Verification
from bot.audit.signing import SigningKeys
from bot.audit.story import Stories
from bot.audit.subject import Subjects
from bot.audit.targets import Target
from bot.audit.unmasking import Unmasking
from bot.console.job import Job, Progress
from bot.console.searches import SavedSearches
from bot.console.undertakings import Standing, Undertakings
from bot.people import People
from bot.store import Store
from bot.tables import Entry
from rules.policy import Policy

_VERIFY = "verify"
_LIFE = 366 * 86_400.0
"""Seconds for which it is known when the chain was verified last."""
_FAULTS = 1_000
"""That are kept of a verification: whoever has more wants them from `vaglio audit verify`."""
_MANY = 20_000
"""New entries that nobody who asks should wait for until the index has taken them in."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a walk along the chain found, and what the checkpoints say; `found` has the faults of both."""

    at: datetime
    found: Verification
    beside: Comparison

    def written(self) -> str:
        """As JSON: numbers, codes and places."""
        found = replace(self.found, faults=self.found.faults[:_FAULTS])
        beside = replace(self.beside, faults=(), notes=self.beside.notes[:_FAULTS])
        return json.dumps({"at": self.at.timestamp(), "found": asdict(found), "beside": asdict(beside)})

    @classmethod
    def read(cls, written: str) -> Verified:
        said = json.loads(written)
        found, beside = said["found"], said["beside"]
        faults = tuple(Fault(**fault) for fault in found["faults"])
        notes = tuple(Note(**note) for note in beside["notes"])
        return cls(
            datetime.fromtimestamp(said["at"], UTC),
            Verification(**{**found, "faults": faults}),
            Comparison(**{**beside, "faults": (), "notes": notes}),
        )


@dataclass(slots=True)
class Archive:
    """The record with its index, its keys and the places of its checkpoints."""

    store: Store
    ledger: Ledger
    people: People
    policy: Callable[[], Policy]
    keys: SigningKeys
    trusted: Callable[[], Collection[str]]
    """Public keys that signed checkpoints."""
    targets: Sequence[Target]
    period: timedelta
    """Between two checkpoints."""
    erased: Path
    """The list of those who were erased: see `bot.audit.erasure`."""
    exports: Path
    """The folder in which exports lie that are made here, until they are fetched."""
    needs_two: bool = False
    """Whether a name is told only when a second person agrees."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    index: Index = field(init=False)
    verifying: Job[Verified] | None = field(default=None, init=False)
    _indexing: Job[int] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self.index = Index(self.store, self.ledger)

    @property
    def undertakings(self) -> Undertakings:
        return Undertakings(self.store, self.people.seals.vault, lambda: self.now().timestamp())

    @property
    def stories(self) -> Stories:
        return Stories(self.store, self.ledger, self.index)

    @property
    def searches(self) -> SavedSearches:
        return SavedSearches(self.store, self.people.seals.vault)

    @property
    def holds(self) -> Holds:
        return Holds(self.store, self.ledger)

    @property
    def erasures(self) -> Erasures:
        return Erasures(self.store, self.ledger, self.people, self.erased, self.index)

    @property
    def subjects(self) -> Subjects:
        return Subjects(self.store, self.ledger, self.people)

    @property
    def unmasking(self) -> Unmasking:
        return Unmasking(self.store, self.ledger, self.people, needs_two=self.needs_two)

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.store, self.keys)

    def last(self) -> int:
        """The number of the newest entry; 0 where there is none."""
        newest = self.ledger.entries(newest=1)
        return newest[0].seq if newest else 0

    def was_somebody_erased(self, since: int) -> bool:
        """After the entry of this number."""
        erasure = select(Entry.seq).where(Entry.kind == ERASURE, col(Entry.seq) > since).limit(1)
        with self.store.read() as session:
            return session.exec(erasure).first() is not None

    def indexing(self) -> Job[int] | None:
        """Of an index that has much to take in first, how far it is. None: it can be asked."""
        with self._lock:
            if self._indexing is not None and self._indexing.is_running:
                return self._indexing
            self._indexing = None
            if self.index.behind() >= _MANY:
                self._indexing = Job("index", self.index.catch_up)
            return self._indexing

    def verify(self) -> Job[Verified] | None:
        """Begin to verify the chain, unless that is under way. None: in another process."""
        with self._lock:
            if self.verifying is None or not self.verifying.is_running:
                run = self.undertakings.begin(_VERIFY, _LIFE)
                if run is not None:  # else another process is at it
                    self.verifying = Job("verify", lambda progress: self._verify(progress, run))
            return self.verifying

    def verification(self) -> Standing | None:
        """The one that is under way, in whichever process, or else the last one; see `Verified.read`."""
        return self.undertakings.find(_VERIFY)

    @property
    def verified(self) -> Verified | None:
        """The last time that the chain was verified, unless it is being verified anew."""
        standing = self.verification()
        return Verified.read(standing.result) if standing and standing.result else None

    def _verify(self, progress: Progress, run: str) -> Verified:
        last, tell = self.last(), self.undertakings.telling(_VERIFY, run)

        def both(done: int) -> None:
            progress(done, last)
            tell(done, last)

        try:
            with self.undertakings.held(_VERIFY, run):
                found = self.ledger.verify(both)
                beside = compare_beside(self.store, self.targets, self.trusted())
        except Exception as error:
            code = f"record:{error.code}" if isinstance(error, RecordError) else type(error).__name__
            self.undertakings.end(_VERIFY, run, error=code, life=_LIFE)
            raise
        verified = Verified(self.now(), replace(found, faults=(*found.faults, *beside.faults)), beside)
        self.undertakings.end(_VERIFY, run, result=verified.written(), life=_LIFE)
        return verified
