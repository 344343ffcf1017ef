"""Drafts and the places in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rules.draft import Account, Audience, Channel, Cover, Draft, DraftRefused, Kind, Span

spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 30), st.integers(1, 10))


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 3), (3, 2), (-1, 2)])
def test_a_span_is_never_empty_nor_before_the_text(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span(start, end)


def test_a_span_counts_python_characters() -> None:
    assert Span(1, 3).of("a🎉b") == "🎉b"


@pytest.mark.parametrize(
    ("one", "other", "overlaps", "covers"),
    [
        (Span(0, 4), Span(1, 3), True, True),
        (Span(0, 4), Span(0, 4), True, True),
        (Span(0, 4), Span(3, 6), True, False),
        (Span(0, 4), Span(4, 6), False, False),
        (Span(1, 3), Span(0, 4), True, False),
    ],
)
def test_spans_overlap_and_cover(one: Span, other: Span, overlaps: bool, covers: bool) -> None:
    assert one.overlaps(other) is overlaps
    assert other.overlaps(one) is overlaps
    assert one.covers(other) is covers


@given(st.lists(spans, max_size=8), spans)
def test_a_cover_says_what_its_spans_say_one_by_one(others: list[Span], span: Span) -> None:
    assert Cover(others).covers(span) is any(other.covers(span) for other in others)


def test_a_draft_is_a_post_of_the_company_unless_said_otherwise() -> None:
    draft = Draft(text="x")
    assert (draft.kind, draft.account, draft.channel) == (Kind.POST, Account.INSTITUTIONAL, Channel.OTHER)
    assert (draft.audience, draft.language, draft.in_reply_to, draft.attachments) == (Audience.PUBLIC, None, None, ())


@given(st.text(st.characters(), max_size=40))
def test_a_draft_can_always_be_stored_and_keeps_every_offset(text: str) -> None:
    draft = Draft(text=text, in_reply_to=text, author=text, attachments=(text,))
    assert len(draft.text) == len(text)
    assert draft.text.encode().decode() == draft.text
    assert draft.in_reply_to == draft.author == draft.attachments[0] == draft.text


def test_a_lone_surrogate_becomes_one_replacement_character() -> None:
    assert Draft(text="a\ud83db").text == "a\ufffdb"
    assert Draft(text="a🎉b").text == "a🎉b"


def test_neither_repr_nor_error_shows_the_words() -> None:
    draft = Draft(text="zorblax", author="mario", in_reply_to="quuxly")
    assert not {word for word in ("zorblax", "mario", "quuxly") if word in repr(draft) + str(draft)}
    with pytest.raises(ValidationError) as caught:
        Draft(text="zorblax", language="zorblax", kind="zorblax", unknown="zorblax")  # type: ignore[arg-type, call-arg]
    assert "zorblax" not in str(caught.value)


@pytest.mark.parametrize("language", ["IT", "ita", "i", "", "it\n"])
def test_a_language_is_two_small_letters(language: str) -> None:
    with pytest.raises(ValidationError):
        Draft(text="x", language=language)


def test_a_draft_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Draft(text="x").text = "y"  # type: ignore[misc]


def test_a_refusal_gives_the_length_and_never_the_words() -> None:
    assert DraftRefused(0, 10).is_empty
    assert str(DraftRefused(0, 10)) == "no text to read"
    assert str(DraftRefused(12_000, 10_000)) == "12,000 characters, and the limit is 10,000"
