"""The text as a reader reads it, and the way back: every folded character knows the original span it came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from rules.draft import Span
from rules.homoglyphs import ALWAYS, OTHER_SCRIPTS

_CACHED = 4
"""Characters up to which a grapheme is worth a place in the cache: longer ones are an attack, and all different."""

_GRAPHEME = regex.compile(r"\X")
# Whatever is not plain ASCII, with the characters beside it to which it may belong.
_ODD = regex.compile(r"[\n\t -~]?[^\n\t -~]++\n?")
# What nobody sees: controls, format characters, enclosing marks, fillers, variation selectors.
_UNSEEN = regex.compile(r"(?V1)[[\p{Cc}\p{Cf}\p{Cs}\p{Me}\p{Default_Ignorable_Code_Point}]--\s]")
# Marks stacked higher than in any language are decoration, and quadratic to normalise.
_STACKED = regex.compile(r"(?<=\p{M}{4})\p{M}+")
_WORD = regex.compile(r"\p{L}+")
_LATIN = regex.compile(r"\p{Latin}")
_POSING = regex.compile(f"[{''.join(OTHER_SCRIPTS)}]")
_SIBLING = regex.compile(r"[\p{Cyrillic}\p{Greek}]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text. `starts[i]` and `ends[i]` say where character `i` of `text` stands in the original."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Where `text[start:end]` stands in the original; the whole grapheme of each character is included."""
        return Span(self.starts[start], self.ends[end - 1])

    def replaced(self, pieces: Iterator[tuple[int, int, str]]) -> Reading:
        """The reading with `text[start:end]` replaced, for pieces in order that do not overlap.

        A replacement as long as what it replaces keeps its places one by one; any other takes the whole piece's.
        """
        text, starts, ends, done = [], list[int](), list[int](), 0
        for start, end, new in pieces:
            text += [self.text[done:start], new]
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            if len(new) == end - start:
                starts += self.starts[start:end]
                ends += self.ends[start:end]
            elif new:
                # An insertion (start == end) stands where the next character does.
                starts += [self.starts[start]] * len(new)
                ends += [self.ends[max(start, end - 1)]] * len(new)
            done = end
        starts += self.starts[done:]
        ends += self.ends[done:]
        return Reading("".join(text) + self.text[done:], tuple(starts), tuple(ends))


@dataclass(frozen=True, slots=True)
class Folded:
    """`plain` keeps case and accents; `cased` has single spaces; each of `keys` is also lower-case and unaccented.

    The first key is the text as written; the others undo a disguise (leetspeak, s p a c e d or streeeetched letters) or
    split hashtags and CamelCase, and exist only where the text has such a thing. Phrases are sought in all of them.
    """

    original: str
    plain: Reading
    cased: Reading
    keys: tuple[Reading, ...]
    undisguised: tuple[Reading, ...]
    """`plain` with disguises undone, but nothing split: as it would be read aloud."""


def fold(text: str) -> Folded:
    """Read `text` as a person would: compatibility forms, invisible characters, look-alikes and disguises undone."""
    plain = fold_plain(text)
    cased = _single_spaced(plain)
    undisguised = tuple(_undisguised(plain))
    others = (_single_spaced(reading) for reading in (*undisguised, *_split(plain)))
    return Folded(text, plain, cased, tuple(_key(reading) for reading in (cased, *others)), undisguised)


def fold_plain(text: str) -> Reading:
    """`text` in compatibility forms, without what is invisible, look-alikes mapped: the first of the readings."""
    return _unmasked(_plain(text))


def bare(word: str) -> str:
    """A word in lower case, without accents."""
    if word.isascii():
        return word.lower()
    split = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in split if unicodedata.category(c) != "Mn")


def fold_term(term: str, *, case_sensitive: bool = False) -> str:
    """A phrase in the form in which `Folded.keys` hold it, or `Folded.cased`."""
    cased = _single_spaced(fold_plain(term))
    return (cased if case_sensitive else _key(cased)).text.strip()


def _plain(text: str) -> Reading:
    characters, starts, ends, done = [], list[int](), list[int](), 0
    graphemes = (grapheme for odd in _ODD.finditer(text) for grapheme in _GRAPHEME.finditer(text, *odd.span()))
    for match in graphemes:
        start, end, grapheme = match.start(), match.end(), match[0]
        new = _fold_grapheme(grapheme) if len(grapheme) <= _CACHED else _fold_grapheme.__wrapped__(grapheme)
        characters += [text[done:start], new]
        starts += [*range(done, start), *[start] * len(new)]
        ends += [*range(done + 1, start + 1), *[end] * len(new)]
        done = end
    starts += range(done, len(text))
    ends += range(done + 1, len(text) + 1)
    return Reading("".join(characters) + text[done:], tuple(starts), tuple(ends))


@lru_cache(maxsize=4096)
def _fold_grapheme(grapheme: str) -> str:
    if grapheme == "\r\n":
        return "\n"
    seen = _STACKED.sub("", _UNSEEN.sub("", grapheme))
    # Before normalising too: it makes a space and a mark of a free-standing accent.
    normal = unicodedata.normalize("NFKC", "".join(ALWAYS.get(c, c) for c in seen))
    # A mark that composes with nothing (a strike-through, a ring below) is decoration on a Latin letter.
    if len(normal) > 1 and _LATIN.match(normal):
        normal = "".join(c for c in normal if unicodedata.category(c) != "Mn")
    return "".join(ALWAYS.get(c, c) for c in normal)


def _unmasked(reading: Reading) -> Reading:
    """Letters of other scripts that pose as Latin ones, mapped; honest Greek or Cyrillic words are left alone."""
    if not _POSING.search(reading.text):
        return reading
    tokens = [(match, sum(c in OTHER_SCRIPTS for c in match[0])) for match in _WORD.finditer(reading.text)]
    honest = any(
        alike < len(match[0]) and _SIBLING.search(match[0]) and not _LATIN.search(match[0]) for match, alike in tokens
    )
    return reading.replaced(
        (match.start(), match.end(), "".join(OTHER_SCRIPTS.get(c, c) for c in match[0]))
        for match, alike in tokens
        if alike and (_LATIN.search(match[0]) or (alike == len(match[0]) and not honest))
    )


# --- Further readings -------------------------------------------------------------------------------------------

_LEET = str.maketrans("013457@$!|€", "oieastasiie")
# At the end of a word `!` ends a sentence.
_LEET_RUN = regex.compile(r"(?<![\p{L}\p{Nd}@.])[\p{L}\p{Nd}@$!|€]{2,}[\p{L}\p{Nd}@$€]")
_LEET_INSIDE = regex.compile(r"[013457@$!|€]\p{L}|\p{L}[013457$@]+(?![\p{L}\p{Nd}@$!|€])")
_SPACED = regex.compile(r"(?<![\p{L}\p{Nd}])\p{L}(?:([ .\-_*])\p{L})(?:\1\p{L})+(?![\p{L}\p{Nd}])")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}", regex.I)
_SEAM = regex.compile(
    r"(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})|(?<=\p{L})(?=\p{Nd})|(?<=[#@])(?=\p{L})|(?<=\p{L})_+(?=\p{L})"
)


def _undisguised(plain: Reading) -> Iterator[Reading]:
    if _LEET_INSIDE.search(plain.text):
        yield _each(plain, _LEET_RUN, _without_leet)
    if _SPACED.search(plain.text):
        yield plain.replaced(_without_separators(plain.text))
    if _STRETCHED.search(plain.text):
        yield _each(plain, _STRETCHED, lambda run: run[0])
        yield _each(plain, _STRETCHED, lambda run: run[:2])


def _split(plain: Reading) -> Iterator[Reading]:
    if _SEAM.search(plain.text):
        yield _each(plain, _SEAM, lambda _: " ")


def _without_leet(run: str) -> str:
    return run.translate(_LEET) if _LEET_INSIDE.search(run) else run


def _each(reading: Reading, pattern: regex.Pattern[str], change: Callable[[str], str]) -> Reading:
    return reading.replaced((m.start(), m.end(), change(m[0])) for m in pattern.finditer(reading.text))


def _without_separators(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _SPACED.finditer(text):
        yield from ((at, at + 1, "") for at in range(match.start() + 1, match.end(), 2))


_WIDE = regex.compile(r"\s{2,}|[^\S ]")


def _single_spaced(reading: Reading) -> Reading:
    return _each(reading, _WIDE, lambda _: " ") if _WIDE.search(reading.text) else reading


# An apostrophe may stand for an accent (`perche'`) or close a quotation ('casa'), a backtick for either.
_KEY_PIECE = regex.compile(
    r"(?P<accented>[aeiouAEIOU])(?=['`](?!\p{L}))(?<!['`]\p{L}{1,30})['`]|(?P<closing>(?<=[aeiouAEIOU])['`](?!\p{L}))"
    r"|`|[^\s!-~]|[A-Z]+(?=[AEIOU]['`](?!\p{L}))|[A-Z]+"
)


def _key(reading: Reading) -> Reading:
    """Lower case and no accents."""
    return reading.replaced((m.start(), m.end(), _key_piece(m)) for m in _KEY_PIECE.finditer(reading.text))


def _key_piece(match: regex.Match[str]) -> str:
    if match["closing"]:
        return ""
    piece = match["accented"] or match[0]
    if piece == "`":
        return "'"
    return piece.lower() if piece.isascii() else _bare(piece)


@lru_cache(maxsize=4096)
def _bare(character: str) -> str:
    lowered = unicodedata.normalize("NFD", character.lower())
    return "".join(c for c in lowered if unicodedata.category(c) != "Mn") or character
