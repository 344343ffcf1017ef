"""Regular expressions."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        ({"patterns": [r"\bABC-\d+"]}, "abc-1 e ABC-22", ["abc-1", "ABC-22"]),
        ({"patterns": [r"\bABC-\d+"], "ignore_case": False}, "abc-1 e ABC-22", ["ABC-22"]),
        ({"patterns": ["a", "ab"]}, "ab", ["a", "ab"]),
        ({"patterns": [r"prezzo (\d+)"], "group": 1}, "prezzo 10 e prezzo 20", ["10", "20"]),
        ({"patterns": [r"(a)|b"], "group": 1}, "a b", ["a"]),  # a group that took no part
        ({"patterns": [r"(a)", "b"], "group": 1}, "a b", ["a", "b"]),  # a pattern without that group
        ({"patterns": [r"\b"]}, "a b", []),  # nothing is nowhere
        ({"patterns": [r"\p{L}+"]}, "è 漢 1", ["è", "漢"]),
        ({"patterns": ["idiota"]}, "ｉｄｉｏｔａ e id\u200biota", ["ｉｄｉｏｔａ", "id\u200biota"]),
        ({"patterns": ["l'a"]}, "🎉 l’a", ["l’a"]),
        ({"patterns": [r"\.\.\."]}, "a… b...", ["…", "..."]),
        ({"patterns": ["e"]}, "e\u0301 e", ["e"]),
        ({"patterns": [r"^b$"]}, "a\nb", []),
        ({"patterns": [r"(?m)^b$"]}, "a\nb", ["b"]),
    ],
)
def test_patterns_are_sought_in_the_text_as_it_reads(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("pattern", **parameters), text) == expected


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "a{1001}", "", "a*", "(a|)", "(?i)"])
def test_a_pattern_that_re2_refuses_or_that_matches_nothing_at_all_is_none(make_rule: Make, pattern: str) -> None:
    with pytest.raises(ValidationError):
        make_rule("pattern", patterns=[pattern])


def test_a_group_that_no_pattern_has_is_a_fault(make_rule: Make) -> None:
    with pytest.raises(ValidationError, match="no pattern has that group"):
        make_rule("pattern", patterns=["(a)", "b"], group=2)


@pytest.mark.timeout(20)
def test_no_pattern_stalls_on_any_text(make_rule: Make, found: Make) -> None:
    assert found(make_rule("pattern", patterns=["(a+)+$"]), "a" * 50_000 + "b") == []
