"""Words and sentences of a text, as spans of it."""

from __future__ import annotations

import regex

from rules.draft import Span

_WORD = regex.compile(r"[\p{L}\p{M}\p{Nd}]+(?:['’‑-][\p{L}\p{M}\p{Nd}]+)*")
_END = regex.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]\p{Extended_Pictographic}\p{EMod}\ufe0f\u200d]*+(?=\s|$)"
    r"|[\n\r\x0b\x85\u2028\u2029]+"
)
_OPENS = r"(?:^|[\s(/'’\"“«])"
# Never the last word of a sentence: something is named after them.
_TITLE = regex.compile(
    rf"{_OPENS}(?:\p{{Lu}}|On|(?<=['’])on|(?i:dott(?:\.ssa)?|sigg?|sig\.ra|gent|spett|egr|ing|avv|arch|prof(?:\.ssa)?|geom|rag|sen"
    r"|cfr|es|vs|mr|mrs|ms|dr|st))\.$"
)
# May be the last word: then a capital follows.
_ABBREVIATION = regex.compile(
    rf"{_OPENS}(?:\p{{L}}(?:\.\p{{L}})+|(?i:ecc|etc|pagg?|artt?|nr?|no|tel|vol|ed|ca|inc|ltd|co|corp"
    r"|approx|jan|feb|mar|apr|aug|sept?|oct|nov|dec))\.$"
)
_ENUMERATOR = regex.compile(r"\s*\p{Nd}{1,3}\.")
_GOES_ON = regex.compile(r"\s+[\p{Ll}\p{Nd}+]")
_CLOSING = "\"'”’»)]"
_TRAILS_OFF = regex.compile(r"\s+\p{Ll}")
_QUOTATION = regex.compile(
    r"«[^»]+»|“[^”]+”|‘[^’]+’(?![\p{L}\p{Nd}])|\"[^\"]+\"|(?<![\p{L}\p{Nd}])'[^'\n]+'(?![\p{L}\p{Nd}])"
)
_LONGEST = 12
"""Characters before a full stop that are enough to recognise an abbreviation."""

_VERBATIM = regex.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)++|[#@][\p{L}\p{M}\p{Nd}_]+"
    r"|(?<![\p{L}\p{Nd}.-])(?:[\p{L}\p{Nd}-]++\.)+[a-z]{2,}(?![\p{L}\p{Nd}])(?:/\S*)?",
    regex.I,
)


def quotations(text: str) -> tuple[Span, ...]:
    """What stands between quotation marks of any kind: somebody else's voice, or a title."""
    return tuple(Span(*match.span()) for match in _QUOTATION.finditer(text))


def words(text: str) -> tuple[Span, ...]:
    """Runs of letters and digits; an apostrophe or a hyphen inside a run does not cut it."""
    return tuple(Span(*match.span()) for match in _WORD.finditer(text))


def verbatim(text: str) -> tuple[Span, ...]:
    """Links, addresses, mentions and hashtags: whatever is spelled as it must be and not as its writer pleases."""
    return tuple(Span(*match.span()) for match in _VERBATIM.finditer(text))


def sentences(text: str) -> tuple[Span, ...]:
    """Sentences without the white space around them; a line break ends one too, as it does in posts."""
    found, start = [], 0
    for match in _END.finditer(text):
        if not _goes_on(text, start, match):
            found += _trimmed(text, start, match.end())
            start = match.end()
    return tuple(found + _trimmed(text, start, len(text)))


def _goes_on(text: str, start: int, match: regex.Match[str]) -> bool:
    """Whether a full stop closes an abbreviation, an initial or a list's number, or dots or a quote trail off."""
    if match[0] in {"…", "...", ".."} or match[0][-1] in _CLOSING:
        return bool(_TRAILS_OFF.match(text, match.end()))
    if match[0] != ".":
        return False
    before = text[max(start, match.start() - _LONGEST) : match.end()]
    return bool(
        _TITLE.search(before)
        or _ENUMERATOR.fullmatch(text, start, match.end())
        or (_ABBREVIATION.search(before) and _GOES_ON.match(text, match.end()))
    )


def _trimmed(text: str, start: int, end: int) -> list[Span]:
    piece = text[start:end]
    left, right = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
    return [Span(left, right)] if left < right else []
