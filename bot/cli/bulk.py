"""`vaglio bulk`: many drafts at once, an archive or an import, on every core."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from bot.bulk.output import Output, OutputError, Run, digest_of
from bot.bulk.posts import BadFile, Posts
from bot.bulk.processes import Lost, Processes, cores
from bot.bulk.results import Summary
from bot.bulk.run import run
from bot.bulk.sharing import DeadlyError, Handing
from bot.cli.batches import PATIENCE
from bot.cli.build import AUTHOR, Record, open_knowledge, open_policy, terminal, tongue
from bot.cli.exits import EXIT_ABORT, EXIT_IO, EXIT_POLICY, EXIT_USAGE
from bot.cli.parts import open_engine
from bot.naming import outcome_name
from bot.settings import Settings, SettingsError, read_settings
from bot.wording import Wording
from bot.wording.saying import saying
from rules.judges import Judges
from rules.screening import Screener
from rules.verdict import Outcome

KIND: Final = "bulk"
"""Of the ledger's entry that says that many drafts were screened."""
_TOP: Final = 10
"""Rules that are named in the summary."""

Told = Annotated[bool, typer.Option("--json", help="The summary as JSON, for programs.")]


def bulk(
    file: Annotated[Path, typer.Argument(help="Drafts: CSV (.csv, .tsv), else one JSON object a line.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The results; FILE.results.jsonl by default.")] = None,
    id: Annotated[str, typer.Option("--id", help="The column of your own ids.")] = "id",
    text: Annotated[str, typer.Option("--text", help="The column of the text.")] = "text",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, help="Processes; one a core by default.")
    ] = None,
    over_workers: Annotated[
        bool, typer.Option("--over-workers", help="Have the workers of every machine do it; needs PostgreSQL.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="Repeat each text in its result.")] = False,
    as_json: Told = False,
) -> int:
    """Judge an archive of posts or an import, on every core. Stopped at any moment, it goes on by the same command."""
    settings = read_settings()
    wording = Wording(tongue(settings))
    posts, target = Posts(file, id, text), out or file.with_name(f"{file.name}.results.jsonl")
    if not file.is_file():
        raise typer.BadParameter(f"{file}: no such file")
    try:
        posts.look()  # before anything is written, so that the command can be given again as it should have been
    except BadFile as error:
        return _said(error.show(wording.language), EXIT_POLICY)
    began = time.monotonic()
    try:
        with closing(Output(target)) as output:
            started, summary = _judged(settings, posts, output, 0 if over_workers else workers or cores(), words=words)
    except OutputError as error:
        return _refused(error, wording)
    except (Lost, DeadlyError) as error:
        return _said(f"{_lost(error, wording)} {_again(wording)}", EXIT_IO)
    except KeyboardInterrupt:
        return _said(_again(wording), EXIT_ABORT)
    _tell(summary, started, posts, target, time.monotonic() - began, wording, as_json=as_json)
    return EXIT_POLICY if summary.faulty else 0


def _judged(settings: Settings, posts: Posts, output: Output, processes: int, *, words: bool) -> tuple[Run, Summary]:
    """By so many processes here, or by workers where that is none; on record. Raises `OutputError`, `SettingsError`."""
    record = Record.open(settings)  # where nothing can be written down, nothing is screened
    if not processes and record.store.file:
        said = saying(
            "--over-workers needs PostgreSQL, by which processes share the work: VAGLIO_DATABASE_URL is not set, or "
            "names a file. Without the option it is done here, on every core."
        )
        raise SettingsError(said)
    begun = _begun(settings, posts, output, words=words)
    if processes:
        screen = Processes(partial(screener_of, settings, begun), processes, begun.moment, words=words).screen
    else:
        screen = _handing(settings, record, begun).screen
    with _bar(posts.path) as progress:
        summary = run(posts, output, screen, progress, language=tongue(settings))
    # One entry for all of it, once: of the archive's posts themselves nothing is on record.
    facts = {"policy": begun.revision, **summary.facts()}
    record.ledger.append(KIND, subject=begun.id, facts=facts, actor=record.people.pseudonym(AUTHOR))
    output.finish()
    return begun, summary


def _handing(settings: Settings, record: Record, begun: Run) -> Handing:
    said = Wording(tongue(settings)).say("No worker has given anything back for a while: is one running? (vaglio work)")
    return Handing(
        record.store, record.people.seals.vault, begun, open_engine(settings, record.store).put,
        silent=lambda: sys.stderr.write(f"{said}\n"),
    )  # fmt: skip


def screener_of(settings: Settings, begun: Run) -> Screener:
    """As one process of several has it: with one thread for each pass through a network."""
    return Screener(
        begun.opened(),
        Judges(settings.models_dir, settings.toxicity, threads=1),
        open_knowledge(settings),
        limit=settings.draft_limit,
        patience=PATIENCE,
    )


def _begun(settings: Settings, posts: Posts, output: Output, *, words: bool) -> Run:
    """The run that was stopped here, or a new one with the policy in force. Raises `OutputError`."""
    begun = output.begun()
    if begun is None:
        policy = open_policy(settings)
        begun = Run.begin(policy, datetime.now(UTC), posts.path, id=posts.id, text=posts.text, words=words)
        output.begin(begun)
    elif (begun.source, begun.id_column, begun.text_column, begun.words) != (
        digest_of(posts.path), posts.id, posts.text, words,
    ):  # fmt: skip
        raise OutputError("other", output.path)
    return begun


# --- What is said -----------------------------------------------------------------------------------------------------


def _refused(error: OutputError, wording: Wording) -> int:
    match error.code:
        case "exists":
            sentence = wording.say("{path} is there already and stays: name another file with --out.", path=error.path)
        case "busy":
            sentence = wording.say("Another process is writing {path}.", path=error.path)
        case _:
            sentence = wording.say(
                "{path} was begun from another file, or with other options. Name another file with --out.",
                path=error.path,
            )
    return _said(sentence, EXIT_USAGE)


def _lost(error: Lost | DeadlyError, wording: Wording) -> str:
    if isinstance(error, Lost):
        return wording.say("A process ended by itself, perhaps for want of memory. Fewer at once: --workers 1.")
    return wording.say(
        "Worker after worker ended by itself at the lines {first} to {last}, perhaps for want of memory. Give them "
        "more, or begin anew without the line that does it, with another --out.",
        first=error.first,
        last=error.last,
    )


def _again(wording: Wording) -> str:
    return wording.say("Stopped; nothing is lost. The same command goes on from here.")


def _said(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


@contextmanager
def _bar(file: Path) -> Iterator[Any]:
    """Lines that are done, of those that there are; on a terminal that is looked at."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    with file.open("rb") as lines:
        total = sum(1 for _ in lines)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal(errors=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda line: progress.update(task, completed=line)


def _tell(
    summary: Summary, begun: Run, posts: Posts, target: Path, seconds: float, wording: Wording, *, as_json: bool
) -> None:
    if as_json:
        sys.stdout.write(json.dumps(_as_data(summary, begun, posts, target, seconds), ensure_ascii=False) + "\n")
        return
    out = terminal()
    drafts = wording.count("{number} draft", "{number} drafts", summary.drafts)
    out.print(wording.say("{drafts} by {policy}: {path}", drafts=drafts, policy=begun.revision, path=target))
    for outcome in Outcome:
        out.print(f"  {summary.outcomes[outcome]:>8}  {outcome_name(outcome, wording)}")
    if summary.rules:
        out.print(wording.say("Rules that found something most often, and in how many drafts:"))
    for rule, count in summary.rules.most_common(_TOP):
        out.print(f"  {count:>8}  {rule}")
    if summary.unchecked:
        out.print(wording.say("Not checked:"))
    for rule, count in summary.unchecked.most_common(_TOP):
        out.print(f"  {count:>8}  {rule}")
    if summary.faulty:
        out.print(
            wording.count(
                "{number} line is no draft: the results say why, with its number.",
                "{number} lines are no drafts: the results say why, with their numbers.",
                summary.faulty,
            )
        )
    if posts.not_read:
        out.print(wording.say("Columns that were not read: {names}", names=", ".join(posts.not_read)))
    out.print(wording.say("{rate} drafts a second.", rate=round((summary.drafts + summary.faulty) / seconds, 1)))


def _as_data(summary: Summary, begun: Run, posts: Posts, target: Path, seconds: float) -> dict[str, Any]:
    return {
        "id": begun.id,
        "policy": begun.revision,
        "results": str(target),
        **summary.facts(),
        "rules": dict(summary.rules.most_common()),
        "unchecked": dict(summary.unchecked.most_common()),
        "not_read": list(posts.not_read),
        "seconds": round(seconds, 1),
    }
