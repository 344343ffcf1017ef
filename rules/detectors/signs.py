"""Expressions that a detector looks for beside a model, as places in the draft."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.detectors.base import Subject
from rules.draft import Span
from rules.patterns import compiled


def seen(subject: Subject, patterns: Iterable[str]) -> Iterator[Span]:
    """Where the expressions (RE2) match; of one with a group, where its first group does."""
    plain = subject.folded.plain
    for pattern in patterns:
        expression = compiled(pattern)
        for match in expression.finditer(plain.text):
            start, end = match.span(min(1, expression.groups))
            if start < end:
                yield plain.span(start, end)
