"""What is wrong with a value that was read: of all that pydantic can say, what ours can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from bot.wording.saying import Saying, saying, verbatim

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PLAIN: Final[Mapping[str, Saying]] = {
    "missing": saying("Field required"),
    "extra_forbidden": saying("Extra inputs are not permitted"),
    "string_type": saying("Input should be a valid string"),
    "string_unicode": saying("Input should be a valid string, unable to parse raw data as a unicode string"),
    "int_type": saying("Input should be a valid integer"),
    "int_parsing": saying("Input should be a valid integer, unable to parse string as an integer"),
    "int_parsing_size": saying("Unable to parse input string as an integer, exceeded maximum size"),
    "float_parsing": saying("Input should be a valid number, unable to parse string as a number"),
}


def invalid(fault: ErrorDetails) -> Saying:
    """In English what pydantic says, word for word; also in Italian, of the kinds that settings and drafts can have."""
    told = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than_equal":
            return saying("Input should be greater than or equal to {bound}", bound=_number(told["ge"]))
        case "less_than_equal":
            return saying("Input should be less than or equal to {bound}", bound=_number(told["le"]))
        case "greater_than":
            return saying("Input should be greater than {bound}", bound=_number(told["gt"]))
        case "string_pattern_mismatch":
            return saying("String should match pattern '{pattern}'", pattern=told["pattern"])
        case "literal_error" | "enum":
            return saying("Input should be {choices}", choices=_choices(told["expected"]))
        case kind:
            return _PLAIN.get(kind) or verbatim(fault["msg"])


def _number(bound: float) -> str:
    return str(int(bound) if bound == int(bound) else bound)


def _choices(expected: str) -> Saying:
    """Of pydantic's list in English, `'a', 'b' or 'c'`."""
    *others, last = re.findall(r"'[^']*'", expected) or [expected]
    return saying("{others} or {last}", others=", ".join(others), last=last) if others else verbatim(last)
