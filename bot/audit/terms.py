"""Words as they are searched: folded alike for both databases; and a grammar in which nothing can be wrong."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 64
"""Characters of a word that count; the rest of a longer one is passed over, in texts and in questions alike."""
MOST: Final = 16
"""Terms of a question that count."""
_SEAM: Final = "\ue000"
"""Stands between two texts of one entry, so that no phrase reaches over. No word can have it: it is no letter."""
_FAR: Final = 16_383
"""The furthest place that PostgreSQL knows of."""
_LEAST: Final = 2
"""Letters that a beginning must have: half of all words begin with an `s` or a `c`."""

_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
"""What stands in the place of what was blanked: see `rules.masking`. Nobody wrote it, and so nobody looks for it."""
_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))
_PIECE = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')


class _Folding(dict[int, str]):
    """What each character counts as: without case, accents, width, and without what nobody sees."""

    def __missing__(self, code: int) -> str:
        spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold())
        self[code] = folded = "".join(each for each in spread if unicodedata.category(each) not in ("Mn", "Me", "Cf"))
        return folded


_FOLDING = _Folding()


def words_in(text: str) -> list[str]:
    """The words of a text, folded: what stands between anything that is neither letter nor digit."""
    return [word[:LONGEST] for word in _WORD.findall(text.translate(_FOLDING))]


def pieces_of(text: str) -> list[str]:
    """A masked text without its labels, over which no phrase reaches."""
    return _LABEL.split(text)


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after the other; of the last one perhaps only how it begins."""

    words: tuple[str, ...]
    is_beginning: bool = False

    def begins(self, words: list[str]) -> bool:
        """Whether `words` begin with these."""
        whole = self.words[:-1] if self.is_beginning else self.words
        if len(words) < len(self.words) or tuple(words[: len(whole)]) != whole:
            return False
        return not self.is_beginning or words[len(whole)].startswith(self.words[-1])


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for: all of the terms, in any order. Without any, there is nothing that could be found."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, typed: str) -> Question:
        """Words, "phrases" and beginnings*. Whatever else is typed only separates words."""
        terms = [term for piece in _PIECE.finditer(typed.translate(_QUOTES)) if (term := _term(piece))]
        return cls(tuple(dict.fromkeys(terms))[:MOST])

    def for_sqlite(self) -> str:
        """As FTS5 reads it."""
        return " AND ".join(f'"{" ".join(term.words)}"{" *" if term.is_beginning else ""}' for term in self.terms)

    def for_text(self) -> list[str]:
        """What must stand, each of them, in what `for_sqlite` made of an entry's texts, with a space around it."""
        return [f" {' '.join(term.words)}{'' if term.is_beginning else ' '}" for term in self.terms]

    def for_postgres(self) -> str:
        """As `tsquery` reads it."""
        return " & ".join(f"({' <-> '.join(_lexemes(term))})" for term in self.terms)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` a term stands: start and end in characters, in order; none overlaps another."""
        standing = list(_standing(text))
        words = [word for word, _, _ in standing]
        found: list[tuple[int, int]] = []
        for at in range(len(words)):
            fits = [len(term.words) for term in self.terms if term.begins(words[at : at + len(term.words)])]
            if fits:
                start, end = standing[at][1], standing[at + max(fits) - 1][2]
                if found and start < found[-1][1]:
                    start, end = found[-1][0], max(end, found.pop()[1])
                found.append((start, end))
        return found


def for_sqlite(texts: list[str]) -> str:
    """The texts of one entry as its column holds them."""
    return f" {_SEAM} ".join(" ".join(words_in(piece)) for text in texts for piece in pieces_of(text))


def for_postgres(texts: list[str]) -> str:
    """The same as a `tsvector`, whose parser is thereby not asked what a word is.

    It keeps 256 places of a word and none beyond 16,383, which counts for phrases only.
    """
    places: dict[str, list[int]] = {}
    at = 0
    for piece in (piece for text in texts for piece in pieces_of(text)):
        for word in words_in(piece):
            at += 1
            places.setdefault(word, []).append(min(at, _FAR))
        at += 1
    return " ".join(f"'{word}':{','.join(map(str, where))}" for word, where in places.items())


def _term(piece: re.Match[str]) -> Term | None:
    phrase, star, bare = piece.groups()
    written = bare if phrase is None else f"{phrase}{star}"
    words = words_in(written)
    if not words:
        return None
    return Term(tuple(words), written.endswith("*") and len(words[-1]) >= _LEAST)


def _lexemes(term: Term) -> Iterator[str]:
    *whole, last = (f"'{word}'" for word in term.words)
    yield from whole
    yield f"{last}:*" if term.is_beginning else last


def _standing(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word of a text, folded, with the place where it stands; a label is a word that nobody can ask for."""
    done = 0
    for label in _LABEL.finditer(text):
        yield from _between(text, done, label.start())
        yield _SEAM, label.start(), label.end()
        done = label.end()
    yield from _between(text, done, len(text))


def _between(text: str, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    folded, places = list[str](), list[int]()
    for at in range(first, last):
        for each in _FOLDING[ord(text[at])]:
            folded.append(each)
            places.append(at)
    for word in _WORD.finditer("".join(folded)):
        start, end = places[word.start()], places[word.end() - 1] + 1
        # An accent that is written apart belongs to the letter before it.
        while end < last and not _FOLDING[ord(text[end])]:
            end += 1
        yield word.group()[:LONGEST], start, end
