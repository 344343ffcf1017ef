"""How a review stands, and one owner's part in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto


class Ruling(StrEnum):
    """How a seat stands, and the whole review."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGE = "change"
    WITHDRAWN = "withdrawn"
    """Its writer took the draft back, or another owner has settled it."""


class Ruled(Enum):
    """What became of somebody's word."""

    DONE = auto()
    OWN = auto()
    """It is their own draft."""
    SETTLED = auto()
    """Somebody was faster, or it was withdrawn."""
    GONE = auto()
    """There is no such seat any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One owner's part in a review, as it stands."""

    id: str
    review: str
    screening: str
    writer: str
    asked: str
    owner: str
    state: Ruling
    whole: Ruling
    """The review's."""
    at: datetime
    due: datetime | None
    step: int
    taken_by: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    by: str | None = field(default=None, repr=False)
    """The name of whoever took or settled it, to be shown to people."""
    reason: str | None = field(default=None, repr=False)
