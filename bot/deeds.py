"""What somebody does by a button or a form, and what they are answered: the same on every platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from bot.actions import Action
from bot.appeals import Appeals
from bot.audit.ledger import Ledger
from bot.drafts import Drafts
from bot.errands import Errand
from bot.people import Language, Linked, People
from bot.receipts import Receipts
from bot.reminders import Reminders
from bot.reply import Notice, Reply
from bot.review import Reviews
from bot.roles import Roles
from bot.wording import Wording
from rules.draft import encodable
from rules.masking import mask
from rules.policy import Policy
from rules.screening import Screener

_MOST = 20_000
"""Characters of what somebody writes beside a draft: more than any platform brings."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """Everything that is kept about drafts and people."""

    people: People
    roles: Roles
    drafts: Drafts
    reviews: Reviews
    appeals: Appeals
    receipts: Receipts
    reminders: Reminders
    ledger: Ledger

    def link(self, account: str, code: str, at: datetime) -> Linked:
        """Make `account` one of whoever was given `code`, on record."""
        before = self.people.person(account) if self.people.is_known(account) else None
        linked = self.people.link(account, code, at)
        if linked is Linked.DONE:
            # Delivered again it is the same entry.
            subject = f"k_{self.people.seals.name('linked', account, code)[:20]}"
            person = self.people.person(account)
            facts = {"platform": account.partition(":")[0], "joined": before if before != person else None}
            self.ledger.append("link", subject=subject, facts=facts, actor=person, at=at)
        return linked

    def zone(self, person: str, policy: Policy) -> tzinfo:
        """In which somebody's moments are shown: their own, else the policy's."""
        zone = self.people.zone(person)
        return ZoneInfo(zone) if zone else policy.zone


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody pressed a button, or gave the words that it asked for."""

    id: str
    """Of the event: the same one again is the same deed."""
    account: str
    action: Action
    language: Language
    at: datetime
    words: str = field(default="", repr=False)
    name: str | None = field(default=None, repr=False)
    """What people call whoever acts."""
    place: str = ""
    """Where it was pressed: `slack:CHANNEL` or `telegram:CHAT`."""
    speaks_for: frozenset[str] = frozenset()
    """The owners for whom whoever acts may speak as if they stood in the owner's own channel."""

    def __post_init__(self) -> None:
        # What people type is cleaned once, here, as a draft is.
        object.__setattr__(self, "words", encodable(self.words[:_MOST]))
        object.__setattr__(self, "name", encodable(self.name) if self.name else None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What whoever acted is told, and what others are sent because of it."""

    said: Reply | Notice
    errands: tuple[Errand, ...] = ()
    replaces: bool = False
    """Whether the message with the button is over: the answer stands in its place."""
    are_under_way: bool = False
    """Whether the errands were written down in the transaction of what they tell of."""


def kept_words(screener: Screener, words: str, elsewhere: Mapping[str, str] | None = None) -> str | None:
    """Words of a person that are written down, blanked as a draft is; None where that cannot be done safely.

    `elsewhere` is what must not be shown of the draft that they are about, with its labels.
    """
    hidden = screener.hidden(words) if words.strip() else []
    return None if hidden is None else mask(words, hidden, elsewhere).text


def unsafe(language: str) -> Answer:
    """What to say of words that cannot be taken down."""
    return Answer(
        Notice(Wording(language).say("I cannot take these words down safely just now. Try again in a moment."))
    )


def wordless(language: str) -> Answer:
    """What to say where a reason is due and there is none."""
    return Answer(Notice(Wording(language).say("It needs a reason, in a few words: please write one and press again.")))
