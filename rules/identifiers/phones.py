"""Phone numbers: any country's with its prefix, Italian, British and American ones without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import phonenumbers
import regex
from phonenumbers import PhoneNumberType as Kind
from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers.entities import Entity
from rules.identifiers.lookalikes import is_amount, is_calendar, is_thousands
from rules.identifiers.somebody import Places, people_in

_FREE = regex.compile(r"\(?0(?:8\d\d|3\d\d)\)?[ \-]")
"""British numbers of services, as they are written: some are too short to be known as such."""

_NOBODYS = frozenset({Kind.TOLL_FREE, Kind.PREMIUM_RATE, Kind.SHARED_COST, Kind.UAN, Kind.VOICEMAIL})
"""Numbers of services, published to be called: they lead to no person."""

# No run of digits is read twice: each pattern begins where a word does and takes at most 15 digits.
_SEP = r"[ .\-/()\u2010-\u2015]"
_END = r"(?!\w|[.,:]\d|[\-_][^\W\d])"
_LINKED = regex.compile(r"(?<=wa\.me/|tel:|phone=)\+?\d{8,15}(?!\d)", regex.I)
_ABROAD = regex.compile(rf"(?<![\w+])\(?(?:\+{{1,2}} ?|00)\(?[1-9](?:{_SEP}{{0,3}}\d){{6,14}}(?!\d)")
_HOME = regex.compile(
    rf"(?<![\w#@=€$£&%+])(?<!\w[\-_/\u2010-\u2015])(?<!\d[:.,])(?:"
    rf"(?P<mobile>3\d\d{_SEP}{{0,3}}\d(?:{_SEP}?\d){{5,6}})|"
    rf"(?P<fixed>\(?0\d{{1,4}}\)?{_SEP}{{0,3}}\d(?:{_SEP}?\d){{4,8}})|"
    rf"(?P<american>(?:1-)?\(?[2-9]\d\d\)?{_SEP}{{0,2}}[2-9]\d\d{_SEP}?\d{{4}})"
    rf"){_END}"
)

_CONTACT = regex.compile(
    r"(?<!\w)(?:reperibil\w+|rintracci\w+|squill\w+|disturb\w+|avvis\w+|sent[ai]tel\w|chied\w+ (?:a|di)|numero|"
    r"centralino|"
    r"whatsapp|messaggi\w*|vocal[ei]|rispond\w+|bell|buzz|ring|number|mobile|text|whatsapp|reach|voicemail|contact)"
    r"(?!\w)",
    regex.I,
)
_REACH = 80
"""Characters before a bare number among which somebody who is named may be whose it is."""


class _Shape(NamedTuple):
    start: int
    end: int
    score: float


class Phones(LocalRecognizer):
    """Candidates by their shape, held to Google's metadata; most numbers without a prefix need words beside them."""

    def __init__(self, language: str) -> None:
        super().__init__([Entity.PHONE_NUMBER], supported_language=language)

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        return [
            RecognizerResult(
                Entity.PHONE_NUMBER,
                shape.start,
                shape.end,
                shape.score,
                recognition_metadata={RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id},
            )
            for shape in (*_abroad(text), *_at_home(text))
        ]


def _abroad(text: str) -> Iterator[_Shape]:
    for match in (*_LINKED.finditer(text), *_ABROAD.finditer(text)):
        written = match[0]
        linked = match.re is _LINKED
        if not linked and "+" not in written and _looks_like_something_else(text, match.start(), match.end()):
            continue
        # What follows a number is sometimes another number: it is let go group by group.
        for end in _ends(written):
            digits = "".join(c for c in written[:end].replace("(0)", "") if c.isdigit())
            number = _parsed("+" + (digits[2:] if digits.startswith("00") else digits), None)
            if number and phonenumbers.is_valid_number(number):
                if _is_somebodys(number):
                    yield _Shape(match.start(), match.start() + end, 0.75 if linked or "+" in written else 0.5)
                break
            if end == len(written) and number and phonenumbers.is_possible_number(number):
                yield _Shape(match.start(), match.end(), 0.36 if "+" in written else 0.2)


def _ends(written: str) -> Iterator[int]:
    yield len(written)
    ends = [match.start() for match in regex.finditer(rf"{_SEP}+\d", written)]
    yield from ends[:-4:-1]


class _People:
    """Whether somebody is named, or told to call, around a number; read only where one is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _places(self) -> Places:
        return Places([*people_in(self._text), *(match.span() for match in _CONTACT.finditer(self._text))])

    def near(self, start: int, end: int) -> bool:
        return bool(self._places.within(start - _REACH, end + _REACH // 2))


def _is_italian_mobile(written: str) -> bool:
    return "".join(c for c in written if c.isdigit()).startswith("3") and _is_valid(written, "IT")


def _at_home(text: str) -> Iterator[_Shape]:
    people = _People(text)
    for match in _HOME.finditer(text):
        start, end = match.span()
        written = match[0]
        if _looks_like_something_else(text, start, end):
            continue
        grouped = not written.isdigit()
        if (match["mobile"] or match["american"]) and _is_italian_mobile(written):
            start += written.startswith("(") and ")" not in written
            yield _Shape(start, end, 0.4 if grouped else 0.2 if not people.near(start, end) else 0.36)
        elif match["fixed"] and not _FREE.match(written) and (_is_valid(written, "IT") or _is_british(written)):
            dictated = written.startswith("07") and len(written) == 11 and people.near(start, end)
            yield _Shape(start, end, 0.36 if dictated else _fixed_score(written))
        elif _is_valid(written, "US"):
            yield _Shape(start, end, 0.4 if "(" in written or written.count("-") == 2 else 0.2)


def _fixed_score(written: str) -> float:
    """A number in groups is a phone's, unless all of them are pairs; a British mobile says so by itself, nearly."""
    if not written.isdigit():
        return 0.4 if regex.search(r"\d{3}", regex.sub(r"^\(?\d+\)?", "", written, count=1)) else 0.25
    return 0.3 if written.startswith("07") else 0.2


def _looks_like_something_else(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    return is_calendar(written) or is_thousands(written) or is_amount(text, start, end)


def _is_british(written: str) -> bool:
    """Possible is enough for a mobile: the numbers set aside for fiction are not valid, and examples use them."""
    number = _parsed(written, "GB")
    if number is None:
        return False
    if str(number.national_number).startswith("7"):
        return phonenumbers.is_possible_number(number)
    return phonenumbers.is_valid_number(number) and _is_somebodys(number)


def _is_valid(written: str, region: str) -> bool:
    number = _parsed(written, region)
    return number is not None and phonenumbers.is_valid_number_for_region(number, region) and _is_somebodys(number)


def _is_somebodys(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.number_type(number) not in _NOBODYS


def _parsed(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
