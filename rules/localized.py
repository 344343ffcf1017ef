"""A sentence of the policy in each of its languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

ANY = "*"
"""The language of a plain string: it is the same in every one."""

_Code = Annotated[str, StringConstraints(pattern=r"^([a-z]{2}|\*)$")]
_Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Sentences = Annotated[dict[_Code, _Sentence], Field(min_length=1)]

Localized = Annotated[
    _Sentences,
    BeforeValidator(
        lambda written: {ANY: written} if isinstance(written, str) else written,
        json_schema_input_type=_Sentence | _Sentences,
    ),
]
"""`{it: "...", en: "..."}`, or one string for all languages."""


def say(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`; failing that the one for all languages, failing that the first."""
    return texts.get(language) or texts.get(ANY) or next(iter(texts.values()))
