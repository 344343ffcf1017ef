"""What an answer shows of a draft: no tricks, and no more than there is room for."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.shown import DOTS, changed, harmless, numbers, shown
from bot.pieces import Piece
from rules.rewriting import Change

HARMFUL = ["\u202e", "\u202d", "\u2066", "\u2069", "\u200b", "\ufeff", "\x00", "\x1b", "\ud800", "\xad", "\u061c"]
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize("sign", HARMFUL, ids=ascii)
def test_what_plays_tricks_becomes_a_sign(sign: str) -> None:
    assert harmless(f"a{sign}b") == "a\ufffdb"


@pytest.mark.parametrize(
    "text",
    ["Perché no?\n\tGià.", "10\u00a0%", "👩‍👩‍👧 👍🏽 ❤️ 1️⃣ 🇮🇹", ENGLAND, "می\u200cخواهم", "שלום", "e\u0301"],
    ids=ascii,
)
def test_what_people_write_stays(text: str) -> None:
    assert harmless(text) == text


def test_hidden_words_in_tags_do_not_hide() -> None:
    assert harmless("a" + "".join(chr(0xE0000 + ord(letter)) for letter in "evil")) == "a" + "\ufffd" * 4


def test_every_end_of_line_is_one() -> None:
    assert harmless("a\r\nb\rc\u2028d\u2029e\x85f") == "a\nb\nc\nd\ne\nf"


def test_marks_are_not_stacked_over_other_lines() -> None:
    assert harmless("a" + "\u0301" * 10_000 + "b") == "a" + "\u0301" * 4 + "b"


@given(st.text())
def test_nothing_is_left_that_steers_the_reader(text: str) -> None:
    left = {unicodedata.bidirectional(letter) for letter in harmless(text)}
    assert left.isdisjoint({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
    assert bool(harmless(text)) == bool(text)


marks = st.lists(st.integers(1, 9), max_size=3, unique=True).map(lambda numbers: tuple(sorted(numbers)))
pieces = st.lists(st.builds(Piece, st.text(min_size=1, max_size=300), marks), max_size=30)


def length(pieces: object) -> int:
    return sum(len(piece.text) + 5 * bool(piece.marks) for piece in pieces)  # type: ignore[attr-defined]


@given(pieces, st.integers(0, 2000))
def test_what_is_shown_fits_and_says_what_it_lost(pieces: list[Piece], room: int) -> None:
    kept, is_cut = shown(pieces, lambda pieces: length(pieces) <= room)
    assert length(kept) <= room
    before = [piece.marks for piece in pieces if piece.marks]
    after = [piece.marks for piece in kept if piece.marks]
    assert is_cut == (before != after)
    assert all(piece.text for piece in kept)


def test_what_is_marked_stays_with_what_is_around_it() -> None:
    draft = [Piece("a" * 500), Piece("idiota", (1,)), Piece("b" * 500), Piece("ciao", (2,)), Piece("c" * 500)]
    kept, is_cut = shown(draft, lambda pieces: length(pieces) < 200)
    assert "".join(piece.text for piece in kept) == (
        f"{DOTS}{'a' * 30}idiota{'b' * 30}{DOTS}{'b' * 30}ciao{'c' * 30}{DOTS}"
    )
    assert not is_cut


def test_the_most_severe_marks_stay_the_longest() -> None:
    draft = [piece for _ in range(200) for piece in (Piece("parola", (2,)), Piece(" "))]
    kept, is_cut = shown([*draft, Piece("idiota", (1,))], lambda pieces: length(pieces) < 200)
    assert is_cut
    assert (1,) in [piece.marks for piece in kept]


def test_a_draft_with_nothing_marked_is_shown_from_its_beginning() -> None:
    kept, is_cut = shown([Piece("parola " * 100)], lambda pieces: length(pieces) < 100)
    assert not is_cut
    assert kept[0].text.startswith("parola parola")
    assert kept[0].text.endswith(DOTS)


def test_the_number_of_a_remark_is_said_once_where_it_begins() -> None:
    assert numbers(Piece("a", (1, 12)), None) == "¹⁺¹²"
    assert numbers(Piece("b", (1, 3)), Piece("a", (1,))) == "³"
    assert numbers(Piece("b", ()), Piece("a", (1,))) == ""


changes = st.lists(
    st.builds(Change, st.text(max_size=300), st.text(max_size=300)) | st.text().map(lambda a: Change(a, a))
)


@given(changes, st.integers(0, 2000))
def test_changes_are_shown_whole_with_less_and_less_around_them_or_not_at_all(changes: list[Change], room: int) -> None:
    def length(changes: object) -> int:
        return sum(len(change.before) + len(change.after) for change in changes)  # type: ignore[attr-defined]

    kept = changed(changes, lambda changes: length(changes) <= room)
    safe = [Change(harmless(change.before), harmless(change.after)) for change in changes]
    assert kept is None or length(kept) <= room
    if kept is not None:
        assert [change for change in kept if not change.is_kept] == [change for change in safe if not change.is_kept]
