"""Regular expressions from policy authors: RE2, so that no pattern can take more than linear time."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import re2
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError


@cache
def compiled(pattern: str, ignore_case: bool = True) -> Any:
    """Raises `re2.error` with RE2's own reason. Cached for good: patterns come from policies, not from drafts."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)


def _checked(pattern: str) -> str:
    try:
        found = compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        raise PydanticCustomError(
            "regex", "{reason}", {"reason": reason.decode() if isinstance(reason, bytes) else str(reason)}
        ) from None
    if found.search(""):
        raise PydanticCustomError("regex_empty", "it matches the empty text, and so everywhere")
    return pattern


Pattern = Annotated[str, AfterValidator(_checked)]
"""An RE2 expression that compiles and does not match the empty text."""
