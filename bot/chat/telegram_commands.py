"""Telegram's commands: what a message is where it is no draft, and the list that telephones offer."""

from __future__ import annotations

from dataclasses import dataclass, field

from telegram import BotCommand

from bot.chat.commands import Command, Help, Link, command, private
from bot.people import LANGUAGES, Language
from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class Which:
    """A command that lacks what must follow it, or has something else there."""

    name: str
    """`language`, `link` or `verify`."""


@dataclass(frozen=True, slots=True)
class AnswerTo:
    """A reply to a customer: their words come first, then the draft."""


@dataclass(frozen=True, slots=True)
class Private:
    """A draft to be checked and forgotten; None: it comes next."""

    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Cancel:
    """What the bot has asked for is not coming."""


Spoken = Command | Which | AnswerTo | Private | Cancel

_WHICH = {
    "language": "language", "lingua": "language", "link": "link", "collega": "link", "verify": "verify",
    "verifica": "verify",
}  # fmt: skip


def spoken(text: str) -> Spoken | None:
    """The command that a whole message is, with a slash or without; None for a draft."""
    if not text.startswith("/"):
        return Cancel() if text.strip().lower() in ("cancel", "annulla") else command(text)
    head, *rest = text[1:].split(maxsplit=1) or [""]
    name = head.partition("@")[0].lower()
    match name, rest:
        case "start", _:
            # What follows is the parameter of a link to the bot, not a draft.
            return Help()
        case "cancel" | "annulla", []:
            return Cancel()
        case "reply" | "rispondi", []:
            return AnswerTo()
        case "private" | "privata" | "privato", _:
            return Private(private(f"{name} {rest[0]}") if rest else None)
    return command(" ".join([name, *rest])) or _incomplete(name, rest)


def _incomplete(name: str, rest: list[str]) -> Spoken | None:
    which = _WHICH.get(name)
    if which in ("link", "verify") and rest:
        # As it was read aloud or copied: in two halves, with a blank between.
        words = rest[0].split()
        if len(words) == 2 and (found := command(f"{name} {'-'.join(words)}")):
            return found
        # Several words are a draft that only begins like a command; one is a code that is none.
        return Which(which) if len(words) == 1 else None
    return Which(which) if which else None


def is_command(text: str) -> bool:
    """Whether it ends what the bot was waiting for. Without its slash, a word of the grammar may be an answer."""
    said = spoken(text)
    return isinstance(said, Cancel) or (said is not None and text.startswith("/"))


def link_code(text: str) -> str | None:
    """The code by which somebody makes themselves known."""
    said = spoken(text)
    return said.code if isinstance(said, Link) else None


def addressed(text: str, bot: str) -> bool:
    """Whether it is a command for the bot of this name, as it has to be said where there are others."""
    return text.partition(" ")[0].lower().endswith(f"@{bot.lower()}")


def offered(language: Language) -> list[BotCommand]:
    """What a telephone lists in this language, by the names that the language has for it."""
    wording = Wording(language)
    listed = (
        ("new", "nuova", wording.say("How to send me a draft")),
        ("reply", "rispondi", wording.say("Check a reply: first the customer's words, then yours")),
        ("private", "privata", wording.say("Check a draft and forget it: only a count remains")),
        ("mine", "bozze", wording.say("Your drafts, and where they stand")),
        ("policy", "regole", wording.say("The policy in one page")),
        ("quiz", "quiz", wording.say("Five questions about the policy")),
        ("verify", "verifica", wording.say("Whether a receipt holds: with its code")),
        ("language", "lingua", wording.say("How I speak to you: it or en")),
        ("link", "collega", wording.say("Make this Telegram yours: with your code")),
        ("cancel", "annulla", wording.say("Never mind what I have asked you for")),
        ("help", "aiuto", wording.say("What I do and how to ask me")),
    )
    return [BotCommand(it if language == LANGUAGES[0] else en, said) for en, it, said in listed]
