"""Forgetting a person: their key is destroyed, and with it every word and name of theirs; the chain stays whole."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlmodel import Session, SQLModel, col, delete, func, or_, select

from bot import dead_letters
from bot.audit.errors import RecordError
from bot.audit.following import BATCH
from bot.audit.holds import HeldError, standing
from bot.audit.index import Index
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.records import canonical
from bot.audit.vault import Vault, VaultError
from bot.console.tables import EXPORTS, SavedSearch, SignedIn, Undertaking, UndertakingPiece
from bot.people import People
from bot.places import forget_cards
from bot.store import Store
from bot.tables import (
    Acknowledgement,
    Appeal,
    Awaited,
    Card,
    Content,
    Dismissal,
    Entry,
    Grant,
    Held,
    Identity,
    LinkCode,
    Person,
    PersonKey,
    Quiz,
    QuizDone,
    Receipt,
    Reminder,
    Review,
    Seat,
)
from rules.durable import sync

log = structlog.get_logger(__name__)

KIND = "erasure"
_OF_A_PERSON = (
    Held, Reminder, Quiz, QuizDone, Acknowledgement, Grant, LinkCode, Appeal, Review, Identity, SignedIn, SavedSearch,
)  # fmt: skip
"""Tables whose column `person` says whose a row is."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure destroyed."""

    persons: tuple[str, ...]
    """Their pseudonyms: more than one where they had linked accounts that were used before."""
    words: int
    """Entries whose words are gone."""


class Erasures:
    """`list`: a file outside the data and its backups with the pseudonyms that were erased, one a line.

    A backup that is put back brings destroyed keys back with it: by the list they are destroyed again. `index`: from
    which their words go too.
    """

    def __init__(self, store: Store, ledger: Ledger, people: People, list: Path, index: Index | None = None) -> None:
        self._store, self._ledger, self._people, self._list = store, ledger, people, list
        self._index = index

    def erase(self, person: str, *, by: str | None, reason: str, at: datetime) -> Erased | None:
        """Destroy what is held of `person`, in one transaction with its entry; `purge` then clears the files' leavings.

        None: nobody is known by this pseudonym, or they were erased before. Raises `HeldError` under a legal hold.
        """
        seals, accounts = self._people.seals, self._people.accounts(person)
        with self._store.write() as session:
            holders = seals.holders(session, person)
            if not holders:
                return None
            for hold in standing(session):
                if any(hold.covers(holder) for holder in holders):
                    raise HeldError(hold.id)
            words = _forget(session, holders, accounts, seals.vault)
            session.exec(
                delete(Awaited).where(col(Awaited.key).in_([seals.name("awaited", each) for each in accounts]))
            )
            for holder in holders:
                # Whoever erases themselves has no key any more under which a reason could lie.
                said = canonical({"reason": reason}) if by and by not in holders else None
                self._ledger.append_in(session, NewEntry(KIND, holder, {"person": holder}, by, at, said))
                seals.destroy(session, holder)
        self._after(holders)
        log.info("person.erased", entries=words)
        return Erased(holders, words)

    def again(self, at: datetime, told: Collection[str] = ()) -> int:
        """Erase once more whoever was erased and is here again: a backup was put back. Returns how many.

        `told` are pseudonyms that others know to be erased, such as checkpoints. No legal hold can keep what was
        gone before. To be called at start, before anybody can read.
        """
        known = {*self.noted(), *told}
        with self._store.read() as session:
            ours = select(Entry.subject).where(Entry.kind == KIND)
            known |= set(session.exec(ours).all())
            back = sorted(known & set(session.exec(select(PersonKey.person)).all()))
        for start in range(0, len(back), BATCH):
            self._erase_again(back[start : start + BATCH], at)
        self._sweep(known)
        self._note(sorted(known - self.noted()))
        if back:
            log.warning("person.erased_again", count=len(back))
        return len(back)

    def _sweep(self, persons: Collection[str]) -> None:
        """Rows that somebody wrote for a person in the very moment in which another process erased them."""
        with self._store.read() as session:
            left = _left(session) & set(persons)
            named = [row.id for row in _named(session, sorted(persons), self._people.seals.vault)]
        if left or named:
            with self._store.write() as session:
                _forget(session, sorted(left), [], self._people.seals.vault)
                _take_names_away(session, sorted(persons), self._people.seals.vault)

    def _erase_again(self, holders: Sequence[str], at: datetime) -> None:
        with self._store.write() as session:
            for holder in holders:
                _forget(session, [holder], self._people.accounts_in(session, holder), self._people.seals.vault)
                self._people.seals.destroy(session, holder)
                facts = {"person": holder, "again": True}
                self._ledger.append_in(session, NewEntry(KIND, holder, facts, at=at))
        self._after(holders)

    def noted(self) -> set[str]:
        """The pseudonyms in the list."""
        try:
            return set(self._list.read_text(encoding="ascii").split())
        except FileNotFoundError:
            return set()
        except (OSError, ValueError):
            raise RecordError("erased", str(self._list)) from None

    def _after(self, persons: Sequence[str]) -> None:
        self._ledger.let_head_follow()
        self._people.look_again()
        self._note(persons)
        if self._index:
            # What cannot be purged while somebody reads goes at the next look; `vaglio audit purge` says whether.
            with suppress(RecordError):
                self._index.follow()

    def _note(self, persons: Sequence[str]) -> None:
        persons = [person for person in persons if person not in self.noted()]
        if not persons:
            return
        handle = os.open(self._list, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="ascii") as file:
            file.write("".join(f"{person}\n" for person in persons))
            file.flush()
            os.fsync(file.fileno())
        sync(self._list.parent)


def purge_leavings(store: Store, index: Index) -> None:
    """See that nothing of what was let go is left in any file. Raises `RecordError` ("locked") while somebody reads."""
    index.follow()
    store.purge()


def _forget(session: Session, holders: Sequence[str], accounts: Sequence[str], vault: Vault) -> int:
    """Everything but the keys and the ledger's entries. Returns how many entries lost their words."""
    checks = session.exec(
        select(Entry.subject).join(Content, col(Content.seq) == col(Entry.seq)).where(col(Content.holder).in_(holders))
    ).all()
    reviews = _ids(session, Review, holders)
    appeals = _ids(session, Appeal, holders)
    seats = session.exec(select(Seat.id).where(col(Seat.review).in_(reviews))).all()
    cards = {*checks, *_ids(session, Held, holders), *reviews, *appeals, *seats, *_ids(session, Quiz, holders)}
    _where(session, Seat, "id", seats)
    _where(session, Dismissal, "appeal", appeals)
    _where(session, Receipt, "screening", list(cards))
    _where(session, Card, "about", list(cards))
    forget_cards(session, [*seats, *appeals])
    _where(session, Card, "about", [f"home/{holder}" for holder in holders])
    dead_letters.forget(session, vault, accounts)
    # Private chats in Telegram are called as the account is.
    _where(session, Card, "place", accounts)
    # Words of theirs may be in any export that waits to be fetched, or is being made.
    session.exec(delete(UndertakingPiece).where(col(UndertakingPiece.undertaking).startswith(EXPORTS)))
    session.exec(delete(Undertaking).where(col(Undertaking.id).startswith(EXPORTS)))
    words = session.exec(select(func.count()).select_from(Content).where(col(Content.holder).in_(holders))).one()
    _where(session, Content, "holder", holders)
    for table in _OF_A_PERSON:
        _where(session, table, "person", holders)
    _take_names_away(session, holders, vault)
    _where(session, Person, "id", holders)
    return words


def _take_names_away(session: Session, holders: Sequence[str], vault: Vault) -> None:
    """What they decided on the drafts of others stays, without their name."""
    for row in _named(session, holders, vault):
        said = json.loads(vault.unseal(row.wrapped, row.sealed, row.id.encode()))
        row.wrapped, row.sealed = vault.seal(json.dumps({**said, "by": None}).encode(), row.id.encode())
        session.add(row)


def _named(session: Session, holders: Sequence[str], vault: Vault) -> list[Seat | Appeal]:
    """What they decided on the drafts of others, where it still says their name."""
    theirs = or_(col(Seat.decided_by).in_(holders), col(Seat.taken_by).in_(holders))
    rows: list[Seat | Appeal] = [*session.exec(select(Seat).where(theirs)).all()]
    rows += session.exec(select(Appeal).where(col(Appeal.decided_by).in_(holders))).all()
    return [row for row in rows if row.sealed and _says_a_name(row, vault)]


def _says_a_name(row: Seat | Appeal, vault: Vault) -> bool:
    try:
        return json.loads(vault.unseal(row.wrapped, row.sealed, row.id.encode())).get("by") is not None
    except VaultError:
        return False  # under a key that is lost: nobody reads it


def _left(session: Session) -> set[str]:
    """Of whom there are rows beside the ledger."""
    return {person for table in _OF_A_PERSON for person in session.exec(select(table.person).distinct()).all()}


def _ids(session: Session, table: type[Review | Appeal | Held | Quiz], holders: Sequence[str]) -> Sequence[str]:
    return session.exec(select(table.id).where(col(table.person).in_(holders))).all()


def _where(session: Session, table: type[SQLModel], column: str, values: Sequence[str]) -> None:
    # In portions: a database takes no statement with a hundred thousand values.
    for start in range(0, len(values), 500):
        session.exec(delete(table).where(getattr(table, column).in_(values[start : start + 500])))
