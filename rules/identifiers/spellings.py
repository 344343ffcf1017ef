"""An identifier written so that only people read it (dictated, spaced, broken over lines, with O for 0), put right."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from rules.folding import Reading
from rules.identifiers import reassembly

_SMALL = r"[ \t]?"
_OPEN, _CLOSE = r"[\[({<«\"]", r"[\])}>»\"]"
_DOT = regex.compile(
    rf"{_SMALL}{_OPEN}{_SMALL}(?:\.|dot|punto){_SMALL}{_CLOSE}{_SMALL}|"
    rf" ?(?<![\-_*])[\-_*]{{1,4}}(?:dot|punto)[\-_*]{{1,4}} ?|"
    rf",? dot (?=(?:com|net|org|it|uk|co|eu)\b)|(?<=\d) (?:punto|dot) (?=\d)",
    regex.I,
)
_AT = regex.compile(
    rf"{_SMALL}{_OPEN}{_SMALL}(?:@|at|a|chiocciola|et|ad){_SMALL}{_CLOSE}{_SMALL}|"
    rf" ?(?<![\-_*])[\-_*]{{1,4}}(?:at|chiocciola)[\-_*]{{1,4}} ?|(?<=\w) ?\bchiocciola\b ?(?=\w)|"
    r"(?<=\w) ?@ ?(?=\w)",
    regex.I,
)
_AT_WORD = regex.compile(
    r"(?<=\w) at (?=[\w\-]{2,30}(?: (?:dash|hyphen|minus|underscore|dot|punto|trattino) [\w\-]{2,30}){0,4} ?(?:dot|"
    r"punto|\.) ?\w{2,10}\b)",
    regex.I,
)
_AROUND_AT = regex.compile(r"(?<![\w.])[\w.+\- ]{1,60}@[\w.\- ]{1,60}", regex.I)
_IN_ADDRESS = regex.compile(
    r"(?P<dot> ?\b(?:dot|punto)\b ?| \. ?|(?<=\w)\. (?=(?:it|com|org|net|eu|uk|co|info|edu)\b))|"
    r"(?P<line> ?\b(?:underscore|trattino basso)\b ?)|(?P<dash> (?:trattino|dash|hyphen|minus|meno) )",
    regex.I,
)
_SIGNS = {"dot": ".", "line": "_", "dash": "-"}

_BROKEN = regex.compile(r"(?<=[^\W_])(?P<sign>[@.\-+/]?)[ \t]*\n[ \t]*(?=[@.]?[^\W_])|(?<=[@.])\n(?=\w)")
_ONE_BY_ONE = regex.compile(r"(?<![\w.,])\d(?:(?P<gap>[ .\-_/]{1,3})\d(?!\d)){5,}(?!\w)")
# A code with a space after every letter and digit.
_SPACED_CODE = regex.compile(
    r"(?<!\w)(?:[A-Z]{1,2}|\d)(?:(?P<gap> ?[ .\-] ?)[A-Z\d](?!\w)){7,33}(?!\w)|"
    r"(?<!\w)(?:[a-z]{1,2}|\d)(?:(?P<gap> ?[ .\-] ?)[a-z\d](?!\w)){7,33}(?!\w)"
)
_ODD_SIGNS = regex.compile(r"(?<=\d)(?: ?[_*•·|~]+ ?| [\-–—/] )(?=\d)")
# A letter O among digits, or an l or I where a 1 stands, in something long enough to be a number.
_POSING = regex.compile(r"(?<!\w)(?=(?:[^\d\n]{0,6}\d){5})[\doOlI|](?:[ .\-/+]?[\doOlI|]){7,24}(?!\w)")
_CODE = regex.compile(
    r"(?<!\w)[A-Z]{2}[\dOoIl]{2}(?: ?[A-Z0-9]){11,30}(?!\w)|(?<!\w)[A-Z]{6}[A-Z0-9]{10}(?!\w)", regex.I
)
_DIGITS = str.maketrans("oOlI|", "00111")
_NUMBERED = (6, 7, 9, 10, 12, 13, 14)
"""Places of digits in an Italian fiscal code."""
_FEW = 5


def put_right(reading: Reading) -> Reading:
    """The reading with what people do to identifiers undone; `reading` itself where there is nothing of that kind."""
    made = reading
    for step in _STEPS:
        pieces = list(_apart(list(step(made.text))))
        if pieces:
            made = made.replaced(iter(pieces))
    return made


Pieces = Iterator[tuple[int, int, str]]


def _joined_lines(text: str) -> Pieces:
    for match in _BROKEN.finditer(text):
        before = "".join(text[: match.start()].rsplit(None, 1)[-1:])
        after = "".join(text[match.end() :].split(None, 1)[:1])
        sign = match["sign"] or ""
        if "@" in before + sign + after or sum(c.isdigit() for c in before + after) >= _FEW:
            apart = " " if before.isdigit() and after.isdigit() else ""
            yield match.start(), match.end(), apart if sign in ("", "-") else sign


def _signs(text: str) -> Pieces:
    found = [(match.start(), match.end(), ".") for match in _DOT.finditer(text)]
    found += [(match.start(), match.end(), "@") for pattern in (_AT, _AT_WORD) for match in pattern.finditer(text)]
    found = [piece for piece in found if text[piece[0] : piece[1]] != piece[2]]
    yield from found


def _addresses(text: str) -> Pieces:
    """What stands for signs in an address on the net, on both sides of its @."""
    for around in _AROUND_AT.finditer(text):
        for match in _IN_ADDRESS.finditer(text, *around.span()):
            yield match.start(), match.end(), _SIGNS[match.lastgroup or "dot"]


def _posing(text: str) -> Pieces:
    for match in _POSING.finditer(text):
        if any(part.isalpha() and (len(part) < 2 or set(part) != {"O"}) for part in regex.split(r"[^\w|]+", match[0])):
            continue  # a word of its own is no digit
        if not match[0].isdigit() and (new := match[0].translate(_DIGITS)) != match[0]:
            yield match.start(), match.end(), new


def _codes(text: str) -> Pieces:
    for match in _CODE.finditer(text):
        written = match[0]
        if sum(c.isdigit() for c in written) < _FEW:
            continue
        if len(written) == 16 and written[:6].isalpha():
            places = set(_NUMBERED)
            new = "".join(c.translate(_DIGITS) if at in places else c for at, c in enumerate(written))
        else:
            new = written[:2] + written[2:].translate(str.maketrans("oO", "00"))
        if new != written:
            yield match.start(), match.end(), new


def _gaps(text: str) -> Pieces:
    return ((match.start(), match.end(), " ") for match in _ODD_SIGNS.finditer(text))


def _spaced_codes(text: str) -> Pieces:
    for match in _SPACED_CODE.finditer(text):
        if sum(c.isdigit() for c in match[0]) >= _FEW:
            if match[0].count(".") > 2:
                continue  # addresses on the net have dots of their own
            # A short word before digits that are read one by one is no part of them.
            rest = text[match.ends("gap")[0] : match.end()]
            first = 0 if match[0][0].isdigit() or any(c.isalpha() for c in rest) else 1
            for start, end in list(zip(match.starts("gap"), match.ends("gap"), strict=True))[first:]:
                yield start, end, ""


def _single_digits(text: str) -> Pieces:
    for match in _ONE_BY_ONE.finditer(text):
        for start, end in zip(match.starts("gap"), match.ends("gap"), strict=True):
            yield start, end, ""


def _apart(pieces: list[tuple[int, int, str]]) -> Pieces:
    done = 0
    for start, end, new in sorted(pieces):
        if start >= done:
            yield start, end, new
            done = end


_STEPS = (
    _joined_lines,
    _signs,
    _addresses,
    reassembly.spoken_dates,
    reassembly.octets,
    reassembly.codes,
    _spaced_codes,
    reassembly.numbers,
    _posing,
    _codes,
    _gaps,
    _single_digits,
)
