"""Two wordings of one text, word by word: what stays and what becomes something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import pairwise

import regex

_PIECE = regex.compile(r"\s*\n\s*|[^\S\n]*\S+|\s+")
"""A word with the white space before it; line breaks are pieces of their own, so that no change runs over them."""
_SMALL = 64
"""Words on both sides up to which they are compared each with each: that costs the cube of them at worst."""


@dataclass(frozen=True, slots=True)
class Change:
    """A run of words: as they were, and as they would be. Both are the same where nothing changes."""

    before: str = field(repr=False)
    after: str = field(repr=False)

    @property
    def is_kept(self) -> bool:
        return self.before == self.after


def difference(before: str, after: str) -> Iterator[Change]:
    """The whole text, in order; white space that both have is kept. Takes time in proportion to its length."""
    return _merged(_parted(_aligned(_PIECE.findall(before), _PIECE.findall(after))))


def _aligned(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    # Words that both have once hold the two texts together: between them there is little to compare.
    held = [(-1, -1), *_anchors(old, new), (len(old), len(new))]
    for (a, b), (c, d) in pairwise(held):
        yield from _compared(old[a + 1 : c], new[b + 1 : d])
        if c < len(old):
            yield Change(old[c], new[d])


def _anchors(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Their places, in the order of both."""
    once = {word for word, times in Counter(old).items() if times == 1}
    once &= {word for word, times in Counter(new).items() if times == 1}
    places, reached = {word: at for at, word in enumerate(new) if word in once}, -1
    for at, word in enumerate(old):
        if word in once and places[word] > reached:
            reached = places[word]
            yield at, reached


def _compared(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    start = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    backwards = zip(reversed(old[start:]), reversed(new[start:]), strict=False)
    same = next((at for at, (a, b) in enumerate(backwards) if a != b), min(len(old), len(new)) - start)
    yield Change("".join(old[:start]), "".join(new[:start]))
    left, right = old[start : len(old) - same], new[start : len(new) - same]
    if max(len(left), len(right)) <= _SMALL:
        for _, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
            yield Change("".join(left[a:b]), "".join(right[c:d]))
    else:
        yield Change("".join(left), "".join(right))
    yield Change("".join(old[len(old) - same :]), "".join(new[len(new) - same :]))


def _parted(changes: Iterable[Change]) -> Iterator[Change]:
    """With the white space before a change apart where both have it: a struck-out line break says nothing."""
    for change in changes:
        gap = change.before[: len(change.before) - len(change.before.lstrip())]
        rest = change.after.removeprefix(gap)
        if not change.is_kept and rest and rest != change.after and not rest[0].isspace():
            yield Change(gap, gap)
            yield Change(change.before[len(gap) :], rest)
        else:
            yield change


def _merged(changes: Iterable[Change]) -> Iterator[Change]:
    last: Change | None = None
    for change in changes:
        if not change.before and not change.after:
            continue
        if last is not None and last.is_kept == change.is_kept:
            last = Change(last.before + change.before, last.after + change.after)
            continue
        if last is not None:
            yield last
        last = change
    if last is not None:
        yield last
