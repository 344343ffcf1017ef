"""An identifier in pieces (`FOX99 / 553047 / EA9LD`, `golf juliet, six six, victor`), put together where it has a form.

Whether it is one is for the recognisers to say, which are not imported here: this is read before they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise

import regex

from rules.identifiers.dates import MONTHS
from rules.identifiers.dictation import ORDINALS, TIMES, Token, tokens

Pieces = Iterator[tuple[int, int, str]]

_BETWEEN = ("poi", "then", "dash", "slash", "trattino", "barra", "spazio", "space", "punto", "dot", "underscore")
_SIGNS = r"[\s,.;:/\\\-–—·•_|()\[\]~*+]{0,4}"
_GAP = regex.compile(rf"{_SIGNS}(?:(?:{'|'.join(_BETWEEN)}){_SIGNS})?", regex.I)
_SHORT_GAP = regex.compile(r"[\s,.;/\-–—]{1,3}")
_DOT_GAP = regex.compile(r"\.| (?:dot|punto) ", regex.I)
_MOST = 62
"""Characters of the longest identifier."""
_LENGTHS = frozenset((7, 9, 10, 12, *range(15, 36), 42, 62))
_LEAST_SPOKEN, _LEAST_DIGITS = 3, 6
_LONG_NUMBER = 9
"""Digits of a number of which `three hundred sixty-six` is a part."""
_FORMS = tuple(
    regex.compile(form)
    for form in (
        r"[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2}",  # British driving licence
        r"[A-Z]{2}\d{7}[A-Z]|U1(?=(?:[A-Z]{0,7}\d){3})[0-9A-Z]{7}[A-Z]",  # Italian driving licence
        r"C[A-Z]\d{5}[A-Z]{2}|A[A-Z]\d{7}|Y[A-D]\d{7}",  # Italian identity card, passport
        r"[A-HJ-NPR-TV-Z]{2}\d{3}[A-HJ-NPR-TV-Z]{2}|[A-HJ-PR-Y]{2}[0-7]\d[A-HJ-PR-Z]{3}",  # plates
        r"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]",  # Italian fiscal code
        r"(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]",  # National Insurance
    )
)
_POSTCODE = regex.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}")
_IBAN = regex.compile(r"[A-Z]{2}\d{2}(?=[A-Z]{0,4}\d)[A-Z\d]{11,30}", regex.I)
_BECH32 = regex.compile(r"bc1[02-9ac-hj-np-z]{39}|bc1[02-9ac-hj-np-z]{59}", regex.I)
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58 = regex.compile(rf"[13][{_ALPHABET}]{{25,34}}")
_HEX = regex.compile(r"(?=.*\d.*\d)(?=.*[a-f])[0-9a-f]{12}", regex.I)
_MIXED = regex.compile(r"\d[a-f]|[a-f]\d", regex.I)
_ETHEREUM = regex.compile(r"0x[0-9a-f]{40}", regex.I)
_ZEROS = str.maketrans("oO", "00")
_OCTETS = regex.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_DATE_GAP = regex.compile(r"\s?[/.\-–,]\s?| (?:slash|dash|barra|trattino|punto|dot) ", regex.I)
_SPACED_DATE = regex.compile(
    r"(?<![\d./\-] )(?<![\w/.\-])(\d) (\d)( ?[./\-] ?)(\d) (\d)\3([12]) (\d) (\d) (\d)(?! ?[./\-]? ?\d|\w)"
)
_MONTH = regex.compile(rf"(?<!\w)(?:{MONTHS})(?!\w)", regex.I)
_FULL_YEAR = regex.compile(r"19[2-9]\d|20[0-2]\d")


def spoken_dates(text: str) -> Pieces:
    """A date in words, in three groups of them, or with a space after each digit."""
    for match in _SPACED_DATE.finditer(text):
        yield *match.span(), f"{match[1]}{match[2]}/{match[4]}{match[5]}/{''.join(match.group(6, 7, 8, 9))}"
    words = tokens(text)
    starts = {one.start: place for place, one in enumerate(words)}
    for month in _MONTH.finditer(text):
        if (at := starts.get(month.start())) is not None:
            yield from _beside_month(text, words, at)
    for run in _runs(text, [one if one.is_number else None for one in _pieces(text)], _DATE_GAP, _SHORT_GAP):
        day = _grouped(text, run, _DATE_GAP, "/")
        if any(one.said for one in run) and day.count("/") == 2 and _is_day(*day.split("/")):
            yield run[0].start, run[-1].end, day


def _pieces(text: str) -> list[Token]:
    """The words that are no signs."""
    return [one for one in tokens(text) if one.meant.lower() not in _BETWEEN]


def _grouped(text: str, run: list[Token], gap: regex.Pattern[str], sign: str) -> str:
    """What is meant by a run, with a sign wherever such a gap stands."""
    return run[0].meant + "".join(
        (sign if gap.fullmatch(text, before.end, one.start) else "") + one.meant for before, one in pairwise(run)
    )


def _is_day(day: str, month: str, year: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12 and (_FULL_YEAR.fullmatch(year) is not None or len(year) == 2)


def _beside_month(text: str, words: list[Token], at: int) -> Pieces:
    """The day before a month and the year behind it, in words."""
    month = words[at]
    before = at - (2 if at > 1 and words[at - 1].meant in ("of", "di") else 1)
    if before >= 0 and text[words[before].end : month.start] in (" ", " of ", " di "):
        one = words[before]
        day = one.meant if one.said else ORDINALS.get(one.meant.lower(), "")
        if day.isdigit() and 1 <= int(day) <= 31:
            yield one.start, one.end, day
    year, end = "", month.end
    for one in words[at + 1 : at + 4]:
        if not (one.said and one.is_number and text[end : one.start].strip(" ,-") in ("", "del", "of")):
            break
        year, end = year + one.meant, one.end
        if _FULL_YEAR.fullmatch(year):
            yield words[at + 1].start, end, year
            break


def numbers(text: str) -> Pieces:
    """Digits that are said: enough of them in a row are no way to count."""
    digits_only = [one if one.is_number and (one.said or len(one.meant) <= 4) else None for one in tokens(text)]
    for run in _runs(text, digits_only, _SHORT_GAP):
        digits = "".join(one.meant for one in run)
        words = sum(one.times for one in run if one.said)
        long = any(one.said and int(one.meant) > 99 for one in run) and len(digits) >= _LONG_NUMBER
        if (long or words >= _LEAST_SPOKEN) and len(digits) >= _LEAST_DIGITS:
            yield run[0].start, run[-1].end, digits


def octets(text: str) -> Pieces:
    """An address on the net in words."""
    numbered = [one if one.is_number else None for one in _pieces(text)]
    for run in _runs(text, numbered, _DOT_GAP, _SHORT_GAP):
        address = _grouped(text, run, _DOT_GAP, ".")
        if any(one.said for one in run) and _OCTETS.fullmatch(address):
            yield run[0].start, run[-1].end, address


def codes(text: str) -> Pieces:
    """Letters and digits in pieces that together have a form, or pass a check."""
    for run in _runs(text, [one if _is_piece(one) else None for one in _pieces(text)], _GAP):
        at = len(run) if all(one.is_number for one in run) else 0
        while at < len(run):
            count, new = _longest(text, run, at)
            if count:
                yield run[at].start, run[at + count - 1].end, new
            at += count or 1


def _is_piece(one: Token) -> bool:
    if not 0 < len(one.meant) <= _MOST or one.meant.lower() in TIMES:
        return False
    return one.said or len(one.meant) <= 4 or one.meant.isupper() or any(c.isdigit() for c in one.meant)


def _longest(text: str, run: list[Token], at: int) -> tuple[int, str]:
    """How many pieces from `at` on make an identifier, and how it is written; 0 where none do."""
    best, whole, meant = 0, "", ""
    for count, one in enumerate(run[at:], 1):
        meant += one.meant
        if len(meant) > _MOST:
            break
        if (count > 1 or one.said) and (new := _formed(text, run[at : at + count], meant)):
            best, whole = count, new
    return best, whole


def _formed(text: str, pieces: list[Token], meant: str) -> str | None:
    """The identifier as it is written in one piece, if that is what these pieces make."""
    written = text[pieces[0].start : pieces[-1].end]
    if written == meant or len(meant) not in _LENGTHS or meant.isdigit() or meant.isalpha():
        return None
    if meant.isupper() and any(form.fullmatch(meant) for form in _FORMS) and not _POSTCODE.fullmatch(written):
        return meant
    if ":" not in written and {len(one.meant) for one in pieces} == {2} and (address := _mac(meant)):
        return address
    if _ETHEREUM.fullmatch(meant):
        return meant
    if _IBAN.fullmatch(meant) and int("".join(str(int(c, 36)) for c in meant[4:] + meant[:4])) % 97 == 1:
        return meant
    return meant if _BECH32.fullmatch(meant) or (_BASE58.fullmatch(meant) and _is_base58_checked(meant)) else None


def _mac(meant: str) -> str | None:
    """With colons where it can hardly be anything else: one pair at least is a digit and a letter."""
    written = meant.translate(_ZEROS)
    if not _HEX.fullmatch(written):
        return None
    pairs = [written[place : place + 2] for place in range(0, 12, 2)]
    return (":" if any(_MIXED.fullmatch(pair) for pair in pairs) else " ").join(pairs)


def _is_base58_checked(written: str) -> bool:
    number = 0
    for character in written:
        number = number * 58 + _ALPHABET.index(character)
    raw = number.to_bytes(25, "big") if number < 1 << 200 else b""
    return len(raw) == 25 and sha256(sha256(raw[:21]).digest()).digest()[:4] == raw[21:]


def _runs(text: str, words: list[Token | None], *gaps: regex.Pattern[str]) -> Iterator[list[Token]]:
    """Words in a row with nothing but such a gap between; None interrupts."""
    run: list[Token] = []
    for one in words:
        if run and (one is None or not any(gap.fullmatch(text, run[-1].end, one.start) for gap in gaps)):
            if len(run) > 1 or run[0].said:
                yield run
            run = []
        if one is not None:
            run.append(one)
    if len(run) > 1 or (run and run[0].said):
        yield run
