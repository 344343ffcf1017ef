"""Text that is safe to store and show to others: what must not be known is blanked, a rude sentence is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rules.draft import Span
from rules.verdict import Finding


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with labels such as `[IBAN]` in place of what was hidden, and where the findings stand in it."""

    text: str
    spans: tuple[Span, ...]
    """One a finding, in the order in which the findings were given."""


def mask(text: str, findings: Sequence[Finding], elsewhere: Mapping[str, str] | None = None) -> Masked:
    """Blank what `findings` say must be hidden, here and wherever the same words stand again in `text`.

    `elsewhere` are words that must be hidden because of another text, with their labels.
    """
    hidden = _merged(_places(text, {**(elsewhere or {}), **hidden_words(text, findings)}))
    pieces, done = [], 0
    for span, label in hidden:
        pieces += [text[done : span.start], f"[{label}]"]
        done = span.end
    masked = "".join([*pieces, text[done:]])
    return Masked(masked, tuple(_moved(finding.span, hidden) for finding in findings))


def hidden_words(text: str, findings: Iterable[Finding]) -> dict[str, str]:
    """What `findings` in `text` say must be hidden, and the label of each."""
    return {finding.span.of(text): finding.hides for finding in findings if finding.hides is not None}


def _places(text: str, labels: Mapping[str, str]) -> list[tuple[Span, str]]:
    places = []
    for words, label in labels.items():
        at = text.find(words)
        while at >= 0:
            places.append((Span(at, at + len(words)), label))
            at = text.find(words, at + 1)
    return places


def _merged(places: list[tuple[Span, str]]) -> list[tuple[Span, str]]:
    """Places that overlap become one, under the label of the longest."""
    merged: list[tuple[Span, str, int]] = []
    for span, label in sorted(places):
        size = span.end - span.start
        if merged and span.start < merged[-1][0].end:
            last, kept, longest = merged[-1]
            whole = Span(last.start, max(last.end, span.end))
            merged[-1] = (whole, label, size) if size > longest else (whole, kept, longest)
        else:
            merged.append((span, label, size))
    return [(span, label) for span, label, _ in merged]


def _moved(span: Span, hidden: Sequence[tuple[Span, str]]) -> Span:
    """Where `span` stands once the hidden places have become labels; a label it touches is in it whole."""
    start, end, shift = span.start, span.end, 0
    new_start, new_end = None, None
    for place, label in hidden:
        width = len(label) + 2
        if new_start is None and start < place.end:
            new_start = min(start, place.start) + shift
        if new_end is None and end <= place.end:
            new_end = (place.start + width if end > place.start else end) + shift
        shift += width - (place.end - place.start)
    return Span(start + shift if new_start is None else new_start, end + shift if new_end is None else new_end)
