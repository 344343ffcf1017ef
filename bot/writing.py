"""What a writer does with a draft that was checked. Whatever is done twice is done once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.actions import Action, Button, Verb, tag
from bot.appeals import hearer
from bot.audit.ledger import NewEntry
from bot.audit.records import canonical
from bot.choices import choices, later, may_override, which
from bot.deeds import Act, Answer, Cabinet, kept_words, unsafe, wordless
from bot.drafts import HeldDraft, State
from bot.errands import Errand, What, card_of
from bot.matter import matter_of, owners_of
from bot.news import moment, names_of
from bot.receipts import shown
from bot.reply import Notice
from bot.review import Asked, Reviews, Ruling
from bot.roles import Role
from bot.wording import Wording
from rules.policy import Policy
from rules.screening import Screener


class Writing:
    """`reaches(owner)` says whether that owner can be asked on a platform that runs."""

    def __init__(self, cabinet: Cabinet, reaches: Callable[[str], bool]) -> None:
        self._cabinet, self._reaches = cabinet, reaches

    def do(self, act: Act, held: HeldDraft, screener: Screener) -> Answer:
        match act.action.verb:
            case Verb.ASK:
                return self._ask(act, held, screener.policy)
            case Verb.ACCEPT | Verb.JUSTIFY:
                return self._override(act, held, screener)
            case Verb.DISAGREE:
                return self._disagree(act, held, screener)
            case Verb.PUBLISHED:
                return self._published(act, held, screener)
            case Verb.REMIND:
                return self._remind(act, held, screener.policy)
            case Verb.FORGET:
                return self._forget(act, held)
            case _:
                return moved_on(act)

    def take_back(self, ids: Iterable[str]) -> tuple[Errand, ...]:
        """Whoever was asked about these drafts is told that no answer is needed any more."""
        return taken_back(self._cabinet.reviews, ids)

    def receipt(self, held: HeldDraft) -> str:
        """The code for what may be published."""
        draft = held.draft
        code = self._cabinet.receipts.give(
            screening=held.id,
            text=draft.text,
            policy=held.policy,
            outcome=held.standing,
            context=f"{draft.kind} {draft.account} {draft.channel}",
            at=self._may_since(held),
        )
        return shown(code)

    def _may_since(self, held: HeldDraft) -> datetime:
        """When it was found that nothing is in the way, or somebody said yes to it."""
        if held.state is State.OVERRIDDEN and (entry := self._cabinet.ledger.about(held.id, "override")):
            return datetime.fromisoformat(entry.at)
        if held.state is State.APPROVED:
            said = [seat.decided_at for seat in self._cabinet.reviews.of_screening(held.id) if seat.decided_at]
            return max(said, default=held.at)
        return held.at

    def _ask(self, act: Act, held: HeldDraft, policy: Policy) -> Answer:
        reviews, wording = self._cabinet.reviews, Wording(act.language)
        seats = reviews.of_screening(held.id)
        if seats and seats[0].whole is not Ruling.OPEN:
            return moved_on(act)
        if not seats:
            if held.policy != policy.revision:
                return _policy_changed(act, held)
            if held.state is State.CHECKED and owners_of(held, policy):
                seats = reviews.ask(held, matter_of(held), policy, act.at)
        if not seats:
            return moved_on(act)
        facts = {"screening": held.id, "policy": held.policy, "owners": [seat.asked for seat in seats]}
        self._cabinet.ledger.append("review", subject=seats[0].review, facts=facts, actor=held.person, at=act.at)
        self._cabinet.drafts.move(held.id, State.ASKED, among=[State.CHECKED])
        seats = tuple(self._reachable(seat, policy, act) for seat in seats)
        lines = [self._asked(seat, policy, act) for seat in seats]
        lines.append(wording.say("I will tell you what they say. Until then, please wait."))
        held = self._cabinet.drafts.find(held.id) or held
        buttons = choices(held, policy, act.language, has_proposal=False)
        return Answer(Notice("\n".join(lines), buttons), tuple(card_of(seat) for seat in seats), replaces=True)

    def _asked(self, seat: Asked, policy: Policy, act: Act) -> str:
        wording, owner = Wording(act.language), names_of([seat.owner], policy, act.language)
        on_page = not self._reaches(seat.owner) and self._is_on_page(seat.owner)
        if seat.due is None or not (on_page or self._reaches(seat.owner)):
            return wording.say("I cannot reach {owner} here: please call them. I keep your question open.", owner=owner)
        zone = self._cabinet.zone(seat.writer, policy)
        when = moment(seat.due, zone, act.language)
        if on_page:
            return wording.say(
                "I have no channel of {owner}: your question waits on the page, and they have until {when}.",
                owner=owner, when=when,
            )  # fmt: skip
        return wording.say("I have asked {owner}, who has until {when}.", owner=owner, when=when)

    def _is_on_page(self, owner: str) -> bool:
        """Whether somebody is named who answers for this owner on the console's page."""
        return bool(self._cabinet.roles.who(Role.OWNER, owner))

    def _reachable(self, seat: Asked, policy: Policy, act: Act) -> Asked:
        while seat.due is not None and not (self._reaches(seat.owner) or self._is_on_page(seat.owner)):
            seat = self._cabinet.reviews.move_on(seat, policy, act.at)
        return seat

    def _override(self, act: Act, held: HeldDraft, screener: Screener) -> Answer:
        verb, wording = act.action.verb, Wording(act.language)
        if held.state is not State.OVERRIDDEN:
            if held.policy != screener.policy.revision:
                return _policy_changed(act, held)
            if held.state is not State.CHECKED or may_override(held, screener.policy) is not verb:
                return moved_on(act)
            if verb is Verb.JUSTIFY and not act.words.strip():
                return wordless(act.language)
        reason = kept_words(screener, act.words, held.hidden_words)
        if reason is None:
            return unsafe(act.language)
        facts = {"policy": held.policy, "how": verb.value, "rules": [fault.rule for fault in held.in_the_way]}
        word = NewEntry("override", held.id, facts, held.person, act.at, canonical({"reason": reason}))
        self._move(held, State.OVERRIDDEN, word, among=[State.CHECKED])
        found = self._cabinet.drafts.find(held.id)
        if found is None or found.state is not State.OVERRIDDEN:
            return moved_on(act)
        held = found
        said = wording.say(
            "Noted: you decide, and it is on record. Receipt for exactly these words: {code}",
            code=self.receipt(held),
        )
        return Answer(Notice(said, choices(held, screener.policy, act.language, has_proposal=False)), replaces=True)

    def _move(self, held: HeldDraft, state: State, word: NewEntry, *, among: Sequence[State]) -> bool:
        """With its entry, or not at all: what is on record is so."""
        ledger = self._cabinet.ledger
        is_moved = self._cabinet.drafts.move(
            held.id, state, among=among, along=lambda session: ledger.append_in(session, word)
        )
        ledger.let_head_follow()
        return is_moved

    def _disagree(self, act: Act, held: HeldDraft, screener: Screener) -> Answer:
        wording, policy = Wording(act.language), screener.policy
        fault = next((fault for fault in held.faults if tag(fault.rule) == act.action.choice), None)
        if fault is None:
            return Answer(Notice(wording.say("Which of them is wrong?"), which(held, policy, act.language)))
        if not act.words.strip():
            return wordless(act.language)
        why = kept_words(screener, act.words, held.hidden_words)
        if why is None:
            return unsafe(act.language)
        appeal = self._cabinet.appeals.file(held, fault, why, act.at)
        facts = {"screening": held.id, "rule": fault.rule, "policy": held.policy}
        content = canonical({"why": why})
        self._cabinet.ledger.append(
            "appeal", subject=appeal.id, facts=facts, actor=held.person, at=act.at, content=content
        )
        owner = hearer(policy, fault.rule)
        errand = Errand(What.APPEAL, appeal.id, f"{appeal.id}:{appeal.state}", owner=owner)
        said = wording.say(
            "Thank you. {owner} reads it, and I bring you the answer.", owner=names_of([owner], policy, act.language)
        )
        return Answer(Notice(said), (errand,))

    def _published(self, act: Act, held: HeldDraft, screener: Screener) -> Answer:
        if not held.may_be_published or held.state is State.REPLACED:
            return moved_on(act)
        link = kept_words(screener, act.words, held.hidden_words)
        if link is None:
            return unsafe(act.language)
        facts = {"policy": held.policy, "channel": held.draft.channel.value, "standing": held.standing}
        word = NewEntry("published", held.id, facts, held.person, act.at, canonical({"link": link}))
        if not self._move(held, State.PUBLISHED, word, among=[held.state, State.PUBLISHED]):
            return moved_on(act)
        return Answer(Notice(Wording(act.language).say("Good: I have noted that it is out.")), replaces=True)

    def _remind(self, act: Act, held: HeldDraft, policy: Policy) -> Answer:
        wording, choice = Wording(act.language), act.action.choice
        if not (choice.isascii() and choice.isdigit() and 0 < int(choice) <= 24 * 7):
            return Answer(Notice(wording.say("When shall I check it again?"), later(held, act.language)))
        at = act.at + timedelta(hours=int(choice))
        self._cabinet.reminders.set(held.id, held.person, at)
        when = moment(at, self._cabinet.zone(held.person, policy), act.language)
        return Answer(Notice(wording.say("I will check it again on {when}, and tell you here.", when=when)))

    def _forget(self, act: Act, held: HeldDraft) -> Answer:
        # Withdrawn first: whoever is asked must not answer about what nobody has any more.
        errands = self.take_back([*self._cabinet.drafts.earlier(held), held.id])
        self._cabinet.drafts.forget(held)
        said = Wording(act.language).say(
            "Forgotten: I no longer have your draft. What stays is the record of the check, with personal data blanked."
        )
        return Answer(Notice(said), errands, replaces=True)


def taken_back(reviews: Reviews, ids: Iterable[str]) -> tuple[Errand, ...]:
    """Withdraw what was asked about these drafts, and show it on the cards.

    All of them, whenever they were withdrawn: a stop may have come before that was shown.
    """
    seats: list[Asked] = []
    for id in ids:
        reviews.withdraw(id)
        seats += reviews.of_screening(id)
    return tuple(card_of(seat) for seat in seats if seat.state is Ruling.WITHDRAWN)


def _policy_changed(act: Act, held: HeldDraft) -> Answer:
    wording = Wording(act.language)
    again = Button(wording.say("Check it again"), Action(Verb.AGAIN, held.id), is_main=True)
    return Answer(Notice(wording.say("The policy has changed since I checked this draft."), (again,)))


def moved_on(act: Act) -> Answer:
    """What the button was about is no longer so."""
    wording = Wording(act.language)
    return Answer(
        Notice(wording.say("This has moved on since then. Send me the draft again, and we go on from there."))
    )
