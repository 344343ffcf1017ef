"""What verifying found, as people are told it: on the page and at the terminal alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.audit.comparison import Comparison, Note
from bot.audit.head import LAG
from bot.audit.verification import Fault, Verification
from bot.wording import Wording


def told(found: Verification, wording: Wording) -> list[str]:
    """What a walk along the chain found, a line each."""
    lines = [
        f"{fault.place}: {_what(fault, wording)}"
        if fault.seq is None
        else wording.say("Entry {seq}: {what}", seq=fault.seq, what=_what(fault, wording))
        for fault in found.faults
    ]
    if found.forgotten:
        lines.append(
            wording.count(
                "The words of {number} entry were let go, and the ledger says why.",
                "The words of {number} entries were let go, and the ledger says why.",
                found.forgotten,
            )
        )
    if found.is_sound:
        lines.append(
            wording.count(
                "{number} entry, and it is as it was written.",
                "{number} entries, all as they were written.",
                found.count,
            )
        )
        lines.append(wording.say("Head: {head}", head=found.head))
    return [*lines, *_of_head(found, wording), *_of_left(found, wording)]


def _of_head(found: Verification, wording: Wording) -> Iterator[str]:
    """Where the head lies behind, and that is no fault."""
    if found.left:
        return
    if found.lag and found.is_shared:
        yield wording.count(
            "The head on this machine does not know the newest entry yet: another machine wrote it, or Vaglio was "
            "stopped in between. It follows as soon as Vaglio runs here.",
            "The head on this machine does not know the newest {number} entries yet: other machines wrote them, or "
            "Vaglio was stopped in between. It follows as soon as Vaglio runs here.",
            found.lag,
        )
    elif 0 < found.lag <= LAG:
        yield wording.count(
            "The head beside the database lacks the newest entry: Vaglio was stopped in between. "
            "The next start mends it.",
            "The head beside the database lacks the newest {number} entries: Vaglio was stopped in between. "
            "The next start mends it.",
            found.lag,
        )


def _of_left(found: Verification, wording: Wording) -> Iterator[str]:
    """That all there is of it is not here."""
    if found.left and found.left.state == "moved":
        yield wording.say(
            "The record went on from here on {place}, from entry {seq}: this file was held against where it ended. "
            "What came since is verified there.",
            place=found.left.to, seq=found.left.entry.count,
        )  # fmt: skip
    elif found.left:
        yield wording.say(
            "A move to {place} was broken off: this file was held against where it ended then.", place=found.left.to
        )


def unproven(file: Path, wording: Wording) -> str:
    """Of a note beside a file that nothing bears out."""
    return wording.say(
        "{file}: beside it stands that the record was moved, and no key here bears that out: it was held against the "
        "head in the data folder.",
        file=file,
    )


def _what(fault: Fault, wording: Wording) -> str:
    return (_of_places if fault.seq is None else _of_entries)(wording).get(
        fault.what, wording.say("it cannot be read as what Vaglio wrote.")
    )


def _of_entries(wording: Wording) -> dict[str, str]:
    return {
        "gap": wording.say("it is missing."),
        "number": wording.say("no entry has such a number: Vaglio counts from 1, and did not write it."),
        "hash": wording.say("its bytes are not those that were hashed."),
        "type": wording.say("a column holds another kind of value than Vaglio writes."),
        "body": wording.say("its bytes do not say what its columns say, or are not of a form that Vaglio writes."),
        "chain": wording.say("it does not follow the entry before it."),
        "content": wording.say("its text is not the one that it commits to, or is missing."),
        "kept": wording.say("its words were let go, by an erasure or a retention, and are still here."),
        "orphan": wording.say("there is a text without an entry that commits to it."),
        "missing": wording.say("the head knows it and the database does not: the newest entries were removed."),
        "lag": wording.say("from here on the head knows nothing, and it lies further behind than a stop leaves it."),
        "head": wording.say("the head beside the database is missing, or knows another entry here."),
        "after": wording.say("the record had gone on elsewhere by then: this was put in here afterwards."),
        "removed": wording.say(
            "a signed checkpoint knows it and the database does not: the newest entries were removed."
        ),
        "rewritten": wording.say(
            "a signed checkpoint knows another entry here: this one, or one before it, was rewritten."
        ),
    }


def _of_places(wording: Wording) -> dict[str, str]:
    return {
        "gone": wording.say("the database is not there, and the head beside it is: it was removed."),
        "table": wording.say("the table is missing, or its columns are not those that Vaglio made."),
        "trigger": wording.say(
            "the trigger that keeps entries from being changed or deleted is missing or altered, or this one "
            "is not Vaglio’s."
        ),
        "function": wording.say(
            "this function is not Vaglio’s, or is not as Vaglio made it: it may do things in the owner’s name."
        ),
        "operator": wording.say("this operator is not Vaglio’s, and may be run in the place of the server’s own."),
        "view": wording.say("this view is not Vaglio’s: what is read in it may not be what was written."),
        "rule": wording.say("this rule is not Vaglio’s: it may have something else done than what was said."),
        "policy": wording.say("this rule about single rows is not Vaglio’s, and may hide some of them."),
        "version": wording.say("it does not name a form of the tables that this Vaglio knows."),
        "orphan": wording.say("there is a text without an entry that commits to it."),
        "head": wording.say("the head says nothing that Vaglio wrote."),
        **_of_checkpoints(wording),
    }


def notes_said(found: Comparison, wording: Wording) -> Iterator[str]:
    """How many checkpoints there are, and what is to be known of them."""
    if found.count:
        yield wording.count("Held against {number} checkpoint.", "Held against {number} checkpoints.", found.count)
    for note in found.notes:
        yield _note(note, wording)


def _note(note: Note, wording: Wording) -> str:
    match note.what:
        case "admitted":
            return wording.say(
                "Entry {seq} says that a backup was put back and that the entries from {seq} on were lost: what was "
                "signed of them, up to entry {last}, is not held against it.",
                seq=note.number, last=note.last,
            )  # fmt: skip
        case "begins":
            return wording.say(
                "{place}: the first checkpoint here has number {number}.", place=note.place, number=note.number
            )
        case "no_key":
            return wording.say(
                "No key says whose the checkpoints are: give the one that you were told with --key, or else anybody "
                "may have signed them."
            )
        case "elsewhere":
            return wording.say(
                "What was signed of entry {seq} and those after it is of the record elsewhere: hold it against that.",
                seq=note.number,
            )
        case "unread":
            return wording.say("{place}: it cannot be read now, and was not asked.", place=note.place)


def alone(wording: Wording) -> str:
    """What it means that no place is set."""
    return wording.say(
        "No place off this machine keeps checkpoints: somebody who can write both database and head could rewrite "
        "both. VAGLIO_CHECKPOINTS names such places."
    )


def _of_checkpoints(wording: Wording) -> dict[str, str]:
    """What is wrong with a checkpoint, or with the place that keeps it."""
    return {
        "form": wording.say("this is no checkpoint that Vaglio wrote."),
        "named": wording.say("its name has another number than the checkpoint in it."),
        "signature": wording.say("its signature does not go with what it says: it was changed or forged."),
        "key": wording.say("it is signed with a key for which nothing vouches."),
        "skipped": wording.say("one or more checkpoints before it are missing."),
        "order": wording.say("its number does not come after that of the one before it."),
        "link": wording.say("it does not follow the checkpoint before it: one of the two was replaced."),
        "clock": wording.say("it is dated more than five minutes before the checkpoint before it."),
        "differs": wording.say("another place has another checkpoint of the same number, and both are signed."),
        "lost": wording.say("it had taken checkpoints that are not there any more."),
        "empty": wording.say("there is no checkpoint here."),
        "unreadable": wording.say("it cannot be read as what Vaglio wrote."),
    }
