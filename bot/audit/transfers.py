"""Why the whole database can be neither copied, put back nor moved, and what to do about it."""

from __future__ import annotations

from typing import Literal

from bot.wording import Wording

Code = Literal[
    "there", "inside", "no_backup", "file", "fault", "present", "other_kind", "not_empty", "tool", "history",
    "contradicts", "begun", "kind", "target", "behind", "checkpoints", "differs", "other", "not_moved", "went_on",
]  # fmt: skip


class TransferError(Exception):
    """A backup, a restore or a move that cannot be made. Holds a code and a place, or what a tool says."""

    def __init__(self, code: Code, place: str) -> None:
        self.code, self.place = code, place
        super().__init__(code, place)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        """What is wrong, and the remedy."""
        wording = Wording(language)
        return f"{self.place}: {(_of_any(wording) | _of_backups(wording) | _of_moves(wording))[self.code]}"


def _of_any(wording: Wording) -> dict[Code, str]:
    return {
        "fault": wording.say("the record does not verify: run vaglio audit verify, and keep the backups you have."),
        "not_empty": wording.say(
            "it is not empty, and nothing is written over. Make an empty database, and name it in place of this one."
        ),
    }


def _of_backups(wording: Wording) -> dict[Code, str]:
    return {
        "there": wording.say("it is there already, and nothing is written over. Name a folder that is to be made."),
        "inside": wording.say("a backup belongs outside the data and the keys. Name another folder."),
        "no_backup": wording.say("this is no backup of Vaglio’s, or its manifest is damaged. Take another one."),
        "file": wording.say("it is missing or damaged in the backup, or does not belong to it. Take another one."),
        "present": wording.say("a record is here. With --replace it is kept aside and the backup put in its place."),
        "other_kind": wording.say(
            "the backup is of the other kind of database (SQLite, PostgreSQL) than VAGLIO_DATABASE_URL names."
        ),
        "tool": wording.say("PostgreSQL’s own program for it is missing or failed. Install the client of the server’s "
                            "version (pg_dump, pg_restore), and see that it reaches the server."),
        "contradicts": wording.say(
            "the entries in the backup are not those of the record here: one of the two was rewritten, or is another "
            "record. Run vaglio audit verify, and look at other backups. If you know that the record here is the wrong "
            "one: --contradicting"
        ),
        "begun": wording.say(
            "a restore of another backup was begun here and broken off. Name that backup again; or make an empty "
            "database, and name it in VAGLIO_DATABASE_URL."
        ),
        "history": wording.say("the backup is not of the record that signed checkpoints know. Nothing was put back."),
    }  # fmt: skip


def _of_moves(wording: Wording) -> dict[Code, str]:
    return {
        "kind": wording.say("only a database in a file is moved, and this is none. Leave VAGLIO_DATABASE_URL empty."),
        "target": wording.say("a record moves to PostgreSQL: write postgresql://USER@host/vaglio"),
        "behind": wording.say(
            "its tables are of an older form: run vaglio db migrate first, and see that all is well."
        ),
        "checkpoints": wording.say(
            "the record does not bear out the checkpoints that are known of it, and nothing was moved. Run vaglio "
            "audit verify."
        ),
        "differs": wording.say("what arrived is not what was sent. None of it was kept, and the record is as it was."),
        "other": wording.say(
            "a move to there was broken off in the middle: name that database again. If it is gone for good: "
            "vaglio db move --undo"
        ),
        "not_moved": wording.say("this record was not moved: there is nothing to take back."),
        "went_on": wording.say(
            "checkpoints know entries that were added after the move: the record goes on on PostgreSQL, and not here."
        ),
    }
