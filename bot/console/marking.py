"""Words with what is to be seen in them: where a rule found something, or what was looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rules.verdict import Severity


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the text; `degree` is empty where nothing is marked."""

    text: str
    degree: str = ""


def pieces(text: str, marks: Sequence[tuple[int, int, str]]) -> tuple[Piece, ...]:
    """`marks` are half-open places, each with its degree; where some overlap, the worst counts."""
    edges = sorted({0, len(text), *(edge for start, end, _ in marks for edge in (start, end) if 0 < edge < len(text))})
    ranks = {severity.value: severity.rank for severity in Severity}
    found = []
    for begin, end in pairwise(edges):
        here = [degree for first, last, degree in marks if first <= begin and end <= last]
        found.append(Piece(text[begin:end], max(here, key=lambda degree: ranks.get(degree, -1), default="")))
    return tuple(found)


def of_findings(words: Any, facts: Any) -> Iterator[tuple[int, int, str]]:
    """Where the findings of a check stand in its masked text, as far as its entry and its words agree."""
    spans = words.get("spans") if isinstance(words, dict) else None
    findings = facts.get("findings") if isinstance(facts, dict) else None
    if not isinstance(spans, list) or not isinstance(findings, list):
        return
    for span, found in zip(spans, findings, strict=False):
        if isinstance(span, list) and len(span) == 2 and all(type(each) is int for each in span):
            yield span[0], span[1], str(found.get("severity", "")) if isinstance(found, dict) else ""
