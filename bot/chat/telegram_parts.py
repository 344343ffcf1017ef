"""What is sent to Telegram: messages, with the buttons or the question that stand under them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import KeyboardButtonStyle

from bot.actions import Action, Button, Verb
from bot.chat import telegram_pages, telegram_text
from bot.chat.shown import harmless
from bot.chat.telegram_text import Message, cut, units
from bot.people import Language
from bot.reply import Notice, Reply
from bot.wording import Wording

SKIP = "skip:"
"""Stands before the word of an action in the button that gives it no words."""
_LABEL = 60
"""Units of a button's label; a telephone shows about half of them."""
_NARROW = 17
"""Two labels of up to so many stand side by side."""
_PLACEHOLDER = 64

Markup = InlineKeyboardMarkup | ForceReply


@dataclass(frozen=True, slots=True)
class Part:
    """One message."""

    message: Message
    markup: Markup | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """Messages to one chat."""

    chat: int | str
    parts: tuple[Part, ...]
    language: Language
    """In which a failure is said."""
    to: int | None = None
    """The message that they answer."""
    over: int | None = None
    """The message in whose place the first of them stands."""
    spent: tuple[int, ...] = ()
    """Messages whose buttons have had their day."""
    about: str | None = None
    """The screening that the buttons are for: those of an earlier message about it go."""
    replaces: str | None = None
    """A screening that is overtaken: wherever it stands in this chat, its buttons go."""


def parts(said: Reply | Notice, language: str) -> tuple[Part, ...]:
    """An answer, its buttons under the last of its messages."""
    buttons = with_context(said, language) if isinstance(said, Reply) else said.buttons
    return _with(telegram_pages.messages(said, language), keyboard(buttons))


def card(said: Reply, language: str) -> Part:
    """The same in one message, which can be changed later."""
    return Part(telegram_text.message(said, language), keyboard(said.buttons))


def live(said: Reply | Notice) -> str | None:
    """The screening for which an answer has a writer's buttons."""
    return next((button.action.about for button in said.buttons if button.action.verb is Verb.FORGET), None)


def sentence(text: str) -> tuple[Part, ...]:
    return (Part(telegram_text.notice(text)),)


def alert(text: str) -> str | None:
    """What a press is answered with on the spot, if it is short enough for that."""
    return text if units(text) <= 200 else None


def keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup | None:
    """Buttons in rows of one, or of two where both labels are short."""
    rows: list[list[Button]] = []
    for button in buttons:
        last = rows[-1] if rows else []
        if len(last) == 1 and all(units(each.label) <= _NARROW for each in (*last, button)):
            last.append(button)
        else:
            rows.append([button])
    return InlineKeyboardMarkup([[_button(each) for each in row] for row in rows]) if rows else None


def skip(word: str, language: str) -> InlineKeyboardMarkup:
    label = Wording(language).say("Skip")
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=SKIP + word)]])


def asking(label: str, *, only_some: bool) -> ForceReply:
    """Has the reader's telephone open a reply; `only_some`: that of whoever the message names."""
    return ForceReply(selective=only_some or None, input_field_placeholder=cut(label, _PLACEHOLDER))


def with_context(reply: Reply, language: str) -> tuple[Button, ...]:
    """The buttons of a verdict and, as there is no form, the one that changes what the draft was checked as."""
    can_be_changed = any(button.action.verb is Verb.EDIT for button in reply.buttons)
    if reply.outcome is None or not can_be_changed:
        return reply.buttons
    other = Button(Wording(language).say("Where it goes"), Action(Verb.CONTEXT, reply.screening))
    *before, last = reply.buttons
    return (*before, other, last) if last.is_grave else (*reply.buttons, other)


def _button(button: Button) -> InlineKeyboardButton:
    style = KeyboardButtonStyle.DANGER if button.is_grave else KeyboardButtonStyle.PRIMARY if button.is_main else None
    # A label is no more than text: nothing in it is live, but it could still steer its reader.
    label = cut(" ".join(harmless(button.label).split()), _LABEL) or "…"
    return InlineKeyboardButton(label, callback_data=button.action.word, style=style)


def _with(messages: Iterable[Message], markup: Markup | None) -> tuple[Part, ...]:
    every = [Part(message) for message in messages]
    return (*every[:-1], replace(every[-1], markup=markup))
