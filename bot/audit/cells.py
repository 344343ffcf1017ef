"""Cells of CSV: wherever a spreadsheet cuts the file, no piece of it is a formula; and each gives its words back."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

Cell = str | int | bool | None

_SIGNS: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""With one of them a spreadsheet may take a formula to begin."""
_CUTS: Final = r",;|\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
"""Where one program or another cuts a line into cells, or a file into lines, whatever stands in quotes there."""
_PASSED: Final = r"\"\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u202a-\u202f\u2060-\u206f\ufeff"
"""Quotes, blanks and what cannot be seen: a formula may begin behind them too."""
_BEGINNING: Final = re.compile(rf"(?:\A|[{_CUTS}])[{_CUTS}{_PASSED}]*'*")
"""Of a cell or of a piece of one, up to its first sign. It takes all there is, so that nothing is looked at twice."""
_SIGN: Final = f"[{re.escape(''.join(_SIGNS))}]"
_BESIDE: Final = re.compile(rf"{_SIGN}(?<=[{_CUTS}{_PASSED}']{_SIGN})")
"""Where there is none of these, only the very first sign can matter: most cells are done with at a glance."""


class Separator(StrEnum):
    """What stands between cells. By a double click Excel opens only a file that has its own country's."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    """As in Italy, where the comma is the decimal sign: then it is one in the file too."""

    @property
    def sign(self) -> str:
        return "," if self is Separator.COMMA else ";"

    @classmethod
    def of(cls, language: str) -> Separator:
        """The one that a spreadsheet in this language goes by."""
        return cls.SEMICOLON if language == "it" else cls.COMMA


def inert(value: Cell | float, separator: Separator = Separator.COMMA) -> str:
    """A cell as it is written: an apostrophe stands before each sign with which a formula could begin."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and separator is Separator.SEMICOLON:
        return inert(str(value).replace(".", ","))
    text = str(value)
    return _BEGINNING.sub(_marked, text) if _may_begin(text) else text


def said(cell: str) -> str:
    """The words of a cell that `inert` has written."""
    return _BEGINNING.sub(_unmarked, cell) if _may_begin(cell) else cell


def _may_begin(text: str) -> bool:
    return text.startswith(_SIGNS) or _BESIDE.search(text) is not None


def _marked(found: re.Match[str]) -> str:
    return f"{found[0]}'" if found.string.startswith(_SIGNS, found.end()) else found[0]


def _unmarked(found: re.Match[str]) -> str:
    is_marked = found[0].endswith("'") and found.string.startswith(_SIGNS, found.end())
    return found[0][:-1] if is_marked else found[0]
