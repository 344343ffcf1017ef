"""`vaglio audit export FOLDER`: a part of the record, or all of it, to take along and to check elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from bot.audit import export as exports
from bot.audit.export import ExportError, Request
from bot.audit.records import timestamp
from bot.audit.selections import by_columns
from bot.audit.sheets import Format
from bot.cli import EXIT_IO, EXIT_USAGE
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.settings import read_settings
from bot.wording import Wording

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    formats: Annotated[
        list[Format] | None, typer.Option("-f", "--format", help="Of the rows; may be given several times.")
    ] = None,
    with_words: Annotated[
        bool, typer.Option("--words", help="With the words that belong to the entries; it goes on record as a look.")
    ] = False,
    is_whole: Annotated[
        bool, typer.Option("--chain/--no-chain", help="With every entry of the chain, or only the selected ones.")
    ] = True,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only entries of this kind.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="From this moment on (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="Before this moment (UTC).")] = None,
) -> int:
    """Write rows for people, the chain that proves them, and the verifier that checks it without Vaglio."""
    record = Record.open(read_settings())
    since, until = since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC)
    filters: dict[str, object] = {"kinds": list(dict.fromkeys(kinds or ()))} if kinds else {}
    filters |= {name: timestamp(at) for name, at in (("since", since), ("until", until)) if at}
    request = Request(
        by=record.people.person(AUTHOR),
        at=datetime.now(UTC),
        formats=list(dict.fromkeys(formats or [Format.CSV])),
        filters=filters,
        selection=partial(by_columns, record.store, kinds=kinds or (), since=since, until=until) if filters else None,
        with_words=with_words,
        is_whole=is_whole,
    )
    try:
        with _bar() as progress:
            found = exports.export(record.store, record.ledger, folder.absolute(), request, progress=progress)
    except ExportError as error:
        sys.stderr.write(error.show(tongue()) + "\n")
        return EXIT_IO if error.code == "erased" else EXIT_USAGE
    wording, out = Wording(tongue()), terminal()
    out.print(wording.count("{number} entry exported.", "{number} entries exported.", found.count))
    out.print(wording.say("Check it anywhere, without Vaglio: {command}", command=f"python {folder / 'verify.py'}"))
    out.print(wording.say("Fingerprint of its manifest, on record too: {fingerprint}", fingerprint=found.manifest))
    return 0


@contextmanager
def _bar() -> Iterator[exports.Progress]:
    """On a terminal that is looked at."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal(errors=True), transient=True) as progress:
        task = progress.add_task("")
        yield lambda done, total: progress.update(task, completed=done, total=total)
