"""`vaglio audit export FOLDER`: a part of the record, or all of it, to take along and to check elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from bot.audit import export as exports
from bot.audit.cells import Separator
from bot.audit.checkpoints import Checkpoints
from bot.audit.export import Request, request_for
from bot.audit.export_errors import ExportError
from bot.audit.index import Index
from bot.audit.ledger import Ledger
from bot.audit.moved import Note, departure
from bot.audit.sheets import Format
from bot.audit.signing import SigningKeys
from bot.cli.audit import read_only
from bot.cli.build import AUTHOR, Record, open_store, terminal, tongue
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
from bot.store import Store
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
    left = _left(settings)
    store, ledger, by = _left_behind(settings) if left else _in_use(settings)
    request = request_for(
        filters, Index(store, ledger), by=by, at=datetime.now(UTC), formats=formats or [Format.CSV],
        with_words=with_words, is_whole=is_whole, separator=separator,
    )  # fmt: skip
    return _export(folder, settings, store, ledger, replace(request, left=left))


def _in_use(settings: Settings) -> tuple[Store, Ledger, str]:
    record = Record.open(settings)
    return record.store, record.ledger, record.people.person(AUTHOR)


def _left_behind(settings: Settings) -> tuple[Store, Ledger, str]:
    """Whoever exports it gets no pseudonym for that: nothing is written."""
    return open_store(settings, read_only=True), read_only(), ""


def _left(settings: Settings) -> Note | None:
    """Where the record went on elsewhere: what was left is read, and never added to."""
    left = departure(open_store(settings, read_only=True).file, settings.keys_dir)
    return left if left and left.state == "moved" else None


def _export(folder: Path, settings: Settings, store: Store, ledger: Ledger, request: Request) -> int:
    keys = SigningKeys(settings.keys_dir)
    checkpoints = Checkpoints(store, keys).lines()
    place, signer = folder.absolute(), keys.signer()
    try:
        with _bar() as progress:
            found = exports.export(
                store, ledger, place, request, signer=signer, checkpoints=checkpoints, progress=progress
            )
    except ExportError as error:
        sys.stderr.write(error.show(tongue()) + "\n")
        return EXIT_IO if error.code == "erased" else EXIT_USAGE
    wording, out = Wording(tongue()), terminal()
    out.print(wording.count("{number} entry exported.", "{number} entries exported.", found.count))
    out.print(wording.say("Check it anywhere, without Vaglio: {command}", command=f"python {folder / 'verify.py'}"))
    if request.left:
        out.print(wording.say("Fingerprint of its manifest: {fingerprint}", fingerprint=found.manifest))
        out.print(
            wording.say(
                "The record went on from here on {place}: that this was exported is on record nowhere.",
                place=request.left.to,
            )
        )
        return 0
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
