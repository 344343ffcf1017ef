"""The conversation about a draft, from the first check to "published"; the same on every platform.

Everything is in the database and whatever is done twice is done once: a process may die at any moment between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot import news
from bot.actions import Action, Asks, Verb
from bot.choices import asked_for, choices
from bot.context import ANSWER, answered, changed, others
from bot.deeds import Act, Answer, Cabinet
from bot.drafts import HeldDraft, State
from bot.errands import Put, What
from bot.hearing import Hearing
from bot.languages import LANGUAGES, Language, spoken_in
from bot.naming import context_name
from bot.news import moment
from bot.overview import overview, standing
from bot.pieces import EXCERPT, Piece
from bot.places import Cards
from bot.prescreen import Prescreen, Screening
from bot.receipts import Validity, Verified
from bot.reply import Notice, Reply, reply_to
from bot.wording import Wording
from bot.writing import Writing
from rules.draft import Account, Channel, Draft, Kind
from rules.policy import Policy

_SETTLED = (State.ASKED, State.REJECTED, State.CHANGE, State.PUBLISHED)
"""In which the same words are not checked again: that would undo what others were asked, or have said."""
_HEARD = (Verb.APPROVE, Verb.REJECT, Verb.CHANGE, Verb.TAKE, Verb.PASS, Verb.UPHOLD, Verb.OVERTURN)


class Conversation:
    """Synchronous and thread-safe. `reaches(owner)` says whether that owner can be asked on a platform that runs.

    `put` has those told whom a ruling concerns, in the transaction that it counts with.
    """

    def __init__(
        self, prescreen: Prescreen, cabinet: Cabinet, cards: Cards, reaches: Callable[[str], bool], put: Put
    ) -> None:
        self.cabinet = cabinet
        self._prescreen = prescreen
        self._writing = Writing(cabinet, reaches)
        self._hearing = Hearing(cabinet, cards, put)

    @property
    def policy(self) -> Policy:
        """The one in force."""
        return self._prescreen.screener.policy

    def house_language(self) -> Language:
        """What owners' channels are spoken to: the policy's first language that the bot speaks."""
        return next(filter(None, map(spoken_in, self.policy.languages)), LANGUAGES[0])

    def check(self, id: str, draft: Draft, language: str, *, thread: str | None = None, room: int = EXCERPT) -> Answer:
        """Screen, record and keep a draft; in a `thread`, say what has changed since its last check.

        The answer shows up to `room` characters of it; one that was forgotten has no buttons. Raises `DraftRefused`,
        and what the record raises: then there is no verdict.
        """
        screener = self._prescreen.screener
        screening = self._prescreen(draft, id=id, screener=screener, thread=thread)
        reply = reply_to(screening, screener.policy, language, room=room)
        drafts = self.cabinet.drafts
        if screening.is_forgotten:
            # Nor may what was checked before it in the thread be found under it.
            first = drafts.find(thread) if thread else None
            errands = self._writing.take_back([*drafts.all_in(first)]) if first else ()
            if first:
                drafts.forget(first)
            return Answer(reply, errands)
        person = self.cabinet.people.pseudonym(draft.author)
        held = drafts.keep(screening, person, thread=thread)
        # Whoever was asked about earlier words need not answer any more.
        errands = self._writing.take_back(drafts.earlier(held)) if thread else ()
        return Answer(self._offered(reply, screening, held, screener.policy, language), errands)

    def asks(self, action: Action, account: str, language: str) -> Asks | None:
        """The words that an action needs; None for one that needs none, or will not be done whatever they are."""
        if action.verb is Verb.CONTEXT:
            return answered(language) if action.choice == ANSWER else None
        if action.verb in _HEARD:
            asks = asked_for(action, language)
            # Nobody rules on their own: where others read along, no question is to name whoever wrote it.
            return None if asks and self._hearing.is_by(account, action.about) else asks
        held = self._mine(account, action.about) if action.verb is Verb.EDIT else None
        return asked_for(action, language, held.draft.text if held else "")

    def act(self, act: Act) -> Answer:
        """Do what a button says. Raises `DraftRefused` for a new text that is not screened."""
        screener, verb = self._prescreen.screener, act.action.verb
        if verb in _HEARD:
            return self._hearing.do(act, screener)
        if verb is Verb.VERIFY:
            return Answer(self.verify(act.action.about, act.words, act.account, act.language))
        if verb is Verb.MINE:
            return Answer(self.mine(act.account, act.language))
        held = self._mine(act.account, act.action.about)
        if held is None:
            return self._gone(act)
        if verb in (Verb.SHOW, Verb.AGAIN) and held.state in _SETTLED:
            return Answer(self._standing(held, act.language))
        text = {
            Verb.REWRITE: held.rewrite,
            Verb.EDIT: act.words,
            Verb.AGAIN: held.draft.text,
            Verb.SHOW: held.draft.text,
        }.get(verb)
        if text is not None:
            return self._anew(act, held, held.draft.model_copy(update={"text": text}))
        if verb is Verb.CONTEXT:
            return self._as_something_else(act, held)
        return self._writing.do(act, held, screener)

    def mine(self, account: str, language: str) -> Reply:
        """What somebody has under way."""
        person = self.cabinet.people.pseudonym(account)
        zone = self.cabinet.zone(person, self.policy)
        return overview(self.cabinet.drafts.mine(person), zone, language)

    def standing(self, account: str, id: str, language: str) -> Reply | None:
        """Where a draft of theirs stands, without checking it again; None where it is nobody's, or somebody else's."""
        held = self._mine(account, id)
        return self._standing(held, language) if held else None

    def verify(self, code: str, text: str, account: str, language: str) -> Notice:
        """What a receipt says of a text, to whoever asks by this account."""
        found = self.cabinet.receipts.verify(code, text, self.policy.revision)
        zone = self.cabinet.zone(self.cabinet.people.pseudonym(account), self.policy)
        when = moment(found.at, zone, language) if found.at else ""
        return Notice(_said(found, when, Wording(language)))

    def told(
        self, what: What, about: str, owner: str | None, id: str, account: str, language: Language
    ) -> Answer | None:
        """The message of an errand, as things stand now; None where there is nothing to say any more.

        `account` is the reader's, of news for a writer; `id` the errand's own, under which a draft is checked again.
        """
        cabinet, policy = self.cabinet, self.policy
        match what:
            case What.AGAIN:
                held = self._mine(account, about)
                is_current = held is not None and held.state not in (*_SETTLED, State.REPLACED)
                return self.check(id, _by(held, account), language, thread=held.thread) if held and is_current else None
            case What.DIGEST:
                asked = next((one for one in policy.owners if one.id == owner), None)
                seats = cabinet.reviews.waiting(owner) if asked else ()
                return Answer(news.digest(asked, seats, policy, language)) if asked and seats else None
            case What.APPEAL | What.HEARD:
                appeal = cabinet.appeals.find(about)
                if appeal is None:
                    return None
                if what is What.APPEAL:
                    return Answer(news.appeal_card(appeal, policy, language))
                held = cabinet.drafts.find(appeal.screening)
                return Answer(self._with_buttons(news.heard(appeal, held, language), held, language))
            case What.RULED:
                return self._ruled(about, language)
            case _:
                return self._of_seat(what, about, owner, language)

    # --- Inside ------------------------------------------------------------------------------------------------------

    def _gone(self, act: Act) -> Answer:
        wording = Wording(act.language)
        if act.action.verb is not Verb.FORGET:
            return Answer(Notice(wording.say("I no longer have this draft. Send it to me again.")))
        # Forgotten before a stop, it may be that whoever was asked has not been told.
        person = self.cabinet.people.pseudonym(act.account)
        seats = self.cabinet.reviews.of_screening(act.action.about)
        mine = [act.action.about] if any(seat.writer == person for seat in seats) else []
        return Answer(Notice(wording.say("I no longer have this draft.")), self._writing.take_back(mine), replaces=True)

    def _standing(self, held: HeldDraft, language: str) -> Reply:
        """Where a draft stands that is not to be checked again as it is."""
        if (ruled := self._ruled(held.id, language)) and isinstance(ruled.said, Reply):
            return ruled.said
        said = Reply(held.id, None, standing(held, Wording(language)), "", sign="🗂️")
        pieces = (Piece(news.glimpse(held.masked.text)),) if held.masked else ()
        return self._with_buttons(replace(said, pieces=pieces), held, language)

    def _ruled(self, screening: str, language: str) -> Answer | None:
        seats, held = self.cabinet.reviews.of_screening(screening), self.cabinet.drafts.find(screening)
        if not seats:
            return None
        said = news.ruled(seats, held, self.policy, language)
        if held and held.state is State.APPROVED:
            code = self._writing.receipt(held)
            said = replace(said, footer=Wording(language).say("Receipt for exactly these words: {code}", code=code))
        return Answer(self._with_buttons(said, held, language))

    def _of_seat(self, what: What, about: str, owner: str | None, language: str) -> Answer | None:
        seat = self.cabinet.reviews.seat(about)
        if seat is None:
            return None
        held = self.cabinet.drafts.find(seat.screening)
        if what is What.CARD:
            matter = self.cabinet.reviews.matter(seat.review)
            return Answer(news.card(seat, matter, self.policy, language, owner or seat.owner))
        if what is What.TAKEN:
            return Answer(news.taken(seat, held, self.policy, language))
        zone = self.cabinet.zone(seat.writer, self.policy)
        return Answer(self._with_buttons(news.slow(seat, held, self.policy, language, zone), held, language))

    def _with_buttons(self, said: Reply, held: HeldDraft | None, language: str) -> Reply:
        buttons = choices(held, self.policy, language, has_proposal=False) if held else ()
        return replace(said, buttons=buttons)

    def _mine(self, account: str, id: str) -> HeldDraft | None:
        return self.cabinet.drafts.of(self.cabinet.people.pseudonym(account), id)

    def _anew(self, act: Act, held: HeldDraft, changed: Draft) -> Answer:
        draft = Draft.model_validate({**changed.model_dump(), "author": act.account})
        return replace(self.check(act.id, draft, act.language, thread=held.thread), replaces=True)

    def _as_something_else(self, act: Act, held: HeldDraft) -> Answer:
        if draft := changed(held.draft, act.action.choice, act.words):
            return self._anew(act, held, draft)
        wording = Wording(act.language)
        context = context_name(held.draft.kind, held.draft.channel, held.draft.account, wording)
        said = wording.say("I checked it as: {context}. What is different?", context=context)
        return Answer(Notice(said, others(held.draft, held.id, wording)))

    def _offered(self, reply: Reply, screening: Screening, held: HeldDraft, policy: Policy, language: str) -> Reply:
        """The verdict with what has changed, the receipt of what may be published, and what can be done."""
        wording = Wording(language)
        lines = [reply.summary]
        if (earlier := self.cabinet.drafts.before(held)) and (said := news.since(earlier, held, wording)):
            lines.append(said)
        if screening.dismissed:
            lines.append(wording.say("What you were right about before, I leave alone."))
        footer = reply.footer
        if held.may_be_published:
            footer += " · " + wording.say("receipt {code}", code=self._writing.receipt(held))
        buttons = choices(held, policy, language, has_proposal=reply.proposal is not None)
        return replace(reply, summary="\n".join(filter(None, lines)), footer=footer, buttons=buttons)


def _by(held: HeldDraft, account: str) -> Draft:
    return held.draft.model_copy(update={"author": account})


def _context(found: Verified) -> tuple[Kind, Channel, Account]:
    kind, account, channel = (found.context or "").split()
    return Kind(kind), Channel(channel), Account(account)


def _said(found: Verified, when: str, wording: Wording) -> str:
    match found.validity:
        case Validity.VALID:
            return wording.say(
                "Valid: exactly this text was checked on {when} ({context}), and the policy is the same.",
                when=when,
                context=context_name(*_context(found), wording),
            )
        case Validity.EDITED:
            return wording.say("Edited: this is not the text that was checked on {when}.", when=when)
        case Validity.SUPERSEDED:
            return wording.say(
                "Superseded: exactly this text was checked on {when}, but the policy has changed since.", when=when
            )
        case Validity.UNKNOWN:
            return wording.say("I know no receipt with this code.")
