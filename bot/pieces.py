"""The draft as an answer shows it: cut where marks begin and end, and only around them where it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from rules.draft import Span
from rules.verdict import Severity

EXCERPT = 2_400
"""Characters of the draft that fit a message; beyond them, it shows only what lies around each finding."""
_AROUND = 80
_MARKED = 200
"""Findings that an answer marks at most; the rest are counted among the remarks all the same."""
_DOTS = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the draft's characters. `marks` are the numbers of the remarks that are about it."""

    text: str
    marks: tuple[int, ...] = ()


class Placed(Protocol):
    """A finding, as far as it is marked."""

    @property
    def rule(self) -> str: ...

    @property
    def severity(self) -> Severity: ...

    @property
    def span(self) -> Span: ...


def pieces_of(text: str, findings: Sequence[Placed], numbers: dict[str, int], room: int) -> Iterator[Piece]:
    """Up to `room` characters of `text`, the findings' places marked with the `numbers` of their rules."""
    # A finding about the whole text (its length, its readability) marks nothing: everything marked is nothing marked.
    marked = [finding for finding in findings if (finding.span.start, finding.span.end) != (0, len(text))]
    marked = sorted(marked, key=lambda finding: (-finding.severity.rank, finding.span))[:_MARKED]
    shown = _shown(text, marked, room)
    for place in shown:
        if place.start > 0:
            yield Piece(_DOTS)
        edges = {place.start, place.end}
        for finding in marked:
            edges |= {edge for edge in (finding.span.start, finding.span.end) if place.start < edge < place.end}
        cuts = sorted(edges)
        for start, end in pairwise(cuts):
            here = {numbers[f.rule] for f in marked if f.span.start < end and start < f.span.end}
            yield Piece(text[start:end], tuple(sorted(here)))
    if shown and shown[-1].end < len(text):
        yield Piece(_DOTS)


def _shown(text: str, findings: Sequence[Placed], room: int) -> list[Span]:
    """The whole draft where it fits, else what lies around the findings, else its beginning."""
    if len(text) <= room:
        return [Span(0, len(text))]
    places: list[Span] = []
    budget = room
    for finding in findings:
        start, end = max(0, finding.span.start - _AROUND), min(len(text), finding.span.end + _AROUND)
        end = min(end, start + budget)
        if end <= start or budget < _AROUND:
            break
        budget -= end - start
        places.append(Span(start, end))
    return _joined(places) or [Span(0, room)]


def _joined(places: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for place in sorted(places):
        if joined and place.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, place.end))
        else:
            joined.append(place)
    return joined
