"""A shout said calmly: in lower case, but for what is written with a capital."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from rules.common_words import WORDS
from rules.draft import Span
from rules.identifiers.people import first_names, surnames

_PLACES = Path(__file__).parent / "identifiers" / "lists" / "places.txt"
_COMMON = WORDS["it"] | WORDS["en"]
_LONGEST = 3
"""Words that a name may have."""
_OWN_CAPITALS = {"i": "I", "i'm": "I'm", "i've": "I've", "i'd": "I'd", "i'll": "I'll"}


def calmed(text: str, place: Span, words: Sequence[Span], starts: Iterable[int], known: Mapping[str, str]) -> str:
    """`place` of `text` in lower case, as long as it was.

    `words`: those of the text; `starts`: where sentences begin; `known`: names in lower case, and as they are written.
    Keeps the capitals of names of places, days and feasts, of people told by first name and surname, and of words
    that the rest of the text writes with a capital inside a sentence.
    """
    inside = [word for word in words if place.covers(word)]
    begins = set(starts)
    names = {**_places(), **known, **_elsewhere(text, words, place, begins)}
    calm = list(place.of(text).lower())
    for at, word in enumerate(inside):
        for size in range(min(_LONGEST, len(inside) - at), 0, -1):
            span = Span(word.start, inside[at + size - 1].end)
            if (written := _name(span.of(text), size, names)) is not None:
                calm[span.start - place.start : span.end - place.start] = written
                break
    for start in begins:
        if place.start <= start < place.end:
            calm[start - place.start] = text[start]
    return "".join(calm)


def _name(words: str, size: int, names: Mapping[str, str]) -> str | None:
    low = words.lower()
    written = names.get(low) or (_OWN_CAPITALS.get(low.replace("’", "'")) if size == 1 else None)
    if written is None and size == 2:
        first, last = low.split(" ", 1) if low.count(" ") == 1 else ("", "")
        named = first in first_names() and last in surnames() and first not in _COMMON
        written = low.title() if named else None
    return written if written is not None and len(written) == len(words) else None


def _elsewhere(text: str, words: Sequence[Span], place: Span, begins: set[int]) -> dict[str, str]:
    others = (word.of(text) for word in words if not word.overlaps(place) and word.start not in begins)
    return {word.lower(): word for word in others if word[:1].isupper() and not word.isupper()}


@cache
def _places() -> dict[str, str]:
    written = _PLACES.read_text(encoding="utf-8").replace("\n", ",").split(",")
    return {name.strip().lower(): name.strip() for name in written if name.strip()}
