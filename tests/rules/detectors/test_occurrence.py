"""How often something may stand."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from rules.detectors.base import Subject
from rules.draft import Draft
from rules.folding import fold

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({"pattern": r"#\w+", "most": 2}, "#a #b", []),
        ({"pattern": r"#\w+", "most": 2}, "#a #b #c e #d", ["#c", "#d"]),  # those past the limit
        ({"pattern": "x", "most": 0}, "x X", ["x", "X"]),
        ({"pattern": "x", "most": 0, "ignore_case": False}, "x X", ["x"]),
        ({"pattern": "http", "least": 1}, "senza", ["senza"]),
        ({"pattern": "http", "least": 1}, "http://x", []),
        ({"pattern": "a", "least": 2, "most": 3}, "b a", ["b a"]),
        ({"pattern": "a", "least": 2, "most": 3}, "aaaa", ["a"]),
        ({"pattern": ",", "most": 1, "scope": "sentence"}, "A, b. C, d, e. F,", [","]),
        ({"pattern": "x", "least": 1, "scope": "sentence"}, "Uno x. Due. Tre x.", ["Due."]),
        ({"pattern": r"\b", "most": 0}, "a b", []),  # nothing is not counted
        ({"pattern": r"a\. b", "most": 0, "scope": "sentence"}, "Qua. Bene", []),  # across sentences is in neither
    ],
)
def test_too_many_and_too_few_are_found(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("occurrence", **parameters), text) == expected


@pytest.mark.parametrize(
    ("text", "fills"), [("x", {"count": "0", "limit": "2"}), ("aaaa", {"count": "4", "limit": "3"})]
)
def test_the_message_can_say_how_many_and_which_limit(make_rule: Make, text: str, fills: dict[str, str]) -> None:
    rule = make_rule("occurrence", pattern="a", least=2, most=3)
    assert rule.hits(Subject(Draft(text=text), fold(text), ("it",)))[0].fills == fills


@pytest.mark.parametrize("bounds", [{}, {"most": 1, "least": 2}, {"most": -1}, {"least": 0}])
def test_bounds_that_make_no_sense_are_refused(make_rule: Make, bounds: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        make_rule("occurrence", pattern="a", **bounds)
