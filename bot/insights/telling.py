"""The words that tell a theme from the others, and sentences that may be shown: never what one customer alone wrote.

A word is shown if three different messages write it without a capital, or if it is one of a language's commonest: so
no name, number or rare turn of phrase is, whatever was missed when the text was masked.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import Stemmer

from rules.segmenting import sentences

FEWEST: Final = 3
"""Different messages that must have a word."""
_NAMED: Final = 4
"""Words that name a theme."""
_SAMPLES: Final = 2
"""Messages of a theme from which a phrase is shown."""
_TRIED: Final = 20
"""Messages nearest to a theme's middle among which these are looked for."""
_TWICE: Final = 2
"""Messages of a theme that must have a word for it to name the theme; in all there are `FEWEST` at least."""
_SHORT: Final = 2
"""Letters of a word that tells nothing."""
_LONGEST: Final = 160
"""Characters of a phrase."""
READABLE: Final = 0.7
"""Share of a phrase's words that must be left for it to be worth reading."""
_GAP: Final = "…"

_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"(\[[A-Z][A-Z0-9_]*\])")
_GAPS = re.compile(rf"{_GAP}(?:[\s,;:'’\"«»()/@#&+*=-]*{_GAP})+")
_SNOWBALL = {"it": "italian", "en": "english"}
_STOPPED = Path(__file__).parent


def words_of(text: str) -> list[str]:
    """The words of a masked text as they were written, without the labels of what was masked."""
    return [word for piece in _LABEL.split(text)[::2] for word in _WORD.findall(piece)]


@cache
def commonest() -> frozenset[str]:
    """Words of Italian and English that say nothing of what a text is about, and nothing of who wrote it."""
    read = (_STOPPED / f"commonest_{language}.txt" for language in _SNOWBALL)
    return frozenset(word for path in read for word in path.read_text(encoding="utf-8").split())


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a customer."""

    seq: int
    """The entry's number."""
    language: str | None
    words: tuple[str, ...]
    """As they were written, in their order."""


class Vocabulary:
    """What some messages have in common, word by word. The same text twice counts once."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._languages = {message.words: message.language for message in messages}
        counts = Counter(word for words in self._languages for word in _plain(words))
        self.shared = frozenset(word for word, count in counts.items() if count >= FEWEST and not word.isdigit())
        """The words that may be shown, in lower case, beside the commonest."""
        self._stems = {words: self._stemmed(words, language) for words, language in self._languages.items()}
        self._counts = Counter(stem for stems in self._stems.values() for stem in stems)

    def name(self, theme: Iterable[Message]) -> tuple[str, ...]:
        """Words that many of these messages have and few of the others do; the most telling first."""
        texts = {message.words for message in theme}
        inside = Counter(stem for words in texts for stem in self._stems[words])
        others = len(self._languages) - len(texts)
        scores: dict[str, float] = {}
        for stem, count in inside.items():
            if count >= _TWICE:
                share, elsewhere = count / len(texts), (self._counts[stem] - count + 0.5) / (others + 1)
                scores[stem] = share * math.log(share / elsewhere)
        best = sorted((stem for stem in scores if scores[stem] > 0), key=lambda stem: (-scores[stem], stem))
        return tuple(self._form(stem, texts) for stem in best[:_NAMED])

    def samples(self, theme: Sequence[Message], name: Sequence[str]) -> list[Message]:
        """Those that can be read best without what may not be shown; `theme` begins with the nearest to its middle."""
        tried = {message.words: message for message in theme[:_TRIED]}
        told = [
            message for message in tried.values() if not name or {word.lower() for word in message.words} & set(name)
        ]
        readable = [(self._readable(message), message) for message in told]
        best = sorted((pair for pair in readable if pair[0] >= READABLE), key=lambda pair: -pair[0])
        return [message for _, message in best[:_SAMPLES]]

    def _readable(self, message: Message) -> float:
        return sum(_may_be_shown(word, self.shared) for word in message.words) / max(1, len(message.words))

    def _stemmed(self, words: Sequence[str], language: str | None) -> Mapping[str, str]:
        """Its telling words by their stems."""
        stemmer = Stemmer.Stemmer(_SNOWBALL.get(language or "", "italian"), 0)
        told = {word.lower() for word in words if len(word) > _SHORT} & self.shared - commonest()
        return {stemmer.stemWord(word): word for word in sorted(told, reverse=True)}

    def _form(self, stem: str, texts: Iterable[tuple[str, ...]]) -> str:
        """The word by which a stem is shown: the most usual one."""
        forms = Counter(self._stems[words][stem] for words in texts if stem in self._stems[words])
        return min(forms, key=lambda word: (-forms[word], word))


def _plain(words: Iterable[str]) -> frozenset[str]:
    """Those that are written without a capital."""
    return frozenset(word for word in words if word == word.lower())


def phrase(text: str, name: Sequence[str], shared: Set[str]) -> str | None:
    """The sentence of a masked text that says most of the theme, without what may not be shown.

    None: too little of it is left to be worth reading.
    """
    spoken = [text[span.start : span.end] for span in sentences(text)]
    named = frozenset(name)
    best = max(spoken, key=lambda one: len(named.intersection(map(str.lower, words_of(one)))), default="")
    shown = _with_gaps(best, shared)
    words = len(words_of(best))
    if words < FEWEST or len(words_of(shown)) < READABLE * words:
        return None
    shown = _GAPS.sub(_GAP, " ".join(shown.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1].rpartition(' ')[0]} {_GAP}"


def _with_gaps(sentence: str, shared: Set[str]) -> str:
    opening = _WORD.search(sentence)
    opens = opening.start() if opening else 0
    pieces, at = list[str](), 0
    for number, piece in enumerate(_LABEL.split(sentence)):
        # Every other one is a label, which says nothing.
        pieces.append(piece if number % 2 else _WORD.sub(_Gaps(shared, opens - at), piece))
        at += len(piece)
    return "".join(pieces)


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Puts a gap for each word that others do not share, or that has a capital where no sentence begins: a name may."""

    shared: Set[str]
    opens: int
    """Where the sentence's first word stands."""

    def __call__(self, found: re.Match[str]) -> str:
        word = found[0]
        is_plain = found.start() == self.opens or word == word.lower() or word.lower() in commonest()
        return word if is_plain and _may_be_shown(word, self.shared) else _GAP


def _may_be_shown(word: str, shared: Set[str]) -> bool:
    return word.lower() in shared or word.lower() in commonest()
