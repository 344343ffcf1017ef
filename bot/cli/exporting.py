"""`vaglio audit export FOLDER`: a part of the record, or all of it, to take along and to check elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from bot.audit import export as exports
from bot.audit.cells import Separator
from bot.audit.checkpoints import Checkpoints
from bot.audit.export import ExportError, Request, request_for
from bot.audit.index import Index
from bot.audit.sheets import Format
from bot.audit.signing import SigningKeys
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.cli.exits import EXIT_IO, EXIT_USAGE
from bot.cli.filtering import (
    AsPart,
    InWords,
    OfClause,
    OfKind,
    OfOutcome,
    OfOwner,
    OfPerson,
    OfPolicy,
    OfRule,
    OfRuling,
    OnAccount,
    OnChannel,
    Since,
    Until,
    filters_of,
)
from bot.settings import Settings, read_settings
from bot.wording import Wording

Between = Annotated[
    Separator,
    typer.Option("--separator", help="Between the cells of CSV: Excel in Italian opens semicolons by a double click."),
]


def export(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    formats: Annotated[
        list[Format] | None, typer.Option("-f", "--format", help="Of the rows; may be given several times.")
    ] = None,
    separator: Between = Separator.COMMA,
    with_words: Annotated[
        bool, typer.Option("--words", help="With the words that belong to the entries; it goes on record as a look.")
    ] = False,
    is_whole: Annotated[
        bool, typer.Option("--chain/--no-chain", help="With every entry of the chain, or only the selected ones.")
    ] = True,
    text: InWords = None,
    since: Since = None,
    until: Until = None,
    outcome: OfOutcome = None,
    rule: OfRule = None,
    part: AsPart = None,
    clause: OfClause = None,
    channel: OnChannel = None,
    account: OnAccount = None,
    kind: OfKind = None,
    policy: OfPolicy = None,
    person: OfPerson = None,
    owner: OfOwner = None,
    ruling: OfRuling = None,
) -> int:
    """Write rows for people, the chain that proves them, and the verifier that checks it without Vaglio."""
    settings = read_settings()
    filters = filters_of(
        settings, since, until, outcome=outcome, rule=rule, part=part, clause=clause, channel=channel,
        account=account, kind=kind, policy=policy, pseudonym=person, owner=owner, ruling=ruling, text=text,
    )  # fmt: skip
    record = Record.open(settings)
    request = request_for(
        filters, Index(record.store, record.ledger), by=record.people.person(AUTHOR), at=datetime.now(UTC),
        formats=formats or [Format.CSV], with_words=with_words, is_whole=is_whole, separator=separator,
    )  # fmt: skip
    return _export(folder, settings, record, request)


def _export(folder: Path, settings: Settings, record: Record, request: Request) -> int:
    keys = SigningKeys(settings.keys_dir)
    checkpoints = Checkpoints(record.store, keys).lines()
    place, signer = folder.absolute(), keys.signer()
    try:
        with _bar() as progress:
            found = exports.export(
                record.store, record.ledger, place, request, signer=signer, checkpoints=checkpoints, progress=progress
            )
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
