"""Every sentence that the bot says: English in the code, other languages in gettext catalogues beside this file."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parent


class Wording:
    """The bot's sentences in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = _catalogue(language)

    def say(self, sentence: str, **facts: object) -> str:
        """The sentence with `{names}` filled in. Facts are put in as they are: they are never sentences themselves."""
        return self._catalogue.gettext(sentence).format_map(facts)

    def count(self, one: str, many: str, number: int, **facts: object) -> str:
        """The form that goes with `number`, which is `{number}` in it."""
        return self._catalogue.ngettext(one, many, number).format_map({"number": number, **facts})


@cache
def _catalogue(language: str) -> NullTranslations:
    path = CATALOGUES / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
