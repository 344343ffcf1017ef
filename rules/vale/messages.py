"""Vale's messages as ours: a wording that is preferred becomes a blank, and what the writer wrote is not repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rules.common_words import WORDS

_BLANK = re.compile(r"%(?:\[(\d+)\])?[sdvq]|%%")
_QUOTES = "'\"`“”‘’«»*"
_QUOTED = rf"(?:[{_QUOTES}]+%%\0[{_QUOTES}]+|%%\0)"
_ASIDE = re.compile(rf"\s*\(\s*{_QUOTED}\s*\)")
_NAMED = re.compile(rf"(^|[.!?]\s+)?{_QUOTED}")
_OBSERVED = "%%\0"
_THIS = {"it": "questo", "en": "this"}


def language_of(messages: Iterable[str]) -> str:
    """Italian or English, by their commonest words; English in doubt."""
    words = re.findall(r"\w+", " ".join(messages).lower())
    scores = {language: sum(word in known for word in words) for language, known in WORDS.items()}
    return "it" if scores["it"] > scores["en"] else "en"


def worded(message: str, values: Sequence[str | None], language: str) -> str:
    """`message` with each `%s` filled in order, as Go's `Sprintf` does, `%[2]s` by number.

    A value of None, or one too few, is what the writer wrote: "Avoid '%s'." becomes "Avoid this." and "('%s')" nothing.
    """
    given = 0

    def fill(blank: re.Match[str]) -> str:
        nonlocal given
        if blank[0] == "%%":
            return "%"
        given = int(blank[1]) if blank[1] else given + 1
        value = values[given - 1] if 0 < given <= len(values) else None
        return _OBSERVED if value is None else value

    # Braces of the style's own would be blanks of ours.
    filled = _BLANK.sub(fill, message.replace("{", "(").replace("}", ")").replace("\0", ""))
    this = _THIS[language]
    filled = _NAMED.sub(lambda at: f"{at[1]}{this.capitalize()}" if at[1] is not None else this, _ASIDE.sub("", filled))
    return " ".join(filled.split()) or "…"
