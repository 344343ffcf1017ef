"""Drafts that their writers may still act on: kept sealed for some days, shown to nobody else, gone on request."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, delete, select

from bot.audit.vault import Vault
from bot.prescreen import Screening
from bot.store import Store
from bot.tables import Card, Held, Reminder
from rules.draft import Draft, Span
from rules.masking import Masked
from rules.verdict import Outcome, Severity

MINE = 20
"""Drafts of a person that are listed, the newest first."""
_AT_ONCE = 5_000
"""Drafts that are let go together."""


class State(StrEnum):
    """Where a draft stands."""

    CHECKED = "checked"
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGE = "change"
    """An owner asks for a change."""
    OVERRIDDEN = "overridden"
    """Its writer means to publish it all the same, and the rules let them."""
    PUBLISHED = "published"
    REPLACED = "replaced"
    """It was checked again, with other words or later: the newer check counts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding, as far as it is needed later."""

    rule: str
    clause: str
    severity: Severity
    span: Span
    hides: str | None = None


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """One screened draft and what became of it."""

    id: str
    thread: str
    person: str
    at: datetime
    outcome: Outcome
    state: State
    policy: str
    draft: Draft
    faults: tuple[Fault, ...] = ()
    missed: tuple[str, ...] = ()
    """Rules that could not run and would have held it up."""
    rewrite: str | None = field(default=None, repr=False)
    masked: Masked | None = field(default=None, repr=False)
    """Its words as others may see them, with the places of `faults`; None: they cannot be shown."""
    masked_question: str | None = field(default=None, repr=False)
    """What it replies to, in the same way."""

    @property
    def may_be_published(self) -> bool:
        """Whether nothing stands in its way any more."""
        return self.outcome is Outcome.CLEAR or self.state in (State.APPROVED, State.OVERRIDDEN, State.PUBLISHED)

    @property
    def standing(self) -> str:
        """Why it may be published, as its receipt says: `clear`, `approved` or `overridden`; else its outcome."""
        return self.state.value if self.state in (State.APPROVED, State.OVERRIDDEN) else self.outcome.value

    @property
    def hidden_words(self) -> dict[str, str]:
        """What must not be shown of it, with its labels: it may stand in other words of its writer too."""
        return {fault.span.of(self.draft.text): fault.hides for fault in self.faults if fault.hides}

    def covers(self, later: HeldDraft) -> bool:
        """Whether the yes that this draft has, if any, holds for a later check too."""
        known, found = (
            {(fault.rule, fault.clause, fault.severity) for fault in held.in_the_way} for held in (self, later)
        )
        return (
            self.state in (State.APPROVED, State.OVERRIDDEN)
            # Under another policy the same words, and even the same rule, may ask for another yes.
            and self.policy == later.policy
            and self.draft == later.draft
            and found <= known
            # What could not be looked for then was not known then.
            and set(later.missed) <= set(self.missed)
        )

    @property
    def in_the_way(self) -> tuple[Fault, ...]:
        """What was found and is more than a suggestion."""
        return tuple(fault for fault in self.faults if fault.severity is not Severity.NOTE)


class Drafts:
    """Keeps drafts for `days`, each sealed under a key of its own that goes with the row."""

    def __init__(self, store: Store, vault: Vault, *, days: int) -> None:
        self._store, self._vault, self._days = store, vault, days

    def keep(self, screening: Screening, person: str, *, thread: str | None = None) -> HeldDraft:
        """Keep what was screened; the drafts before it in the same `thread` are replaced by it.

        A yes that covers exactly these words, and everything that is found in them now, is kept with them. The same
        screening again keeps the row that is there, and so whatever has become of it since.
        """
        held = _held(screening, person, thread or screening.id)
        if thread and (earlier := self.before(held)) and earlier.covers(held):
            held = replace(held, state=earlier.state)
        until = (screening.at + timedelta(days=self._days)).timestamp()
        wrapped, sealed = self._vault.seal(_body(held), held.id.encode())
        row = Held(
            id=held.id, thread=held.thread, person=person, at=screening.at.timestamp(), until=until,
            outcome=held.outcome, state=held.state, policy=held.policy, wrapped=wrapped, sealed=sealed,
        )  # fmt: skip
        with self._store.write() as session:
            # Of a thread that was forgotten in the meantime nothing is kept again.
            is_wanted = thread is None or session.exec(select(Held.id).where(Held.thread == thread)).first()
            if session.get(Held, held.id) is None and is_wanted:
                self._replace_earlier(session, held)
                session.add(row)
        return self.find(held.id) or held

    def find(self, id: str) -> HeldDraft | None:
        """The draft, whosever it is; None where it was never kept, has been forgotten or its days are over."""
        with self._store.read() as session:
            row = session.get(Held, id)
        return self._opened(row) if row else None

    def of(self, person: str, id: str) -> HeldDraft | None:
        """The same, if it is this person's: nobody acts on somebody else's draft."""
        held = self.find(id)
        return held if held and held.person == person else None

    def mine(self, person: str) -> Sequence[HeldDraft]:
        """What a person has under way, the newest first, without what was replaced."""
        newest = (
            select(Held)
            .where(Held.person == person, Held.state != State.REPLACED)
            .order_by(col(Held.at).desc())
            .limit(MINE)
        )
        with self._store.read() as session:
            rows = session.exec(newest).all()
        return [self._opened(row) for row in rows]

    def all_in(self, held: HeldDraft) -> Sequence[str]:
        """Every check of the same draft."""
        with self._store.read() as session:
            return session.exec(select(Held.id).where(Held.thread == held.thread)).all()

    def earlier(self, held: HeldDraft) -> Sequence[str]:
        """The checks of the same draft before this one."""
        before = (Held.thread == held.thread, Held.id != held.id, col(Held.at) <= held.at.timestamp())
        with self._store.read() as session:
            return session.exec(select(Held.id).where(*before)).all()

    def before(self, held: HeldDraft) -> HeldDraft | None:
        """The check before this one in the same thread."""
        earlier = (
            select(Held)
            .where(Held.thread == held.thread, Held.id != held.id, col(Held.at) <= held.at.timestamp())
            .order_by(col(Held.at).desc())
        )
        with self._store.read() as session:
            row = session.exec(earlier).first()
        return self._opened(row) if row else None

    def move(
        self, id: str, state: State, *, among: Sequence[State], along: Callable[[Session], object] | None = None
    ) -> bool:
        """Put a draft into `state` if it is in one of `among` now, and do `along` in the same transaction.

        False, and nothing is done, if it is not there or somewhere else.
        """
        with self._store.write() as session:
            is_moved = self.move_in(session, id, state, among=among)
            if is_moved and along:
                along(session)
        return is_moved

    def move_in(self, session: Session, id: str, state: State, *, among: Sequence[State]) -> bool:
        """The same inside a transaction of `Store.write`."""
        row = session.get(Held, id)
        if row is None or State(row.state) not in among:
            return False
        row.state = state
        session.add(row)
        return True

    def forget(self, held: HeldDraft) -> None:
        """Let go of a draft and of all that was checked before it in its thread."""
        self.let_go(self.all_in(held))

    def over(self, now: datetime) -> Sequence[str]:
        """The drafts whose days are over, as many as one statement takes in: nobody may have looked for long."""
        found = select(Held.id).where(col(Held.until) < now.timestamp()).limit(_AT_ONCE)
        with self._store.read() as session:
            return session.exec(found).all()

    def let_go(self, ids: Sequence[str]) -> None:
        with self._store.write() as session:
            session.exec(delete(Reminder).where(col(Reminder.screening).in_(ids)))
            session.exec(delete(Card).where(col(Card.about).in_(ids)))
            session.exec(delete(Held).where(col(Held.id).in_(ids)))

    def _replace_earlier(self, session: Session, held: HeldDraft) -> None:
        settled = (State.PUBLISHED, State.REPLACED)
        earlier = select(Held).where(Held.thread == held.thread, col(Held.state).not_in(settled))
        for row in session.exec(earlier).all():
            row.state = State.REPLACED
            session.add(row)
            # Older words are not checked again: that would put them in the place of these.
            session.exec(delete(Reminder).where(col(Reminder.screening) == row.id))

    def _opened(self, row: Held) -> HeldDraft:
        found = json.loads(self._vault.unseal(row.wrapped, row.sealed, row.id.encode()))
        return HeldDraft(
            id=row.id,
            thread=row.thread,
            person=row.person,
            at=datetime.fromtimestamp(row.at, UTC),
            outcome=Outcome(row.outcome),
            state=State(row.state),
            policy=row.policy,
            draft=Draft.model_validate(found["draft"]),
            faults=tuple(fault_of(fault) for fault in found["faults"]),
            missed=tuple(found["missed"]),
            rewrite=found["rewrite"],
            masked=_masked(found["masked"]),
            masked_question=found["masked_question"],
        )


def _held(screening: Screening, person: str, thread: str) -> HeldDraft:
    verdict, kept = screening.verdict, screening.keepsake
    faults = [Fault(f.rule, f.clause, f.severity, f.span, f.hides) for f in verdict.findings]
    grave = (Severity.REVIEW, Severity.BLOCK)
    return HeldDraft(
        id=screening.id,
        thread=thread,
        person=person,
        at=screening.at,
        outcome=verdict.outcome,
        state=State.CHECKED,
        policy=verdict.policy_revision,
        # Who wrote it is known by the row.
        draft=screening.draft.model_copy(update={"author": ""}),
        faults=tuple(faults),
        missed=tuple(dict.fromkeys(missed.rule for missed in verdict.unchecked if missed.severity in grave)),
        rewrite=screening.rewrite.text if screening.rewrite else None,
        masked=kept.text if kept else None,
        masked_question=kept.in_reply_to.text if kept and kept.in_reply_to else None,
    )


def _body(held: HeldDraft) -> bytes:
    body = {
        "draft": held.draft.model_dump(mode="json"),
        "faults": [fault_row(fault) for fault in held.faults],
        "missed": held.missed,
        "rewrite": held.rewrite,
        "masked": [held.masked.text, [[at.start, at.end] for at in held.masked.spans]] if held.masked else None,
        "masked_question": held.masked_question,
    }
    return json.dumps(body).encode()


def fault_row(fault: Fault) -> list[Any]:
    """A fault as JSON takes it; `fault_of` reads it back."""
    return [fault.rule, fault.clause, fault.severity, fault.span.start, fault.span.end, fault.hides]


def fault_of(row: Sequence[Any]) -> Fault:
    rule, clause, severity, start, end, hides = row
    return Fault(rule, clause, Severity(severity), Span(start, end), hides)


def _masked(row: Sequence[Any] | None) -> Masked | None:
    return Masked(row[0], tuple(Span(start, end) for start, end in row[1])) if row else None
