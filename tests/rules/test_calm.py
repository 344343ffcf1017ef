"""A shout in lower case, and what keeps its capitals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calm import calmed
from rules.draft import Span
from rules.segmenting import sentences, words


def calm(text: str, **known: str) -> str:
    starts = [sentence.start for sentence in sentences(text)]
    return calmed(
        text, Span(0, len(text)), words(text), starts, {name.replace("_", " "): as_is for name, as_is in known.items()}
    )


@pytest.mark.parametrize(
    ("shout", "said"),
    [
        ("VIENI A TROVARCI", "Vieni a trovarci"),
        ("VIENI A MILANO. NON TARDARE", "Vieni a Milano. Non tardare"),
        ("CI VEDIAMO A REGGIO EMILIA", "Ci vediamo a Reggio Emilia"),
        ("SEE YOU ON MONDAY, I PROMISE", "See you on Monday, I promise"),
        ("GRAZIE A MARIO ROSSI PER TUTTO", "Grazie a Mario Rossi per tutto"),
        ("UNA ROSA ROSSA PER TUTTI", "Una rosa rossa per tutti"),
        ("PROVA ACME SOLE OGGI", "Prova Acme Sole oggi"),
        ("SCONTO DEL 20% FINO AL 12/05", "Sconto del 20% fino al 12/05"),
    ],
)
def test_names_keep_their_capitals(shout: str, said: str) -> None:
    assert calm(shout, acme_sole="Acme Sole") == said


def test_a_word_that_the_rest_writes_with_a_capital_keeps_it() -> None:
    text = "Domani apre Lumo a tutti. VENITE DA LUMO ANCHE VOI"
    place = Span(26, len(text))
    starts = [sentence.start for sentence in sentences(text)]
    assert calmed(text, place, words(text), starts, {}) == "Venite da Lumo anche voi"


@given(st.text(st.characters(max_codepoint=0x24F), max_size=60))
def test_every_place_is_kept(text: str) -> None:
    shout = text.upper()
    if shout and len(shout.lower()) == len(shout):
        said = calmed(shout, Span(0, len(shout)), words(shout), [0], {})
        assert len(said) == len(shout)
        assert said.casefold() == shout.casefold() or said.lower() == shout.lower()
