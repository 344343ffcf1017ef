"""How far something long has come, for whoever waits at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.cli.build import terminal
from rules.built import Report


@contextmanager
def reporting() -> Iterator[Report]:
    """A progress bar on a terminal that is looked at; elsewhere a line for each thing that is made."""
    if not sys.stderr.isatty():
        seen: set[str] = set()

        def line(what: str, done: float) -> None:
            if what not in seen:
                seen.add(what)
                sys.stderr.write(f"{what} ...\n")

        yield line
        return
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=terminal(errors=True), transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def bar(what: str, done: float) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=1.0)
            progress.update(tasks[what], completed=done)

        yield bar
