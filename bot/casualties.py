"""Which pieces of work were in hand when a process died, and how often: none kills one process after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlmodel import Session, col, delete, func, select

from bot.engine import Piece
from bot.work_tables import Casualty


def deaths(session: Session) -> Mapping[Piece, int]:
    """How many processes have died with each; of all others none has."""
    rows = session.exec(select(Casualty).where(col(Casualty.deaths) > 0)).all()
    return {(row.kind, row.id): row.deaths for row in rows}


def count(session: Session) -> int:
    """Pieces that are done apart from all others."""
    return session.exec(select(func.count()).select_from(Casualty).where(col(Casualty.deaths) > 0)).one()


def blame(session: Session, pieces: Iterable[Piece]) -> None:
    """A process has died with these in hand."""
    for kind, id in pieces:
        known = session.get(Casualty, (kind, id))
        session.merge(Casualty(kind=kind, id=id, deaths=known.deaths + 1 if known else 1))


def suspect(session: Session, kind: str, ids: Iterable[str], deaths: int) -> None:
    """So many processes have died with these before."""
    for id in ids:
        session.merge(Casualty(kind=kind, id=id, deaths=deaths))


def acquit(session: Session, pieces: Collection[Piece]) -> None:
    """These are done, or nobody's any more."""
    for kind, id in pieces:
        session.exec(delete(Casualty).where(col(Casualty.kind) == kind, col(Casualty.id) == id))
