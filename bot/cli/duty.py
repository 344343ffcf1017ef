"""What a process of Vaglio's is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Duty:
    """One that only works has the chats to answer with, and takes nothing in."""

    takes_in: bool = True
    works: bool = True


EVERYTHING: Final = Duty()
