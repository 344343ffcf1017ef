"""`vaglio policy backtest`: what another policy would have said of the last drafts."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from bot.cli.build import AUTHOR, Record, open_judges, open_revisions, terminal, tongue
from bot.cli.choosing import NoRevisionError, nowhere, policy_named
from bot.cli.exits import EXIT_ABORT, EXIT_USAGE
from bot.cli.parts import open_engine
from bot.live import LivePolicy
from bot.naming import outcome_name
from bot.proposals.backtests import Backtest, Backtests, BusyError, RuleCount, Sample
from bot.proposals.stretches import Progress
from bot.revisions import Revisions
from bot.settings import Settings, SettingsError, read_settings
from bot.wording import Wording
from bot.wording.saying import saying
from rules.verdict import Outcome

_LETTERS: Final = 400
"""Of a sample, before it is cut."""
_LOOK: Final = 0.3
"""Seconds between two looks at how far the workers are."""


def backtest(
    policy: Annotated[
        str | None, typer.Argument(help="A file, VAGLIO_POLICY by default, or a revision that was published.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, max=10_000_000, help="How many drafts, the newest ones.")
    ] = 1000,
    samples: Annotated[
        int, typer.Option("--samples", min=0, max=100, help="Show so many that would end differently, masked.")
    ] = 0,
    resume: Annotated[str | None, typer.Option("--resume", help="Go on with a backtest that was stopped.")] = None,
    over_workers: Annotated[
        bool, typer.Option("--over-workers", help="Have the workers of every machine do it; needs PostgreSQL.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> int:
    """Say which of the last drafts would end differently under another policy."""
    if policy is not None and resume is not None:
        raise typer.BadParameter("a backtest that goes on has its policy already.", param_hint="--resume")
    settings = read_settings()
    wording = Wording(tongue(settings))
    record = Record.open(settings)
    revisions = open_revisions(settings, record.store, record.ledger)
    backtests = _opened(settings, record, revisions, over_workers=over_workers)
    person = record.people.pseudonym(AUTHOR)
    try:
        id = resume or _begun(backtests, policy, settings, LivePolicy(revisions, settings.policy), person, last)
    except NoRevisionError as missing:
        return nowhere(missing, wording)
    found = _run(backtests, id, wording)
    if isinstance(found, int):
        return found
    shown = backtests.samples(id, samples, by=person, at=datetime.now(UTC)) if samples else ()
    if as_json:
        sys.stdout.write(json.dumps(as_data(found, shown), ensure_ascii=False) + "\n")
    else:
        _tell(found, shown, wording)
    return 0


def _opened(settings: Settings, record: Record, revisions: Revisions, *, over_workers: bool) -> Backtests:
    """Raises `SettingsError` where there are no workers to hand them to."""
    if over_workers and record.store.file:
        raise SettingsError(saying("--over-workers needs PostgreSQL: VAGLIO_DATABASE_URL is not set, or names a file."))
    put = open_engine(settings, record.store).put if over_workers else None
    return Backtests(record.store, record.ledger, revisions, open_judges(settings), put)


def _begun(
    backtests: Backtests, policy: str | None, settings: Settings, live: LivePolicy, person: str, last: int
) -> str:
    after = policy_named(policy, settings, settings.policy)
    return backtests.begin(live.policy(), after, person=person, at=datetime.now(UTC), last=last)


def _run(backtests: Backtests, id: str, wording: Wording) -> Backtest | int:
    """What it has found, or the exit code of what kept it from ending."""
    try:
        with _bar() as progress:
            found = (_awaited if backtests.sharing.hands_out else Backtests.run)(backtests, id, progress)
    except LookupError:
        return _said(wording.say("There is no backtest {id}.", id=id), EXIT_USAGE)
    except BusyError:
        return _said(
            wording.say("Somebody is at this backtest, or was until a moment ago. Try again in half a minute."),
            EXIT_USAGE,
        )
    except KeyboardInterrupt:
        return _stopped(id, wording)
    return found if found.state == "done" else _stopped(id, wording)


def _awaited(backtests: Backtests, id: str, progress: Progress) -> Backtest:
    """What the workers find; whoever stops waiting stops them too."""
    backtests.sharing.hand_out(id)
    try:
        while (found := backtests.find(id)) and found.state == "running":
            progress(found.done, found.total)
            time.sleep(_LOOK)
    except KeyboardInterrupt:
        backtests.stop(id)
        raise
    if found is None:
        raise LookupError
    return found


def _stopped(id: str, wording: Wording) -> int:
    command = f"vaglio policy backtest --resume {id}"
    return _said(wording.say("Stopped; nothing is lost. To go on: {command}", command=command), EXIT_ABORT)


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


@contextmanager
def _bar() -> Iterator[Progress]:
    """On a terminal that is looked at."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=terminal(errors=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total: bar.update(task, completed=done, total=total)


# --- What it has found ------------------------------------------------------------------------------------------------


def as_data(found: Backtest, samples: Sequence[Sample]) -> dict[str, Any]:
    """For programs."""
    return {
        "id": found.id,
        "before": found.before,
        "after": found.after,
        "drafts": found.total,
        "replayed": found.replayed,
        "flipped": found.flipped,
        "outcomes": [{"before": a, "after": b, "drafts": count} for (a, b), count in found.outcomes.items()],
        "rules": [asdict(rule) for rule in found.rules],
        "not_comparable": found.not_comparable,
        "left_out": asdict(found.left_out),
        "flips": [asdict(flip) for flip in found.flips],
        "samples": [{**asdict(sample), "at": sample.at.isoformat()} for sample in samples],
    }


def _tell(found: Backtest, samples: Sequence[Sample], wording: Wording) -> None:
    out = terminal()
    out.print(wording.say("From {before} to {after}:", before=found.before, after=found.after))
    out.print(_flipped(found, wording))
    for (before, after), count in sorted(found.outcomes.items(), key=lambda one: -one[1]):
        if before is not after:
            out.print(f"  {count}  {_way(before, after, wording)}")
    for rule in found.rules:
        out.print(f"  {rule.rule}: {', '.join(_differences(rule, wording))}")
    for sentence in _besides(found, wording):
        out.print(sentence)
    for sample in samples:
        out.print(f"\n#{sample.flip.seq}  {_way(sample.flip.before, sample.flip.after, wording)}")
        out.print(f"  «{_clear(sample.text)}»")


def _flipped(found: Backtest, wording: Wording) -> str:
    if not found.replayed:
        return wording.say("There is no draft on record that could be read again.")
    if not found.flipped:
        return wording.count(
            "The {number} draft that was read again would end as it did.",
            "All {number} drafts that were read again would end as they did.",
            found.replayed,
        )
    return wording.count(
        "{number} draft of {total} would end differently.",
        "{number} drafts of {total} would end differently.",
        found.flipped,
        total=found.replayed,
    )


def _way(before: Outcome, after: Outcome, wording: Wording) -> str:
    return f"{outcome_name(before, wording)} → {outcome_name(after, wording)}"


def _differences(rule: RuleCount, wording: Wording) -> Iterator[str]:
    if rule.newly:
        yield wording.say("finds something in {number} more", number=rule.newly)
    if rule.no_longer:
        yield wording.say("finds nothing any more in {number}", number=rule.no_longer)
    if rule.otherwise:
        yield wording.say("counts differently in {number}", number=rule.otherwise)
    if rule.unchecked:
        yield wording.say("cannot run on {number}", number=rule.unchecked)


def _besides(found: Backtest, wording: Wording) -> Iterator[str]:
    if found.not_comparable:
        rules = ", ".join(found.not_comparable)
        yield wording.say(
            "Not comparable, since they look for what is masked on record; counted as before: {rules}", rules=rules
        )
    left = found.left_out
    if left.erased or left.no_words or left.private:
        yield wording.say(
            "Left out: {erased} of people who were erased, {no_words} without words on record, {private} private ones.",
            **asdict(left),
        )


def _clear(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LETTERS else f"{line[:_LETTERS]}…"
