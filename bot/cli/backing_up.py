"""`vaglio db backup` and `vaglio db restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.audit.backup import Backups
from bot.audit.evidence import Source, read_place
from bot.audit.presence import alone
from bot.audit.restore import Restored, Restoring
from bot.cli.build import AUTHOR, Record, checkpoint_folders, owners_store, refuse_moved, terminal, tongue
from bot.settings import Settings, read_settings
from bot.wording import Wording


def backup(folder: Annotated[Path, typer.Argument(help="A folder to be made, outside the data and the keys.")]) -> None:
    """Copy the record, while Vaglio runs: the database as it is at one moment, its head, and what is known. No key."""
    settings = read_settings()
    record, wording = Record.open(settings), Wording(tongue(settings))
    apart = [settings.data_dir, settings.keys_dir]
    try:
        backups = Backups(record.store, record.ledger, settings.data_dir, apart)
        made = backups.make(folder, by=record.people.person(AUTHOR), at=datetime.now(UTC))
    finally:
        record.store.close()
    said = wording.count(
        "{folder}: {number} entry, up to {head}.", "{folder}: {number} entries, up to {head}.",
        made.manifest.ledger.count, folder=made.folder, head=made.manifest.ledger.head[:12],
    )  # fmt: skip
    terminal().print(said)
    terminal().print(wording.say("The keys are not in it: keep them too, and elsewhere."))


def restore(
    folder: Annotated[Path, typer.Argument(help="A folder that vaglio db backup made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in place of the record that is here, which is kept aside.")
    ] = False,
    contradicting: Annotated[
        bool,
        typer.Option(
            "--contradicting",
            help="Even if its entries are not those of the record that is here: only where you know that this one was "
            "damaged or rewritten, or is another record. What signed checkpoints say is heeded all the same.",
        ),
    ] = False,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoints", help="More checkpoints: a folder, a clone or a file of JSON lines; repeatable."),
    ] = None,
) -> None:
    """Put a backup back, whole or not at all. What it misses is noticed, and whoever was erased since is erased again.

    Vaglio must not run meanwhile.
    """
    settings = read_settings()
    wording = Wording(tongue(settings))
    places = [read_place(place) for place in checkpoints or ()] + list(configured(settings, wording))
    with alone(settings.data_dir):
        refuse_moved(settings)
        with closing(owners_store(settings)) as owners:
            restoring = Restoring(
                owners.url, settings.data_dir, settings.keys_dir, places, AUTHOR, contradicting, owners.named
            )
        done = restoring.put_back(folder, datetime.now(UTC), replace=replace)
    for line in _told(done, wording):
        terminal().print(line)


def configured(settings: Settings, wording: Wording) -> Iterator[Source]:
    """Of the places that are set those that can be read from here."""
    folders = checkpoint_folders(settings)
    for target in settings.checkpoint_targets():
        if target.kind == "git":
            clone = settings.data_dir / "checkpoints" / target.digest
            folders = [*folders, clone if target.is_remote else Path(target.address)]
    for folder in folders:
        try:
            source = read_place(folder)
        except OSError:
            said = wording.say("{place}: it cannot be read, and what was signed there was not looked at.", place=folder)
            terminal(errors=True).print(said)
            continue
        if source.found:
            yield source


def _told(done: Restored, wording: Wording) -> Iterator[str]:
    yield wording.count(
        "The record is back, as it was after {number} entry.", "The record is back, as it was after {number} entries.",
        done.count,
    )  # fmt: skip
    if done.lost:
        first, last = done.lost
        yield wording.count(
            "It misses entry {first}, which was added after the backup. That is on record.",
            "It misses {number} entries, from {first} to {last}: they were added after the backup. That is on record.",
            last - first + 1, first=first, last=last,
        )  # fmt: skip
    else:
        yield wording.say("Nothing is known of later entries.")
    if done.erased:
        yield wording.count(
            "{number} person who was erased after the backup is erased again.",
            "{number} people who were erased after the backup are erased again.",
            len(done.erased),
        )
    if done.waited:
        yield wording.count(
            "{number} event had no answer when the backup was made, and may have had one since. It is not answered by "
            "itself: vaglio queue dead lists it, vaglio queue replay has it answered.",
            "{number} events had no answer when the backup was made, and may have had one since. They are not answered "
            "by themselves: vaglio queue dead lists them, vaglio queue replay has them answered.",
            done.waited,
        )
    if done.aside:
        yield wording.say("What was here is kept in {folder}. It holds words: delete it when nobody needs it any more.",
                          folder=done.aside)  # fmt: skip
    if done.conflict:
        yield wording.say("The checkpoints elsewhere do not go on from those in the backup: run vaglio audit verify.")
