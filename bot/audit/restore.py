"""A backup put back: made ready beside what is there, told what it misses and whom to forget, and then put in place."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from sqlmodel import col, select

from bot.audit import dumps, masters
from bot.audit.backup import KNOWLEDGE
from bot.audit.checkpoints import CheckpointError, Checkpoints
from bot.audit.comparison import Comparison, compare
from bot.audit.erasure import Erasures
from bot.audit.errors import ADDRESS, RecordError
from bot.audit.evidence import Source, read_own
from bot.audit.head import Head, HeadFile
from bot.audit.ledger import Ledger
from bot.audit.manifests import HEAD, Manifest, check_files, compact, copied, read_manifest
from bot.audit.rotation import wrap_anew
from bot.audit.seals import Seals
from bot.audit.signing import SigningKeys
from bot.audit.switching import Switch
from bot.audit.transfers import TransferError
from bot.audit.vault import Vault
from bot.audit.witnesses import believed, erased_by, erasures_of, last_number, take_over
from bot.dead_letters import bury_waiting
from bot.people import People
from bot.store import Store
from bot.tables import Entry, PersonKey
from rules.durable import sync

log = structlog.get_logger(__name__)

KIND: Final = "restore"


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the record that was here: how far it went, and whom it had erased."""

    count: int = 0
    erased: frozenset[str] = frozenset()
    shared: tuple[int, str] | None = None
    """The last entry that a backup of the same record has too, by its number, and its hash."""
    checkpoints: Source = field(default_factory=lambda: Source("checkpoint", ()))


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `lost` are the first and the last entry that it misses; `aside` is where the old data is."""

    count: int
    head: str
    lost: tuple[int, int] | None
    erased: tuple[str, ...]
    aside: str | None = None
    conflict: bool = False
    """The checkpoints that others have do not go on from those in the backup."""
    waited: int = 0
    """Events that were not answered when the backup was made, and are dead letters now."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """`url` is the database's address, `by` the account of whoever does it; `places` have checkpoints.

    Nobody else may be at work: see `bot.audit.presence`.
    """

    url: str
    data: Path
    keys: Path
    places: Sequence[Source]
    by: str
    may_contradict: bool = False
    """Whether a backup may be put back whose entries are not those of the record here, as where that is damaged."""
    named: str = ADDRESS
    """Where `url` was given."""

    def put_back(self, folder: Path, at: datetime, *, replace: bool = False) -> Restored:
        """Put the backup in `folder` in place, whole or not at all. With `replace`, what was here is kept aside.

        A stop leaves the old state or, once a journal is written, one in which nobody starts and that the next call
        finishes. Raises `TransferError`, `RecordError`, `KeyFileError`, `VaultError`, `OSError`.
        """
        with closing(Store(self.url, named=self.named)) as target:
            switch = Switch(self.data, target.file)
            noted = switch.journal
            if noted is not None and "moves" in noted:
                return self._finished(switch, noted)
            manifest = read_manifest(folder)
            if manifest.database != ("sqlite" if target.file else "postgresql"):
                raise TransferError("other_kind", str(folder))
            check_files(folder, manifest)
            # In a database that is still empty nothing has begun, whatever was noted.
            if noted is None or target.file or dumps.is_empty(target):
                before = self._before(target, manifest, replace=replace)
                self._stage(switch, folder, manifest, target)
            elif noted.get("backup", manifest.digest) != manifest.digest:
                raise TransferError("begun", target.place)
            else:
                before = self._known(target, manifest, HeadFile(self.data / HEAD).read())
            with closing(self._loaded(switch, folder, manifest, target)) as store:
                restored = self._made_ready(store, switch, folder, manifest, before, at, noted or {})
            switch.note({**switch.plan(compact(at)), "said": _said(restored)})
            return self._finished(switch, switch.journal or {})

    def _finished(self, switch: Switch, noted: Any) -> Restored:
        switch.finish()
        said = noted["said"]
        lost = tuple(said["lost"]) if said["lost"] else None
        return Restored(**{**said, "lost": lost, "erased": tuple(said["erased"]), "aside": noted["aside"]})

    # --- What is here ----------------------------------------------------------------------------------------------

    def _before(self, target: Store, manifest: Manifest, *, replace: bool) -> Before:
        head = HeadFile(self.data / HEAD)
        if target.file is None and not dumps.is_empty(target):
            raise TransferError("not_empty", target.place)
        is_here = head.exists() or bool(target.file and os.path.lexists(target.file))
        if is_here and not replace:
            raise TransferError("present", target.place)
        return self._known(target, manifest, head.read()) if is_here else Before()

    def _known(self, target: Store, manifest: Manifest, head: Head | None) -> Before:
        """As far as it can be read."""
        far = head.count if head else 0
        if target.file is None or not os.path.lexists(target.file):
            return Before(far)
        with closing(Store(self.url, read_only=True, named=self.named)) as old:
            erased, source = frozenset(erasures_of(old)), Source("checkpoint", ())
            shared = None
            try:
                source = read_own(old)
                with old.read() as session:
                    newest = session.exec(select(Entry).order_by(col(Entry.seq).desc()).limit(1)).first()
                    far = max(far, newest.seq if newest else 0)
                    known = session.get(Entry, min(manifest.ledger.count, newest.seq if newest else 0))
                shared = (known.seq, known.hash) if known else None
            except RecordError as error:
                log.warning("restore.old_unreadable", code=error.code)
        return Before(far, erased, shared, source)

    # --- Made ready ------------------------------------------------------------------------------------------------

    def _stage(self, switch: Switch, folder: Path, manifest: Manifest, target: Store) -> None:
        switch.prepare()
        for name, said in manifest.files.items():
            is_database = name == manifest.dump
            place = switch.database if is_database and switch.database else switch.files / name
            if is_database and switch.database is None:
                continue  # the server takes it from where it lies
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if copied(folder / name, place) != said:
                raise TransferError("file", str(folder / name))
        (switch.files / KNOWLEDGE).mkdir(mode=0o700, exist_ok=True)
        for place in (*(path for path in switch.files.rglob("*") if path.is_dir()), switch.files):
            sync(place)
        if target.file is None:
            switch.note({"subject": _new_subject(), "backup": manifest.digest})

    def _loaded(self, switch: Switch, folder: Path, manifest: Manifest, target: Store) -> Store:
        """The database as it lies in the backup; its ledger verifies, and is as long as the manifest says."""
        if switch.database is None and dumps.is_empty(target):
            dumps.load(target, folder / manifest.dump, manifest.tables)
        store = Store(self.url if switch.database is None else f"sqlite:///{switch.database}", named=self.named)
        try:
            self._verify(store, switch, folder, manifest)
        except BaseException:
            store.close()
            raise
        return store

    def _verify(self, store: Store, switch: Switch, folder: Path, manifest: Manifest) -> None:
        found = Ledger(store, switch.files / HEAD).verify()
        said = manifest.ledger
        # Of a restore on a server that was broken off, some entries may have been added since.
        is_same = (found.count, found.head) == (said.count, said.head) or (
            switch.journal is not None and found.count > said.count
        )
        if not (found.is_sound and is_same):
            raise TransferError("fault", str(folder))

    def _made_ready(
        self, store: Store, switch: Switch, folder: Path, manifest: Manifest, before: Before, at: datetime, noted: Any
    ) -> Restored:
        seals = self._seals(store)
        store.migrate(seals)
        if _contradicts(store, before):
            if not self.may_contradict:
                raise TransferError("contradicts", str(folder))
            # Of another history the numbers say nothing: only what was signed of it, and whom it had erased.
            before = Before(0, before.erased, None, before.checkpoints)
        people = People(store, seals)
        ledger = Ledger(store, switch.files / HEAD, people)
        sources, keys = [read_own(store), *self.places, before.checkpoints], self._trusted()
        found = compare(store, sources, keys)
        if any(fault.what == "rewritten" for fault in found.faults):
            raise TransferError("history", str(folder))
        known = believed(sources, keys) if keys else ()
        try:
            take_over(Checkpoints(store, SigningKeys(self.keys)), known, last_number(store))
            conflict = False
        except CheckpointError:
            conflict = True
        erasures = Erasures(store, ledger, people, self.keys / "erased")
        told = erased_by(known) | before.erased
        back = _present(store, told | erasures.noted())
        lost = _lost(manifest, found, before)
        count, head = manifest.ledger.count, manifest.ledger.head
        facts = {"count": count, "head": head, "lost": list(lost) if lost else None, "erased": back}
        subject = (switch.journal or noted).get("subject") or _new_subject()
        # The first that is added: it stands in the place of the first that is lost. Where a restore goes on that was
        # broken off, it is there already, and knew more.
        entry = ledger.append(KIND, subject=subject, facts=facts, actor=people.person(self.by), at=at)
        erasures.again(at, told)
        waited = _buried(store, seals)
        said = json.loads(entry.body)["facts"]
        lost = (said["lost"][0], said["lost"][1]) if said["lost"] else None
        return Restored(count, head, lost, tuple(said["erased"]), conflict=conflict, waited=waited)

    def _seals(self, store: Store) -> Seals:
        """Under the master key in its place; what lies under an older one that is kept is wrapped anew.

        Raises `RecordError` ("master") where no key opens it.
        """
        if not masters.is_lost(self.keys, store):
            return Seals.open(self.keys)
        old = next((key for key in masters.old_ones(self.keys) if masters.opens(store, key)), None)
        if old is None:
            raise RecordError("master", str(self.keys / masters.FILE))
        seals = Seals.open(self.keys)
        with store.write() as session:
            wrap_anew(session, Seals.open(self.keys, Vault(old)), seals.vault)
        return seals

    def _trusted(self) -> Sequence[str]:
        public = SigningKeys(self.keys).public()
        return (public,) if public else ()


def _contradicts(store: Store, before: Before) -> bool:
    """Each entry names the one before it: so if the last one that both have is the same, all before it are."""
    if before.shared is None:
        return False
    number, hashed = before.shared
    with store.read() as session:
        return session.exec(select(Entry.hash).where(Entry.seq == number)).first() != hashed


def _lost(manifest: Manifest, found: Comparison, before: Before) -> tuple[int, int] | None:
    count, reaches = manifest.ledger.count, max(found.reaches, before.count)
    return (count + 1, reaches) if reaches > count else None


def _present(store: Store, told: set[str]) -> list[str]:
    """Those of them whose keys came back."""
    with store.read() as session:
        here = set(session.exec(select(PersonKey.person)).all())
    return sorted(here & told)


def _buried(store: Store, seals: Seals) -> int:
    """Answers of days ago would surprise whoever had them then. How many events wait for somebody to look at them."""
    with store.write() as session:
        waited = bury_waiting(session, seals.vault)
    store.purge()
    return waited


def _new_subject() -> str:
    return f"e_{secrets.token_hex(10)}"


def _said(restored: Restored) -> dict[str, object]:
    return {
        "count": restored.count, "head": restored.head, "lost": restored.lost, "erased": restored.erased,
        "conflict": restored.conflict, "waited": restored.waited,
    }  # fmt: skip
