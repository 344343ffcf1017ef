"""Which entries are asked for, by what the ledger's own columns say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import col, select

from bot.audit.records import timestamp
from bot.store import Store
from bot.tables import Entry

_AT_ONCE = 10_000


def by_columns(
    store: Store, *, kinds: Sequence[str] = (), since: datetime | None = None, until: datetime | None = None
) -> Iterator[int]:
    """The numbers of those of these kinds, from `since` on and before `until`, ascending."""
    chosen = select(Entry.seq).order_by(col(Entry.seq)).limit(_AT_ONCE)
    if kinds:
        chosen = chosen.where(col(Entry.kind).in_(kinds))
    if since:
        chosen = chosen.where(col(Entry.at) >= timestamp(since))
    if until:
        chosen = chosen.where(col(Entry.at) < timestamp(until))
    after = 0
    while True:
        with store.read() as session:
            found = session.exec(chosen.where(col(Entry.seq) > after)).all()
        yield from found
        if len(found) < _AT_ONCE:
            return
        after = found[-1]
