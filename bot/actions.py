"""What a button does, as a word of at most 64 bytes that every platform can carry and bring back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

VERSION = "1"
"""Of the words: a button of a message from before a change is known by it, and told so."""
MOST = 64
"""Bytes of a word: Telegram takes no more."""


class Verb(StrEnum):
    """What may be done. The comments say what `about` and `choice` of an action are."""

    # --- The writer, about a screening
    REWRITE = "rewrite"
    """Take the other wording that was proposed."""
    EDIT = "edit"
    """Write it anew, in the same thread; the words are the new text."""
    SHOW = "show"
    """Where it stands: its verdict, or what owners have said."""
    AGAIN = "again"
    """Check the same text again."""
    ASK = "ask"
    """Ask whoever can say yes; the words, if any, are for them."""
    ACCEPT = "accept"
    """Publish anyway, having read what was said."""
    JUSTIFY = "justify"
    """Publish anyway, for a reason: the words."""
    DISAGREE = "disagree"
    """With the finding whose rule is `choice` (a `tag`); the words say why."""
    PUBLISHED = "published"
    """It is out; the words are where."""
    REMIND = "remind"
    """To be checked again before it is published, in `choice` hours."""
    FORGET = "forget"
    CONTEXT = "context"
    """Check it as something else: `choice` is `channel:linkedin` or the like; none asks which. For platforms without
    forms. `kind:reply` needs words: those that it answers."""
    # --- An owner, about a seat
    APPROVE = "approve"
    REJECT = "reject"
    CHANGE = "change"
    TAKE = "take"
    PASS = "pass"  # noqa: S105 -- no password: passing on
    """To the owner who is `choice` (a `tag`)."""
    # --- Communications, about an appeal
    UPHOLD = "uphold"
    OVERTURN = "overturn"
    # --- Anybody
    ACKNOWLEDGE = "acknowledge"
    """That the policy of revision `about` (a `tag`) is known."""
    POLICY = "policy"
    MINE = "mine"
    NEW = "new"
    QUIZ = "quiz"
    ANSWER = "answer"
    """To question `choice` (`number:option`) of the quiz `about`."""
    VERIFY = "verify"
    """A text against the receipt `about`; the words are the text."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do about one thing. `word` and `read` are each other's inverse."""

    verb: Verb
    about: str = "-"
    choice: str = ""

    @property
    def word(self) -> str:
        """Raises `ValueError` for one that no platform would carry."""
        said = "|".join([VERSION, self.verb, self.about, self.choice])
        if len(said.encode()) > MOST or "|" in self.about + self.choice:
            raise ValueError(f"an action of {len(said.encode())} bytes; {MOST} are the most")
        return said

    @classmethod
    def read(cls, word: str) -> Self | None:
        """The action that a button brought back; None for one that this version does not know."""
        parts = word.split("|")
        if len(parts) != 4 or parts[0] != VERSION or parts[1] not in set(Verb):
            return None
        return cls(Verb(parts[1]), parts[2], parts[3])


def tag(name: str) -> str:
    """A short name for a rule, an owner or a revision, whose own may be longer than a button has room for."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Asks:
    """Words that an action needs: in a form where there are forms, else as the next message."""

    label: str
    hint: str
    given: str = ""
    """What stands there to begin with: the draft, for one that is to be edited."""
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """Something that the reader of an answer can do about it."""

    label: str
    action: Action
    is_main: bool = False
    """The one to press, if any."""
    is_grave: bool = False
    """What cannot be taken back."""
