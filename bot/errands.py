"""Messages that Vaglio sends of its own accord: put among the work that survives a crash, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog
from sqlmodel import Session

from bot.actions import tag
from bot.review import Asked
from bot.work import Deferred, Event
from rules.policy import Owner, Policy

log = structlog.get_logger(__name__)


class What(StrEnum):
    """What a message is about; `about` of its errand is the id of that."""

    CARD = "card"
    """A seat, for its owner."""
    RULED = "ruled"
    """A review, for the writer: somebody said something about it."""
    TAKEN = "taken"
    """A seat, for the writer: somebody looks at it."""
    SLOW = "slow"
    """A seat, for the writer: nobody has answered in time, and who is asked now."""
    APPEAL = "appeal"
    """An appeal, for whoever hears it."""
    HEARD = "heard"
    """An appeal, for the writer: it is decided."""
    AGAIN = "again"
    """A draft to be checked again, for its writer."""
    DIGEST = "digest"
    """An owner's open seats."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One message to one person or one owner. Two of the same `name` are one: the name holds what has changed."""

    what: What
    about: str
    name: str
    person: str | None = None
    """Their pseudonym."""
    owner: str | None = None


def card_name(about: str, owner: str) -> str:
    """The name of the message that shows `about` to `owner`: one of the same to somebody else is another."""
    return f"{about}/{tag(owner)}"


def card_of(seat: Asked, owner: str | None = None) -> Errand:
    """Show a seat as it stands to whoever is asked now, or to the `owner` who was asked before."""
    stands = f"{seat.state}:{seat.owner}:{seat.step}:{seat.taken_by}:{seat.due}"
    to = owner or seat.owner
    return Errand(What.CARD, seat.id, f"{seat.id}:{to}:{stands}", owner=to)


Put = Callable[[Session, Iterable[Errand]], None]
"""Has them sent once the transaction of `Store.write` is committed, and only then: see `Post.put`."""


class Accounts(Protocol):
    def accounts(self, person: str) -> Collection[str]:
        """Every account of theirs, such as `slack:TEAM:USER`."""

    def accounts_in(self, session: Session, person: str) -> Collection[str]: ...


class Intake(Protocol):
    async def defer(self, platform: str, name: str, event: Event) -> Deferred: ...

    def put(self, session: Session, platform: str, name: str, event: Event) -> None: ...


class Post:
    """Sends errands by the platforms that run: `slack`, `telegram`, or both."""

    def __init__(
        self, work: Intake, accounts: Accounts, policy: Callable[[], Policy], platforms: Collection[str]
    ) -> None:
        self._work, self._accounts, self._policy = work, accounts, policy
        self._platforms = platforms

    async def send(self, errands: Iterable[Errand]) -> None:
        """Durable on return. What nobody can be reached for is logged: whoever is asked next is the clock's to find."""
        for errand in errands:
            places = await asyncio.to_thread(self.places, errand)
            for platform, to in places:
                await self._work.defer(platform, f"errand:{errand.name}", _event(errand, to))
            self._tell(errand, places)

    def put(self, session: Session, errands: Iterable[Errand]) -> None:
        """The same inside a transaction of `Store.write`: they stand or fall with what they tell of."""
        for errand in errands:
            places = self.places(errand, session)
            for platform, to in places:
                self._work.put(session, platform, f"errand:{errand.name}", _event(errand, to))
            self._tell(errand, places)

    def _tell(self, errand: Errand, places: Collection[tuple[str, str]]) -> None:
        if not places and self._platforms:
            log.warning("errand.unreachable", what=errand.what, owner=errand.owner)

    def places(self, errand: Errand, session: Session | None = None) -> list[tuple[str, str]]:
        """The platform and the channel, chat or account of each message: an owner's on every platform they have."""
        if errand.owner is not None:
            owner = next((owner for owner in self._policy().owners if owner.id == errand.owner), None)
            return [place for place in _places(owner) if place[0] in self._platforms] if owner else []
        person = errand.person or ""
        accounts = self._accounts.accounts_in(session, person) if session else self._accounts.accounts(person)
        mine = [(account.partition(":")[0], account) for account in sorted(accounts)]
        # A person is told once: sorted, Slack comes before Telegram.
        return [place for place in mine if place[0] in self._platforms][:1]

    def reaches(self, owner: str) -> bool:
        """Whether this owner can be asked at all: where no chat runs, owners answer on the page."""
        return not self._platforms or bool(self.places(Errand(What.CARD, "", "", owner=owner)))


def _event(errand: Errand, to: str) -> Event:
    return {"kind": "errand", "what": errand.what, "about": errand.about, "owner": errand.owner, "to": to}


def _places(owner: Owner) -> list[tuple[str, str]]:
    found = (("slack", owner.slack_channel), ("telegram", owner.telegram_chat))
    return [(platform, place) for platform, place in found if place]
