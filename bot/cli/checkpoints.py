"""`vaglio audit checkpoint` and `key`, and what `verify` says of checkpoints."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.audit.comparison import Comparison, Note, compare
from bot.audit.errors import RecordError
from bot.audit.evidence import Source, read_own, read_place
from bot.audit.recipients import Refusal
from bot.audit.signing import SigningKeys
from bot.audit.statements import Signed, is_public_key
from bot.audit.tables import Outpost
from bot.audit.targets import Target
from bot.cli import EXIT_IO
from bot.cli.build import Record, open_checkpoints, open_deliveries, open_store, terminal, tongue, trusted_keys
from bot.settings import Settings, read_settings
from bot.store import Store
from bot.wording import Wording


def checkpoint(
    again: Annotated[bool, typer.Option("--again", help="Bring each place all of them, as to one that lost some.")] = (
        False
    ),
) -> int:
    """Make a checkpoint now and deliver it. Exit code 0 if every place took it, 74 otherwise."""
    settings = read_settings()
    wording, store, now = Wording(tongue(settings)), Record.open(settings).store, datetime.now(UTC)
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
    store, unread = open_store(settings, read_only=True), list[Note]()
    sources = [read_place(place) for place in places] if places else [read_own(store)]
    if not places:
        sources += _folders(settings, store, unread)
    found = compare(store, sources, keys or trusted_keys(settings))
    return Comparison(found.count, found.faults, (*unread, *found.notes))


def _folders(settings: Settings, store: Store, unread: list[Note]) -> Iterator[Source]:
    for target in settings.checkpoint_targets():
        if target.kind == "dir":
            try:
                source = read_place(Path(target.address), has=_taken(store, target))
            except OSError:
                unread.append(Note("unread", target.address))
                continue
            if source.found or source.faults[0].what != "empty":
                yield source


def _taken(store: Store, target: Target) -> int:
    """The number up to which a place has the checkpoints; 0 where the database does not say."""
    try:
        with store.read() as session:
            row = session.get(Outpost, target.digest) if store.has(Outpost) else None
    except RecordError:
        return 0
    return row.has if row else 0


def _told(made: Signed, answers: Mapping[Target, Refusal | None], wording: Wording) -> Iterator[str]:
    said = made.statement()
    yield wording.say("Checkpoint {number}: {count} entries.", number=said.number, count=said.count)
    if not answers:
        yield alone(wording)
    for target, refusal in answers.items():
        if refusal is None:
            yield wording.say("{place}: it has it.", place=target.shown)
        else:
            yield wording.say("{place}: {why}", place=target.shown, why=_refused(refusal, wording))


def alone(wording: Wording) -> str:
    """What it means that no place is set."""
    return wording.say(
        "No place off this machine keeps checkpoints: somebody who can write both database and head could rewrite "
        "both. VAGLIO_CHECKPOINTS names such places."
    )


def _refused(refusal: Refusal, wording: Wording) -> str:
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
        case "unread":
            return wording.say("{place}: it cannot be read now, and was not asked.", place=note.place)


def of_checkpoints(wording: Wording) -> dict[str, str]:
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
