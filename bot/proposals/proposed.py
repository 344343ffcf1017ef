"""What a proposal is, apart from where it is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Self

from bot.proposals.tables import Proposal

NOTE: Final = 500
"""Characters that tell what a proposal is for."""

Code = Literal["gone", "edited", "moved", "fails", "alone", "own", "same", "conflict", "unseen"]


class ProposalError(Exception):
    """What cannot be done with a proposal. Holds no word of the policy.

    `gone`: it is not open any more, or never was; `edited`: somebody else saved the file meanwhile; `moved`: another
    policy is in force than it builds on; `fails`: its tests do; `alone`: a second person has to agree; `own`: whoever
    wrote any of it cannot be that person; `same`: it changes nothing; `conflict`: both
    changed the same lines of `file`; `unseen`: it is not any more what whoever decides has looked at.
    """

    def __init__(self, code: Code, file: str = "") -> None:
        self.code, self.file = code, file
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal without its files. People are pseudonyms."""

    id: str
    at: datetime
    """When it was last edited."""
    person: str
    editors: frozenset[str]
    agreed_by: str | None
    base: str
    state: Literal["open", "published", "withdrawn"]
    note: str

    @classmethod
    def of(cls, row: Proposal) -> Self:
        at, editors = datetime.fromtimestamp(row.at, UTC), frozenset(row.editors.split())
        return cls(row.id, at, row.person, editors, row.agreed_by, row.base, row.state, row.note)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class File:
    """One of the company's own. `version` names its text, so that nobody overwrites what they have not seen."""

    name: str
    text: str

    @property
    def shown(self) -> str:
        """As its author knows it."""
        return self.name.partition("/")[2]

    @property
    def version(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def line(note: str) -> str:
    """On one line, and not at any length; no database takes a zero."""
    printable = "".join(sign if sign.isprintable() else " " for sign in note)
    return " ".join(printable.split())[:NOTE]
