"""What waits for whoever visits, as the page shows it: the cards of the chats with more room, the first due first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from babel.dates import format_timedelta

from bot import news
from bot.actions import Button, Verb, tag
from bot.appeals import Appealed, Standing, hearer
from bot.choices import others
from bot.console.gate import Visitor
from bot.console.verdict_view import Stretch, stretches_of
from bot.deeds import Cabinet
from bot.matter import Matter
from bot.reply import Reply
from bot.review import Asked, Ruling
from bot.roles import Role
from bot.wording import Wording
from rules.policy import Policy

_DECIDED = 50
"""Rulings that are listed, the newest first."""


@dataclass(frozen=True, slots=True)
class CardView:
    """A seat or an appeal, as its owner sees it."""

    id: str
    reply: Reply
    stretches: tuple[Stretch, ...]
    stands: str
    """Another one whenever there is something else to be seen."""
    is_own: bool
    """Whoever reads it has written the draft, and so somebody else rules."""
    due: str = ""
    """How long there is, or was, in words."""
    is_late: bool = False
    question: str | None = field(default=None, repr=False)
    """All of what the draft replies to, where the card shows only its beginning."""
    heirs: tuple[Button, ...] = ()
    """To whom it can be passed on."""

    @property
    def rulings(self) -> tuple[Button, ...]:
        return () if self.is_own else tuple(each for each in self.reply.buttons if each.action.verb is not Verb.PASS)


@dataclass(frozen=True, slots=True)
class Decided:
    """One ruling, for the list of those that are over."""

    at: str
    owner: str
    title: str
    reason: str = field(repr=False)
    screening: str


class Queue:
    """Reads; never changes anything. Synchronous: callers run it off the loop."""

    def __init__(self, cabinet: Cabinet, policy: Callable[[], Policy]) -> None:
        self._cabinet, self._policy = cabinet, policy

    def waiting(self, visitor: Visitor, language: str) -> Sequence[CardView]:
        """The drafts on which this visitor may rule by their deadlines, then the appeals by their age."""
        policy, now = self._policy(), datetime.now(UTC)
        seats = [seat for seat in self._cabinet.reviews.waiting() if seat.owner in visitor.owned]
        appeals = self._cabinet.appeals.standing(Standing.OPEN)
        return [
            *(self._of_seat(seat, visitor, policy, language, now) for seat in seats),
            *(
                self._of_appeal(each, visitor, policy, language)
                for each in appeals
                if _hears(visitor, each.rule, policy)
            ),
        ]

    def how_many(self, visitor: Visitor) -> int:
        """What `waiting` would show that is not their own, counted without opening anything."""
        if not visitor.may(Role.OWNER, Role.COMMUNICATIONS):
            return 0
        policy = self._policy()
        heard = sum(_hears(visitor, rule, policy) for rule in self._cabinet.appeals.rules(but_of=visitor.person))
        return self._cabinet.reviews.how_many(visitor.owned, but_of=visitor.person) + heard

    def card(self, about: str, visitor: Visitor, language: str) -> CardView | None:
        """One card, also when it is settled; None where there is none, or it is not this visitor's to see."""
        policy = self._policy()
        if seat := self._cabinet.reviews.seat(about):
            is_theirs = not visitor.owned.isdisjoint((seat.owner, seat.asked))
            return self._of_seat(seat, visitor, policy, language, datetime.now(UTC)) if is_theirs else None
        appeal = self._cabinet.appeals.find(about)
        is_heard = appeal is not None and _hears(visitor, appeal.rule, policy)
        return self._of_appeal(appeal, visitor, policy, language) if appeal and is_heard else None

    def decided(self, visitor: Visitor, language: str) -> Sequence[Decided]:
        """What was ruled lately in this visitor's field, by whomever."""
        policy, wording = self._policy(), Wording(language)
        zone = self._cabinet.zone(visitor.person, policy)
        found: list[tuple[datetime, Decided]] = []
        for seat in self._cabinet.reviews.settled(visitor.owned, _DECIDED):
            at, owner = seat.decided_at or seat.at, news.names_of([seat.owner], policy, language)
            said = news.settled(seat, wording)
            found.append((at, Decided(news.moment(at, zone, language), owner, said, seat.reason or "", seat.screening)))
        for appeal in self._cabinet.appeals.decided(_DECIDED):
            if _hears(visitor, appeal.rule, policy):
                at, owner = appeal.decided_at or appeal.at, _hearer(appeal, policy, language)
                said, moment = news.appeal_card(appeal, policy, language).title, news.moment(at, zone, language)
                found.append((at, Decided(moment, owner, said, appeal.reason or "", appeal.screening)))
        newest = sorted(found, key=lambda each: each[0], reverse=True)
        return [decided for _, decided in newest[:_DECIDED]]

    def office(self, about: str, visitor: Visitor, language: str) -> str | None:
        """In whose name this visitor rules there: an owner's, or communications'; None where there is no such card."""
        policy = self._policy()
        if seat := self._cabinet.reviews.seat(about):
            return news.names_of([seat.owner], policy, language)
        if appeal := self._cabinet.appeals.find(about):
            is_its_own = hearer(policy, appeal.rule) in visitor.owned
            return _hearer(appeal, policy, language) if is_its_own else Wording(language).say("Communications")
        return None

    def _of_seat(self, seat: Asked, visitor: Visitor, policy: Policy, language: str, now: datetime) -> CardView:
        matter = self._cabinet.reviews.matter(seat.review)
        owner = seat.owner if seat.owner in visitor.owned else seat.asked
        reply = news.card(seat, matter, policy, language, owner, room=len(matter.text or ""))
        is_open = seat.state is Ruling.OPEN and seat.owner == owner
        is_own = self._is_own(seat.writer, visitor)
        stands = f"{seat.state}:{seat.owner}:{seat.step}:{seat.taken_by}:{seat.due}:{policy.revision}"
        return CardView(
            id=seat.id,
            reply=reply,
            stretches=stretches_of(reply),
            stands=tag(stands),
            is_own=is_own,
            due=_due(seat, now, Wording(language)) if is_open else "",
            is_late=is_open and (seat.due is None or seat.step > 0 or seat.due <= now),
            question=_whole(matter) if is_open else None,
            heirs=others(seat, policy.owners, language) if is_open and not is_own else (),
        )

    def _of_appeal(self, appeal: Appealed, visitor: Visitor, policy: Policy, language: str) -> CardView:
        reply = news.appeal_card(appeal, policy, language)
        return CardView(
            id=appeal.id,
            reply=reply,
            stretches=stretches_of(reply),
            stands=tag(f"{appeal.state}:{policy.revision}"),
            is_own=self._is_own(appeal.writer, visitor),
        )

    def _is_own(self, writer: str, visitor: Visitor) -> bool:
        """Also where they wrote it by an account that they have linked since."""
        return visitor.person in (writer, self._cabinet.people.whose(writer))


def _hears(visitor: Visitor, rule: str, policy: Policy) -> bool:
    return visitor.may(Role.COMMUNICATIONS) or hearer(policy, rule) in visitor.owned


def _hearer(appeal: Appealed, policy: Policy, language: str) -> str:
    return news.names_of([hearer(policy, appeal.rule)], policy, language)


def _due(seat: Asked, now: datetime, wording: Wording) -> str:
    if seat.due is None:
        return wording.say("overdue, and nobody is next")
    when = format_timedelta(seat.due - now, add_direction=True, locale=wording.language)
    return wording.say("due {when}", when=when) if seat.due > now else wording.say("was due {when}", when=when)


def _whole(matter: Matter) -> str | None:
    question = matter.in_reply_to
    return question if question and len(" ".join(question.split())) > news.GLIMPSE else None
