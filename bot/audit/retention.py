"""Words whose time is over: let go once a day, as the policy says, unless a legal hold keeps them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlmodel import and_, col, delete, or_, select, tuple_

from bot.audit.errors import RecordError
from bot.audit.holds import standing
from bot.audit.index import Index
from bot.audit.ledger import Ledger, NewEntry
from bot.audit.promises import ranges_of
from bot.audit.records import RAW, timestamp
from bot.places import forget_cards
from bot.store import Store
from bot.tables import Appeal, Content, Dismissal, Entry, Receipt, Review, Seat
from rules.keeping import Keeping

log = structlog.get_logger(__name__)

KIND: Final = "retention"
_PORTION: Final = 1_000
"""Entries that are looked at in one go, and that one transaction lets go at most; receipts too."""
_QUESTIONS: Final = 100
"""Questions, or disagreements, that one transaction lets go: each has seats and cards."""


class Retention:
    """Several processes may run one each: what two of them find over is let go once."""

    def __init__(self, store: Store, ledger: Ledger, index: Index | None = None) -> None:
        """`index`: from which the same words go."""
        self._store, self._ledger, self._index = store, ledger, index

    def let_go(self, keeping: Keeping, policy: str, now: datetime) -> int:
        """Let go of the words that are over by `keeping`, which is that of the revision `policy`. Returns how many.

        Their entries stay. Each portion is one entry of its own, in one transaction with what it lets go.
        """
        self._let_go_of_questions(now - timedelta(days=keeping.days))
        after, gone = 0, 0
        while portion := self._portion(after, keeping, now):
            after = portion[-1].seq
            gone += self._let_go_of([entry for entry in portion if _is_over(entry, keeping, now)], policy, now)
        if gone:
            log.info("words.let_go", entries=gone)
            if self._index:
                with suppress(RecordError):  # at the next look, then
                    self._index.follow()
        return gone

    def _portion(self, after: int, keeping: Keeping, now: datetime) -> Sequence[Entry]:
        """Entries whose words may be over. Read apart: most are not, and nobody who writes is to wait for that."""
        old = timestamp(now - timedelta(days=keeping.fewest))
        raw = and_(col(Entry.kind) == RAW, col(Entry.at) < timestamp(now - timedelta(days=keeping.raw_days)))
        found = (
            select(Entry)
            .join(Content, col(Entry.seq) == col(Content.seq))
            .where(col(Entry.seq) > after, or_(raw, col(Entry.at) < old))
            .order_by(col(Entry.seq))
            .limit(_PORTION)
        )
        with self._store.read() as session:
            return session.exec(found).all()

    def _let_go_of(self, over: Sequence[Entry], policy: str, now: datetime) -> int:
        """In one transaction with its entry; what a hold covers, or another process let go since, is left out."""
        if not over:
            return 0
        with self._store.write() as session:
            holds = standing(session)
            there = select(Content.seq, Content.holder).where(col(Content.seq).in_([each.seq for each in over]))
            subjects = {each.seq: each.subject for each in over}
            seqs = [
                seq
                for seq, holder in session.exec(there.order_by(col(Content.seq))).all()
                if not any(hold.covers(holder) or hold.id == subjects[seq] for hold in holds)
            ]
            if seqs:
                session.exec(delete(Content).where(col(Content.seq).in_(seqs)))
                # A receipt binds to words: it goes with them.
                checks = [each.subject for each in over if each.kind == "screening" and each.seq in set(seqs)]
                session.exec(delete(Receipt).where(col(Receipt.screening).in_(checks)))
                facts = {"purged": [list(each) for each in ranges_of(seqs)], "policy": policy}
                new = NewEntry(KIND, f"t_{secrets.token_hex(8)}", facts, at=now)
                self._ledger.append_in(session, new)
        self._ledger.let_head_follow()
        return len(seqs)

    def _let_go_of_questions(self, before: datetime) -> None:
        """What was asked, answered and disagreed with goes with the words that it was about; so do receipts."""
        moment = before.timestamp()
        for table in (Review, Appeal):
            for ids in self._older(table.id, table.at, moment, _QUESTIONS):
                self._drop_questions(table, ids)
        for kept, key, at in ((Receipt, Receipt.code, Receipt.at), (Dismissal, Dismissal.key, Dismissal.at)):
            for keys in self._older(key, at, moment, _PORTION):
                with self._store.write() as session:
                    # Of neither is it known whose it is.
                    if standing(session):
                        return
                    session.exec(delete(kept).where(col(key).in_(keys)))

    def _older(self, key: Any, at: Any, before: float, most: int) -> Iterator[Sequence[str]]:
        """By what rows from before this moment are called, so many at a time; looked up while others may write."""
        order, which = (col(at), col(key)), [col(at) < before]
        while True:
            with self._store.read() as session:
                found = session.exec(select(at, key).where(*which).order_by(*order).limit(most)).all()
            if found:
                yield [each for _, each in found]
            if len(found) < most:
                return
            # Some of these may be held, and stay.
            which = [col(at) < before, tuple_(*order) > tuple_(*found[-1])]

    def _drop_questions(self, table: type[Review | Appeal], ids: Sequence[str]) -> None:
        with self._store.write() as session:
            holds = standing(session)
            old = session.exec(select(table.id, table.person).where(col(table.id).in_(ids))).all()
            gone = [id for id, person in old if not any(hold.covers(person) for hold in holds)]
            seats = select(Seat.id).where(col(Seat.review).in_(gone))
            forget_cards(session, [*gone, *(session.exec(seats).all() if table is Review else ())])
            if table is Review:
                session.exec(delete(Seat).where(col(Seat.review).in_(gone)))
            session.exec(delete(table).where(col(table.id).in_(gone)))


def _is_over(entry: Entry, keeping: Keeping, now: datetime) -> bool:
    return entry.at < timestamp(now - timedelta(days=_days(entry, keeping)))


def _days(entry: Entry, keeping: Keeping) -> int:
    if entry.kind == RAW:
        return keeping.raw_days
    facts = json.loads(entry.body)["facts"]
    if entry.kind == "screening":
        return keeping.days_of(facts["outcome"], facts["draft"]["account"])
    return keeping.days
