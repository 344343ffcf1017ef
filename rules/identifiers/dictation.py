"""Numbers and letters as they are said: `sessantasette`, `ninety-three hundred`, `double seven`, `D for Delta`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import regex

_IT_UNITS = ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove"]
_IT_TEENS = [
    "dieci",
    "undici",
    "dodici",
    "tredici",
    "quattordici",
    "quindici",
    "sedici",
    "diciassette",
    "diciotto",
    "diciannove",
]
_IT_TENS = ["venti", "trenta", "quaranta", "cinquanta", "sessanta", "settanta", "ottanta", "novanta"]
_EN_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_EN_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_EN_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_EN_FIRST = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
]


def _italian(number: int) -> str:
    """A whole number below 3,000 as one Italian word."""
    if number < 10:
        return _IT_UNITS[number]
    if number < 20:
        return _IT_TEENS[number - 10]
    if number < 100:
        tens, unit = divmod(number, 10)
        word = _IT_TENS[tens - 2]
        return (word[:-1] if unit in (1, 8) else word) + (_IT_UNITS[unit] if unit else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return ("" if hundreds == 1 else _IT_UNITS[hundreds]) + "cento" + (_italian(rest) if rest else "")
    thousands, rest = divmod(number, 1000)
    return ("mille" if thousands == 1 else f"{_IT_UNITS[thousands]}mila") + (_italian(rest) if rest else "")


def _italian_numbers() -> Iterator[tuple[str, str]]:
    for number in (*range(1000), *range(1000, 1010), *range(1900, 2100)):
        word = _italian(number)
        yield word, str(number)
        for plain, other in (("centoot", "centot"), ("cento", "cent"), ("tre", "tré")):
            if plain in word:
                yield word.replace(plain, other), str(number)


NUMBERS = {
    **{word: number for word, number in _italian_numbers() if word != "cent"},
    **{word: str(number) for number, word in enumerate(_EN_UNITS + _EN_TEENS)},
    **{
        f"{_EN_TENS[tens - 2]}{_EN_UNITS[unit] if unit else ''}": f"{tens}{unit}"
        for tens, unit in product(range(2, 10), range(10))
    },
    **{"oh": "0", "nought": "0", "naught": "0", "o": "0", "zip": "0", "niner": "9", "fiver": "5"},
}
ORDINALS = {
    **{word: str(number + 1) for number, word in enumerate(_EN_FIRST)},
    **{word: number for word, number in zip(
        ("thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth",
         "thirtieth", "primo"), ("13", "14", "15", "16", "17", "18", "19", "20", "30", "1"), strict=True)},
}  # fmt: skip
TIMES = {"doppio": 2, "doppia": 2, "double": 2, "triplo": 3, "tripla": 3, "triple": 3, "treble": 3}
_SPELLING = (
    "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu "
    "ancona bari bologna como domodossola empoli firenze genova imola jolly kursaal livorno milano napoli otranto "
    "palermo padova quarto quadro roma savona sassari torino udine venezia washington wagner xilofono yacht york "
    "yogurt zara zebra"
)
LETTERS = {word: word[0].upper() for word in _SPELLING.split()}

_WORD = regex.compile(r"[^\W_]+")
_AS_IN = regex.compile(r"(?P<letter>[A-Za-z])(?: (?:for|come|di|as in|as for|like) |=)\p{L}{3,14}(?!\w)", regex.I)
_TEN, _HUNDRED, _THOUSAND = frozenset(_EN_TENS), frozenset({"hundred"}), frozenset({"thousand"})
_ROUND = regex.compile(r"(?:hundred|thousand)$", regex.I)
_AND = regex.compile(r"(?:[ \-]| and )")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text and what is meant by it; `said` where it is not written as it is meant."""

    start: int
    end: int
    meant: str
    said: bool
    times: int = 1

    @property
    def is_number(self) -> bool:
        return self.meant.isdigit()


def tokens(text: str) -> list[Token]:
    """The words of a text, numbers put together (`sixty-five`, `two hundred six`), `double` applied to what follows."""
    found: list[Token] = []
    times = None
    for match in _WORD.finditer(text):
        if found and match.start() < found[-1].end:
            continue
        if match[0].lower() == "and" and found and _ROUND.search(text[found[-1].start : found[-1].end]):
            continue
        one = _token(text, match)
        if one.meant == "" and match[0].lower() in TIMES:
            times = (match.start(), TIMES[match[0].lower()])
            continue
        if times is not None:
            gap = text[times[0] : one.start].partition(" ")[2]
            if one.is_number and not gap.strip():
                one = Token(times[0], one.end, one.meant * times[1], True, 2)
            times = None
        found.append(one)
        _put_together(text, found)
    return found


def _token(text: str, match: regex.Match[str]) -> Token:
    word = match[0].lower()
    if (named := _AS_IN.match(text, match.start())) and match.end() - match.start() == 1:
        return Token(match.start(), named.end(), named["letter"].upper(), True)
    if word in NUMBERS:
        return Token(match.start(), match.end(), NUMBERS[word], True)
    if word in LETTERS:
        return Token(match.start(), match.end(), LETTERS[word], True)
    if word in TIMES:
        return Token(match.start(), match.end(), "", False)
    return Token(match.start(), match.end(), match[0], False)


def _put_together(text: str, found: list[Token]) -> None:
    """`sixty` and `five`, `two` and `hundred`, `two hundred` and `six`."""
    if len(found) < 2:
        return
    before, last = found[-2:]
    gap, word = text[before.end : last.start], text[last.start : last.end].lower()
    first = text[before.start : before.end].lower()
    if word in _HUNDRED | _THOUSAND and before.said and before.is_number and gap in (" ", "-"):
        factor = 100 if word in _HUNDRED else 1000
        found[-2:] = [Token(before.start, last.end, str(int(before.meant) * factor), True)]
    elif not (last.said and last.is_number and before.said and before.is_number and _AND.fullmatch(gap)):
        return
    elif (first in _TEN and len(last.meant) == 1 and last.meant != "0" and gap != " and " and last.times == 1) or (
        _ROUND.search(first) and len(last.meant) <= 2
    ):
        found[-2:] = [Token(before.start, last.end, str(int(before.meant) + int(last.meant)), True)]
