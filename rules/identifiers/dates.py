"""Dates of a day as people write them, Italian and English, with the year that they give if any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import regex

MONTHS = (
    "gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre|"
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "genn|gen|febbr|feb|mar|apr|mag|giu|lug|ago|sett|set|ott|nov|dic|jan|jun|jul|aug|sept|sep|oct|dec"
)
_ROMAN = "(?:I{1,3}|IV|V|VI{1,3}|IX|X|XI{1,2})"
_DAY, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?P<year>19[2-9]\d|20[0-2]\d|['’]?\d\d)"
_LONG_YEAR = r"(?P<year>19[2-9]\d|20[0-2]\d)"
_FEAST = (
    r"(?:santo stefano|natale|capodanno|ferragosto|san silvestro|(?:la )?befana|epifania|san valentino|halloween|"
    r"ognissanti|san giovanni|vigilia di natale|pasqua|pasquetta|martedì grasso|christmas (?:day|eve)|boxing day|"
    r"new year['’]?s (?:day|eve)|st\.? (?:patrick|stephen|valentine|andrew|david|george)['’]?s day|valentine['’]?s day|"
    r"hogmanay|midsummer(?:['’]s day)?|thanksgiving|easter (?:sunday|monday)|leap day|bonfire night)"
)
_FULL = tuple(
    regex.compile(written, regex.I)
    for written in (
        rf"(?<![\w./])(?<!\d-){_DAY} ?(?P<s>[./\-]) ?(?:0?[1-9]|1[0-2]|(?-i:{_ROMAN})) ?(?P=s) ?{_YEAR}(?![\w/]|"
        rf"[.\-]\d)",
        rf"(?<![\w./])(?<!\d-)(?:0?[1-9]|1[0-2])(?P<s>[/\-.])(?:0?[1-9]|[12]\d|3[01])(?P=s){_LONG_YEAR}(?![\w/]|"
        rf"[.\-]\d)",
        rf"(?<![\w./])(?<!\d-){_LONG_YEAR}(?P<s>[./\-])(?:0?[1-9]|1[0-2])(?P=s)(?:0?[1-9]|[12]\d|3[01])(?![\w/]|-\d)",
        rf"(?<!\w){_DAY}(?P<s>[ \-./])(?:{MONTHS})\.?(?P=s){_LONG_YEAR}(?!\w)",
        rf"(?<!\w){_DAY}(?:°|º|st|nd|rd|th)? ?(?:(?:of|di) )?(?:{MONTHS})\.?,? ?(?:(?:del(?:l['’])?|of)"
        rf" ?)?{_YEAR}(?!\w)",
        rf"(?<!\w)(?:{MONTHS})\.? (?:the )?{_DAY}(?:st|nd|rd|th)?,? (?:of )?(?P<year>19[2-9]\d|20[0-2]\d|['’]\d\d)"
        rf"(?!\w)",
        rf"(?<!\w){_FEAST}(?:,? (?:del(?:l['’])?|of|in|nel(?:l['’])?))? ?(?P<year>19[2-9]\d|20[0-2]\d|['’]\d\d)(?!\w)",
    )
)
_SHORT = tuple(
    regex.compile(written, regex.I)
    for written in (
        rf"(?<![\w./]){_DAY}(?:°|º|st|nd|rd|th)? ?(?:(?:of|di) )?(?:{MONTHS})(?!\w)",
        rf"(?<!\w)(?:{MONTHS})\.? (?:the )?{_DAY}(?:st|nd|rd|th)?(?![\w/])",
    )
)
OLDEST = 105


@dataclass(frozen=True, slots=True)
class Day:
    start: int
    end: int
    year: int | None
    """None where only day and month are told."""

    @property
    def age(self) -> int | None:
        """Years from then to now: negative for what is to come."""
        return None if self.year is None else _this_year() - self.year


def days_in(text: str) -> Iterator[Day]:
    """Full dates of the last hundred years, and days of a month without a year, without overlaps."""
    taken: set[int] = set()
    found = [
        (match.start(), match.end(), _year(match["year"])) for pattern in _FULL for match in pattern.finditer(text)
    ]
    found.sort(key=lambda one: (one[0], -one[1]))
    short = [(*match.span(), None) for pattern in _SHORT for match in pattern.finditer(text)]
    for start, end, year in (*found, *sorted(short)):
        if not taken.intersection(range(start, end)):
            taken.update(range(start, end))
            yield Day(start, end, year)


def _year(written: str) -> int:
    """Of two digits the latest year that is not to come."""
    digits = int(written.lstrip("'’"))
    if digits > 99:
        return digits
    return 2000 + digits if digits <= _this_year() % 100 else 1900 + digits


def _this_year() -> int:
    return datetime.now(UTC).year
