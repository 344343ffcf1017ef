"""Why the record cannot be read or written now, and what to do about it."""

from __future__ import annotations

import re
import sqlite3
from typing import Final, Literal

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, ProgrammingError

from bot.wording import Wording

Code = Literal[
    "none", "absent", "locked", "rights", "full", "disk", "broken", "tables", "head", "keys", "away", "login", "other",
    "in_use", "restoring", "master", "erased", "behind", "newer", "purge", "moved", "moving", "blocked", "index",
]  # fmt: skip

ADDRESS: Final = "VAGLIO_DATABASE_URL"
"""By which the database is named, unless something else says so."""

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


# PostgreSQL's SQLSTATE, or its class.
_STATES: dict[str, Code] = {
    "08": "away",  # the connection is lost
    "25006": "rights",  # a transaction or a standby that only reads
    "25P03": "away",  # thrown out for saying nothing
    "25P04": "locked",
    "28": "login",
    "3D000": "none",
    "3F000": "tables",  # there is no such schema
    "40001": "locked",
    "40P01": "locked",
    "42501": "rights",
    "42703": "tables",
    "42704": "tables",
    "42710": "tables",  # what a migration makes is there already, and by another's hand
    "42723": "tables",
    "42804": "tables",
    "42883": "tables",
    "42P01": "tables",
    "42P07": "tables",
    "53100": "full",
    "53300": "away",  # no more connections
    "53": "other",
    "55P03": "locked",
    "57014": "locked",
    "57P": "away",  # stopping, starting, crashed
    "58": "disk",
    "XX001": "broken",
    "XX002": "broken",
    "XX": "other",
}

# Who is not let in is told so in words alone, and in the server's language.
_REFUSED: dict[Code, re.Pattern[str]] = {
    "none": re.compile(r'database ".*" (does not exist|non esiste)'),
    "login": re.compile(r'password|pg_hba|authentica|autentica|role "|ruolo "|permitted to log in', re.IGNORECASE),
}


class RecordError(Exception):
    """The record cannot be used, and so there is no verdict. Holds a code and a place, never a word of a draft.

    `named`: where the database's address was given, by a setting or an argument.
    """

    def __init__(self, code: Code, place: str, named: str = ADDRESS) -> None:
        self.code, self.place, self.named = code, place, named
        super().__init__(code, place, named)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        """The sentence for people: what is wrong, where, and the remedy."""
        wording = Wording(language)
        if self.code == "index":  # which is not the record, and nobody need look at anything
            return wording.say(
                "The search index is busy: it is being brought up to date, or cleared of what was erased. Try again in "
                "a moment. Drafts are checked as ever."
            )
        why = (_remedies(wording, self.named) | _of_tables(wording))[self.code]
        return wording.say("The record cannot be used. {place}: {why}", place=self.place, why=why)


def _remedies(wording: Wording, named: str) -> dict[Code, str]:
    return {
        "none": wording.say("there is no record here yet: nothing was checked and recorded."),
        "absent": wording.say("the server has no database of this name. Make it, or correct {named}.", named=named),
        "locked": wording.say("another program holds the database. End it, or wait, and try again."),
        "rights": wording.say(
            "Vaglio may not read or write here. Give its user the rights to the folder and file; on a server, as the "
            "owner of the tables (VAGLIO_DATABASE_OWNER_URL), by vaglio db grant."
        ),
        "full": wording.say("the disk is full. Make room and try again."),
        "disk": wording.say("the disk does not read or write. Look at it, and at its free space."),
        "broken": wording.say("this is not a database, or it is damaged. Run vaglio audit verify."),
        "tables": wording.say("its tables are not those that Vaglio made. Run vaglio audit verify."),
        "head": wording.say("the ledger’s head cannot be written. See who holds its lock."),
        "keys": wording.say("what lies here must be sealed first, and the keys are not at hand."),
        "away": wording.say("the database server does not answer, or takes nobody in now. See that it runs."),
        "login": wording.say("wrong user or password, or no access. Look at {named}.", named=named),
        "other": wording.say("the database does not answer. Look at {named}.", named=named),
        "in_use": wording.say("Vaglio is at work on it. Stop it, on every machine, and try again."),
        "restoring": wording.say("a restore was broken off in the middle. Run the same vaglio db restore again."),
        "purge": wording.say(
            "what was deleted is out of the tables, and this user may not clear the files of it. Run vaglio audit "
            "purge, with the owner’s address in VAGLIO_DATABASE_OWNER_URL."
        ),
        "moved": wording.say(
            "this record was moved, and goes on on PostgreSQL. Set VAGLIO_DATABASE_URL; to take the move back: "
            "vaglio db move --undo"
        ),
        "moving": wording.say("a move was broken off in the middle. Run the same vaglio db move again."),
        "erased": wording.say("the list of who was erased cannot be read. Put it back from where you keep the keys."),
        "master": wording.say(
            "this key is missing, or not the one that sealed what lies in the database. Put it back from where you "
            "keep it. docs/operations.md says what to do if it is lost."
        ),
    }


def _of_tables(wording: Wording) -> dict[Code, str]:
    """Of their form, and of who is to give them another."""
    return {
        "behind": wording.say(
            "its tables are of an older form, and this user may not change them. Run vaglio db migrate, with the "
            "owner’s address in VAGLIO_DATABASE_OWNER_URL."
        ),
        "newer": wording.say("its tables are of a newer form than this Vaglio knows. Start the newer Vaglio."),
        "blocked": wording.say("whoever is named holds its tables. Once they are done, run vaglio db migrate again."),
    }


def why(error: DatabaseError) -> Code | None:
    """What it means for whoever has to mend it; None: a statement was wrong, which is for who wrote it."""
    cause = error.orig
    if not isinstance(cause, sqlite3.Error):
        return _of_postgres(error)
    if type(error) not in (OperationalError, DatabaseError):
        return None
    return code_of(cause)


def code_of(error: sqlite3.Error) -> Code:
    """The same of what SQLite itself says."""
    # Python's own complaint of bytes that are no text carries no code.
    number: int | None = getattr(error, "sqlite_errorcode", None)
    if number == sqlite3.SQLITE_IOERR_SHMSIZE:  # the file beside the log could not be made larger
        return "full"
    return "broken" if number is None else _CODES.get(number & 0xFF, "other")


def _of_postgres(error: DatabaseError) -> Code | None:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return next((_STATES[part] for part in (state, state[:3], state[:2]) if part in _STATES), None)
    if isinstance(error, OperationalError):
        return next((code for code, said in _REFUSED.items() if said.search(str(error.orig))), "away")
    # An option in the address that nobody knows; anything else was never sent.
    return "other" if isinstance(error, ProgrammingError) else None


def is_outage(error: BaseException | None) -> bool:
    """Whether the database failed whoever asked it: nobody can tell from it whether something is done or not."""
    import psycopg  # for whoever has a server, and then it is loaded

    outages = (RecordError, OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
    while error is not None and not isinstance(error, outages):
        error = error.__cause__  # the queue's library says it in its own words
    return error is not None


def without_values(error: DatabaseError) -> DatabaseError:
    """The same, without what PostgreSQL adds about the row: its values stand there in the clear."""
    diagnosis, state = getattr(error.orig, "diag", None), getattr(error.orig, "sqlstate", None) or ""
    if diagnosis is None:
        return error
    said = diagnosis.message_primary if state[:2] in ("23", "P0") else type(error.orig).__name__
    return type(error)(error.statement, None, Exception(said), hide_parameters=True)
