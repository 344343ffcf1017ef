"""Numbers that look like an identifier and are none: prices, dates, times, versions, and what is tagged or linked."""

from __future__ import annotations

import regex

_CURRENCY = (
    r"€|\$|£|euro|eur|usd|gbp|chf|dollar[si]?|sterline|pounds?|mila|milion[ei]|miliard[oi]|million|billion|mln|mld"
)
_PRICE_AHEAD = regex.compile(r"(?:[€$£]|\b(?:eur|euro|usd|gbp|chf))\s?$", regex.I)
_PRICE_BEHIND = regex.compile(rf"\s?(?:%|‰|°|(?:{_CURRENCY})(?!\w))", regex.I)
_UNIT_BEHIND = regex.compile(
    r"\s?(?:km|mt|metr[io]|kg|ml|cl|litri|cm|mm|gb|mb|ghz|copie|persone|volte|times|follower|visualizzazioni|passi|voti|alberi|"
    r"copies|people|followers|views|steps|votes|metres|meters|miles|tokens?|operations|operazioni)(?!\w)",
    regex.I,
)
_DATE = regex.compile(
    r"(?:0?[1-9]|[12]\d|3[01])(?P<a>[ ./\-–])(?:0?[1-9]|1[0-2])(?P=a)(?:\d{4}|\d{2})|"
    r"(?:19|20)\d{2}(?P<b>[ ./\-–])(?:0?[1-9]|1[0-2])(?P=b)(?:0?[1-9]|[12]\d|3[01])|"
    r"(?:0?[1-9]|1[0-2])(?P<c>[/\-])(?:0?[1-9]|[12]\d|3[01])(?P=c)(?:19|20)\d{2}"
)
_YEARS = regex.compile(r"(?:19|20)\d{2}(?:\s?[\-–/]\s?(?:19|20)?\d{2})+")
_TIMES = regex.compile(r"(?:[01]?\d|2[0-4])[.:][0-5]\d(?:\s?[\-–]\s?(?:[01]?\d|2[0-4])[.:][0-5]\d)+")
_THOUSANDS = regex.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3}){2,}")
_CALENDAR = (_DATE, _YEARS, _TIMES)


def is_calendar(candidate: str) -> bool:
    """A date, a range of years or of times of day."""
    return any(pattern.fullmatch(candidate) for pattern in _CALENDAR)


def is_thousands(candidate: str) -> bool:
    """A number with its thousands set apart."""
    return _THOUSANDS.fullmatch(candidate) is not None


def is_amount(text: str, start: int, end: int) -> bool:
    """Whether a currency, a percentage or another unit stands beside `text[start:end]`."""
    ahead, behind = text[max(0, start - 6) : start], text[end : end + 20]
    return bool(_PRICE_AHEAD.search(ahead) or _PRICE_BEHIND.match(behind) or _UNIT_BEHIND.match(behind))
