"""`vaglio audit checkpoint` and `key`, and what `verify` says of checkpoints."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.audit.beside import compare_beside
from bot.audit.comparison import Comparison, compare
from bot.audit.evidence import read_place
from bot.audit.moved import departure
from bot.audit.recipients import Refusal
from bot.audit.reports import alone
from bot.audit.signing import SigningKeys
from bot.audit.statements import Signed, is_public_key
from bot.audit.targets import Target
from bot.cli.build import Record, open_checkpoints, open_deliveries, open_store, terminal, tongue, trusted_keys
from bot.cli.exits import EXIT_IO
from bot.settings import Settings, read_settings
from bot.wording import Wording


def checkpoint(
    again: Annotated[bool, typer.Option("--again", help="Bring each place all of them, as to one that lost some.")] = (
        False
    ),
) -> int:
    """Make a checkpoint now and deliver it. Exit code 0 if every place took it, 74 otherwise."""
    settings = read_settings()
    wording, record, now = Wording(tongue(settings)), Record.open(settings), datetime.now(UTC)
    store = record.store
    try:
        made = open_checkpoints(settings, store).make(now)
        answers = asyncio.run(open_deliveries(settings, store).deliver_all(now, again=again))
    finally:
        store.close()
    # For whoever keeps them by hand: one line, which `verify` reads.
    sys.stdout.write(f"{made.line}\n")
    for line in _told(made, answers, wording):
        terminal(errors=True).print(line)
    return EXIT_IO if any(answers.values()) else 0


def key() -> None:
    """The public key that signs the checkpoints, for whoever checks them."""
    sys.stdout.write(SigningKeys(read_settings().keys_dir).signer().public + "\n")


def public_key(given: list[str] | None) -> list[str] | None:
    """A typer callback: each must be a public key."""
    for each in given or ():
        if not is_public_key(each):
            raise typer.BadParameter("a public key is 64 digits from 0 to f, as vaglio audit key prints it.")
    return given


def compared(settings: Settings, places: Sequence[Path] | None, keys: Sequence[str] | None) -> Comparison:
    """The ledger against these places, or else against what there is: the database's own table and the folders that
    are set. By default the installation's own key is trusted. Raises `OSError`, `RecordError`."""
    store, trusted = open_store(settings, read_only=True), keys or trusted_keys(settings)
    left = departure(store.file, settings.keys_dir)
    went_on = left.entry if left else None
    if places:
        return compare(store, [read_place(place) for place in places], trusted, went_on)
    return compare_beside(store, settings.checkpoint_targets(), trusted, went_on)


def _told(made: Signed, answers: Mapping[Target, Refusal | None], wording: Wording) -> Iterator[str]:
    said = made.statement()
    yield wording.say("Checkpoint {number}: {count} entries.", number=said.number, count=said.count)
    if not answers:
        yield alone(wording)
    for target, refusal in answers.items():
        if refusal is None:
            yield wording.say("{place}: it has it.", place=target.shown)
        else:
            yield wording.say("{place}: {why}", place=target.shown, why=refusal_said(refusal, wording))


def refusal_said(refusal: Refusal, wording: Wording) -> str:
    """Why a place did not take a checkpoint, or would not."""
    detail = f" ({refusal.detail})" if refusal.detail else ""
    match refusal.why:
        case "missing":
            why = wording.say("it is not there. Make or mount it: Vaglio does not, lest it writes to this machine.")
        case "rights":
            why = wording.say("Vaglio may not write there.")
        case "full":
            why = wording.say("its disk is full.")
        case "conflict":
            why = wording.say("it has another checkpoint of the same number. Run vaglio audit verify against it.")
        case "disk":
            why = wording.say("its disk does not take it.")
        case "unreachable":
            why = wording.say("it cannot be reached.")
        case "refused":
            why = wording.say("it does not take it.")
        case "git":
            why = wording.say("git failed. Run the same there by hand to see why.")
    return why + detail
