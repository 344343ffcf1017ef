"""The tables in which a server keeps what the company alone knows, until every machine has laid it out."""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel


class Collection(SQLModel, table=True):
    """One version of a table, of documents or of sentences that were taken in; or that a name holds none any more."""

    id: str = Field(primary_key=True)
    """`kn_` and random digits."""
    name: str = Field(index=True)
    """As rules call it. All else that is known of it lies sealed: the names of files may tell something."""
    version: int | None = Field(default=None, index=True)
    """The highest of a name is in force; None: it is not whole yet."""
    at: float
    """Seconds since the epoch."""
    digest: str = ""
    """SHA-256 of what it is; empty: the name was removed."""
    pieces: int = 0
    wrapped: bytes = Field(sa_type=LargeBinary)


class CollectionPiece(SQLModel, table=True):
    """A part of a version: of a ZIP with its manifest and arrays of keyed hashes, sealed."""

    collection: str = Field(primary_key=True, foreign_key="collection.id")
    number: int = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)
