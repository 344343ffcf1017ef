"""Words and phrases."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({"phrases": ["parola", "due parole"]}, "Parola, due  PAROLE, parolone", ["Parola", "due  PAROLE"]),
        ({"phrases": ["cliente"]}, "i clienti", []),
        ({"phrases": ["cliente"], "inflect": ["it"]}, "i clienti", ["clienti"]),
        ({"phrases": ["Aquila"], "case_sensitive": True}, "Aquila e aquila", ["Aquila"]),
        ({"phrases": ["idiota"]}, "1d10ta! I-d-i-o-t-a! #Idiota", ["1d10ta", "I-d-i-o-t-a", "Idiota"]),
        ({"phrases": ["cultura"], "except": ["alla cultura"]}, "cultura, alla cultura", ["cultura"]),
        ({"phrases": ["  parola "]}, "parola", ["parola"]),
    ],
)
def test_phrases_are_found(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("phrases", **parameters), text) == expected


@pytest.mark.parametrize("parameters", [{"phrases": []}, {"phrases": [" "]}, {"phrases": ["a"], "inflect": ["la"]}])
def test_a_rule_without_phrases_or_with_an_unknown_language_is_none(
    make_rule: Make, parameters: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        make_rule("phrases", **parameters)


def test_loading_builds_the_list_beforehand(make_rule: Make) -> None:
    rule = make_rule("phrases", phrases=["a"])
    rule.load()
    assert "_terms" in vars(rule)
