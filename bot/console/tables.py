"""The console's tables. Secrets lie here as hashes only, and words sealed.

Moments are seconds since the epoch.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel

EXPORTS: Final = "export:"
"""With this the ids begin under which exports are kept until they are fetched."""


class SignedIn(SQLModel, table=True):
    """Somebody's session at the console. Without this row their cookie opens nothing."""

    id: str = Field(primary_key=True)
    """SHA-256 of what the cookie holds."""
    person: str = Field(index=True)
    at: float
    until: float = Field(index=True)
    seen: float
    """When it was last used, to the minute."""
    way: str
    """`link` or `provider`."""


class SavedSearch(SQLModel, table=True):
    """Filters of the record that somebody wants again."""

    id: str = Field(primary_key=True)
    """`f_` and random digits."""
    person: str = Field(index=True)
    at: float
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    """JSON: its name, and the filters as they stand in the page's address."""


class Undertaking(SQLModel, table=True):
    """Something that takes long and that a page waits for, whichever process does it."""

    id: str = Field(primary_key=True)
    """What it is, and perhaps whose: `verify`, or `EXPORTS` and a pseudonym."""
    at: float
    due: float
    """By then whoever does it says how far it is, or has been stopped."""
    until: float = Field(index=True)
    """Then it is let go of."""
    state: str
    """`running`, `done`, `failed`."""
    by: str
    """A name of this very run: one that was overtaken has no say any more."""
    done: int = 0
    total: int = 0
    result: str = ""
    """JSON of numbers, digests and codes; or the code of what went wrong."""
    pieces: int = 0
    wrapped: bytes = Field(default=b"", sa_type=LargeBinary)


class UndertakingPiece(SQLModel, table=True):
    """A part of what was made, sealed."""

    undertaking: str = Field(primary_key=True, foreign_key="undertaking.id")
    number: int = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)


class Client(SQLModel, table=True):
    """A program that may hand in drafts by the HTTP API."""

    id: str = Field(primary_key=True)
    """`c_` and random digits."""
    name: str
    token: str = Field(unique=True)
    """SHA-256 of it."""
    program: str
    """The pseudonym under which its drafts are recorded."""
    person: str = Field(index=True)
    """Who let it in."""
    at: float
    seen: float | None = None
    """When it was last used, to the minute."""
    ended: float | None = None
