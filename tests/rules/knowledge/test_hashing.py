"""Words to keyed hashes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.knowledge.hashing import KEY_BYTES, Hashes, Keyed, bare, joined, places_of, words_of

ONE, OTHER = Keyed(b"1" * KEY_BYTES), Keyed(b"2" * KEY_BYTES)


@given(st.text())
def test_a_hash_is_the_same_under_the_same_key_only(word: str) -> None:
    assert ONE.hash(word) == Keyed(b"1" * KEY_BYTES).hash(word)
    assert ONE.hash(word) != OTHER.hash(word)
    assert ONE.hashes([word, word]).tolist() == [ONE.hash(word)] * 2


def test_a_mark_tells_keys_apart_and_is_no_hash_of_a_word() -> None:
    assert ONE.mark == Keyed(b"1" * KEY_BYTES).mark
    assert ONE.mark != OTHER.mark
    assert b"1" * 8 not in ONE.mark.encode()


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_none(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        Keyed(b"k" * size)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("ROSSI", "rossi"),
        ("Però", "pero"),
        ("Pero\u0300", "pero"),
        ("Straße", "strasse"),
        ("Łódź", "łodz"),
        ("３３３", "333"),
    ],
)
def test_case_and_accents_do_not_matter(word: str, expected: str) -> None:
    assert bare(word) == expected


def test_words_have_their_places() -> None:
    text = "🎉 D'Angelo, mario@acme.it: 333-12"
    assert [(word, text[start:end]) for word, start, end in words_of(text)] == [
        ("d", "D"), ("angelo", "Angelo"), ("mario", "mario"), ("acme", "acme"), ("it", "it"), ("333", "333"),
        ("12", "12"),
    ]  # fmt: skip


@given(st.text())
def test_any_text_has_words_inside_it(text: str) -> None:
    places = [place for _, *place in words_of(text)]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)


@pytest.mark.parametrize(
    ("words", "other"),
    [
        (["mario", "rossi"], ["rossi", "mario"]),
        (["de", "luca", "anna"], ["anna", "de", "luca"]),
        (["333", "1234567"], ["3331234567"]),
        (["it60", "x054", "2811"], ["it60x0542811"]),
    ],
)
def test_names_are_the_same_in_any_order_and_numbers_however_grouped(words: list[str], other: list[str]) -> None:
    assert joined(words) == joined(other)


def test_numbers_and_long_rows_of_words_keep_their_order() -> None:
    assert joined(["12", "34"]) != joined(["34", "12"])
    assert joined(list("abcde")) != joined(list("edcba"))


def test_an_address_keeps_its_order() -> None:
    assert joined(["anna", "acme", "it"], "anna@acme.it") != joined(["acme", "it", "anna"], "acme.it, anna")
    assert joined(["anna", "acme", "it"], "anna@acme.it") == joined(["anna", "acme", "it"], "Anna@acme.it")


def test_places_of_what_is_there_more_than_once_and_not_at_all() -> None:
    held: Hashes = ONE.hashes(["a", "b", "b", "c"])
    held.sort()
    first, last = places_of(held, ONE.hashes(["b", "x", "a"]))
    assert (last - first).tolist() == [2, 0, 1]
