"""`vaglio policy publish|diff|history`: put a policy in force and on record, and say what it changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.build import (
    AUTHOR,
    Record,
    existing_revisions,
    open_judges,
    open_knowledge,
    open_revisions,
    terminal,
    tongue,
)
from bot.cli.choosing import NoRevisionError, is_revision, nowhere, policy_named
from bot.cli.exits import EXIT_POLICY
from bot.differences import told
from bot.live import LivePolicy
from bot.proposals.telling import said
from bot.revisions import Published, RevisionError, Revisions
from bot.settings import Settings, read_settings
from bot.wording import Wording
from rules.comparing import Comparison, compare
from rules.policy import Policy
from rules.problems import PolicyError
from rules.trial import Misbehaviour, find_shadowed, try_examples

File = Annotated[Path | None, typer.Argument(help="The policy; VAGLIO_POLICY by default.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]
Side = Annotated[str | None, typer.Argument(help="A file, or a revision that was published.")]


def publish(
    file: Annotated[
        str | None, typer.Argument(help="A file, VAGLIO_POLICY by default, or an earlier revision.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What changes and why, for whoever reads the history.")] = "",
    as_json: Json = False,
) -> int:
    """Put a policy in force and on record, if every rule behaves on its examples."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    try:
        found = policy_named(file, settings, settings.policy)
    except NoRevisionError as missing:
        return nowhere(missing, wording)
    except RevisionError as error:
        return told_failure(error, wording, as_json=as_json)
    if wrong := misbehaving(found, settings):
        return _refused(found.revision, wrong, wording, as_json=as_json)
    record = Record.open(settings)
    revisions = open_revisions(settings, record.store, record.ledger)
    try:
        before = in_force(revisions, settings.policy)
        if file is None and _goes_back(found, revisions):
            return _turned_back(found, settings.policy, wording, as_json=as_json)
        person, at = record.people.pseudonym(AUTHOR), datetime.now(UTC)
        if file is not None and is_revision(file):
            published = revisions.restore(file, person=person, note=note, at=at)
        else:
            path = Path(file) if file else settings.policy
            published = revisions.publish(path, person=person, note=note, at=at, revision=found.revision)
    except RevisionError as error:
        return told_failure(error, wording, as_json=as_json)
    finally:
        record.store.close()
    return told_published(published, found, before, wording, as_json=as_json)


def told_published(
    published: Published, found: Policy, before: Policy | None, wording: Wording, *, as_json: bool
) -> int:
    comparison = compare(before, found) if before else None
    if as_json:
        rows = _rows(comparison) if comparison else None
        _print_json({"ok": True, "seq": published.seq, "revision": published.revision, "differences": rows})
        return 0
    _tell(comparison, wording)
    terminal().print(
        wording.say(
            "{revision} is published and on record. Every Vaglio that runs on this record uses it within five seconds.",
            revision=published.revision,
        )
    )
    return 0


def diff(before: Side = None, after: Side = None, as_json: Json = False) -> int:
    """Say in words what is stricter, looser, new or gone: the policy in force against VAGLIO_POLICY by default."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    # Of one alone people ask what it would change.
    first, second = (None, before) if after is None else (before, after)
    try:
        sides = policy_named(first, settings, None), policy_named(second, settings, settings.policy)
    except NoRevisionError as missing:
        return nowhere(missing, wording)
    except RevisionError as error:
        return told_failure(error, wording, as_json=as_json)
    comparison = compare(*sides)
    if as_json:
        _print_json({"before": comparison.before, "after": comparison.after, "differences": _rows(comparison)})
        return 0
    out = terminal()
    out.print(wording.say("From {before} to {after}:", before=comparison.before, after=comparison.after))
    for line in told(comparison, wording.language):
        out.print(line)
    return 0


def history(as_json: Json = False) -> int:
    """Every policy that was published, the newest first."""
    settings = read_settings()
    wording, revisions = Wording(tongue(settings)), existing_revisions(settings)
    found = revisions.history() if revisions else ()
    if as_json:
        _print_json([{**asdict(one), "at": one.at.isoformat()} for one in found])
        return 0
    if not found:
        terminal().print(
            wording.say(
                "Nothing has been published yet: the file {file} is in force. vaglio policy publish puts it on record.",
                file=settings.policy,
            )
        )
        return 0
    table = Table(box=None, pad_edge=False)
    for heading in ("#", wording.say("When"), wording.say("Revision"), wording.say("Who"), wording.say("Note")):
        table.add_column(heading)
    for one in found:
        note = "".join(c if c.isprintable() else " " for c in one.note)
        table.add_row(str(one.seq), f"{one.at:%Y-%m-%d %H:%M:%S}", one.revision, one.person or "-", note)
    terminal().print(table)
    return 0


# --- The policies -----------------------------------------------------------------------------------------------------


def _goes_back(found: Policy, revisions: Revisions) -> bool:
    """Whether it was in force before, and another one is now: that must be meant."""
    known = [one.revision for one in revisions.history()]
    return found.revision in known[1:] and known[0] != found.revision


def _turned_back(found: Policy, file: Path, wording: Wording, *, as_json: bool) -> int:
    said = wording.say(
        "{file} is {revision}, which was in force before; another one is now. To go back to it, say so: "
        "vaglio policy publish {revision}",
        file=file,
        revision=found.revision,
    )
    if as_json:
        _print_json({"ok": False, "revision": found.revision, "reason": "goes_back"})
    else:
        sys.stderr.write(f"{said}\n")
    return EXIT_POLICY


def in_force(revisions: Revisions, file: Path) -> Policy | None:
    """None where this version cannot read it: that must not keep a better one from being published."""
    try:
        return LivePolicy(revisions, file).policy()
    except (PolicyError, RevisionError):
        return None


# --- Words ------------------------------------------------------------------------------------------------------------


def misbehaving(found: Policy, settings: Settings) -> list[Misbehaviour]:
    """What keeps the policy from being published: rules whose examples do not behave, or that another covers."""
    means = open_judges(settings), open_knowledge(settings)
    return [*try_examples(found, *means), *find_shadowed(found, *means)]


def as_data(wrong: Sequence[Misbehaviour]) -> list[dict[str, str]]:
    return [{"rule": m.rule, "kind": m.kind, "text": m.text, "by": m.by} for m in wrong]


def _refused(revision: str, wrong: Sequence[Misbehaviour], wording: Wording, *, as_json: bool) -> int:
    if as_json:
        _print_json({"ok": False, "revision": revision, "misbehaviours": as_data(wrong)})
        return EXIT_POLICY
    for misbehaviour in wrong:
        terminal().print(said(misbehaviour, wording))
    sys.stderr.write(wording.say("Nothing was published. Mend this first, then publish again.") + "\n")
    return EXIT_POLICY


def told_failure(error: RevisionError, wording: Wording, *, as_json: bool) -> int:
    """Says why; the exit code."""
    if as_json:
        _print_json({"ok": False, "revision": error.revision, "reason": error.code})
    sys.stderr.write(f"{error.show(wording.language)}\n")
    return EXIT_POLICY


def _tell(comparison: Comparison | None, wording: Wording) -> None:
    out = terminal()
    if comparison is None:
        out.print(wording.say("The policy that was in force cannot be read any more, so the two are not compared."))
    elif comparison.rows:
        out.print(wording.say("Compared with {revision}, which was in force:", revision=comparison.before))
        for line in told(comparison, wording.language):
            out.print(line)


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [asdict(row) for row in comparison.rows]


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
