"""Everything that is held about a person, for that person: article 15 of the GDPR."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, or_, select

from bot.audit.ledger import Ledger
from bot.audit.looks import look
from bot.audit.promises import Promised
from bot.audit.vault import Vault
from bot.console.tables import Client, SavedSearch, SignedIn
from bot.people import People
from bot.proposals.tables import Backtest, Proposal
from bot.store import Store
from bot.tables import (
    Acknowledgement,
    Appeal,
    Content,
    Entry,
    Grant,
    Held,
    Person,
    Quiz,
    QuizDone,
    Receipt,
    Reminder,
    Review,
    Seat,
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """What is held, as plain values; moments are ISO 8601 in UTC."""

    at: str
    pseudonyms: tuple[str, ...]
    accounts: tuple[str, ...]
    answered_in: Row
    """The language that they chose, the one that their platform says, their time zone and their team."""
    roles: tuple[Row, ...]
    drafts: tuple[Row, ...]
    """As they wrote them: those that they may still act on."""
    reviews: tuple[Row, ...]
    appeals: tuple[Row, ...]
    receipts: tuple[Row, ...]
    reminders: tuple[Row, ...]
    policies_known: tuple[Row, ...]
    sessions: tuple[Row, ...]
    """At the console."""
    searches: tuple[Row, ...]
    proposals: tuple[Row, ...]
    """Changes of the policy that they began or tried, and programs that they let in."""
    entries: tuple[Row, ...] = field(repr=False)
    """Of the ledger: what they did, what was decided on their drafts, and who looked at any of it."""


class Subjects:
    """Reads for a person what nobody else is shown in one piece; that it was read is on record."""

    def __init__(self, store: Store, ledger: Ledger, people: People) -> None:
        self._store, self._ledger, self._people = store, ledger, people

    def dossier(self, person: str, *, by: str, at: datetime) -> Dossier | None:
        """None: nobody is known by this pseudonym. Raises `VaultError` where a key does not fit."""
        with self._store.read() as session:
            holders = self._people.seals.holders(session, person)
        if not holders:
            return None
        entries = self._entries(holders, by=by, at=at)
        with self._store.read() as session:
            accounts = tuple(account for each in holders for account in self._people.accounts_in(session, each))
            kept = _Kept(session, self._people.seals.vault, holders)
            checks = [row.id for row in kept.of(Held)] + [entry["subject"] for entry in entries]
            return Dossier(
                at=at.astimezone(UTC).isoformat(timespec="seconds"),
                pseudonyms=holders,
                accounts=accounts,
                answered_in=kept.answered_in(),
                roles=tuple(_of(grant, "role", "owner", "at") for grant in kept.of(Grant)),
                drafts=tuple(kept.opened(Held, "id", "at", "until", "outcome", "state")),
                reviews=kept.reviews(),
                appeals=tuple(
                    kept.opened(Appeal, "id", "screening", "rule", "at", "state", "decided_by", "decided_at")
                ),
                receipts=kept.receipts(checks),
                reminders=tuple(_of(row, "screening", "at") for row in kept.of(Reminder)),
                policies_known=kept.policies(),
                sessions=tuple(_of(row, "at", "until", "seen", "way") for row in kept.of(SignedIn)),
                searches=tuple(kept.opened(SavedSearch, "id", "at")),
                proposals=kept.proposals(),
                entries=tuple(entries),
            )

    def _entries(self, holders: Sequence[str], *, by: str, at: datetime) -> list[Row]:
        """Entries that are theirs or about them, oldest first, with the words that can be opened."""
        seqs, found = set[int](), list[Entry]()
        with self._store.read() as session:
            seqs |= set(session.exec(select(Content.seq).where(col(Content.holder).in_(holders))).all())
            # A pseudonym is of letters and digits that stand nowhere else: one that is in an entry is meant by it.
            named = or_(*(self._store.holds(col(Entry.body), holder.encode()) for holder in holders))
            for entry in session.exec(
                select(Entry).where(or_(named, col(Entry.kind) == "look")).order_by(col(Entry.seq))
            ):
                # A look of their own that has a reason is theirs by its words.
                if entry.kind != "look" or entry.seq in seqs or _looked_at(entry, seqs):
                    found.append(entry)
        words = look(self._ledger, sorted(seqs), by=by, at=at, why="subject", person=holders[0])
        return [_told(entry, holders, words.get(entry.seq)) for entry in found]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the tables hold of these pseudonyms, inside one transaction."""

    session: Session
    vault: Vault
    holders: Sequence[str]

    def of(self, table: type[SQLModel], **within: Sequence[str]) -> Sequence[Any]:
        """Rows whose column is one of the values; without a column, those that are the person's."""
        ((column, values),) = (within or {"person": self.holders}).items()
        return self.session.exec(select(table).where(col(getattr(table, column)).in_(values))).all()

    def opened(self, table: type[SQLModel], *names: str) -> Iterator[Row]:
        return (self._open(row, *names) for row in self.of(table))

    def answered_in(self) -> Row:
        known = self.of(Person, id=self.holders)
        return _of(known[0], "language", "locale", "zone", "team") if known else {}

    def reviews(self) -> tuple[Row, ...]:
        seats = self.of(Seat, review=[review.id for review in self.of(Review)])
        return (
            *self.opened(Review, "id", "screening", "at", "state"),
            *(self._open(seat, "id", "review", "owner", "state", "decided_by", "decided_at") for seat in seats),
        )

    def receipts(self, checks: Sequence[str]) -> tuple[Row, ...]:
        # In portions: a database takes no statement with a hundred thousand values.
        portions = (checks[start : start + 500] for start in range(0, len(checks), 500))
        rows = (row for portion in portions for row in self.of(Receipt, screening=portion))
        return tuple(_of(row, "code", "screening", "policy", "outcome", "at") for row in rows)

    def proposals(self) -> tuple[Row, ...]:
        return (
            *({**_of(row, "id", "at", "state", "note"), "previous": row.base} for row in self.of(Proposal)),
            *(
                {**_of(row, "id", "at", "state"), "previous": row.before, "revision": row.after, "count": row.done}
                for row in self.of(Backtest)
            ),
            *(_of(row, "id", "at", "name") for row in self.of(Client)),
        )

    def policies(self) -> tuple[Row, ...]:
        return (
            *(_of(row, "revision", "at") for row in self.of(Acknowledgement)),
            *({**_of(row, "revision", "at"), "quiz": True} for row in self.of(QuizDone)),
            *({**_of(row, "at"), "revision": row.policy, "quiz": False} for row in self.of(Quiz) if row.done is None),
        )

    def _open(self, row: Any, *names: str) -> Row:
        words = json.loads(self.vault.unseal(row.wrapped, row.sealed, row.id.encode())) if row.sealed else None
        # Who ruled is told by their pseudonym: their name is theirs.
        told = {key: value for key, value in words.items() if key != "by"} if words else None
        return {**_of(row, *names), "words": told}


def _told(entry: Entry, holders: Sequence[str], words: bytes | None) -> Row:
    said = json.loads(entry.body)
    promised = Promised.of(entry.body)
    row = {key: said[key] for key in ("seq", "at", "kind", "subject", "facts")}
    # Others keep their pseudonym: who they are is theirs.
    row["by"] = "you" if said["actor"] in holders else said["actor"]
    row["words"] = json.loads(words) if words else None
    row["words_were"] = "none" if promised is None or promised.commitment is None else "kept" if words else "let go"
    return row


def _looked_at(entry: Entry, seqs: set[int]) -> bool:
    ranges = json.loads(entry.body)["facts"].get("entries", ())
    return any(seq in seqs for first, last in ranges for seq in range(first, last + 1))


def _of(row: Any, *names: str) -> Row:
    values = {name: getattr(row, name) for name in names}
    return {name: _moment(value) if isinstance(value, float) else value for name, value in values.items()}


def _moment(value: float) -> str:
    return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
