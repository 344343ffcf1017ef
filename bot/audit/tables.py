"""The tables of what is signed of the ledger and delivered off the host, and of the key. They hold nobody's words."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class Checkpoint(SQLModel, table=True):
    """What was signed of the ledger: kept here first, and delivered from here to the places off the host."""

    number: int = Field(primary_key=True)
    """From 1, without gaps."""
    body: str
    """Canonical JSON: exactly the text that was signed. See `bot.audit.statements`."""
    signature: str
    """Ed25519 over `body`, hexadecimal."""


class Outpost(SQLModel, table=True):
    """How far a place off the host has the checkpoints. Its address may hold a password, so it is not here."""

    place: str = Field(primary_key=True)
    """A digest of its address."""
    since: float
    """When it was first delivered to, or tried."""
    has: int = 0
    """It has taken all checkpoints up to this number."""
    attempts: int = 0
    """Since the last one that it took."""
    due: float = 0.0
    """When it is tried again; while somebody is at it, when another process may."""


class MasterKey(SQLModel, table=True):
    """By what the master key is known that wraps what lies here; nothing of the key can be told from it."""

    id: str = Field(default="master", primary_key=True)
    fingerprint: str
