"""Changes of the policy that are not in force yet: begun, edited, tried, agreed to, published or taken back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from bot.audit.ledger import Ledger
from bot.bundles import Unsound, bundled, own_files, packed, unpacked
from bot.live import LivePolicy
from bot.proposals.before import BeforeAll, before_all
from bot.proposals.merging import merged
from bot.proposals.proposed import File, ProposalError, Proposed, line
from bot.proposals.reading import Reader
from bot.proposals.tables import Proposal
from bot.proposals.trials import Trials
from bot.revisions import Published, RevisionError, Revisions
from bot.store import Store
from rules.comparing import Comparison, compare
from rules.judges import Judges
from rules.knowledge.store import Knowledge
from rules.policy import Policy
from rules.trial import Misbehaviour

AGREEMENT: Final = "agreement"
"""Of the ledger's entries: a second person agrees to what is proposed."""
UNPUBLISHED: Final = 0
"""As a publication's number: none has it."""
_ID: Final = re.compile(r"w_[0-9a-f]{20}")


class Proposals:
    """Safe for several threads and processes at once."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        revisions: Revisions,
        file: Path,
        judges: Judges | None,
        knowledge: Knowledge | None,
        *,
        people: int = 1,
        whose: Callable[[str], str | None] = lambda person: person,
    ) -> None:
        """`file` is in force where nothing was published. `people`: how many it takes to publish, 1 or 2.

        `whose` tells by which pseudonym somebody is known now: see `People.whose`.
        """
        self._whose = whose
        self._store, self._ledger, self._revisions, self._file = store, ledger, revisions, file
        self.live = LivePolicy(revisions, file)
        self.people = people
        self._trials, self._reader = Trials(judges, knowledge), Reader()

    def begin(self, person: str, at: datetime, note: str = "") -> str:
        """A proposal that changes nothing yet of the policy in force; its id. Raises as `LivePolicy.policy` does."""
        return self._begun(None, person, at, note)

    def go_back(self, seq: int, person: str, at: datetime, note: str) -> str:
        """A proposal of what was published as number `seq`, as it was; its id. Raises as `Revisions.load` does.

        `UNPUBLISHED` is what was in force before anything was published: see `before_all`.
        """
        if seq != UNPUBLISHED:
            return self._begun(self._revisions.bundle(seq), person, at, note)
        if (before := self.before_all()) is None:
            raise LookupError("nothing is known of what was in force before")
        return self._begun(before.bundle, person, at, note)

    def before_all(self) -> BeforeAll | None:
        """What was in force before anything was published, where that is known."""
        return before_all(self._store, self._revisions)

    def _begun(self, bundle: bytes | None, person: str, at: datetime, note: str) -> str:
        origin, base = self.in_force()
        id = f"w_{secrets.token_hex(10)}"
        row = Proposal(
            id=id, at=at.timestamp(), person=person, base=base, state="open", note=line(note),
            bundle=bundle or origin, origin=origin,
        )  # fmt: skip
        with self._store.write() as session:
            session.add(row)
        return id

    def in_force(self) -> tuple[bytes, str]:
        """What is in force, packed, and its revision. Raises as `LivePolicy.policy` does."""
        newest = self._revisions.newest()
        if newest:
            return self._revisions.bundle(newest.seq), newest.revision
        bundle = packed(self._file)
        return bundle, self._reader.read(bundle).revision

    def find(self, id: str) -> Proposed | None:
        if not _ID.fullmatch(id):
            return None
        with self._store.read() as session:
            row = session.get(Proposal, id, options=_LIGHT)
        return Proposed.of(row) if row else None

    def open(self) -> Sequence[Proposed]:
        """Those that are under way, the one edited last first."""
        newest = select(Proposal).where(Proposal.state == "open").order_by(col(Proposal.at).desc()).options(*_LIGHT)
        with self._store.read() as session:
            return [Proposed.of(row) for row in session.exec(newest)]

    def files(self, id: str) -> tuple[File, ...]:
        """The company's own files, the policy itself first. Raises `ProposalError`."""
        files, layout = unpacked(self._row(id).bundle)
        return tuple(File(name, files[name].decode("utf-8-sig")) for name in own_files(files, layout))

    # --- Reading and trying -------------------------------------------------------------------------------------------

    def policy(self, id: str, written: Mapping[str, str] | None = None) -> Policy:
        """What is proposed, with `written` in place of some of its files; nothing is saved.

        Raises `PolicyError`, whose places name the files as their authors do, and `ProposalError`.
        """
        bundle = self._row(id).bundle
        return self._reader.read(_with(bundle, written) if written else bundle)

    def before(self, id: str) -> Policy:
        """What it builds on. Raises as `policy` does."""
        return self._reader.read(self._row(id).origin)

    def policy_before_all(self) -> Policy | None:
        """See `before_all`. Raises `PolicyError`, `RevisionError`."""
        found = self.before_all()
        try:
            return self._reader.read(found.bundle) if found else None
        except Unsound:
            raise RevisionError("altered", found.revision if found else "") from None

    def comparison(self, id: str) -> Comparison:
        """What it changes. Raises as `policy` does."""
        return compare(self.before(id), self.policy(id))

    def trial(self, policy: Policy, *, only_known: bool = False) -> tuple[Misbehaviour, ...] | None:
        """What keeps it from being published; it takes seconds, once. None: `only_known`, and nobody has tried it."""
        return self._trials.known(policy) if only_known else self._trials.of(policy)

    def moved_to(self, id: str) -> str | None:
        """The revision in force, where it is not the one that the proposal builds on."""
        _, revision = self.in_force()
        return None if revision == self._row(id).base else revision

    # --- Changing -----------------------------------------------------------------------------------------------------

    def edit(self, id: str, name: str, text: str, *, upon: str, person: str, at: datetime) -> None:
        """Save a file's new text, written upon the version `upon`; whoever had agreed has to agree again.

        Raises `ProposalError`, and `LookupError` for a file that is not the company's own.
        """
        with self._store.write() as session:
            row = self._opened(session, id)
            files, layout = unpacked(row.bundle)
            if name not in own_files(files, layout):
                raise LookupError(name)
            if File(name, files[name].decode("utf-8-sig")).version != upon:
                raise ProposalError("edited", name)
            _write(row, bundled({**files, name: text.encode()}, layout), person, at)

    def rebase(self, id: str, *, person: str, at: datetime) -> None:
        """Bring its changes over to the policy that is in force now.

        Raises `ProposalError` ("conflict") where both changed the same lines: then nothing is changed.
        """
        bundle, revision = self.in_force()
        built_on = self._row(id)
        # Apart from the transaction: while two long texts are brought together, everybody else may write.
        brought = _brought(built_on, bundle)
        with self._store.write() as session:
            row = self._opened(session, id)
            if (row.bundle, row.origin) != (built_on.bundle, built_on.origin):
                raise ProposalError("edited")
            row.base, row.origin = revision, bundle
            _write(row, brought, person, at)

    def agree(self, id: str, *, person: str, at: datetime, seen: str | None = None) -> None:
        """Somebody who wrote none of it agrees to it as it is. Raises as `policy` does.

        `seen` is the revision that they have looked at; None: whichever it is now.
        """
        with self._store.read() as session:
            row = self._opened(session, id)
        if self.wrote(person, Proposed.of(row)):
            raise ProposalError("own")
        bundle, policy = row.bundle, self._reader.read(row.bundle)
        if seen not in (None, policy.revision):
            raise ProposalError("unseen")
        facts = {"proposal": id, "revision": policy.revision}
        # Each counts by itself: another may agree to the same once more, after an edit that was taken back.
        self._ledger.append(AGREEMENT, subject=f"g_{secrets.token_hex(10)}", facts=facts, actor=person, at=at)
        with self._store.write() as session:
            row = self._opened(session, id)
            if row.bundle != bundle:
                raise ProposalError("edited")
            row.agreed_by = person
            session.add(row)

    def wrote(self, person: str, proposed: Proposed) -> bool:
        """Whether they wrote some of it, also by an account that was somebody else's until they linked it."""
        known = {self._whose(each) or each for each in (proposed.person, *proposed.editors)}
        return (self._whose(person) or person) in known

    def publish(self, id: str, *, person: str, at: datetime, seen: str | None = None) -> Published:
        """Put it in force and on record, once it is tried, agreed to where it must be, and builds on what is in force.

        `seen` as for `agree`. Raises `ProposalError`, and as `Revisions.publish_bundle` does.
        """
        row = self._row(id)
        if row.state != "open":
            raise ProposalError("gone")
        # Of the row that is looked at here: what is saved while this goes on is neither tried nor published.
        policy, newest = self._reader.read(row.bundle), self._revisions.newest()
        if policy.revision == row.base:
            raise ProposalError("same")
        if row.base != (newest.revision if newest else self.in_force()[1]):
            raise ProposalError("moved")
        if seen not in (None, policy.revision):
            raise ProposalError("unseen")
        if self.people > 1 and (row.agreed_by is None or self.wrote(row.agreed_by, Proposed.of(row))):
            raise ProposalError("alone")
        if self.trial(policy):
            raise ProposalError("fails")
        published = self._revisions.publish_bundle(
            row.bundle, revision=policy.revision, base=newest.revision if newest else None, person=person,
            note=row.note, at=at, proposal=id,
        )  # fmt: skip
        self._end(id, "published")
        return published

    def withdraw(self, id: str) -> None:
        """Raises `ProposalError`."""
        self._end(id, "withdrawn")

    # --- Within -------------------------------------------------------------------------------------------------------

    def _row(self, id: str) -> Proposal:
        with self._store.read() as session:
            row = session.get(Proposal, id) if _ID.fullmatch(id) else None
        if row is None:
            raise ProposalError("gone")
        return row

    def _opened(self, session: Session, id: str) -> Proposal:
        row = session.get(Proposal, id) if _ID.fullmatch(id) else None
        if row is None or row.state != "open":
            raise ProposalError("gone")
        return row

    def _end(self, id: str, state: Literal["published", "withdrawn"]) -> None:
        with self._store.write() as session:
            # What is in force is published, also if somebody took it back in that very moment.
            row = session.get_one(Proposal, id) if state == "published" else self._opened(session, id)
            row.state = state
            session.add(row)


_LIGHT: Final = [defer(column, raiseload=True) for column in (col(Proposal.bundle), col(Proposal.origin))]  # type: ignore[arg-type]


def _with(bundle: bytes, written: Mapping[str, str]) -> bytes:
    files, layout = unpacked(bundle)
    return bundled({**files, **{name: text.encode() for name, text in written.items()}}, layout)


def _brought(row: Proposal, bundle: bytes) -> bytes:
    """What `bundle` holds, with the proposal's changes. Raises `ProposalError` ("conflict")."""
    (theirs, layout), (ours, _), (origin, _) = unpacked(bundle), unpacked(row.bundle), unpacked(row.origin)
    files = dict(theirs)
    for name, content in ours.items():
        if content == origin.get(name):
            continue
        texts = (one.get(name, b"").decode() for one in (origin, ours, theirs))
        text = merged(*texts)
        if text is None:
            raise ProposalError("conflict", name)
        files[name] = text.encode()
    return bundled(files, layout)


def _write(row: Proposal, bundle: bytes, person: str, at: datetime) -> None:
    row.bundle, row.at, row.agreed_by = bundle, at.timestamp(), None
    row.editors = " ".join(dict.fromkeys((*row.editors.split(), person)))
