"""A draft as the judge reads it: windows of whole sentences after what they answer, and the place of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.draft import Account, Kind, Span
from rules.tokens import BEGIN, END, Tokenizer, Tokens

WINDOW = 128
"""Pieces of the draft that are read together: longer drafts are read in several windows, never cut.

The network could read 500, but a sentence among forty others speaks too softly to be heard.
"""
ASKED = 96
"""Pieces of what is answered that are read with it: its beginning and its end, where it is longer."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What the network reads at once."""

    ids: tuple[int, ...]
    segments: tuple[range, ...]
    """Ranges of `ids`: first all of the draft that is in this window, then its sentences if there are several."""
    spans: tuple[Span, ...]
    """Where each segment stands in the text."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a draft besides its words; None where it is not known."""

    kind: Kind | None = None
    account: Account | None = None
    asked: str = ""
    """What it answers."""

    @property
    def prefix(self) -> str:
        known = " ".join(str(part) for part in (self.kind, self.account) if part)
        return f"query: {known}:" if known else "query:"


def passages(
    tokenizer: Tokenizer, text: str, sentences: Sequence[Span], context: Context | None = None, most: int = WINDOW
) -> tuple[Passage, ...]:
    """The windows of `text`, which is in NFKC and not blank, of up to `most` pieces each."""
    context = context or Context()
    head = (BEGIN, *tokenizer.tokens(context.prefix).ids)
    if context.asked:
        head += (*_shortened(tokenizer.tokens(context.asked).ids), END)
    tokens = tokenizer.tokens(text)
    return tuple(_passage(head, tokens, window) for window in _windows(tokens, sentences, most))


def _shortened(ids: tuple[int, ...]) -> tuple[int, ...]:
    return ids if len(ids) <= ASKED else (*ids[: ASKED // 2], *ids[-ASKED // 2 :])


def _passage(head: tuple[int, ...], tokens: Tokens, window: list[tuple[range, Span]]) -> Passage:
    first, last = window[0], window[-1]
    whole = range(first[0].start, last[0].stop), Span(first[1].start, last[1].end)
    segments = [whole, *window] if len(window) > 1 else [whole]
    shift = len(head) - whole[0].start
    return Passage(
        (*head, *tokens.part(whole[0]), END),
        tuple(range(places.start + shift, places.stop + shift) for places, _ in segments),
        tuple(span for _, span in segments),
    )


def _windows(tokens: Tokens, sentences: Sequence[Span], most: int) -> Iterator[list[tuple[range, Span]]]:
    window: list[tuple[range, Span]] = []
    for places, span in _pieces(tokens, sentences, most):
        if window and places.stop - window[0][0].start > most:
            yield window
            window = []
        window.append((places, span))
    if window:
        yield window


def _pieces(tokens: Tokens, sentences: Sequence[Span], most: int) -> Iterator[tuple[range, Span]]:
    """Each sentence with its pieces; one that is longer than a window, in parts."""
    for sentence in sentences:
        places = tokens.within(sentence)
        for start in range(places.start, places.stop, most):
            part = range(start, min(start + most, places.stop))
            begin = sentence.start if start == places.start else tokens.ends[start - 1]
            end = sentence.end if part.stop == places.stop else tokens.ends[part.stop - 1]
            if begin < end:
                yield part, Span(begin, end)
