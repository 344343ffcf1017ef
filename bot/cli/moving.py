"""`vaglio db move`: from one file to a server, and back to where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import Progress, TaskID, TextColumn

from bot.audit import masters
from bot.audit.copying import Told
from bot.audit.moved import MoveError
from bot.audit.moving import Moving
from bot.audit.presence import alone
from bot.cli.asking import agreed
from bot.cli.backing_up import configured
from bot.cli.build import AUTHOR, refuse_half_a_restore, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.settings import Settings, read_settings
from bot.store import Store
from bot.wording import Wording


def move(
    to: Annotated[
        str | None,
        typer.Argument(help="postgresql://USER@host/vaglio, an empty database; its password in PGPASSWORD."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the move back: the record goes on in the file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
) -> int:
    """Move the record from its file to PostgreSQL, whole or not at all. Vaglio must not run meanwhile.

    Everything is counted and compared on both sides before it counts; the file stays as it was.
    """
    settings = read_settings()
    wording = Wording(tongue(settings))
    if (to is None) is not undo:
        terminal(errors=True).print(wording.say("Name where to move: postgresql://USER@host/vaglio"))
        return EXIT_USAGE
    with alone(settings.data_dir):
        refuse_half_a_restore(settings)
        return _taken_back(settings, wording, yes=yes) if to is None else _moved(settings, wording, to)


def _moved(settings: Settings, wording: Wording, to: str) -> int:
    with _shown() as told:
        done = _moving(settings, wording, told).move(to, datetime.now(UTC))
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
    question = wording.say("What was added on PostgreSQL since the move will not be in this record. Go on?")
    if not yes and not agreed(question, wording):
        return EXIT_USAGE
    _moving(settings, wording).undo(datetime.now(UTC))
    terminal().print(wording.say("The record goes on in the file. That it was away is on record."))
    return 0


def _moving(settings: Settings, wording: Wording, told: Told = lambda table, rows: None) -> Moving:
    with closing(Store(settings.database, keeps_open=False)) as store:
        if store.file is None:
            raise MoveError("kind", store.place)
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
