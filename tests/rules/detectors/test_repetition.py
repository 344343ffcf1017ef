"""A word written twice."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({}, "Dico che che è bello", ["che che"]),
        ({}, "Che che che bello", ["Che che che"]),
        ({}, "il  il\u00a0il", ["il  il\u00a0il"]),
        ({}, "molto molto bello", ["molto molto"]),
        ({"allow_words": ["Mòlto", "piano"]}, "molto molto bello, piano Piano", []),
        ({"ignore_case": False}, "Che che", []),
        ({"most": 2}, "no no no, sì sì", ["no no no"]),
        # speech, tables, lists, numbers, elisions
        ({}, "No, no. No! No - no", []),
        ({}, "2 2 e x1 x1", []),
        ({}, "Milano\nMilano", []),
        ({}, "l'azienda l'azienda", []),
        ({}, "🎉 🎉", []),
        ({}, "che chef", []),
        ({}, "perché PERCHÉ", ["perché PERCHÉ"]),
        ({}, "", []),
    ],
)
def test_words_in_a_row_are_found(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("repetition", **parameters), text) == expected


def test_one_of_them_is_offered_where_one_may_stand(make_rule: Make, mended: Make) -> None:
    assert mended(make_rule("repetition"), "Che che bello bello") == ["Che", "bello"]
    assert mended(make_rule("repetition", most=2), "no no no") == [None]
