"""Terms of a short list as they are misspelt: a letter too many, too few, wrong or swapped with its neighbour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import regex
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from rules.draft import Span
from rules.folding import Folded, fold_term

_TOKEN = regex.compile(r"[\p{L}\p{Nd}]+")
_SHORTEST, _LONG = 5, 9
"""Letters from which a term may be misspelt in one place, and in two."""
_MOST_WORDS = 5


class Misspellings:
    """Immutable; built once for a list."""

    def __init__(self, terms: Sequence[str]) -> None:
        self._by_words: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for index, term in enumerate(terms):
            form = " ".join(_TOKEN.findall(fold_term(term)))
            if len(form) >= _SHORTEST and len(form.split()) <= _MOST_WORDS:
                self._by_words[len(form.split())].append((form, index))

    def find(self, folded: Folded) -> Iterator[tuple[Span, int]]:
        """Places that are nearly a term, and the term's number. What is a term letter for letter is none of them."""
        reading = folded.keys[0]
        tokens = [match.span() for match in _TOKEN.finditer(reading.text)]
        for count, terms in self._by_words.items():
            places = [(tokens[at][0], tokens[at + count - 1][1]) for at in range(len(tokens) - count + 1)]
            windows = [" ".join(_TOKEN.findall(reading.text[start:end])) for start, end in places]
            forms = [form for form, _ in terms]
            if not windows:
                continue
            apart = cdist(windows, forms, scorer=OSA.distance, score_cutoff=2)
            for row, column in zip(*((apart > 0) & (apart <= 2)).nonzero(), strict=True):
                if _is_near(windows[row], forms[column], int(apart[row, column])):
                    yield reading.span(*places[row]), terms[column][1]


def _is_near(window: str, form: str, apart: int) -> bool:
    # The first letter is hardly ever the wrong one; digits are never: X200 is not X300.
    if window[0] != form[0] or [c for c in window if c.isdigit()] != [c for c in form if c.isdigit()]:
        return False
    # An ending alone makes the plural or another word of the same root: `inflect` is for that.
    same = len(window) == len(form) and window[:-1] == form[:-1]
    return not same and apart <= (2 if len(form) >= _LONG else 1)
