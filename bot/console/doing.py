"""What buttons of a page do: the same deeds as in the chats, by the same way, each once."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from bot.actions import Action, Asks, Button, Verb
from bot.choices import asked_for
from bot.console.gate import Visitor
from bot.conversation import Conversation
from bot.deeds import Act, Answer
from bot.engine import Retry
from bot.languages import LANGUAGES, spoken_in
from bot.reply import Notice, unsure
from rules.draft import Draft

PLACE: Final = "console"
"""Where a button of a page is pressed, beside `slack:CHANNEL` and `telegram:CHAT`: no card ever stands there."""
_BY_OTHER_WAYS: Final = (Verb.EDIT, Verb.REWRITE, Verb.AGAIN, Verb.REMIND)
"""What a page does with the draft's own field, and a reminder, which comes in a chat."""
_PAUSES: Final = (0.3, 1.0, 2.0)
"""Seconds before each further try while the database fails: somebody waits for the page."""


class Desk(Protocol):
    """What stands behind the chats' buttons too: whoever it concerns is told, whatever platform they are on."""

    @property
    def conversation(self) -> Conversation: ...

    def check(self, id: str, draft: Draft, language: str, *, room: int = ...) -> Answer: ...

    async def act(self, act: Act) -> Answer: ...

    def delivered(self, id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Offer:
    """A button of a page, with the words that it needs."""

    label: str
    word: str
    is_main: bool
    is_grave: bool
    asks: Asks | None


def offers(buttons: tuple[Button, ...], language: str) -> tuple[Offer, ...]:
    """Those of a chat's buttons that a page has too."""
    return tuple(
        Offer(each.label, each.action.word, each.is_main, each.is_grave, asked_for(each.action, language))
        for each in buttons
        if each.action.verb not in _BY_OTHER_WAYS
    )


async def done(
    desk: Desk, visitor: Visitor, action: Action, language: str, words: str, once: str, name: str | None
) -> Answer:
    """Do what a button says. `once` is the form's own: sent again, it is the same deed.

    A database that is away for a moment is waited for, since a part of it may be done.
    """
    act = Act(
        id=_deed(visitor, action, once),
        account=visitor.account,
        action=action,
        language=spoken_in(language) or LANGUAGES[0],
        at=datetime.now(UTC),
        words=words,
        name=name,
        place=PLACE,
        speaks_for=visitor.owned,
    )
    answer = await _patiently(desk, act)
    desk.delivered(act.id)
    return answer


async def _patiently(desk: Desk, act: Act) -> Answer:
    for pause in _PAUSES:
        try:
            return await desk.act(act)
        except Retry:
            await asyncio.sleep(pause)
    try:
        return await desk.act(act)
    except Retry:
        return Answer(Notice(unsure(act.language)))


def new_once() -> str:
    """For one form, so that a double click is one deed."""
    return secrets.token_urlsafe(12)


def _deed(visitor: Visitor, action: Action, once: str) -> str:
    said = "\n".join([visitor.account, action.word, once or new_once()])
    return f"c_{hashlib.sha256(said.encode(errors='replace')).hexdigest()[:20]}"
