"""Reviews: who must say yes to a draft, what each of them ruled, and who is asked when nobody answers in time.

Nothing is approved by silence, nobody rules on a draft of their own, and what was ruled stays.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import Select

from bot.audit.vault import Vault
from bot.deadlines import due_at, next_in_line, owner_named
from bot.drafts import HeldDraft, State
from bot.matter import Matter, owners_of, read, written
from bot.rulings import Asked, Ruled, Ruling
from bot.store import Store
from bot.tables import Held, Review, Seat
from rules.policy import Owner, Policy

__all__ = ["Along", "Asked", "Reviews", "Ruled", "Ruling"]

Along = Callable[[Session, Sequence[Asked]], None]
"""What stands or falls with a change, such as its entry: given its transaction and the seats as they are by then."""


class Reviews:
    """Every change is one transaction: of two who press at once, one is told that the other was faster."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault

    def ask(self, held: HeldDraft, matter: Matter, policy: Policy, at: datetime) -> tuple[Asked, ...]:
        """Ask the owners of what was found. Asked again, nothing is added: the seats as they stand."""
        if known := self.of_screening(held.id):
            return known
        id = f"r_{secrets.token_hex(10)}"
        wrapped, sealed = self._vault.seal(written(matter), id.encode())
        review = Review(
            id=id, screening=held.id, person=held.person, at=at.timestamp(), state=Ruling.OPEN,
            wrapped=wrapped, sealed=sealed,
        )  # fmt: skip
        with self._store.write() as session:
            asked = session.exec(select(Review).where(Review.screening == held.id)).first()
            row = session.get(Held, held.id)
            if asked is None and row is not None and row.state == State.CHECKED:
                session.add(review)
                session.flush()
                for owner in owners_of(held, policy):
                    due = due_at(policy.owner(owner), policy, at).timestamp()
                    seat = f"q_{secrets.token_hex(10)}"
                    session.add(Seat(id=seat, review=id, asked=owner, owner=owner, state=Ruling.OPEN, due=due))
        return self.of_screening(held.id)

    def of_screening(self, screening: str) -> tuple[Asked, ...]:
        with self._store.read() as session:
            review = session.exec(select(Review).where(Review.screening == screening)).first()
            return self._seats(session, review) if review else ()

    def seat(self, id: str) -> Asked | None:
        with self._store.read() as session:
            row = session.get(Seat, id)
            review = session.get(Review, row.review) if row else None
            return self._asked(row, review) if row and review else None

    def matter(self, review: str) -> Matter:
        """What owners see. Raises `LookupError` for a review that is not there."""
        with self._store.read() as session:
            row = session.get(Review, review)
        if row is None:
            raise LookupError("no such review")
        return read(self._vault.unseal(row.wrapped, row.sealed, row.id.encode()))

    def waiting(self, owner: str | None = None) -> tuple[Asked, ...]:
        """The open seats, of one owner or of all, the first due first."""
        # Those for whom nobody is left to ask come first, which is SQLite's way and not PostgreSQL's.
        by_due = (col(Seat.due).nulls_first(), col(Seat.id))
        open_seats = select(Seat, Review).join(Review).where(Seat.state == Ruling.OPEN).order_by(*by_due)
        if owner is not None:
            open_seats = open_seats.where(Seat.owner == owner)
        return self._found(open_seats)

    def how_many(self, owners: Collection[str], *, but_of: str) -> int:
        """The open seats of these owners, but for the drafts of that person, who may not rule on them."""
        theirs = (Seat.state == Ruling.OPEN, col(Seat.owner).in_(owners), Review.person != but_of)
        asked = select(func.count()).select_from(Seat).join(Review).where(*theirs)
        with self._store.read() as session:
            return session.exec(asked).one()

    def settled(self, owners: Collection[str], most: int) -> tuple[Asked, ...]:
        """What these owners have ruled, the newest first."""
        ruled = (col(Seat.owner).in_(owners), col(Seat.decided_at).is_not(None))
        newest = select(Seat, Review).join(Review).where(*ruled).order_by(col(Seat.decided_at).desc()).limit(most)
        return self._found(newest)

    def _found(self, query: Select[Seat, Review]) -> tuple[Asked, ...]:
        with self._store.read() as session:
            return tuple(self._asked(row, review) for row, review in session.exec(query).all())

    # --- What people do ----------------------------------------------------------------------------------------------

    def rule(
        self,
        seat: Asked,
        person: str,
        ruling: Ruling,
        at: datetime,
        along: Along,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> Ruled:
        """The word of whoever was asked. Of the same word of the same person again only `along` is done once more."""
        with self._store.write() as session:
            row, review = self._row(session, seat.id)
            if row is None or review is None:
                return Ruled.GONE
            if review.person == person:
                return Ruled.OWN
            if row.state == Ruling.OPEN and review.state == Ruling.OPEN:
                if row.owner != seat.owner:
                    return Ruled.SETTLED
                row.state, row.decided_by, row.decided_at, row.due = ruling, person, at.timestamp(), None
                row.wrapped, row.sealed = self._said(row.id, by, reason)
                session.add(row)
                session.flush()
                self._settle(session, review)
            elif (row.decided_by, row.state) != (person, ruling):
                return Ruled.SETTLED
            along(session, self._seats(session, review))
        return Ruled.DONE

    def take(self, seat: Asked, person: str, by: str | None = None) -> Ruled:
        """Somebody looks at it: the others see who. The deadline stays."""
        with self._store.write() as session:
            row, review = self._row(session, seat.id)
            if row is None or review is None:
                return Ruled.GONE
            if review.person == person:
                return Ruled.OWN
            if row.state != Ruling.OPEN or row.owner != seat.owner or row.taken_by not in (None, person):
                return Ruled.SETTLED
            row.taken_by = person
            row.wrapped, row.sealed = self._said(row.id, by, None)
            session.add(row)
        return Ruled.DONE

    def pass_on(self, seat: Asked, person: str, to: Owner, policy: Policy, at: datetime, along: Along) -> Ruled:
        """Another owner is asked instead, with their own deadline from now on, unless they are asked already."""
        with self._store.write() as session:
            row, review = self._row(session, seat.id)
            if row is None or review is None:
                return Ruled.GONE
            if review.person == person:
                return Ruled.OWN
            if row.state != Ruling.OPEN or row.owner not in (seat.owner, to.id):
                return Ruled.SETTLED
            if row.owner != to.id:
                _hand_over(row, to, policy, at)
                row.step = 0
                session.add(row)
                along(session, self._seats(session, review))
        return Ruled.DONE

    def withdraw(self, screening: str) -> None:
        """Its writer takes the draft back; what is settled stays so."""
        with self._store.write() as session:
            review = session.exec(select(Review).where(Review.screening == screening)).first()
            if review is not None and review.state == Ruling.OPEN:
                review.state = Ruling.WITHDRAWN
                session.add(review)
                self._close_open(session, review)

    # --- What time does ----------------------------------------------------------------------------------------------

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """The open seats whose deadline has passed, by their ids."""
        late = (Seat.state == Ruling.OPEN, col(Seat.due) <= now.timestamp())
        with self._store.read() as session:
            return tuple(session.exec(select(Seat.id).where(*late).order_by(col(Seat.due))).all())

    def move_on(self, seat: Asked, policy: Policy, now: datetime) -> Asked:
        """The deadline has passed, or nobody is there: first a reminder, then whoever is next, the duty officer last.

        `step` counts them. Where nobody is left to ask, `due` is None from then on, and the seat stays open.
        """
        with self._store.write() as session:
            row, review = self._row(session, seat.id)
            if row is None or review is None or row.step != seat.step or row.state != Ruling.OPEN:
                return self.seat(seat.id) or seat
            row.step += 1
            if row.step == 1:
                owner = owner_named(policy, row.owner)
                row.due = due_at(owner, policy, now, parts=2).timestamp() if owner else now.timestamp()
            elif to := next_in_line(row.asked, row.owner, policy):
                step = row.step
                _hand_over(row, to, policy, now)
                row.step = step
            else:
                row.due = None
            session.add(row)
        return self.seat(seat.id) or seat

    # --- Inside a transaction ----------------------------------------------------------------------------------------

    def _row(self, session: Session, seat: str) -> tuple[Seat | None, Review | None]:
        row = session.get(Seat, seat)
        return row, session.get(Review, row.review) if row else None

    def _settle(self, session: Session, review: Review) -> None:
        """One no, or one wish for a change, settles the whole; a yes only when all have said it."""
        states = [row.state for row in session.exec(select(Seat).where(Seat.review == review.id)).all()]
        for state in (Ruling.REJECTED, Ruling.CHANGE):
            if state in states:
                review.state = state
                self._close_open(session, review)
                break
        else:
            if all(state == Ruling.APPROVED for state in states):
                review.state = Ruling.APPROVED
        session.add(review)

    def _close_open(self, session: Session, review: Review) -> None:
        rows = session.exec(select(Seat).where(Seat.review == review.id, Seat.state == Ruling.OPEN)).all()
        for row in rows:
            row.state, row.due = Ruling.WITHDRAWN, None
            session.add(row)

    def _said(self, id: str, by: str | None, reason: str | None) -> tuple[bytes, bytes]:
        return self._vault.seal(json.dumps({"by": by, "reason": reason}).encode(), id.encode())

    def _seats(self, session: Session, review: Review) -> tuple[Asked, ...]:
        rows = session.exec(select(Seat).where(Seat.review == review.id)).all()
        # Sorted here: how a server orders text is its administrator's choice.
        return tuple(self._asked(row, review) for row in sorted(rows, key=lambda row: row.asked))

    def _asked(self, row: Seat, review: Review) -> Asked:
        said = json.loads(self._vault.unseal(row.wrapped, row.sealed, row.id.encode())) if row.sealed else {}
        return Asked(
            id=row.id, review=review.id, screening=review.screening, writer=review.person, asked=row.asked,
            owner=row.owner, state=Ruling(row.state), whole=Ruling(review.state), at=_moment(review.at),
            due=_maybe(row.due), step=row.step, taken_by=row.taken_by, decided_by=row.decided_by,
            decided_at=_maybe(row.decided_at), by=said.get("by"), reason=said.get("reason"),
        )  # fmt: skip


def _hand_over(row: Seat, to: Owner, policy: Policy, at: datetime) -> None:
    """From now on `to` is asked, with a deadline of their own; that somebody before them was looking at it is void."""
    row.owner, row.due, row.taken_by, row.decided_by = to.id, due_at(to, policy, at).timestamp(), None, None
    row.wrapped = row.sealed = b""


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)
