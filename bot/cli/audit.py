"""`vaglio audit ...`: what compliance reads, and how it is checked."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.table import Table

from bot.audit.ledger import Fault, Ledger, Verification
from bot.cli import EXIT_POLICY, EXIT_USAGE
from bot.cli.build import open_store, terminal, tongue
from bot.settings import read_settings
from bot.wording import Wording

audit = typer.Typer(no_args_is_help=True, help="Read and verify the record.")

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


def _ledger() -> Ledger:
    """The ledger as it lies there: a reader mends nothing, the head included."""
    settings = read_settings()
    return Ledger(open_store(settings), settings.data_dir / "ledger.head")


@audit.command("list")
def list_(
    newest: Annotated[int, typer.Option("-n", "--newest", min=1, help="How many entries.")] = 20, as_json: Json = False
) -> None:
    """The newest entries first."""
    entries = [json.loads(entry.body) for entry in _ledger().entries(newest=newest)]
    if as_json:
        for entry in entries:
            sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        return
    wording = Wording(tongue())
    table = Table(box=None, pad_edge=False)
    for heading in (
        "#",
        wording.say("When"),
        wording.say("What"),
        wording.say("Who"),
        wording.say("Outcome"),
        wording.say("Rules"),
    ):
        table.add_column(heading)
    for entry in entries:
        facts = entry["facts"]
        rules = ", ".join(dict.fromkeys(finding["rule"] for finding in facts.get("findings", ())))
        when = entry["at"].replace("T", " ")[:19]
        table.add_row(str(entry["seq"]), when, entry["kind"], entry["actor"] or "-", facts.get("outcome", ""), rules)
    terminal().print(table)


@audit.command()
def show(name: Annotated[str, typer.Argument(help="An entry's number, or a check's id (s_...).")]) -> int:
    """One entry with its masked text."""
    found = _ledger().entry(name)
    if found is None:
        sys.stderr.write(Wording(tongue()).say("There is no entry {name}.", name=name) + "\n")
        return EXIT_USAGE
    entry, content = found
    whole = {
        "hash": entry.hash,
        "entry": json.loads(entry.body),
        "content": json.loads(content.body) if content else None,
    }
    sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
    return 0


@audit.command()
def verify(as_json: Json = False) -> int:
    """Walk the chain. Exit code 0 if every entry is as it was written, 65 otherwise."""
    found = _ledger().verify()
    if as_json:
        faults = [{"entry": fault.seq, "what": fault.what} for fault in found.faults]
        sys.stdout.write(
            json.dumps(
                {"ok": found.is_sound, "count": found.count, "head": found.head, "lag": found.lag, "faults": faults}
            )
            + "\n"
        )
    else:
        for line in _report(found, Wording(tongue())):
            terminal().print(line)
    return 0 if found.is_sound else EXIT_POLICY


def _report(found: Verification, wording: Wording) -> list[str]:
    lines = [wording.say("Entry {seq}: {what}", seq=fault.seq, what=_what(fault, wording)) for fault in found.faults]
    if found.is_sound:
        lines.append(
            wording.count(
                "{number} entry, and it is as it was written.",
                "{number} entries, all as they were written.",
                found.count,
            )
        )
        lines.append(wording.say("Head: {head}", head=found.head))
    if found.lag:
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
    match fault.what:
        case "gap":
            return wording.say("it is missing.")
        case "hash":
            return wording.say("its bytes are not those that were hashed.")
        case "body":
            return wording.say("its bytes do not say what its columns say.")
        case "chain":
            return wording.say("it does not follow the entry before it.")
        case "content":
            return wording.say("its text is not the one that it commits to, or is missing.")
        case "missing":
            return wording.say("the head knows it and the database does not: the newest entries were removed.")
        case _:
            return wording.say("the head beside the database is missing, or knows another entry here.")
