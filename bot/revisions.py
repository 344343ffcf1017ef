"""The policies that were published: each kept whole and on record, and read again as it was, whatever Vaglio ships."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock
from sqlalchemy import String, cast
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from bot.audit.ledger import Ledger, NewEntry
from bot.bundles import OWN, SHIPS, Unsound, laid_out, packed, together, unpacked, written
from bot.revision_errors import RevisionError
from bot.store import Store
from bot.tables import Entry, Revision
from rules.assembly import load_policy
from rules.comparing import compare
from rules.policy import Policy
from rules.problems import PolicyError

__all__ = ["Published", "RevisionError", "Revisions"]

KIND: Final = "publication"
"""Of the ledger's entries."""
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*@[0-9a-f]{12}")
"""Of a revision."""

_PATIENCE = 30.0
"""Seconds for which another process that unpacks is waited for."""
_KEPT = 4
"""Policies that are kept as they were read."""


@dataclass(frozen=True, slots=True)
class Published:
    """A policy that was published, without the policy itself."""

    seq: int
    """Higher is newer: the same policy may be published again after another."""
    revision: str
    at: datetime
    person: str | None
    """The pseudonym of who published it."""
    note: str


class Revisions:
    """In force is the newest publication that is on record. Safe for several threads and processes at once."""

    def __init__(self, store: Store, folder: Path, ledger: Ledger) -> None:
        """`folder` is where policies are unpacked to be read; what is in it may be deleted at any time."""
        self._store, self._folder, self._ledger = store, folder, ledger
        self._loaded: dict[int, Policy] = {}
        self._lock = threading.Lock()

    def publish(
        self, path: Path, *, person: str | None, note: str, at: datetime, revision: str | None = None
    ) -> Published:
        """Keep the policy at `path` with all that it reads, and put it on record: from then on it is in force.

        `revision` is what was tried, where it was. Raises `PolicyError` for a policy that does not load,
        `RevisionError` for the one that is in force already or whose files say something else by now, and what the
        record raises.
        """
        policy, bundle = load_policy(path), packed(path)
        name = revision or policy.revision
        with self._alone("publishing"):
            newest = self.newest()
            if newest and newest.revision == name:
                raise RevisionError("in_force", name)
            if policy.revision != name or not self._says(name, bundle):
                raise RevisionError("other", name)
            return self._put(policy, name, bundle, newest, person=person, note=note, at=at)

    def publish_bundle(
        self,
        bundle: bytes,
        *,
        revision: str,
        base: str | None,
        person: str | None,
        note: str,
        at: datetime,
        proposal: str,
    ) -> Published:
        """Put the policy of a proposal, packed in `bundle`, in force, if `base` still is; None: nothing was published.

        Raises as `publish` does, and `RevisionError` ("moved") where another policy is in force by now.
        """
        with self._alone("publishing"):
            newest = self.newest()
            if newest and newest.revision == revision:
                raise RevisionError("in_force", revision)
            if (newest.revision if newest else None) != base:
                raise RevisionError("moved", newest.revision if newest else revision)
            policy = self._read(revision, bundle)
            if policy.revision != revision:
                raise RevisionError("other", revision)
            return self._put(policy, revision, bundle, newest, person=person, note=note, at=at, proposal=proposal)

    def bundle(self, seq: int) -> bytes:
        """What was published as number `seq`, packed. Raises `LookupError`, `RevisionError`."""
        return self._bundle(seq).bundle

    def restore(self, revision: str, *, person: str | None, note: str, at: datetime) -> Published:
        """Put a policy that was published before in force again, as it was then.

        Raises as `load` does, `LookupError` too for a name that none had, and `RevisionError` for the one in force.
        """
        with self._alone("publishing"):
            newest = self.newest()
            if newest and newest.revision == revision:
                raise RevisionError("in_force", revision)
            seq = next((one.seq for one in self.history() if one.revision == revision), None)
            if seq is None:
                raise LookupError("no policy of that name was published")
            policy = self.load(seq)
            bundle = self.bundle(seq)
            return self._put(policy, revision, bundle, newest, person=person, note=note, at=at)

    def _put(
        self,
        policy: Policy,
        name: str,
        bundle: bytes,
        newest: Published | None,
        *,
        person: str | None,
        note: str,
        at: datetime,
        proposal: str | None = None,
    ) -> Published:
        """The row and its record, or neither: what is not on record is not in force.

        Raises `RevisionError` ("moved") where somebody on another machine was first.
        """
        facts = {
            "revision": name,
            "previous": newest.revision if newest else None,
            "rules": self._counts(newest, policy),
            "bundle": hashlib.sha256(bundle).hexdigest(),
        }
        if proposal:
            facts["proposal"] = proposal
        with self._store.write() as session:
            first = next(iter(_rows_in(session, 1)), None)
            if (first.seq if first else None) != (newest.seq if newest else None):
                is_same = first is not None and first.revision == name
                raise RevisionError("in_force" if is_same else "moved", first.revision if first else name)
            row = Revision(revision=name, at=at.timestamp(), person=person, note=note, bundle=bundle)
            session.add(row)
            session.flush()
            seq = row.seq or 0
            self._ledger.append_in(session, NewEntry(KIND, _subject(name, seq), facts, actor=person, at=at))
        self._ledger.let_head_follow()
        return Published(seq, name, at, person, note)

    def newest(self) -> Published | None:
        """The policy in force, by its name; cheap enough to be asked every second."""
        found = self._rows(1)
        return found[0] if found else None

    def history(self) -> Sequence[Published]:
        """All of them, the newest first."""
        return self._rows(None)

    def proposal(self, published: Published) -> str | None:
        """The id of the proposal that was published so; None: it came from a file, or somebody went back to it."""
        recorded = self._ledger.entry(_subject(published.revision, published.seq))
        return json.loads(recorded.body)["facts"].get("proposal") if recorded else None

    def policy_of(self, revision: str) -> Policy | None:
        """The policy of that name, or None if none was published. Raises as `load` does."""
        seq = next((one.seq for one in self.history() if one.revision == revision), None)
        return None if seq is None else self.load(seq)

    def load(self, seq: int) -> Policy:
        """The policy that was published as number `seq`; it bears the name that it was published under.

        Raises `LookupError` if there is none, `RevisionError` if it is not what was published, and `PolicyError` if
        this version of Vaglio cannot read it.
        """
        with self._lock:
            if seq in self._loaded:
                return self._loaded[seq]
        row = self._bundle(seq)
        policy = self._read(row.revision, row.bundle)
        # A later Vaglio may give a policy fields that it did not have, and so compute another name for the same words.
        policy.__dict__["revision"] = row.revision
        with self._lock:
            self._loaded[seq] = policy
            while len(self._loaded) > _KEPT:
                del self._loaded[next(iter(self._loaded))]
        return policy

    def files(self, revision: str) -> tuple[Mapping[str, bytes], str]:
        """The files of a policy that was published, as they were written, by their names; and which is the policy.

        Raises `LookupError` for a name that none had, and `RevisionError` if it is not what was published.
        """
        seq = next((one.seq for one in self.history() if one.revision == revision), None)
        if seq is None:
            raise LookupError("no policy of that name was published")
        try:
            return together(*unpacked(self._bundle(seq).bundle))
        except Unsound:
            raise RevisionError("altered", revision) from None

    def _bundle(self, seq: int) -> Revision:
        with self._store.read() as session:
            row = session.get(Revision, seq)
        if row is None:
            raise LookupError(f"no policy was published as number {seq}")
        recorded = self._ledger.entry(_subject(row.revision, seq))
        facts = json.loads(recorded.body)["facts"] if recorded else {}
        if facts.get("bundle") != hashlib.sha256(row.bundle).hexdigest():
            raise RevisionError("altered", row.revision)
        return row

    def _rows(self, limit: int | None) -> list[Published]:
        with self._store.read() as session:
            return _rows_in(session, limit)

    def _counts(self, newest: Published | None, policy: Policy) -> Mapping[str, int] | None:
        """How many rules are new, gone and so on; None where what was in force cannot be read any more."""
        if newest is None:
            return {"new": len(policy.rules), "gone": 0, "stricter": 0, "looser": 0, "changed": 0}
        try:
            found = compare(self.load(newest.seq), policy)
        except (PolicyError, RevisionError):
            return None
        return {kind: len(found.of(kind, "rule")) for kind in ("new", "gone", "stricter", "looser", "changed")}

    # --- Files --------------------------------------------------------------------------------------------------------

    def _alone(self, doing: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileLock(self._folder / f"{doing}.lock", timeout=_PATIENCE, mode=0o600)

    def _says(self, revision: str, bundle: bytes) -> bool:
        """Whether what was packed makes that policy, as the files themselves did a moment ago."""
        try:
            return self._read(revision, bundle).revision == revision
        except PolicyError:
            return False

    def _read(self, revision: str, bundle: bytes) -> Policy:
        """Unpacks and reads under one lock, so that nobody puts another copy in its place meanwhile."""
        if not NAME.fullmatch(revision):
            raise RevisionError("altered", revision)
        try:
            files, layout = unpacked(bundle)
        except Unsound:
            raise RevisionError("altered", revision) from None
        place = self._folder / revision
        with self._alone("reading"):
            if written(place) != files:
                for left in self._folder.glob(".new-*"):  # by somebody who was stopped: here is one at a time
                    shutil.rmtree(left, ignore_errors=True)
                new = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
                laid_out(files, new)
                shutil.rmtree(place, ignore_errors=True)
                new.replace(place)
            return load_policy(place / layout[OWN], place / layout[SHIPS])


def _rows_in(session: Session, limit: int | None) -> list[Published]:
    subject = col(Revision.revision).concat("#").concat(cast(col(Revision.seq), String))
    # What a sudden stop kept off the record is not in force. The bundles stay where they are.
    recorded = select(Revision).join(Entry, (col(Entry.kind) == KIND) & (col(Entry.subject) == subject))
    light = defer(col(Revision.bundle), raiseload=True)  # type: ignore[arg-type]  # it is what sqlmodel makes of it
    newest = recorded.order_by(col(Revision.seq).desc()).options(light)
    return [
        Published(row.seq or 0, row.revision, datetime.fromtimestamp(row.at, UTC), row.person, row.note)
        for row in session.exec(newest.limit(limit)).all()
    ]


def _subject(revision: str, seq: int) -> str:
    return f"{revision}#{seq}"
