"""What calls for something else."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
ACRONYM = {"first": r"\b(\p{Lu}{3,5})\b", "second": r"\b(\p{Lu}{3,5}) \(", "ignore_case": False}
NOTE = {"first": "acme pay", "second": r"acme bank s\.p\.a\."}


@pytest.mark.parametrize(
    ("parameters", "text", "expected"),
    [
        (ACRONYM, "La NATO (Patto Atlantico) e la NATO", []),
        (ACRONYM, "La NATO e l'ONU (Nazioni Unite)", ["NATO"]),
        (ACRONYM, "La FAO e la FAO", ["FAO", "FAO"]),
        (NOTE, "Con Acme Pay si paga", ["Acme Pay"]),
        (NOTE, "Con Acme Pay si paga. ACME Bank S.p.A.", []),
        (NOTE, "Niente", []),
        # only one of the two has a group: anything satisfies
        ({"first": r"(\d+) euro", "second": "IVA"}, "10 euro IVA inclusa", []),
        ({"first": r"(\d+) euro", "second": "IVA"}, "10 euro", ["10 euro"]),
        # what groups catch agrees whatever its case, unless case counts
        ({"first": r"vota (\w+)", "second": r"candidato (\w+)"}, "vota ROSSI, candidato Rossi", []),
        (
            {"first": r"Vota (\w+)", "second": r"candidato (\w+)", "ignore_case": False},
            "Vota ROSSI, candidato Rossi",
            ["Vota ROSSI"],
        ),
        # a group that takes no part
        ({"first": r"a(b)?", "second": r"c(d)?"}, "a c", []),
        ({"first": r"a(b)?", "second": r"c(d)?"}, "ab c", ["ab"]),
    ],
)
def test_what_stands_without_what_it_calls_for_is_found(
    make_rule: Make, found: Make, parameters: dict[str, Any], text: str, expected: list[str]
) -> None:
    assert found(make_rule("conditional", **parameters), text) == expected
