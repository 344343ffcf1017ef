"""How many drafts a person and a workspace may send in a minute, counted where every process sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlmodel import Session, col, delete, select

from bot.audit.seals import Seals
from bot.store import Store
from bot.tables import Rate
from bot.wording import Wording

MINUTE = 60.0
_KNOWN = 3600.0
"""Seconds for which an event that was let in is known again: for as long as an answer is tried."""
_AT_ONCE = 1_000
"""Counts that one draft lets go of at most: after a pause it may be the first for long, and others wait for it."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """Drafts came faster than they are taken."""

    wait: timedelta
    """After which the next one is."""
    is_of_workspace: bool
    """Everybody's together, not this person's."""

    def show(self, language: str) -> str:
        """The sentence for whoever sent one too many."""
        wording = Wording(language)
        seconds = ceil(self.wait / timedelta(seconds=1))
        if self.is_of_workspace:
            return wording.count(
                "Many of your colleagues are sending me drafts just now. Try again in {number} second.",
                "Many of your colleagues are sending me drafts just now. Try again in {number} seconds.",
                seconds,
            )
        return wording.count(
            "You have sent me many drafts in a minute. Try again in {number} second.",
            "You have sent me many drafts in a minute. Try again in {number} seconds.",
            seconds,
        )


class Rates:
    """Counts by the clock's minutes. What is turned away is not counted."""

    def __init__(self, store: Store, seals: Seals, person_per_minute: int, workspace_per_minute: int | None) -> None:
        """`workspace_per_minute`: None where those who come the same way have nothing in common."""
        self._store, self._name = store, seals.name
        self._person, self._workspace = person_per_minute, workspace_per_minute

    def admit(self, id: str, account: str, now: datetime) -> TooMany | None:
        """None: let it in. The same event `id` of an account, once let in, is let in again and counted once."""
        moment = now.timestamp()
        minute = int(moment // MINUTE)
        end = (minute + 1) * MINUTE
        event = self._name("event", account, id)
        with self._store.write() as session:
            sweep(session, moment)
            if session.get(Rate, event) is not None:
                return None
            person = _counted(session, self._name("person", account, str(minute)), end)
            workspace = _counted(session, self._name("workspace", _workspace(account), str(minute)), end)
            is_own = person.count >= self._person
            is_full = self._workspace is not None and workspace.count >= self._workspace
            if is_own or is_full:
                return TooMany(timedelta(seconds=end - moment), is_of_workspace=not is_own)
            person.count += 1
            workspace.count += 1
            session.add_all([person, workspace, Rate(key=event, until=moment + _KNOWN, count=1)])
        return None


def sweep(session: Session, moment: float) -> None:
    """Let go of counts whose time is over."""
    over = select(Rate.key).where(col(Rate.until) <= moment).limit(_AT_ONCE)
    session.exec(delete(Rate).where(col(Rate.key).in_(over)).execution_options(synchronize_session=False))


def _workspace(account: str) -> str:
    """`slack:TEAM` of `slack:TEAM:USER`; of the others, all that come the same way."""
    return account.rpartition(":")[0]


def _counted(session: Session, key: str, until: float) -> Rate:
    return session.get(Rate, key) or Rate(key=key, until=until)
