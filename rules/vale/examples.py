"""Examples for an imported rule: texts made from its own expressions, kept only where the rule itself agrees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import TypeAdapter, ValidationError

from rules.detectors import Rule
from rules.detectors.base import BaseRule, Subject
from rules.draft import LIMIT, Draft
from rules.folding import fold
from rules.unavailable import Unavailable
from rules.vale.reasons import Skip

MOST = 8
"""Texts that are kept in reserve, to tell a rule from another that finds some of them too."""

_ALLOWED = ("Buongiorno a tutti.", "Good morning, everyone.", "Ciao", "ciao", "OK", "ok", "A", "a", "1", "👍", "…", "?")
_RULE: TypeAdapter[BaseRule] = TypeAdapter(Rule)


def rule_from(fields: Mapping[str, Any]) -> BaseRule:
    """The rule that a policy file's `fields` make. Raises `Skip` with pydantic's reason."""
    try:
        return _RULE.validate_python(fields)
    except ValidationError as error:
        raise Skip("invalid", reason=error.errors()[0]["msg"]) from None


def tried(
    fields: Mapping[str, Any], flags: Iterable[str], allows: Iterable[str], languages: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    """Of the texts given, and of others made from them, those that the rule flags, and one that it lets pass.

    Raises `Skip` where there is none of either, and where the rule takes too long on one.
    """
    rule = rule_from({**fields, "examples": {"flag": ["x"], "allow": ["y"]}})

    def is_flagged(text: str) -> bool:
        try:
            return bool(rule.hits(Subject(Draft(text=text), fold(text), languages)))
        except Unavailable:
            raise Skip("slow") from None
        except Exception as error:  # of an engine, on an expression that it took
            raise Skip("invalid", reason=type(error).__name__) from None

    flagged = list(islice((text for flag in flags if (text := _first(is_flagged, _around(flag)))), MOST))
    passed = next((text for text in (*allows, *_ALLOWED) if _is_text(text) and not is_flagged(text)), None)
    if not flagged or passed is None:
        raise Skip("no_example")
    return flagged, [passed]


def _first(is_flagged: Any, texts: Iterable[str]) -> str | None:
    return next((text for text in texts if _is_text(text) and is_flagged(text)), None)


def _around(sample: str) -> Iterator[str]:
    """A text as it is, and where it would stand in one; one of spaces and signs would say little by itself."""
    if sample == sample.strip() and any(character.isalnum() for character in sample):
        yield sample
    yield from (f"Parola {sample.strip()} parola.", f"Parola{sample}parola.", f"Parola {sample}.", sample)
    yield from (f"Parola {sample}parola.", f"Parola{sample} parola.", sample.capitalize(), sample.upper())


def _is_text(text: str) -> bool:
    return bool(text.strip()) and len(text) <= LIMIT
