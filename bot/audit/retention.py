"""Words whose time is over: let go once a day, as the policy says, unless a legal hold keeps them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlmodel import Session, col, delete, select

from bot.audit.errors import RecordError
from bot.audit.holds import Hold, standing
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.promises import ranges_of
from bot.audit.records import RAW, timestamp
from bot.store import Store
from bot.tables import Appeal, Card, Content, Dismissal, Entry, Receipt, Review, Seat
from rules.keeping import Keeping

log = structlog.get_logger(__name__)

KIND: Final = "retention"
_PORTION: Final = 1_000
"""Entries that one transaction lets go: writers wait no longer than that."""


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
        while True:
            with self._store.write() as session:
                holds = standing(session)
                portion = _portion(session, after, now - timedelta(days=keeping.fewest))
                over = [seq for seq, entry, holder in portion if _is_over(entry, holder, keeping, holds, now)]
                if over:
                    session.exec(delete(Content).where(col(Content.seq).in_(over)))
                    # A receipt binds to words: it goes with them.
                    checks = [entry.subject for seq, entry, _ in portion if seq in over and entry.kind == "screening"]
                    session.exec(delete(Receipt).where(col(Receipt.screening).in_(checks)))
                    facts = {"purged": [list(each) for each in ranges_of(over)], "policy": policy}
                    self._ledger.append_in(session, KIND, subject=f"t_{secrets.token_hex(8)}", facts=facts, at=now)
            if over:
                self._ledger.let_head_follow()
            gone += len(over)
            if not portion:
                if gone and self._index:
                    with suppress(RecordError):  # at the next look, then
                        self._index.follow()
                if gone:
                    log.info("words.let_go", entries=gone)
                return gone
            after = portion[-1][0]

    def _let_go_of_questions(self, before: datetime) -> None:
        """What was asked, answered and disagreed with goes with the words that it was about; so do receipts."""
        moment = before.timestamp()
        with self._store.write() as session:
            holds = standing(session)
            for table in (Review, Appeal):
                old = session.exec(select(table.id, table.person).where(table.at < moment)).all()
                ids = [id for id, person in old if not any(hold.covers(person) for hold in holds)]
                for start in range(0, len(ids), _PORTION):
                    some = ids[start : start + _PORTION]
                    seats = select(Seat.id).where(col(Seat.review).in_(some))
                    for id in (*some, *(session.exec(seats).all() if table is Review else ())):
                        session.exec(delete(Card).where(col(Card.about).startswith(id)))
                    if table is Review:
                        session.exec(delete(Seat).where(col(Seat.review).in_(some)))
                    session.exec(delete(table).where(col(table.id).in_(some)))
            for kept in (Receipt, Dismissal):
                # Of neither is it known whose it is.
                if not holds:
                    session.exec(delete(kept).where(col(kept.at) < moment))


def _portion(session: Session, after: int, before: datetime) -> Sequence[tuple[int, Entry, str]]:
    found = (
        select(Content.seq, Entry, Content.holder)
        .join(Entry, col(Entry.seq) == col(Content.seq))
        .where(Content.seq > after, Entry.at < timestamp(before))
        .order_by(col(Content.seq))
        .limit(_PORTION)
    )
    return [(seq, entry, holder) for seq, entry, holder in session.exec(found).all()]


def _is_over(entry: Entry, holder: str, keeping: Keeping, holds: Sequence[Hold], now: datetime) -> bool:
    if any(hold.covers(holder) or hold.id == entry.subject for hold in holds):
        return False
    return entry.at < timestamp(now - timedelta(days=_days(entry, keeping)))


def _days(entry: Entry, keeping: Keeping) -> int:
    if entry.kind == RAW:
        return keeping.raw_days
    facts = json.loads(entry.body)["facts"]
    if entry.kind == "screening":
        return keeping.days_of(facts["outcome"], facts["draft"]["account"])
    return keeping.days
