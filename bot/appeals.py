"""Appeals: a writer disagrees with one finding, somebody rules on it, and what is overturned stays quiet afterwards."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.audit.vault import Vault
from bot.drafts import Fault, HeldDraft
from bot.people import People
from bot.review import Ruled
from bot.store import Store
from bot.tables import Appeal, Dismissal
from rules.draft import Draft, Span
from rules.policy import Policy
from rules.segmenting import sentences
from rules.verdict import Finding


class Standing(StrEnum):
    """How an appeal stands."""

    OPEN = "open"
    UPHELD = "upheld"
    """The rule was right."""
    OVERTURNED = "overturned"


@dataclass(frozen=True, slots=True)
class Appealed:
    """One disagreement, as it stands."""

    id: str
    screening: str
    rule: str
    writer: str
    at: datetime
    state: Standing
    why: str = field(repr=False)
    passage: str | None = field(repr=False)
    """The masked sentence that the rule was wrong about; None: it cannot be shown."""
    key: str = field(repr=False)
    """Of the passage as it was, for this writer and this rule."""
    decided_by: str | None = None
    decided_at: datetime | None = None
    by: str | None = field(default=None, repr=False)
    reason: str | None = field(default=None, repr=False)


class Appeals:
    """Every change is one transaction. Also remembers what was overturned, as keyed hashes."""

    def __init__(self, store: Store, vault: Vault, people: People, key: bytes) -> None:
        self._store, self._vault, self._people, self._key = store, vault, people, key

    def file(self, held: HeldDraft, fault: Fault, why: str, at: datetime) -> Appealed:
        """Disagree with `fault`. A second time about the same rule and draft, the first one stands."""
        known = select(Appeal).where(Appeal.screening == held.id, Appeal.rule == fault.rule)
        place = held.faults.index(fault)
        passage = passage_of(held.masked.text, held.masked.spans[place]) if held.masked else None
        key = self._passage_key(held.person, fault.rule, fault.severity, passage_of(held.draft.text, fault.span))
        id = f"a_{secrets.token_hex(10)}"
        wrapped, sealed = self._seal(id, why=why, passage=passage, key=key)
        with self._store.write() as session:
            row = session.exec(known).first()
            if row is None:
                row = Appeal(
                    id=id, screening=held.id, rule=fault.rule, person=held.person, at=at.timestamp(),
                    state=Standing.OPEN, wrapped=wrapped, sealed=sealed,
                )  # fmt: skip
                session.add(row)
        return self._opened(row)

    def find(self, id: str) -> Appealed | None:
        with self._store.read() as session:
            row = session.get(Appeal, id)
        return self._opened(row) if row else None

    def standing(self, state: Standing) -> Sequence[Appealed]:
        """The appeals in this state, the oldest first."""
        query = select(Appeal).where(Appeal.state == state).order_by(col(Appeal.at), col(Appeal.id))
        with self._store.read() as session:
            rows = session.exec(query).all()
        return [self._opened(row) for row in rows]

    def rules(self, *, but_of: str) -> Sequence[str]:
        """The rule of each open appeal, but for that person's own, who may not rule on them."""
        with self._store.read() as session:
            return session.exec(select(Appeal.rule).where(Appeal.state == Standing.OPEN, Appeal.person != but_of)).all()

    def decided(self, most: int) -> Sequence[Appealed]:
        """Those that somebody has ruled on, the newest first."""
        query = select(Appeal).where(col(Appeal.decided_at).is_not(None)).order_by(col(Appeal.decided_at).desc())
        with self._store.read() as session:
            rows = session.exec(query.limit(most)).all()
        return [self._opened(row) for row in rows]

    def decide(
        self,
        id: str,
        person: str,
        state: Standing,
        reason: str,
        at: datetime,
        along: Callable[[Session], None],
        *,
        by: str | None = None,
    ) -> Ruled:
        """Rule on an appeal; what is overturned is dismissed from now on. Nobody rules on their own.

        `along` stands or falls with it. Of the same word of the same person again only that is done once more.
        """
        appeal = self.find(id)
        if appeal is None:
            return Ruled.GONE
        if appeal.writer == person:
            return Ruled.OWN
        wrapped, sealed = self._seal(id, why=appeal.why, passage=appeal.passage, key=appeal.key, by=by, reason=reason)
        with self._store.write() as session:
            row = session.get(Appeal, id)
            if row is None:
                return Ruled.GONE
            if row.state == Standing.OPEN:
                row.state, row.decided_by, row.decided_at = state, person, at.timestamp()
                row.wrapped, row.sealed = wrapped, sealed
                session.add(row)
                if state is Standing.OVERTURNED and session.get(Dismissal, appeal.key) is None:
                    session.add(Dismissal(key=appeal.key, rule=row.rule, appeal=id, at=at.timestamp()))
            elif (row.decided_by, row.state) != (person, state):
                return Ruled.SETTLED
            along(session)
        return Ruled.DONE

    def among(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Those of `findings` that were overturned for this author and this passage."""
        if not draft.author or not findings:
            return ()
        person = self._people.pseudonym(draft.author)
        keys = [self._passage_key(person, f.rule, f.severity, passage_of(draft.text, f.span)) for f in findings]
        with self._store.read() as session:
            known = set(session.exec(select(Dismissal.key).where(col(Dismissal.key).in_(keys))).all())
        return tuple(finding for finding, key in zip(findings, keys, strict=True) if key in known)

    def _passage_key(self, person: str, rule: str, severity: str, passage: str) -> str:
        # A rule that has become stricter since speaks up again.
        said = "\0".join([person, rule, severity, " ".join(passage.casefold().split())])
        return hmac.new(self._key, said.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def _seal(self, id: str, **said: str | None) -> tuple[bytes, bytes]:
        return self._vault.seal(json.dumps(said).encode(), id.encode())

    def _opened(self, row: Appeal) -> Appealed:
        said = json.loads(self._vault.unseal(row.wrapped, row.sealed, row.id.encode()))
        return Appealed(
            id=row.id,
            screening=row.screening,
            rule=row.rule,
            writer=row.person,
            at=datetime.fromtimestamp(row.at, UTC),
            state=Standing(row.state),
            why=said["why"],
            passage=said["passage"],
            key=said["key"],
            decided_by=row.decided_by,
            decided_at=datetime.fromtimestamp(row.decided_at, UTC) if row.decided_at is not None else None,
            by=said.get("by"),
            reason=said.get("reason"),
        )


def hearer(policy: Policy, rule: str) -> str:
    """The owner who hears an appeal against `rule`: as the policy says, else the owner of its clause."""
    if policy.appeals:
        return policy.appeals
    found = policy.rule(rule)
    return policy.clause(found.clause).owner if found else policy.owners[0].id


def passage_of(text: str, span: Span) -> str:
    """The sentences that `span` lies in: a word that was overturned once must not be let pass everywhere."""
    around = [place for place in sentences(text) if place.start < span.end and span.start < place.end]
    if not around:
        return span.of(text)
    return text[min(around[0].start, span.start) : max(around[-1].end, span.end)]
