"""Secrets that people give away in words: passwords, PINs, codes of doors and safes, in Italian and English.

A machine's key has a form of its own, and the scanner knows it. `La password del wifi è girasole` has none: the word
that announces it, the way it is joined to what follows and what that looks like decide together.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from rules.credentials.announcements import (
    ADVICE,
    BARE,
    CODE_NEAR,
    KNOWN,
    LOCKED,
    LOGS_IN,
    MADE_UP,
    NEAR,
    NUMBER,
    NUMBERED,
    OPENS,
    PAIR,
    PASSWORD_NEAR,
    PHRASE,
    SET,
    SEVERAL,
    SLASHED,
    SMALL_TALK,
    TOKEN,
    TOLD,
    TRAILING,
    TYPED,
    WITH_ADDRESS,
)
from rules.credentials.doors import EMERGENCY, FORMATION, OPENING
from rules.credentials.unannounced import entered

# Of a company's values one says so, too: `la parola d'ordine è qualità`.
_WATCHWORD = regex.compile(r"parola (?:chiave|d['’]ordine|magica)|magic word", regex.I)
# No pattern reads more of a value than that; what goes on behind it is of the secret too.
_LONGEST = 60
_GOES_ON = regex.compile(r"(?<=\S)[^\s\"'“”‘’«»`<>]*")
_DENIED = regex.compile(r"(?:\bnot|\bnon (?:è|sia|era)|n['’]t be)\s+[\"'«“]?$", regex.I)


def told(text: str) -> Iterator[tuple[int, int]]:
    """Where `text` gives away a secret in words, in order, without overlaps."""
    found = sorted(
        {
            *_joined(text),
            *_pairs(text),
            *_beside(text),
            *_numbers(text),
            *_typed(text),
            *_made_up(text),
            *_numbered(text),
            *_further(text),
            *entered(text, _is_strong),
        }
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if _is_advice(text, start) or _is_name(text, start) or _is_known(text, start, end):
            continue
        if end - start >= _LONGEST and (more := _GOES_ON.match(text, end)):
            _, end = _trimmed(text, start, more.end())
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    yield from merged


def _joined(text: str) -> Iterator[tuple[int, int]]:
    """`the password of ... is X`, `pw: X`."""
    for match in TOLD.finditer(text, overlapped=True):
        start, end = _trimmed(text, *match.span("value"))
        value = text[start:end]
        plain = match["word"].lower()
        if _is_code(plain):
            if any(c.isdigit() for c in value) and (len(value) == 4 or not KNOWN.fullmatch(value)):
                yield _whole_number(text, start, end)
            continue
        quoted = start > 0 and text[start - 1] in "\"'“‘«`*_"
        spoken = (quoted or _stands_alone(text, end)) and not _WATCHWORD.fullmatch(plain)
        if _is_strong(value) or (spoken and _is_word(value)):
            yield start, end


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (PAIR, SLASHED):
        for match in pattern.finditer(text):
            start, end = _trimmed(text, *match.span("value"))
            value = text[start:end].lower()
            if len(value) > 2 and value not in SMALL_TALK and (_is_strong(value) or pattern is PAIR or _is_word(value)):
                yield start, end


def _beside(text: str) -> Iterator[tuple[int, int]]:
    """A value that can hardly be a word, near the word that announces a password."""
    words = [match.span() for match in PASSWORD_NEAR.finditer(text)]
    if not words:
        return
    for match in TOKEN.finditer(text):
        start, end = _trimmed(text, *match.span("value"))
        if _is_strong(text[start:end]) and any(
            (-NEAR <= start - b <= NEAR or -NEAR <= a - end <= NEAR) and not (a <= start < b) for a, b in words
        ):
            yield start, end


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    """Digits near the word that announces a code."""
    words = [match.span() for match in CODE_NEAR.finditer(text)]
    if not words:
        return
    for match in NUMBER.finditer(text):
        start, end = match.span()
        digits = sum(c.isdigit() for c in match[0])
        if (
            3 <= digits <= 10
            and not regex.fullmatch(r"(?:19|20)\d\d", match[0])
            and any(0 <= start - b <= NEAR or 0 <= a - end <= NEAR // 2 for a, b in words)
        ):
            yield start, end


def _typed(text: str) -> Iterator[tuple[int, int]]:
    """What one is told to type where something opens, or somebody logs in."""
    locked = [match.span() for match in LOCKED.finditer(text)]
    for match in TYPED.finditer(text):
        start, end = _trimmed(text, *match.span("value"))
        value = text[start:end]
        number = regex.fullmatch(r"[*#]?\d[\d\-#*]{2,9}[*#]?", value) is not None and not KNOWN.fullmatch(value)
        if (number or _is_strong(value)) and any(abs(a - start) <= 2 * NEAR for a, _ in locked):
            yield start, end


def _numbered(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (PHRASE, SET):
        for match in pattern.finditer(text):
            yield match.span("value")
    logins = [match.span() for match in LOGS_IN.finditer(text)]
    for match in NUMBERED.finditer(text):
        start, end = match.span("value")
        near = any(a - end <= NEAR and start - b <= NEAR and not (a <= start < b) for a, b in logins)
        if near and not KNOWN.fullmatch(match["value"]):
            yield start, end


def _made_up(text: str) -> Iterator[tuple[int, int]]:
    for match in MADE_UP.finditer(text):
        if any(c.isdigit() for c in match["value"]) and not KNOWN.fullmatch(match["value"]):
            yield match.span("value")


def _further(text: str) -> Iterator[tuple[int, int]]:
    """With nothing between, several words, beside an address, and what opens something."""
    for match in BARE.finditer(text):
        start, end = _trimmed(text, *match.span("value"))
        if _is_strong(text[start:end]) or (_stands_alone(text, end) and _is_word(text[start:end])):
            yield start, end
    for match in SEVERAL.finditer(text):
        if not any(word in SMALL_TALK for word in match["value"].lower().split()[:3]):
            yield match.span("value")
    for match in WITH_ADDRESS.finditer(text):
        start, end = _trimmed(text, *match.span("value"))
        if _is_strong(text[start:end]) or regex.search(r"\p{Ll}\p{Lu}", text[start:end]):
            yield start, end
    for match in OPENS.finditer(text):
        if not KNOWN.fullmatch(match["value"]):
            yield match.span("value")


_NAMED = regex.compile(
    r"(?<!\w)(?:user ?name|nome utente|utente|user|login|account|ssid)\s*(?::|=|is|è)?\s*[\"'“«]?$", regex.I
)


def _is_name(text: str, start: int) -> bool:
    """Whether it is the name that somebody logs in with."""
    return _NAMED.search(text, max(0, start - 20), start) is not None


def _is_known(text: str, start: int, end: int) -> bool:
    """`999` is everybody's; `4-3-3` is how a team plays, unless something is opened."""
    if EMERGENCY.fullmatch(text, start, end):
        return True
    return FORMATION.fullmatch(text, start, end) is not None and not OPENING.search(text, max(0, start - 80), start)


def _whole_number(text: str, start: int, end: int) -> tuple[int, int]:
    """A number that goes on after a space."""
    match = NUMBER.match(text, start)
    return (start, match.end()) if match else (start, end)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while (
        end > start + 1
        and text[end - 1] in TRAILING
        and not (
            text[end - 1] in "!?*_"
            and any(c.isdigit() for c in text[start:end])
            and text[end - 2].isalnum()
            and end < len(text)
            and text[end : end + 1] != " "
        )
    ):
        end -= 1
    return start, end


def _is_code(word: str) -> bool:
    return CODE_NEAR.fullmatch(word) is not None and PASSWORD_NEAR.fullmatch(word) is None


def _is_strong(value: str) -> bool:
    """Whether it can hardly be a word: letters and digits, or signs inside; no address, hashtag, version or size."""
    if (
        len(value) < 5
        or value[0] in "#@"
        or ("@" in value[1:] and "." in value.rpartition("@")[2])
        or "://" in value
        or value.lower().startswith("www.")
    ):
        return False
    if KNOWN.fullmatch(value) or regex.fullmatch(
        r"[\d.,:/\-–€$£%]+(?:st|nd|rd|th|º|°|h|k|gb|mb|ghz|cm|mm|kg|km|am|pm|ma|€)?", value, regex.I
    ):
        return False
    if regex.fullmatch(r"[\w\-]+(?:\.[a-z]{2,6})+(?:/\S*)?", value, regex.I):
        return False
    letters, digits = any(c.isalpha() for c in value), any(c.isdigit() for c in value)
    signs = any(c in "!$%&*+=?#@^~|" for c in value[1:-1] or "") or (value[-1] in "!$#*" and digits)
    mixed = regex.search(r"\p{Ll}\p{Lu}", value) is not None
    return letters and (
        (digits and not regex.fullmatch(r"[a-z]+(?:_[a-z\d]+)+", value))
        or (signs and not regex.fullmatch(r"[\p{L}*]+", value))
        or (mixed and len(value) >= 8 and signs)
    )


def _is_word(value: str) -> bool:
    bare = value.strip("\"'“”‘’«»`*_").lower()
    return (
        len(bare) >= 3
        and bare not in SMALL_TALK
        and not bare.startswith(("http", "www.", "@", "#"))
        and not bare.endswith("ing")
    )


def _stands_alone(text: str, end: int) -> bool:
    """Whether nothing of the sentence goes on behind: a single word that ends it."""
    return (
        regex.match(
            r"\s*(?:[.,;!)\n]|$|\(|tutto (?:minuscolo|maiuscolo|attaccato)|all lower|all caps|one word|no spaces|"
            r"lowercase)",
            text[end:],
        )
        is not None
    )


def _is_advice(text: str, start: int) -> bool:
    before = text[max(0, start - 90) : start]
    return ADVICE.search(before) is not None or _DENIED.search(before) is not None
