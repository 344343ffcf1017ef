"""What a Vale rule becomes, and what several kinds have in common: scope, exceptions, suggestions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.vale.definition import Definition
from rules.vale.dialect import Written
from rules.vale.expressions import literal, read
from rules.vale.reasons import Skip
from rules.vale.samples import samples

_SCOPES = ("text", "paragraph", "sentence")
_REFERENCE = re.compile(r"\$\{?([1-9])\}?")
_PARTED = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Carried:
    """A rule of ours, but for what all rules have."""

    detector: str
    fields: Mapping[str, Any]
    """The detector's own, as a policy file has them."""
    values: tuple[str | None, ...]
    """What fills the message, in order; None for what the writer wrote."""
    flags: tuple[str, ...]
    """Texts that it should flag, the plainest first; whether it does is not known yet."""
    allows: tuple[str, ...]
    """Texts that it should let pass."""


def scope_of(rule: Definition) -> dict[str, str]:
    """The narrowest scope is no use where a wider one is named too. Raises `Skip` if a post has none of them."""
    scopes = rule.texts("scope") or ("text",)
    known = [scope for scope in _SCOPES if scope in scopes]
    if not known:
        raise Skip("scope", scope=", ".join(scopes))
    return {} if known[0] == "text" else {"scope": known[0]}


def exceptions(rule: Definition, found: Written) -> dict[str, Any]:
    """Vale's exceptions spare a match that holds one, as it is written, or that lies inside one of several words."""
    phrases = [phrase for term in rule.texts("exceptions") if " " in term and (phrase := literal(read(term)))]
    unless = {"unless": list(found.exceptions)} if found.exceptions else {}
    return {**unless, **({"except": phrases} if phrases else {})}


def spared(rule: Definition) -> tuple[str, ...]:
    """A text for each exception."""
    return tuple(text for term in rule.texts("exceptions") for text in samples(read(term))[:1])


def suggested(value: str) -> str:
    """The right side of a swap as ours: Vale's `$1` is our `\\1`, and an empty option is none."""
    options = [_REFERENCE.sub(r"\\\1", option.strip()) for option in _PARTED.split(value)]
    return "|".join(option for option in options if option)
