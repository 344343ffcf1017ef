"""The languages that the bot itself speaks: one that is added here, with its catalogue, is spoken everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
"""The first being the one it falls back to."""

NAMES: Final[Mapping[Language, str]] = {"it": "Italiano", "en": "English"}
"""What each calls itself, for menus."""

_CALLED: Final[Mapping[str, Language]] = {"italian": "it", "inglese": "en"}
"""What others call them."""


def asked_for(word: str) -> Language | None:
    """The language that somebody means by a code or a name, whatever its capitals; None: it is not spoken here."""
    said = word.lower()
    found = next((language for language, name in NAMES.items() if said in (language, name.lower())), None)
    return found or _CALLED.get(said)


def spoken_in(locale: str) -> Language | None:
    """The language of a locale such as `it-IT` or `en_GB.UTF-8`; None: it is not spoken here."""
    code = locale.lower().replace("_", "-").split("-")[0].split(".")[0]
    return next((language for language in LANGUAGES if language == code), None)
