"""The tables of drafts that workers share. They are sealed, each chunk under a key that goes with its row."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel


class BulkRun(SQLModel, table=True):
    """A file of drafts that is being screened by workers, while it is."""

    id: str = Field(primary_key=True)
    at: float = Field(index=True)
    """When its chunks were last seen to, in seconds since the epoch."""
    moment: str
    """As of which it is screened: `Run.at`."""
    revision: str
    policy: bytes = Field(sa_type=LargeBinary)
    words: bool


class BulkChunk(SQLModel, table=True):
    """Some lines of it, and then, in their place, their results."""

    id: str = Field(primary_key=True)
    """The run's, a stroke and the number."""
    run: str = Field(foreign_key="bulkrun.id", index=True)
    number: int
    is_done: bool = False
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
