"""How a draft is cut into what the network reads."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.draft import Account, Kind, Span
from rules.passages import ASKED, WINDOW, Context, passages
from rules.segmenting import sentences
from rules.tokens import BEGIN, END, Tokenizer

TEXT = "Ciao a tutti. Il caffè è pronto! Perché non venite?"


def test_a_short_text_is_one_window_and_its_sentences(tokenizer: Tokenizer) -> None:
    (passage,) = passages(tokenizer, TEXT, sentences(TEXT))
    assert [span.of(TEXT) for span in passage.spans] == [
        TEXT,
        "Ciao a tutti.",
        "Il caffè è pronto!",
        "Perché non venite?",
    ]
    assert passage.ids[0] == BEGIN
    assert passage.ids[-1] == END
    whole, *parts = passage.segments
    assert [place for part in parts for place in part] == list(whole)


def test_one_sentence_is_not_read_twice(tokenizer: Tokenizer) -> None:
    (passage,) = passages(tokenizer, "Ciao a tutti", sentences("Ciao a tutti"))
    assert len(passage.segments) == 1


def test_what_is_known_stands_before_the_text(tokenizer: Tokenizer) -> None:
    bare = passages(tokenizer, TEXT, sentences(TEXT))[0]
    known = passages(tokenizer, TEXT, sentences(TEXT), Context(Kind.REPLY, Account.SUPPORT))[0]
    asked = passages(tokenizer, TEXT, sentences(TEXT), Context(Kind.REPLY, Account.SUPPORT, "Dov'è il pacco?"))[0]
    assert len(bare.ids) < len(known.ids) < len(asked.ids)
    for passage in (bare, known, asked):
        assert [passage.ids[place] for place in passage.segments[0]] == [bare.ids[place] for place in bare.segments[0]]


def test_a_long_question_is_read_at_both_ends(tokenizer: Tokenizer) -> None:
    long = " ".join(f"parola{number}" for number in range(400))
    passage = passages(tokenizer, TEXT, sentences(TEXT), Context(asked=long))[0]
    assert passage.segments[0].start <= ASKED + 10
    ids = tokenizer.tokens(long).ids
    assert passage.ids[3 : 3 + 20] != ids[-20:]
    assert ids[-10:] == passage.ids[passage.segments[0].start - 11 : passage.segments[0].start - 1]


def test_nothing_of_a_long_text_is_left_out(tokenizer: Tokenizer) -> None:
    text = " ".join(f"Questa è la frase numero {number}, e non l'ultima." for number in range(300))
    windows = passages(tokenizer, text, sentences(text))
    assert len(windows) > 5
    assert all(len(window.segments[0]) <= WINDOW for window in windows)
    assert [span for window in windows for span in window.spans[1:]] == list(sentences(text))


def test_a_sentence_without_end_is_read_in_parts(tokenizer: Tokenizer) -> None:
    text = "parola " * 2_000
    windows = passages(tokenizer, text, sentences(text))
    spans = [window.spans[0] for window in windows]
    assert spans[0].start == 0
    assert spans[-1].end == len(text.rstrip())
    assert all(one.end == other.start for one, other in pairwise(spans))


@given(st.text(max_size=300))
def test_spans_lie_in_the_text_and_segments_in_the_pieces(tokenizer: Tokenizer, text: str) -> None:
    for window in passages(tokenizer, text, sentences(text)):
        assert len(window.segments) == len(window.spans)
        for places, span in zip(window.segments, window.spans, strict=True):
            assert 0 <= span.start < span.end <= len(text)
            assert 0 < places.start <= places.stop < len(window.ids)


@pytest.mark.parametrize("text", ["Perché 🍩 no?", "caffè\ncon\tpanna", "漢字 e basta", "a\u0301 b"])
def test_places_of_pieces_are_characters(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenizer.tokens(text)
    assert tokens.ends[-1] == len(text)
    assert list(tokens.ends) == sorted(tokens.ends)
    first = tokens.within(Span(0, len(text)))
    assert len(first) == len(tokens)
