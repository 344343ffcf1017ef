"""One form throughout."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("either", "text", "expected"),
    [
        ({"advisor": "adviser"}, "An advisor is an advisor", []),
        ({"advisor": "adviser"}, "An advisor, an adviser, an Adviser", ["adviser", "Adviser"]),
        ({"advisor": "adviser"}, "An adviser, an advisor", ["advisor"]),  # the first is the writer's choice
        ({"mail": "e-mail"}, "Una e-mail e una e-mail", []),  # one inside the other
        ({"mail": "e-mail"}, "Una e-mail e una mail", ["mail"]),
        ({"tu": "lei", "e-mail": "email"}, "Lei mandi una email; tu no", ["tu"]),
        ({"tu": "lei", "e-mail": "email"}, "", []),
    ],
)
def test_of_two_forms_the_second_one_used_is_found(
    make_rule: Make, found: Make, either: dict[str, str], text: str, expected: list[str]
) -> None:
    assert found(make_rule("consistency", either=either), text) == expected
