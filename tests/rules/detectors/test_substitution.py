"""Preferred wording."""

from collections.abc import Callable
from typing import Any

import pytest

from rules.detectors.base import Subject
from rules.draft import Draft
from rules.folding import fold

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("swap", "text", "expected"),
    [
        ({"utilizzare": "usare"}, "Da utilizzare. Utilizzare! UTILIZZARE", ["usare", "Usare", "USARE"]),
        ({"utilizzare": "usare"}, "riutilizzare", []),
        # a brand's own capitals
        ({"linkedin": "LinkedIn"}, "linkedin, Linkedin, LINKEDIN, LinkedIn", ["LinkedIn"] * 3),
        ({"iphone": "iPhone"}, "Iphone e iPhone", ["iPhone"]),
        # an acronym's capitals say nothing about those of its replacement
        ({"CEO": "amministratore delegato"}, "Il CEO e il ceo", ["amministratore delegato"] * 2),
        # accents that are apostrophes
        ({"perche'": "perché"}, "perche' Perche' perché Perché", ["perché", "Perché"]),
        ({"perche'": "perché"}, "PERCHE' no, L'UTENTE NO", ["PERCHÉ"]),
        ({"e'": "è"}, "E' vero, e' così ed è e basta", ["È", "è", "è"]),
        # the wrong wording inside the right one
        ({"acme": "Acme Italia"}, "acme e Acme Italia", ["Acme Italia"]),
        ({"mail": "e-mail"}, "Una mail o una e-mail", ["e-mail"]),
        # several
        ({"a": "b", "b": "c"}, "a b c", ["b", "c"]),
        ({"smart working": "lavoro agile", "working": "lavoro"}, "lo smart working", ["lavoro agile"]),
    ],
)
def test_the_preferred_wording_is_offered_in_the_case_of_what_it_replaces(
    make_rule: Make, mended: Make, swap: dict[str, str], text: str, expected: list[str]
) -> None:
    assert mended(make_rule("substitution", swap=swap), text) == expected


def test_case_counts_where_asked(make_rule: Make, found: Make) -> None:
    assert found(make_rule("substitution", swap={"Utente": "Cliente"}, case_sensitive=True), "utente Utente") == [
        "Utente"
    ]


def test_the_preferred_wording_fills_the_message(make_rule: Make) -> None:
    rule = make_rule("substitution", swap={"utilizzare": "usare"})
    (hit,) = rule.hits(Subject(Draft(text="Utilizzare"), fold("Utilizzare"), ("it",)))
    assert hit.fills == {"preferred": "usare"}
