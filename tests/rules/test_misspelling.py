"""Terms as they are misspelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.draft import Draft
from rules.folding import fold
from rules.misspelling import Misspellings

TERMS = ["Progetto Falco", "Aurora", "X200", "Chiaro di Luna", "Orion 7000", "Eco"]


def near(text: str, *terms: str) -> list[tuple[str, str]]:
    """What of a text is nearly a term, and which."""
    names = terms or TERMS
    return [(span.of(text), names[index]) for span, index in Misspellings(names).find(fold(text))]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("Progeto Falco", "Progetto Falco"),  # too few
        ("Progettoo Falco", "Progetto Falco"),  # too many
        ("Progetto Falso", "Progetto Falco"),  # wrong
        ("Porgetto Falco", "Progetto Falco"),  # swapped
        ("PROGETTO  FLACO", "Progetto Falco"),
        ("Prgetto Flaco", "Progetto Falco"),  # two, since it is long
        ("Auroora", "Aurora"),
        ("Arora", "Aurora"),
        ("Auròrra", "Aurora"),
        ("Chairo di Luna", "Chiaro di Luna"),
        ("Oron 7000", "Orion 7000"),
    ],
)
def test_a_slip_is_found(text: str, term: str) -> None:
    assert near(f"Ecco: {text}!") == [(text, term)]


@pytest.mark.parametrize(
    "text",
    [
        "Progetto Falco",  # that is the term
        "progetto falco",
        "Aurore",  # an ending is for `inflect`
        "Progetto Falca",
        "Aorra e ruroa",  # two slips in a short term
        "Burora",  # the first letter is hardly ever wrong
        "Eko",  # too short to tell
        "X201", "X20", "X2000", "Orion 7001", "Orion 700", "Orion 70000", "Orin 7001",  # another number
        "Progetto", "Falco", "Luna di Chiaro",
        "",
    ],
)  # fmt: skip
def test_what_is_no_slip_is_let_pass(text: str) -> None:
    assert near(text) == []


@given(st.text("0123456789", min_size=3, max_size=6), st.text("0123456789", min_size=3, max_size=6))
def test_digits_are_never_misspelt(one: str, other: str) -> None:
    assert near(f"Telescopio {other}", f"Telescopio {one}") == []
    assert bool(near(f"Telescopo {other}", f"Telescopio {one}")) == (one == other)


def test_terms_too_short_or_too_long_are_passed_over() -> None:
    long = "uno due tre quattro cinque sei"
    assert near(f"Ecc {long.replace('quattro', 'quatro')}", "Ecco", long) == []


@given(st.from_type(Draft))
def test_places_lie_inside_any_draft(draft: Draft) -> None:
    assert all(span.end <= len(draft.text) for span, _ in Misspellings(TERMS).find(fold(draft.text)))


def test_every_place_in_a_long_text_is_found() -> None:
    text = "Progeto Falco e altro. " * 400
    found = near(text)
    assert len(found) == 400
    assert set(found) == {("Progeto Falco", "Progetto Falco")}
