"""Capitals, exclamation marks, emoji and stretched letters beyond what a calm voice needs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby, pairwise
from typing import ClassVar, Literal, Self

import regex
from pydantic import Field

from rules.calm import calmed
from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Company, Phrase
from rules.draft import Cover, Span
from rules.segmenting import quotations
from rules.terms import Terms

_MARKS = regex.compile(r"[!?！？‼⁇⁈⁉❗❓]+(?:\s*+[!?！？‼⁇⁈⁉❗❓]+)*")
_EMOJI = regex.compile(
    r"\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3"
    r"|(?![©®™])\p{Extended_Pictographic}[\ufe0f\p{EMod}]*(?:\u200d\p{Extended_Pictographic}[\ufe0f\p{EMod}]*)*"
)
_EMOJI_RUN = regex.compile(rf"(?:{_EMOJI.pattern})(?:\s*+(?:{_EMOJI.pattern}))*")
_LETTERS = regex.compile(r"[\p{L}\p{M}]+")
_STRETCHED = regex.compile(r"(\p{L})\1{2,}", regex.I)
_VOWEL = regex.compile(r"[aeiouàèéìòù]", regex.I)
_ROMAN = regex.compile(r"[IVXLCDM]+")
_ACRONYM = 5
"""Letters up to which a word in capitals is taken for an acronym."""
_LIST = 3
"""Acronyms in a row that nothing separates: more are a sentence in short words."""


class Shouting(BaseRule):
    finds: ClassVar[str] = "capitals, exclamation marks, emoji and letters in excess"

    detector: Literal["shouting"]
    capitals: int | None = Field(default=2, ge=1)
    """Words in a row, all in capitals, that are fine; a few acronyms, or a list of them, always are."""
    marks: int | None = Field(default=1, ge=1)
    """Exclamation and question marks in a row that are fine."""
    emoji: int | None = Field(default=3, ge=0)
    """Emoji in a row that are fine."""
    stretched: bool = True
    """Whether a letter three times in a row is a fault (`nooo`)."""
    keep: tuple[Phrase, ...] = ()
    """Names that are written in capitals; links, mentions and hashtags always may be."""
    company: Company = Company()
    """Whose names keep their capitals in a calmer wording; without, the policy's own."""

    def find(self, subject: Subject) -> Iterator[Hit]:
        # What is quoted is somebody else's voice.
        quoted = Cover(quotations(subject.text))
        yield from (hit for hit in self._shouts(subject) if not quoted.covers(hit.span))

    def _shouts(self, subject: Subject) -> Iterator[Hit]:
        kept = Cover([*self._kept.spans(subject.folded), *subject.verbatim])
        if self.capitals is not None:
            yield from _capitals(subject, kept, self.capitals, self._names)
        if self.marks is not None:
            yield from _marks(subject.text, self.marks)
        if self.emoji is not None:
            for match in _EMOJI_RUN.finditer(subject.text):
                if len(_EMOJI.findall(match[0])) > self.emoji:
                    yield Hit(Span(*match.span()))
        if self.stretched:
            yield from _stretched(subject, kept)

    def naming(self, company: Company) -> Self:
        return self.model_copy(update={"company": company})

    @cached_property
    def _names(self) -> dict[str, str]:
        return {name.lower(): name for name in (*self.company.names, *self.company.products)}

    @cached_property
    def _kept(self) -> Terms:
        return Terms(self.keep)


def _capitals(subject: Subject, kept: Cover, most: int, names: Mapping[str, str]) -> Iterator[Hit]:
    # Numbers neither shout nor interrupt a shout.
    words = [word for word in subject.words if _LETTERS.search(word.of(subject.text))]
    for loud, run in groupby(words, key=lambda word: _is_loud(word.of(subject.text)) and not kept.covers(word)):
        spans = list(run)
        if loud and len(spans) > most and not _are_acronyms(subject.text, spans):
            place = Span(spans[0].start, spans[-1].end)
            starts = [sentence.start for sentence in subject.sentences]
            yield Hit(place, calmed(subject.text, place, subject.words, starts, names))


def _is_loud(word: str) -> bool:
    letters = [c for c in word if c.isalpha()]
    return all(c.isupper() for c in letters) and (len(letters) > 1 or word in {"E", "È", "A", "I", "O"})


def _are_acronyms(text: str, spans: Sequence[Span]) -> bool:
    if any(span.end - span.start > _ACRONYM for span in spans):
        return False
    unseparated = all(text[one.end : other.start].isspace() for one, other in pairwise(spans))
    return len(spans) <= _LIST or not unseparated


def _marks(text: str, most: int) -> Iterator[Hit]:
    for match in _MARKS.finditer(text):
        # One character may be two marks (‼).
        signs = "".join(unicodedata.normalize("NFKC", match[0]).split())
        if len(signs) > most:
            yield Hit(Span(*match.span()), replacement="?" if "?" in signs or "❓" in signs else "!")


def _stretched(subject: Subject, kept: Cover) -> Iterator[Hit]:
    for match in _LETTERS.finditer(subject.text):
        letters = [run[0][0] for run in _STRETCHED.finditer(match[0])]
        place = Span(*match.span())
        if letters and not _ROMAN.fullmatch(match[0]) and not kept.covers(place):
            # A consonant may have been double, and so may an English vowel: only an Italian vowel is sure to be one.
            sure = subject.languages == ("it",) and all(map(_VOWEL.match, letters))
            yield Hit(place, replacement=_STRETCHED.sub(r"\1", match[0]) if sure else None)
