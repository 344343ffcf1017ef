"""`vaglio db move`: from one file to a server, and back to where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.progress import Progress, TaskID, TextColumn

from bot.addresses import OWNERS, holds_password
from bot.audit import masters
from bot.audit.copying import Told
from bot.audit.moving import Moving
from bot.audit.presence import alone
from bot.audit.transfers import TransferError
from bot.cli.asking import agreed
from bot.cli.backing_up import configured
from bot.cli.build import AUTHOR, refuse_half_a_restore, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.settings import Settings, read_settings
from bot.store import Store
from bot.wording import Wording

_ARGUMENT: Final = "ADDRESS (vaglio db move)"


def move(
    to: Annotated[
        str | None,
        typer.Argument(
            metavar="[ADDRESS]",
            help="postgresql://USER@host/vaglio, an empty database. With a password: in VAGLIO_DATABASE_OWNER_URL, or "
            "in a file that VAGLIO_DATABASE_OWNER_URL_FILE names.",
            show_default=False,
        ),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the move back: the record goes on in the file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
) -> int:
    """Move the record from its file to PostgreSQL, whole or not at all. Vaglio must not run meanwhile.

    Everything is counted and compared on both sides before it counts; the file stays as it was.
    """
    settings = read_settings()
    wording = Wording(tongue(settings))
    if undo and to is not None:
        terminal(errors=True).print(wording.say("--undo takes no address: it goes back to the file."))
        return EXIT_USAGE
    there = None if undo else _there(settings, wording, to)
    if not (undo or there):
        return EXIT_USAGE
    with alone(settings.data_dir):
        refuse_half_a_restore(settings)
        return _moved(settings, wording, *there) if there else _taken_back(settings, wording, yes=yes)


def _there(settings: Settings, wording: Wording, to: str | None) -> tuple[str, str] | None:
    """The address to move to, and where it was given; None, once that is said, where there is none."""
    if to is None and settings.database_owner_url:
        return settings.database_owner_url, OWNERS
    if to is None:
        said = wording.say(
            "Name where to move: vaglio db move postgresql://USER@host/vaglio, or the whole address with its password "
            "in VAGLIO_DATABASE_OWNER_URL or in a file that VAGLIO_DATABASE_OWNER_URL_FILE names."
        )
        terminal(errors=True).print(said)
        return None
    if holds_password(to):
        said = wording.say(
            "A password in a command can be seen by every user of this machine, and the shell may keep it. Next time "
            "put the address into a file and name that in VAGLIO_DATABASE_OWNER_URL_FILE; perhaps change the password."
        )
        terminal(errors=True).print(said)
    return to, _ARGUMENT


def _moved(settings: Settings, wording: Wording, to: str, named: str) -> int:
    with _shown() as told:
        done = _moving(settings, wording, told).move(to, datetime.now(UTC), named)
    said = wording.say("{place}: all of it had arrived. The move is finished.", place=done.place)
    if done.rows:
        said = wording.say(
            "{place}: {number} entries, up to {head}. {rows} rows in {tables} tables are the same on both sides.",
            place=done.place, number=done.count, head=done.head[:12], rows=sum(done.rows.values()),
            tables=len(done.rows),
        )  # fmt: skip
    out = terminal()
    out.print(said)
    out.print(wording.say("Now set, with a user and a password:"))
    out.print(f"  VAGLIO_DATABASE_URL={done.place}")
    out.print(
        wording.say(
            "Vaglio does not go on with {file} any more. All that was recorded still lies in it, and no erasure "
            "reaches it: delete it once all is well.",
            file=done.file,
        )
    )
    return 0


def _taken_back(settings: Settings, wording: Wording, *, yes: bool) -> int:
    moving = _moving(settings, wording)
    moving.went()
    question = wording.say("What was added on PostgreSQL since the move will not be in this record. Go on?")
    if not yes and not agreed(question, wording):
        return EXIT_USAGE
    moving.undo(datetime.now(UTC))
    terminal().print(wording.say("The record goes on in the file. That it was away is on record."))
    return 0


def _moving(settings: Settings, wording: Wording, told: Told = lambda table, rows: None) -> Moving:
    with closing(Store(settings.database, keeps_open=False)) as store:
        if store.file is None:
            raise TransferError("kind", store.place)
        masters.settle(settings.keys_dir, store)
    places = list(configured(settings, wording))
    return Moving(settings.database, settings.data_dir, settings.keys_dir, places, AUTHOR, told)


@contextmanager
def _shown() -> Iterator[Told]:
    """How far it is, where somebody is looking."""
    with Progress(
        TextColumn("{task.description}"), TextColumn("{task.completed:.0f}"), console=terminal(errors=True),
        transient=True,
    ) as progress:  # fmt: skip
        tasks = dict[str, TaskID]()

        def told(table: str, rows: int) -> None:
            if table not in tasks:
                tasks[table] = progress.add_task(table, total=None)
            progress.update(tasks[table], completed=rows)

        yield told
