"""Drafts that would end differently, as whoever decides on a policy may read them: masked, and nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import col, select

from bot.audit.forms import read
from bot.audit.ledger import Ledger
from bot.audit.looks import look
from bot.proposals.recorded import Recorded
from bot.proposals.results import Flip
from bot.store import Store
from bot.tables import Content, Entry
from rules.draft import Account, Channel, Kind

WHY: Final = "backtest"
"""It is looked at."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One draft. Nothing here says who wrote it."""

    flip: Flip
    at: datetime
    text: str = field(repr=False)
    """Masked, as the record has it."""
    in_reply_to: str | None = field(repr=False)
    kind: Kind
    account: Account
    channel: Channel


def samples_of(
    store: Store, ledger: Ledger, flips: Sequence[Flip], most: int, *, by: str, at: datetime
) -> Sequence[Sample]:
    """The first of `flips` whose words can still be read. Raises as `look`."""
    chosen: Mapping[int, Flip] = {flip.seq: flip for flip in flips}
    with store.read() as session:
        there = select(Content.seq).where(col(Content.seq).in_(chosen)).order_by(col(Content.seq).desc()).limit(most)
        seqs = session.exec(there).all()
        bodies = session.exec(select(Entry.seq, Entry.body).where(col(Entry.seq).in_(seqs))).all()
    if not seqs:
        return []
    words = look(ledger, seqs, by=by, at=at, why=WHY)
    told = {seq: Recorded.of(read(body) or {}, words[seq]) for seq, body in bodies if seq in words}
    return [
        Sample(
            flip=chosen[seq], at=one.at, text=one.draft.text, in_reply_to=one.draft.in_reply_to,
            kind=one.draft.kind, account=one.draft.account, channel=one.draft.channel,
        )
        for seq in seqs
        if (one := told.get(seq)) is not None
    ]  # fmt: skip
