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
from bot.audit.comparison import Comparison
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.moved import departure, has_note
from bot.audit.reports import notes_said, told, unproven
from bot.audit.spoken import Spoken
from bot.audit.telling import said_by
from bot.audit.vault import VaultError
from bot.audit.verification import Verification
from bot.cli.build import open_store, terminal, tongue
from bot.cli.checkpoints import checkpoint, compared, key, public_key
from bot.cli.exits import EXIT_POLICY
from bot.cli.listing import Row, listing
from bot.people import People
from bot.settings import read_settings
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
    left = departure(store.file, settings.keys_dir)
    return Ledger(store, settings.data_dir / "ledger.head", people, left)


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
        sys.stdout.write(json.dumps(_report(found, beside)) + "\n")
        return 0 if found.is_sound else EXIT_POLICY
    wording = Wording(tongue(settings))
    for line in [*told(found, wording), *notes_said(beside, wording)]:
        terminal().print(line)
    file = open_store(settings, read_only=True).file
    if file and found.left is None and has_note(file):
        terminal().print(unproven(file, wording))
    return 0 if found.is_sound else EXIT_POLICY


def _report(found: Verification, beside: Comparison) -> Mapping[str, Any]:
    """For programs."""
    return {
        "ok": found.is_sound,
        "count": found.count,
        "head": found.head,
        "lag": found.lag,
        "forgotten": found.forgotten,
        "moved": {"to": found.left.to, "at": found.left.at, "entry": found.left.entry.count} if found.left else None,
        "checkpoints": beside.count,
        "faults": [{"entry": fault.seq, "what": fault.what} for fault in found.faults if fault.seq is not None],
        "elsewhere": [{"place": fault.place, "what": fault.what} for fault in found.faults if fault.seq is None],
        "notes": [
            {"what": note.what, "place": note.place, "number": note.number, "last": note.last} for note in beside.notes
        ],
    }
