"""What the record itself admits to have lost: the entries that say that a backup was put back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select as choose
from sqlmodel import Session, col

from bot.audit import records
from bot.audit.promises import facts_of, telling
from bot.tables import Entry


@dataclass(frozen=True, slots=True)
class Admission:
    """The entry `seq` says that a backup was put back, and that the entries from `seq` to `last` are lost by it."""

    seq: int
    last: int

    def covers(self, count: int, reached: int) -> bool:
        """Whether it excuses that entry `count` is not the one that was signed.

        It speaks only of what was signed before it: once a checkpoint stands that knows it (`reached` is the last
        entry of the newest one that stands), those after must fit.
        """
        return self.seq <= count <= self.last and reached < self.seq


def admissions(session: Session) -> tuple[Admission, ...]:
    """Only those that stand where the first lost entry stood, and name the entry before them as the last one kept.

    Anything else excuses nothing: whoever rewrites what stood before it cannot excuse that by it.
    """
    return tuple(_admissions(session))


def _admissions(session: Session) -> Iterator[Admission]:
    for seq, kind, body in telling(session.connection(), "restore"):
        facts = facts_of(kind, body)
        lost = facts.get("lost")
        if not (isinstance(lost, list) and len(lost) == 2 and all(type(each) is int for each in lost)):
            continue  # nothing is lost by it, or the walk says that it was changed
        first, last = lost
        before = session.connection().execute(choose(col(Entry.hash)).where(col(Entry.seq) == seq - 1)).scalar()
        kept = (seq - 1, before if seq > 1 else records.GENESIS)
        if first == seq <= last and (facts.get("count"), facts.get("head")) == kept:
            yield Admission(seq, last)
