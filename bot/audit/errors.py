"""Why the record cannot be read or written now, and what to do about it."""

from __future__ import annotations

import sqlite3
from typing import Literal

from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from bot.wording import Wording

Code = Literal["none", "locked", "rights", "full", "disk", "broken", "tables", "head", "keys", "other"]

_CODES: dict[int, Code] = {
    sqlite3.SQLITE_ERROR: "tables",
    sqlite3.SQLITE_SCHEMA: "tables",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_PERM: "rights",
    sqlite3.SQLITE_READONLY: "rights",
    sqlite3.SQLITE_CANTOPEN: "rights",
    sqlite3.SQLITE_AUTH: "rights",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "disk",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
}


class RecordError(Exception):
    """The record cannot be used, and so there is no verdict. Holds a code and a place, never a word of a draft."""

    def __init__(self, code: Code, place: str) -> None:
        self.code = code
        self.place = place
        super().__init__(code, place)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        """The sentence for people: what is wrong, where, and the remedy."""
        wording = Wording(language)
        why = _reasons(wording)[self.code]
        return wording.say("The record cannot be used. {place}: {why}", place=self.place, why=why)


def _reasons(wording: Wording) -> dict[Code, str]:
    return {
        "none": wording.say("there is no record here yet: nothing was checked and recorded."),
        "locked": wording.say("another program holds the database. End it, or wait, and try again."),
        "rights": wording.say("Vaglio may not read or write here. Give its user the rights to the folder and file."),
        "full": wording.say("the disk is full. Make room and try again."),
        "disk": wording.say("the disk does not read or write. Look at it, and at its free space."),
        "broken": wording.say("this is not a database, or it is damaged. Run vaglio audit verify."),
        "tables": wording.say("its tables are not those that Vaglio made. Run vaglio audit verify."),
        "head": wording.say("the ledger’s head cannot be written. See who holds its lock."),
        "keys": wording.say("what lies here must be sealed first, and the keys are not at hand."),
        "other": wording.say("the database does not answer. Look at VAGLIO_DATABASE_URL."),
    }


def why(error: SQLAlchemyError) -> Code:
    """What an error of the database means for whoever has to mend it."""
    cause = error.orig if isinstance(error, DatabaseError) else None
    return code_of(cause) if isinstance(cause, sqlite3.Error) else "other"


def code_of(error: sqlite3.Error) -> Code:
    # Python's own complaint of bytes that are no text carries no code.
    number: int | None = getattr(error, "sqlite_errorcode", None)
    return "broken" if number is None else _CODES.get(number & 0xFF, "other")
