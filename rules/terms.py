"""Lists of words and phrases, sought all at once and as whole words, whatever their case, accents or disguise."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence

import regex
import Stemmer
from ahocorasick_rs import AhoCorasick, Implementation

from rules.draft import Span
from rules.folding import Folded, Reading, fold_term

_TOKEN = regex.compile(r"[\p{L}\p{Nd}]+|[^\s\p{L}\p{Nd}]")
_DFA_LIMIT = 2_000
"""Terms up to which the fastest automaton is worth its memory."""
_SNOWBALL = {"it": "italian", "en": "english", "fr": "french", "de": "german", "es": "spanish", "pt": "portuguese"}


class Terms:
    """An immutable list of terms. `inflect` names the languages whose endings do not matter (`cliente`, `clienti`)."""

    def __init__(self, terms: Sequence[str], *, case_sensitive: bool = False, inflect: Sequence[str] = ()) -> None:
        self._case_sensitive = case_sensitive
        forms = [fold_term(term, case_sensitive=case_sensitive) for term in terms]
        self._exact = _Automaton(forms)
        self._stemmed = {
            language: _Automaton([" ".join(_stems(form, language)[0]) for form in forms]) for language in inflect
        }

    def find(self, folded: Folded) -> Iterator[tuple[Span, int]]:
        """Spans of the original text in order, each with the index of its term, less those inside a longer one."""
        found: dict[Span, int] = {}
        for reading in (folded.cased,) if self._case_sensitive else folded.keys:
            for start, end, index in self._in(reading):
                found.setdefault(reading.span(start, end), index)
        return _outermost(found.items())

    def spans(self, folded: Folded) -> Iterator[Span]:
        return (span for span, _ in self.find(folded))

    def _in(self, reading: Reading) -> Iterator[tuple[int, int, int]]:
        yield from self._exact.whole_words(reading.text)
        for language, automaton in self._stemmed.items():
            stems, starts, ends = _stems(reading.text, language)
            # Where each stem begins and ends in the line of stems, to know which tokens a match covers.
            line, opens, closes = " ".join(stems), {}, {}
            at = 0
            for token, stem in enumerate(stems):
                opens[at], closes[at + len(stem)] = token, token
                at += len(stem) + 1
            for start, end, index in automaton.matches(line):
                if start in opens and end in closes:
                    yield starts[opens[start]], ends[closes[end]], index


class _Automaton:
    def __init__(self, forms: Sequence[str]) -> None:
        known: dict[str, int] = {}
        for index, form in enumerate(forms):
            if form:
                known.setdefault(form, index)
        self._indices = list(known.values())
        implementation = Implementation.DFA if len(known) <= _DFA_LIMIT else Implementation.ContiguousNFA
        self._search = AhoCorasick(list(known), implementation=implementation) if known else None

    def matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        if self._search is None:
            return
        for pattern, start, end in self._search.find_matches_as_indexes(text, overlapping=True):
            yield start, end, self._indices[pattern]

    def whole_words(self, text: str) -> Iterator[tuple[int, int, int]]:
        for start, end, index in self.matches(text):
            # A term that begins or ends with a sign (`#adv`) brings its own boundary.
            cut_left = start and text[start].isalnum() and text[start - 1].isalnum()
            cut_right = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
            if not cut_left and not cut_right:
                yield start, end, index


def _outermost(found: Iterable[tuple[Span, int]]) -> Iterator[tuple[Span, int]]:
    reached = 0
    for span, index in sorted(found, key=lambda pair: (pair[0].start, -pair[0].end)):
        if span.end > reached:
            yield span, index
            reached = span.end


def _stems(text: str, language: str) -> tuple[list[str], list[int], list[int]]:
    tokens = list(_TOKEN.finditer(text))
    stems = _stemmers.by_language[language].stemWords([token[0] for token in tokens])
    return stems, [token.start() for token in tokens], [token.end() for token in tokens]


class _Stemmers(threading.local):
    """A stemmer serves one thread. The library's own cache is off: it would hold the words of drafts."""

    def __init__(self) -> None:
        self.by_language = {language: Stemmer.Stemmer(name, 0) for language, name in _SNOWBALL.items()}


_stemmers = _Stemmers()


STEMMED = frozenset(_SNOWBALL)
"""Languages that `inflect` knows."""
