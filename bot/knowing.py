"""Who knows which revision of the policy, and what has changed for them since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from sqlmodel import Session, col, select

from bot.audit.ledger import Ledger
from bot.store import Store
from bot.tables import Acknowledgement
from bot.wording import Wording
from rules.policy import Policy

MOST = 10
"""Changes that are told one by one; the others are counted."""

PolicyOf = Callable[[str], Policy | None]
"""The policy that was published as a revision, or None if it is not kept."""
Differences = Callable[[Policy, Policy, str], Sequence[str]]
"""What changed from one policy to another, as sentences in a language."""


class Standing(Enum):
    """How a person stands to the policy in force."""

    NEVER = auto()
    """They have not acknowledged any."""
    CURRENT = auto()
    """They have acknowledged this very revision."""
    CHANGED = auto()
    """They have acknowledged another."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The revision that somebody acknowledged last, and when."""

    revision: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Since:
    """What is new to a person in the policy in force."""

    standing: Standing
    says: str
    """The state in a sentence; where there are `changes`, what stands over them."""
    last: Acknowledged | None = None
    changes: tuple[str, ...] = ()
    rest: str | None = None
    """How many changes more there are, in words."""


class Acknowledgements:
    """A person acknowledges a revision by its name; what they are shown as new is measured from the last one."""

    def __init__(self, store: Store, ledger: Ledger, policy_of: PolicyOf, differences: Differences) -> None:
        self._store, self._ledger = store, ledger
        self._policy_of, self._differences = policy_of, differences

    def acknowledge(self, person: str, revision: str, now: datetime) -> bool:
        """Note and record that `person` knows `revision`. False if that is what they said last: nothing is added.

        Raises what the ledger raises: what could not be recorded is not acknowledged.
        """
        last = self.last(person)
        if last and last.revision == revision:
            return False
        self._ledger.append(
            "acknowledgement",
            subject=_subject(person, revision, last),
            facts={"policy": revision},
            actor=person,
            at=now,
        )
        with self._store.write() as session:
            newest = _newest(session, person)
            if newest and newest.revision == revision:
                return False
            # A policy that came back into force is acknowledged anew, and its row is there.
            row = session.get(Acknowledgement, (person, revision)) or Acknowledgement(
                person=person, revision=revision, at=0.0
            )
            row.at = now.timestamp()
            session.add(row)
        return True

    def last(self, person: str) -> Acknowledged | None:
        """What they acknowledged last, whatever has been published since."""
        with self._store.read() as session:
            row = _newest(session, person)
        return Acknowledged(row.revision, datetime.fromtimestamp(row.at, UTC)) if row else None

    def since(self, person: str, policy: Policy, language: str) -> Since:
        """What `person` should know of `policy`, the one in force: nothing, all of it, or what has changed."""
        wording, last = Wording(language), self.last(person)
        if last is None:
            return Since(Standing.NEVER, wording.say("You have not said yet that you have read the policy."))
        if last.revision == policy.revision:
            says = wording.say("Nothing in the policy has changed since you said that you had read it.")
            return Since(Standing.CURRENT, says, last)
        known = self._policy_of(last.revision)
        if known is None:
            says = wording.say(
                "The policy has changed since you read it. I no longer have the version that you know: please read "
                "it once more."
            )
            return Since(Standing.CHANGED, says, last)
        changes = tuple(self._differences(known, policy, language))
        if not changes:
            says = wording.say("There is a new version of the policy; what it asks of you is the same.")
            return Since(Standing.CHANGED, says, last)
        says = wording.say("What has changed in the policy since you read it")
        left = len(changes) - MOST
        rest = wording.count("And one more.", "And {number} more.", left) if left > 0 else None
        return Since(Standing.CHANGED, says, last, changes[:MOST], rest)


def _newest(session: Session, person: str) -> Acknowledgement | None:
    mine = select(Acknowledgement).where(Acknowledgement.person == person)
    return session.exec(mine.order_by(col(Acknowledgement.at).desc()).limit(1)).first()


def _subject(person: str, revision: str, last: Acknowledged | None) -> str:
    """A name for this acknowledgement and no other: however often it is tried, the ledger has it once."""
    before = f"{last.revision} {last.at.timestamp()}" if last else ""
    return f"k_{hashlib.sha256(f'{person} {revision} {before}'.encode()).hexdigest()[:20]}"
