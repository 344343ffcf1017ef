"""What is fuzzed: inputs from outside, and what must hold for each of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy

Check = Callable[[Any], None]
"""Raises for a fault of ours, and for nothing else."""


@dataclass(frozen=True, slots=True)
class Target:
    """`opened` gives the check, over parts that are made once; `few` are the inputs that the suite tries."""

    name: str
    inputs: SearchStrategy[Any]
    opened: Callable[[], AbstractContextManager[Check]]
    few: int = 25
