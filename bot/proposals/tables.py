"""The tables of what is proposed and replayed. They hold nobody's words.

Moments are seconds since the epoch.
"""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlmodel import Field, SQLModel


class Proposal(SQLModel, table=True):
    """A change of the policy that is not in force."""

    id: str = Field(primary_key=True)
    """`w_` and random digits."""
    at: float
    """When it was last edited."""
    person: str = Field(index=True)
    """Who began it."""
    editors: str = ""
    """Everybody who wrote any of it, with blanks between: none of them can be its second person."""
    agreed_by: str | None = Field(default=None, index=True)
    """The second person, where the settings ask for one; None again after every edit."""
    base: str
    """The revision on which it builds."""
    state: str = Field(index=True)
    """`open`, `published` or `withdrawn`."""
    note: str = ""
    bundle: bytes = Field(sa_type=LargeBinary)
    """A ZIP of the policy's files, as `bot.bundles` packs them."""
    origin: bytes = Field(sa_type=LargeBinary)
    """The same of `base`, by which changes are brought over to what was published meanwhile."""


class Backtest(SQLModel, table=True):
    """A replay of past screenings under another policy: how far it is, and what would end differently."""

    id: str = Field(primary_key=True)
    """`b_` and random digits."""
    at: float
    person: str = Field(index=True)
    proposal: str | None = Field(default=None, index=True)
    before: str
    """The revision in force when it began."""
    after: str
    """The revision that is tried."""
    state: str
    """`running`, `done`, `stopped` or `failed`."""
    due: float = 0.0
    """While somebody is at it, when another process may go on with it."""
    policies: bytes = Field(sa_type=LargeBinary)
    """The policy in force when it began and the one that is tried, so that whoever goes on has both."""
    total: int = 0
    done: int = 0
    beyond: int = 0
    """The number of the last entry that was replayed: it goes on, newest first, before that one."""
    result: str = "{}"
    """JSON: counts, and the numbers of the entries that would end differently, with both outcomes. No words."""


class BacktestPiece(SQLModel, table=True):
    """Some of the drafts of a backtest that workers share. Gone once all of them are done."""

    id: str = Field(primary_key=True)
    """The backtest's, a stroke and the number."""
    backtest: str = Field(foreign_key="backtest.id", index=True)
    number: int
    """The first has the newest drafts."""
    due: float = 0.0
    """While a worker is at it, when another may go on with it."""
    total: int
    done: int = 0
    beyond: int
    """As of a backtest, and so is `result`."""
    result: str = "{}"
