"""What is wrong with the name of a setting, or with its value: of all that pydantic can say, what ours can be told."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from bot.wording.saying import Saying, WrongValueError, about, saying, verbatim

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def refuse_unknown(names: Collection[str], known: Collection[str]) -> None:
    """A misspelt name would be passed over in silence, and another policy or database used than was meant.

    Raises `WrongValueError`.
    """
    for name in sorted(set(names) - set(known)):
        close = difflib.get_close_matches(name, known, n=1)
        if close:
            raise WrongValueError(
                saying("{name} is no setting of Vaglio's. Perhaps {other}.", name=name, other=close[0])
            )
        raise WrongValueError(saying("{name} is no setting of Vaglio's. All of them are in .env.example.", name=name))


def wrong_values(error: ValidationError, prefix: str) -> Iterator[Saying]:
    """A line each, by the name in the environment; never the value. `prefix` stands before the settings' names."""
    for fault in error.errors(include_url=False, include_input=False):
        yield about(f"{prefix}{'.'.join(map(str, fault['loc'])).upper()}", _said(fault))


def _said(fault: ErrorDetails) -> Saying:
    """In English what pydantic says, word for word; also in Italian, of the kinds that our fields can have."""
    told = fault.get("ctx", {})
    match fault["type"]:
        case "greater_than_equal":
            return saying("Input should be greater than or equal to {bound}", bound=_number(told["ge"]))
        case "less_than_equal":
            return saying("Input should be less than or equal to {bound}", bound=_number(told["le"]))
        case "greater_than":
            return saying("Input should be greater than {bound}", bound=_number(told["gt"]))
        case "int_parsing":
            return saying("Input should be a valid integer, unable to parse string as an integer")
        case "int_parsing_size":
            return saying("Unable to parse input string as an integer, exceeded maximum size")
        case "float_parsing":
            return saying("Input should be a valid number, unable to parse string as a number")
        case "string_unicode":
            return saying("Input should be a valid string, unable to parse raw data as a unicode string")
        case "literal_error":
            return saying("Input should be {choices}", choices=_choices(told["expected"]))
        case _:
            return verbatim(fault["msg"])


def _number(bound: float) -> str:
    return str(int(bound) if bound == int(bound) else bound)


def _choices(expected: str) -> Saying:
    """Of pydantic's list in English, `'a', 'b' or 'c'`."""
    *others, last = re.findall(r"'[^']*'", expected) or [expected]
    return saying("{others} or {last}", others=", ".join(others), last=last) if others else verbatim(last)
