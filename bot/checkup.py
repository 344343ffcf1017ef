"""What a look at an installation finds: part by part, what is active, what is missing and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bot.wording import Wording

State = Literal["active", "missing", "wrong"]


@dataclass(frozen=True, slots=True)
class Part:
    """One of them. Nothing in it is a secret."""

    name: str
    state: State
    detail: str


Checkup = Callable[[Wording], Iterable[Part]]
"""Looks anew each time, in that language. It may take as long as reading the whole ledger."""
