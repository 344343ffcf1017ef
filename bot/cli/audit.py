"""`vaglio audit ...`: what compliance reads, and how it is checked."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.audit import masters
from bot.audit.errors import RecordError
from bot.audit.head import LAG
from bot.audit.ledger import Fault, Ledger, Verification
from bot.audit.spoken import Spoken
from bot.audit.vault import VaultError
from bot.cli import EXIT_POLICY
from bot.cli.build import open_store, terminal, tongue
from bot.cli.checkpoints import checkpoint, compared, key, notes_said, of_checkpoints, public_key
from bot.cli.listing import Row, listing
from bot.people import People
from bot.settings import read_settings
from bot.tables import Entry
from bot.wording import Wording

audit = typer.Typer(no_args_is_help=True, help="Read and verify the record.")

audit.command()(checkpoint)
audit.command()(key)

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def read_only() -> Ledger:
    """The ledger as it lies there: a reader makes, migrates and mends nothing, neither the head nor a key.

    Where the keys are at hand, the words can be opened to hold them against what was promised.
    """
    settings = read_settings()
    store, people = open_store(settings, read_only=True), None
    # Another key than the one that sealed them says nothing about the words.
    with suppress(VaultError, RecordError):
        seals = masters.fitting(settings.keys_dir, store)
        people = People(store, seals) if seals else None
    return Ledger(store, settings.data_dir / "ledger.head", people)


@audit.command("list")
def list_(
    newest: Annotated[int, typer.Option("-n", "--newest", min=1, help="How many entries.")] = 20, as_json: Json = False
) -> None:
    """The newest entries first."""
    entries = [said_by(entry) for entry in read_only().entries(newest=newest)]
    if as_json:
        for entry in entries:
            sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return
    out = terminal()
    for _, lines in listing([_row(entry) for entry in entries], Spoken.of(Wording(tongue())), out.width):
        for line in lines:
            out.print(line)


def _row(entry: Mapping[str, Any]) -> Row:
    facts = entry["facts"]
    outcome, ruling = (each if isinstance(each := facts.get(key), str) else None for key in ("outcome", "ruling"))
    rules = tuple(finding["rule"] for finding in facts.get("findings", ()))
    return Row(entry["seq"], entry["at"], entry["kind"], entry["actor"], outcome, ruling, rules)


@audit.command()
def verify(
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoints", help="A folder, a clone or a file of JSON lines with checkpoints; repeatable."),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", callback=public_key, help="A public key that you trust; repeatable."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Walk the chain and hold it against checkpoints. Exit code 0 if every entry is as it was written, 65 otherwise."""
    settings, found = read_settings(), read_only().verify()
    beside = compared(settings, checkpoints, keys)
    found = replace(found, faults=(*found.faults, *beside.faults))
    if as_json:
        report = {
            "ok": found.is_sound,
            "count": found.count,
            "head": found.head,
            "lag": found.lag,
            "forgotten": found.forgotten,
            "checkpoints": beside.count,
            "faults": [{"entry": fault.seq, "what": fault.what} for fault in found.faults if fault.seq is not None],
            "elsewhere": [{"place": fault.place, "what": fault.what} for fault in found.faults if fault.seq is None],
            "notes": [
                {"what": note.what, "place": note.place, "number": note.number, "last": note.last}
                for note in beside.notes
            ],
        }
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        wording = Wording(tongue(settings))
        for line in [*_report(found, wording), *notes_said(beside, wording)]:
            terminal().print(line)
    return 0 if found.is_sound else EXIT_POLICY


def _report(found: Verification, wording: Wording) -> list[str]:
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
    if 0 < found.lag <= LAG:
        lines.append(
            wording.count(
                "The head beside the database lacks the newest entry: Vaglio was stopped in between. "
                "The next start mends it.",
                "The head beside the database lacks the newest {number} entries: Vaglio was stopped in between. "
                "The next start mends it.",
                found.lag,
            )
        )
    return lines


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
        "version": wording.say("it does not name a form of the tables that this Vaglio knows."),
        "orphan": wording.say("there is a text without an entry that commits to it."),
        "head": wording.say("the head says nothing that Vaglio wrote."),
        **of_checkpoints(wording),
    }


def said_by(entry: Entry) -> dict[str, Any]:
    """What an entry says. Raises `RecordError` for one that says nothing: `verify` is who tells why."""
    try:
        said = json.loads(entry.body)
        return {**said, "facts": {**said["facts"]}, "at": str(said["at"]), "actor": said["actor"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RecordError("broken", f"#{entry.seq}") from None
