"""`vaglio policy rollback` and `vaglio policy export`: a policy that was published, in force again or as files."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.build import AUTHOR, Record, existing_revisions, open_revisions, terminal, tongue
from bot.cli.choosing import NoRevisionError, nowhere
from bot.cli.exits import EXIT_USAGE
from bot.cli.publishing import Json, in_force, told_failure, told_published
from bot.revisions import RevisionError, Revisions
from bot.settings import read_settings
from bot.wording import Wording


def rollback(
    revision: Annotated[
        str | None, typer.Argument(help="A revision that was published; the one before by default.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for whoever reads the history.")] = "",
    as_json: Json = False,
) -> int:
    """Put a policy that was in force before in force again, as it was."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    record = Record.open(settings)
    revisions = open_revisions(settings, record.store, record.ledger)
    name = revision or _one_before(revisions)
    if name is None:
        nothing = wording.say("No other policy was published before: there is nothing to go back to.")
        file = wording.say("What a file says is put in force by: vaglio policy publish {file}", file=settings.policy)
        sys.stderr.write(f"{nothing} {file}\n")
        return EXIT_USAGE
    try:
        found, before = revisions.policy_of(name), in_force(revisions, settings.policy)
        if found is None:
            return nowhere(NoRevisionError(name), wording)
        person, at = record.people.pseudonym(AUTHOR), datetime.now(UTC)
        published = revisions.restore(name, person=person, note=note, at=at)
    except RevisionError as error:
        return told_failure(error, wording, as_json=as_json)
    return told_published(published, found, before, wording, as_json=as_json)


def _one_before(revisions: Revisions) -> str | None:
    """What was in force before the policy that is now; going back twice leads to where one was."""
    known = [one.revision for one in revisions.history()]
    return next((name for name in known if name != known[0]), None)


def export(
    where: Annotated[
        list[str], typer.Argument(metavar="[REVISION] FOLDER", help="What was published, by default what is in force.")
    ],
    as_json: Json = False,
) -> int:
    """Write the files of a published policy into a new folder, as they were."""
    if len(where) > 2:
        raise typer.BadParameter("a revision and a folder, or a folder alone.")
    revision, folder = (where[0] if len(where) == 2 else None), Path(where[-1])
    wording, revisions = Wording(tongue(read_settings())), existing_revisions(read_settings())
    newest = revisions.newest() if revisions else None
    name = revision or (newest.revision if newest else None)
    if revisions is None or name is None:
        sys.stderr.write(wording.say("Nothing has been published yet, so there is nothing to export.") + "\n")
        return EXIT_USAGE
    try:
        files, own = revisions.files(name)
    except LookupError:
        return nowhere(NoRevisionError(name), wording)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        sys.stderr.write(wording.say("{folder} is there already: name a new one.", folder=folder) + "\n")
        return EXIT_USAGE
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if as_json:
        sys.stdout.write(json.dumps({"revision": name, "policy": str(folder / own), "files": sorted(files)}) + "\n")
        return 0
    terminal().print(
        wording.count(
            "{number} file of {revision} written. The policy is {file}.",
            "{number} files of {revision} written. The policy is {file}.",
            len(files), revision=name, file=folder / own,
        )
    )  # fmt: skip
    return 0
