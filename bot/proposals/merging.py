"""Two people's changes of one text brought together line by line; what both changed is not guessed at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

_MOST: Final = 2_000_000
"""Pairs of equal items that may be looked at: thousands of equal lines on both sides would take hours."""


def merged(origin: str, ours: str, theirs: str) -> str | None:
    """`theirs` with what `ours` changed in `origin`; None where both changed the same lines, or neighbouring ones."""
    if ours in (origin, theirs):
        return theirs
    if theirs == origin:
        return ours
    before = origin.splitlines(keepends=True)
    changes = sorted([*_changes(before, ours), *_changes(before, theirs)])
    lines: list[str] = []
    at = 0
    last: tuple[int, int, list[str]] | None = None
    for change in changes:
        start, end, new = change
        if change == last:
            continue  # both did the same
        # An insertion at the very place where another change begins or ends could go before or after it.
        if last is not None and start <= last[1]:
            return None
        lines += [*before[at:start], *new]
        at, last = end, change
    return "".join([*lines, *before[at:]])


def is_costly(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether so many are alike that nobody should wait for which of them are the same ones."""
    there = Counter(after)
    return sum(count * there[each] for each, count in Counter(before).items()) > _MOST


def _changes(before: Sequence[str], text: str) -> list[tuple[int, int, list[str]]]:
    after = text.splitlines(keepends=True)
    if is_costly(before, after):
        return [_one_change(before, after)]
    codes = SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    return [(start, end, after[first:last]) for what, start, end, first, last in codes if what != "equal"]


def _one_change(before: Sequence[str], after: Sequence[str]) -> tuple[int, int, list[str]]:
    """From the first line that differs to the last one, as if all between had been written anew."""
    head = _alike(before, after)
    tail = _alike(before[head:][::-1], after[head:][::-1])
    return head, len(before) - tail, list(after[head : len(after) - tail])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many items both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
