"""Two people's changes of one text brought together line by line; what both changed is not guessed at."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


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


def _changes(before: Sequence[str], text: str) -> list[tuple[int, int, list[str]]]:
    after = text.splitlines(keepends=True)
    codes = SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes()
    return [(start, end, after[first:last]) for what, start, end, first, last in codes if what != "equal"]
