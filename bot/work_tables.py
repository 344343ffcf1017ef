"""The tables of the work: what was given up, what processes died of, and who does what is done once over all."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel


class DeadLetter(SQLModel, table=True):
    """What nobody could answer or read, sealed as it was when it waited; an operator may have it tried once more."""

    id: str = Field(primary_key=True)
    at: float
    """When it was taken in, in seconds since the epoch."""
    died: float = Field(index=True)
    """When it was given up."""
    platform: str
    """Empty where it could not be read."""
    attempts: int
    error: str
    """The type of what went wrong last, never its words."""
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class Casualty(SQLModel, table=True):
    """A piece of work that was in hand when a process died, until it is done."""

    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    deaths: int
    """How many processes died with it."""


class Round(SQLModel, table=True):
    """Something that is done again and again, by one worker at a time."""

    name: str = Field(primary_key=True)
    due: float
    """When it is to be done next, by the database's clock."""
    until: float
    """Till when whoever is at it has it to themselves."""
    holder: str
