"""Codes that no word announces: what one presses at a gate, answers a screen, or has changed a login to.

A thing that opens, a verb of entering and something that looks like a code decide together. Where one of them is
missing (a score, a discount code, a number of visitors) nothing is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

import regex

from rules.credentials.doors import (
    ANSWER,
    ASSIGNED,
    BEHIND,
    CHANGED,
    DIAL,
    DIGITS,
    EMERGENCY,
    ENTERED,
    FORMATION,
    GESTURE,
    IDENTIFIER,
    INSIDE,
    JOINED,
    KEYED,
    LOGGED,
    NO_CODE,
    OPENING,
    PROMOTION,
    SAID,
    SEQUENCE,
    USUAL,
    VALUE,
    WAY_IN,
)

_NEAR = 140
"""Characters before a code within which what it opens is spoken of; a third as many behind it."""

Strong = Callable[[str], bool]


def entered(text: str, is_strong: Strong) -> Iterator[tuple[int, int]]:
    """Where `text` gives away a code in passing. `is_strong` says what can hardly be a word."""
    doors = sorted(match.start() for match in OPENING.finditer(text))
    ways = sorted(match.start() for match in WAY_IN.finditer(text))
    yield from _after_a_verb(text, doors, ways, is_strong)
    yield from _beside_a_door(text, doors)
    yield from _logged(text, is_strong)
    yield from _changed(text, ways, is_strong)
    for pattern in (ANSWER, GESTURE, DIAL):
        yield from (match.span("value") for match in pattern.finditer(text))


def _after_a_verb(text: str, doors: list[int], ways: list[int], is_strong: Strong) -> Iterator[tuple[int, int]]:
    for match in ENTERED.finditer(text):
        at = match.end()
        if _near(doors, match.start(), at) and (found := number_at(text, at)):
            yield found
        elif _near(doors, match.start(), at) or _near(ways, match.start(), at):
            yield from _token_at(text, at, is_strong)


def _beside_a_door(text: str, doors: list[int]) -> Iterator[tuple[int, int]]:
    """`the vault, it's one nine six six`, `the key box by the fryer: 2291`."""
    for match in ASSIGNED.finditer(text):
        if _near(doors, match.start(), match.end(), ahead=0) and (found := number_at(text, match.end(), least=4)):
            yield found
    for match in KEYED.finditer(text):
        yield from _token_at(text, match.end(), lambda value: regex.search(r"\d", value) is not None and len(value) > 5)


def _logged(text: str, is_strong: Strong) -> Iterator[tuple[int, int]]:
    """A name to log in with, and what follows it."""
    for match in LOGGED.finditer(text):
        yield from _token_at(text, match.end(), is_strong)


def _changed(text: str, ways: list[int], is_strong: Strong) -> Iterator[tuple[int, int]]:
    for match in CHANGED.finditer(text):
        if match["since"] or _near(ways, match.start(), match.end()):
            if found := number_at(text, match.end(), least=4) if not match["since"] else None:
                yield found
            else:
                yield from _token_at(text, match.end(), is_strong)


def number_at(text: str, at: int, least: int = 3) -> tuple[int, int] | None:
    """A code of digits that begins here: in a row, apart, in words or pressed one after the other."""
    for pattern in (SEQUENCE, SAID, DIGITS):
        if (match := pattern.match(text, at)) is None:
            continue
        written = match[0]
        digits = sum(c.isdigit() for c in written) if pattern is not SAID else least
        if (
            digits >= least
            and not NO_CODE.fullmatch(written)
            and not FORMATION.fullmatch(written)
            and not EMERGENCY.fullmatch(written)
            and BEHIND.match(text, match.end())
            and not PROMOTION.search(text, max(0, at - 60), min(len(text), at + 60))
        ):
            return match.span()
    return None


def _token_at(text: str, at: int, is_strong: Strong) -> Iterator[tuple[int, int]]:
    """A word that begins here and can hardly be one."""
    if (match := VALUE.match(text, at)) is None:
        return
    start, end = match.span("value")
    while end > start + 1 and text[end - 1] in ".,;:?)]}»”’\"'`":
        end -= 1
    value = text[start:end]
    if IDENTIFIER.fullmatch(value):
        return
    if not (is_strong(value) or is_joined(value)):
        if (several := INSIDE.match(text, start)) is None:
            return
        start, end = several.span()
    if not PROMOTION.search(text, max(0, at - 60), min(len(text), end + 60)):
        yield start, end


def is_joined(value: str) -> bool:
    """Words put together with signs, as nobody writes them: `Castagne.Ottobre`, `no-trains-on-sunday`."""
    if not JOINED.fullmatch(value) or value.lower() in USUAL:
        return False
    digits, cased = any(c.isdigit() for c in value), regex.search(r"[.\-_]\p{Lu}|\p{Ll}\p{Lu}", value) is not None
    return digits or cased or value.count("-") >= 2 or value.count("_") >= 2


def _near(places: list[int], start: int, end: int, ahead: int = _NEAR // 3) -> bool:
    first = bisect_left(places, start - _NEAR)
    return first < len(places) and places[first] < end + ahead
