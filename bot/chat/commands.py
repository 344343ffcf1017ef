"""What is a command and what is a draft: a command is one only when the whole text is its grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.languages import Language, asked_for

_PRIVATE = re.compile(r"\s*(?:private|privat[oa])\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Help:
    pass


@dataclass(frozen=True, slots=True)
class New:
    """Open a form for a new draft."""


@dataclass(frozen=True, slots=True)
class Speak:
    language: Language


@dataclass(frozen=True, slots=True)
class Mine:
    """The writer's drafts and where they stand."""


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """The policy in one page."""


@dataclass(frozen=True, slots=True)
class TakeQuiz:
    pass


@dataclass(frozen=True, slots=True)
class Link:
    """A code by which one more account is linked; with `code`, the code itself."""

    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verify:
    """Whether a receipt holds; the text is asked for."""

    code: str


Command = Help | New | Speak | Mine | ReadPolicy | TakeQuiz | Link | Verify


def command(text: str) -> Command | None:
    """The command that the whole of `text` is; None for anything else, which is a draft."""
    match text.lower().split():
        case ["help" | "aiuto"]:
            return Help()
        case ["new" | "nuova" | "nuovo"]:
            return New()
        case ["mine" | "mie" | "bozze"]:
            return Mine()
        case ["policy" | "regole"]:
            return ReadPolicy()
        case ["quiz"]:
            return TakeQuiz()
        case ["link" | "collega"]:
            return Link()
        case ["link" | "collega", code] if _is_code(code):
            return Link(code.upper())
        case ["verify" | "verifica", code] if _is_code(code):
            return Verify(code.upper())
        case ["language" | "lingua", name] if language := asked_for(name):
            return Speak(language)
        case _:
            return None


def private(text: str) -> str | None:
    """The draft of `private TEXT`, which is checked and forgotten; None where it does not begin so.

    Only for what follows a slash: a message of somebody's own may well begin with this word.
    """
    found = _PRIVATE.match(text)
    return text[found.end() :] if found else None


def _is_code(word: str) -> bool:
    letters = word.replace("-", "")
    return letters.isascii() and letters.isalnum() and len(letters) == 8
