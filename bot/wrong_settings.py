"""What is wrong with the name of a setting, or with its value."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from bot.wording.invalid import invalid
from bot.wording.saying import Saying, WrongValueError, about, saying

if TYPE_CHECKING:
    from pydantic import ValidationError


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
        yield about(f"{prefix}{'.'.join(map(str, fault['loc'])).upper()}", invalid(fault))
