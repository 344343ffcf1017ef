"""What owners rule on drafts, and communications on appeals: who may, and who is told.

A ruling, its entry, what becomes of the draft and the news of it are one transaction: what is on record is what counts,
and whoever it concerns hears of it, whatever stops in between.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session

from bot.actions import Verb, tag
from bot.appeals import Standing, hearer
from bot.audit.ledger import NewEntry
from bot.audit.records import canonical
from bot.choices import others
from bot.deeds import Act, Answer, Cabinet, kept_words, unsafe, wordless
from bot.drafts import State
from bot.errands import Errand, Put, What, card_name, card_of
from bot.news import names_of
from bot.places import Cards
from bot.reply import Notice
from bot.review import Asked, Ruled, Ruling
from bot.roles import Role
from bot.wording import Wording
from bot.writing import moved_on
from rules.policy import Policy
from rules.screening import Screener

_RULINGS = {Verb.APPROVE: Ruling.APPROVED, Verb.REJECT: Ruling.REJECTED, Verb.CHANGE: Ruling.CHANGE}
_STATES = {
    Ruling.APPROVED: State.APPROVED, Ruling.REJECTED: State.REJECTED, Ruling.CHANGE: State.CHANGE,
}  # fmt: skip


class Hearing:
    """Judges who may rule by role, or by the channel in which the card stands."""

    def __init__(self, cabinet: Cabinet, cards: Cards, put: Put) -> None:
        self._cabinet, self._cards, self._put = cabinet, cards, put

    def is_by(self, account: str, about: str) -> bool:
        """Whether whoever has this account wrote what a card is about."""
        people = self._cabinet.people
        card = self._cabinet.reviews.seat(about) or self._cabinet.appeals.find(about)
        return card is not None and people.is_known(account) and self._is_own(card.writer, people.person(account))

    def do(self, act: Act, screener: Screener) -> Answer:
        if act.action.verb in (Verb.UPHOLD, Verb.OVERTURN):
            return self._appeal(act, screener)
        seat = self._cabinet.reviews.seat(act.action.about)
        if seat is None:
            return moved_on(act)
        person = self._cabinet.people.pseudonym(act.account)
        if act.action.verb is Verb.PASS and (passed := self._passed(act, seat, person, screener.policy)):
            return passed
        if not self._may_rule(person, seat.owner, card_name(seat.id, seat.owner), act):
            return _not_yours(act, seat.owner, screener.policy)
        if self._is_own(seat.writer, person):
            return _not_done(Ruled.OWN, act)
        match act.action.verb:
            case Verb.TAKE:
                return self._take(act, seat, person)
            case Verb.PASS:
                return self._pass(act, seat, person, screener.policy)
            case _:
                return self._rule(act, seat, person, screener)

    def _rule(self, act: Act, seat: Asked, person: str, screener: Screener) -> Answer:
        ruling, wording = _RULINGS[act.action.verb], Wording(act.language)
        if ruling is not Ruling.APPROVED and not act.words.strip():
            return wordless(act.language)
        # The writer reads it word for word; what is kept of it is blanked as a draft is.
        reason = kept_words(screener, act.words) if act.words else ""
        if reason is None:
            return unsafe(act.language)
        facts = {
            "review": seat.review, "screening": seat.screening, "owner": seat.owner, "asked": seat.asked,
            "ruling": ruling.value, "policy": screener.policy.revision,
        }  # fmt: skip
        word = NewEntry("decision", seat.id, facts, person, act.at, canonical({"reason": reason}), seat.writer)
        told = Errand(What.RULED, seat.screening, f"{seat.id}:{ruling}", person=seat.writer)
        errands = list[Errand]()

        def along(session: Session, seats: Sequence[Asked]) -> None:
            self._record(session, word, act)
            if (state := _STATES.get(seats[0].whole)) is not None:
                self._cabinet.drafts.move_in(session, seat.screening, state, among=[State.ASKED])
            # Others who were asked may not be needed any more.
            errands.extend([*map(card_of, seats), told])
            self._put(session, errands)

        ruled = self._cabinet.reviews.rule(seat, person, ruling, act.at, along, by=act.name, reason=reason or None)
        if ruled is not Ruled.DONE:
            return _not_done(ruled, act)
        self._cabinet.ledger.let_head_follow()
        return Answer(Notice(wording.say("Noted. The writer hears it at once.")), tuple(errands), are_under_way=True)

    def _record(self, session: Session, word: NewEntry, act: Act) -> None:
        """Put a ruling on record, so that the last entry about its subject is the one that counts."""
        said = json.loads(self._cabinet.ledger.append_in(session, word).body)
        if (said["actor"], said["facts"]["ruling"]) != (word.actor, word.facts["ruling"]):
            # Once a word was recorded before it counted: a stop in between left one on record that never did.
            self._cabinet.ledger.append_in(session, replace(word, subject=f"{word.subject}:{act.id}"))

    def _take(self, act: Act, seat: Asked, person: str) -> Answer:
        ruled = self._cabinet.reviews.take(seat, person, act.name)
        if ruled is not Ruled.DONE:
            return _not_done(ruled, act)
        seat = self._cabinet.reviews.seat(seat.id) or seat
        told = Errand(What.TAKEN, seat.id, f"{seat.id}:taken:{person}", person=seat.writer)
        said = Wording(act.language).say("Thank you. Its writer knows that somebody is looking at it.")
        return Answer(Notice(said), (card_of(seat), told))

    def _pass(self, act: Act, seat: Asked, person: str, policy: Policy) -> Answer:
        wording = Wording(act.language)
        to = next((owner for owner in policy.owners if tag(owner.id) == act.action.choice), None)
        if to is None:
            return Answer(Notice(wording.say("To whom?"), others(seat, policy.owners, act.language)))
        if seat.state is not Ruling.OPEN:
            return _not_done(Ruled.SETTLED, act)
        facts = {"review": seat.review, "screening": seat.screening, "from": seat.owner, "to": to.id}
        word = NewEntry("passed", f"{seat.id}:{act.id}", facts, person, act.at)

        def along(session: Session, seats: Sequence[Asked]) -> None:
            self._cabinet.ledger.append_in(session, word)
            now = next(each for each in seats if each.id == seat.id)
            self._put(session, (card_of(now, seat.owner), card_of(now)))

        ruled = self._cabinet.reviews.pass_on(seat, person, to, policy, act.at, along)
        if ruled is not Ruled.DONE:
            return _not_done(ruled, act)
        self._cabinet.ledger.let_head_follow()
        passed = self._cabinet.reviews.seat(seat.id) or seat
        return _passed_on(act, passed, seat.owner, policy)

    def _passed(self, act: Act, seat: Asked, person: str, policy: Policy) -> Answer | None:
        """The same deed once more, after a stop: whoever passed it on has no right to it any more."""
        if act.action.choice != tag(seat.owner) or not (found := self._cabinet.ledger.entry(f"{seat.id}:{act.id}")):
            return None
        said = json.loads(found.body)
        return _passed_on(act, seat, said["facts"]["from"], policy) if said["actor"] == person else None

    def _appeal(self, act: Act, screener: Screener) -> Answer:
        wording, policy = Wording(act.language), screener.policy
        appeal = self._cabinet.appeals.find(act.action.about)
        if appeal is None:
            return moved_on(act)
        person, owner = self._cabinet.people.pseudonym(act.account), hearer(policy, appeal.rule)
        is_communications = Role.COMMUNICATIONS in self._cabinet.roles.roles(person)
        if not is_communications and not self._may_rule(person, owner, card_name(appeal.id, owner), act):
            return _not_yours(act, owner, policy)
        if self._is_own(appeal.writer, person):
            return _not_done(Ruled.OWN, act)
        if not act.words.strip():
            return wordless(act.language)
        state = Standing.OVERTURNED if act.action.verb is Verb.OVERTURN else Standing.UPHELD
        reason = kept_words(screener, act.words)
        if reason is None:
            return unsafe(act.language)
        facts = {"screening": appeal.screening, "rule": appeal.rule, "ruling": state.value}
        content = canonical({"reason": reason})
        word = NewEntry("appeal_decision", appeal.id, facts, person, act.at, content, appeal.writer)
        card = Errand(What.APPEAL, appeal.id, f"{appeal.id}:{state}", owner=owner)
        told = Errand(What.HEARD, appeal.id, f"{appeal.id}:heard", person=appeal.writer)

        def along(session: Session) -> None:
            self._record(session, word, act)
            self._put(session, (card, told))

        ruled = self._cabinet.appeals.decide(appeal.id, person, state, reason, act.at, along, by=act.name)
        if ruled is not Ruled.DONE:
            return _not_done(ruled, act)
        self._cabinet.ledger.let_head_follow()
        return Answer(Notice(wording.say("Noted. The writer hears it at once.")), (card, told), are_under_way=True)

    def _is_own(self, writer: str, person: str) -> bool:
        """Also where they wrote it by an account that they have linked since."""
        return person in (writer, self._cabinet.people.whose(writer))

    def _may_rule(self, person: str, owner: str, card: str, act: Act) -> bool:
        is_there = owner in act.speaks_for or self._cards.message(card, act.place) is not None
        return self._cabinet.roles.is_owner(person, owner, in_its_channel=is_there)


def _passed_on(act: Act, seat: Asked, before: str, policy: Policy) -> Answer:
    wording = Wording(act.language)
    said = wording.say("Passed on to {owner}.", owner=names_of([seat.owner], policy, act.language))
    return Answer(Notice(said), (card_of(seat, before), card_of(seat)), are_under_way=True)


def _not_yours(act: Act, owner: str, policy: Policy) -> Answer:
    wording = Wording(act.language)
    name = names_of([owner], policy, act.language)
    return Answer(Notice(wording.say("Only {owner} can answer this. Nothing has changed.", owner=name)))


def _not_done(ruled: Ruled, act: Act) -> Answer:
    wording = Wording(act.language)
    match ruled:
        case Ruled.OWN:
            return Answer(Notice(wording.say("This draft is your own: somebody else has to look at it.")))
        case Ruled.SETTLED:
            return Answer(Notice(wording.say("Somebody was faster, or it is no longer needed. Nothing has changed.")))
        case _:
            return moved_on(act)
