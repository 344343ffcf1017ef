"""`vaglio check` and `vaglio screen`: one draft for a person, many for a program."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.text import Text

from bot.bulk.posts import BadLine, read_line
from bot.cli.build import AUTHOR, Record, open_screener, terminal, tongue
from bot.cli.exits import EXIT_POLICY
from bot.cli.lines import Line, line_out, writers_language
from bot.cli.reporting import reporting
from bot.people import Language
from bot.prescreen import Prescreen, Screening, mended, new_id
from bot.reply import Proposal, Reply, proposal_of, refusal, reply_to
from bot.settings import Settings, read_settings
from bot.wording import Wording
from rules.draft import Account, Audience, Channel, Draft, DraftRefused, Kind
from rules.rewriting import Change
from rules.screening import Screener
from rules.verdict import Outcome, Severity

EXITS = {Outcome.CLEAR: 0, Outcome.REVISE: 1, Outcome.REVIEW: 2, Outcome.BLOCK: 3}
_COLOURS = {Outcome.CLEAR: "green", Outcome.REVISE: "yellow", Outcome.REVIEW: "magenta", Outcome.BLOCK: "red"}
_TINTS = {Severity.NOTE: "cyan", Severity.WARN: "yellow", Severity.REVIEW: "magenta", Severity.BLOCK: "red"}

Json = Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")]
Recorded = Annotated[bool, typer.Option("--record", help="Record it in the ledger, as any other screening.")]
In = Annotated[
    Language | None, typer.Option("--language", help="The language of the answer; the draft's own by default.")
]

Screen = Callable[[Draft], Screening]


def check(
    text: Annotated[str, typer.Argument(help="The draft, or - to read it from standard input.")],
    kind: Annotated[Kind, typer.Option(help="A post, or a reply to somebody.")] = Kind.POST,
    account: Annotated[Account, typer.Option(help="In whose name.")] = Account.INSTITUTIONAL,
    channel: Annotated[Channel, typer.Option(help="Where it will go.")] = Channel.OTHER,
    audience: Annotated[Audience, typer.Option(help="Whom it is written for.")] = Audience.PUBLIC,
    in_reply_to: Annotated[str | None, typer.Option(help="What they wrote, for a reply.")] = None,
    language: In = None,
    record: Recorded = False,
    as_json: Json = False,
) -> int:
    """Judge one draft. Exit code: 0 clear, 1 revise, 2 review, 3 block; 64 and above for errors."""
    settings = read_settings()
    words = _opened("-").read().decode("utf-8", "replace") if text == "-" else text
    draft = Draft(
        text=words,
        author=AUTHOR,
        kind=kind,
        account=account,
        channel=channel,
        audience=audience,
        in_reply_to=in_reply_to,
    )
    with reporting() as report:
        screener = open_screener(settings, report)
        screener.open_judges()
    with _screening(settings, screener, record=record) as screen_one:
        screening = screen_one(draft)
    answer_in = writers_language(screening.verdict, screener.policy, language, tongue(settings))
    if as_json:
        _write(sys.stdout, _line(screening, screening.id, answer_in))
    else:
        _show(reply_to(screening, screener.policy, answer_in), answer_in)
    return EXITS[screening.verdict.outcome]


def screen(
    file: Annotated[str, typer.Argument(help="Drafts, one JSON object a line, or - for standard input.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Verdicts, in the same order.")] = None,
    language: In = None,
    record: Recorded = False,
) -> int:
    """Judge many drafts. A line that is no draft is reported with its number and does not stop the rest."""
    settings = read_settings()
    if output is not None and file != "-" and output.exists() and Path(file).exists() and output.samefile(file):
        raise typer.BadParameter(f"{output} is the file of the drafts: name another for the verdicts")
    bad = 0
    with ExitStack() as stack:
        source = stack.enter_context(_opened(file))
        with reporting() as report:
            screener = open_screener(settings, report)
            screener.open_judges()
        screen_one = stack.enter_context(_screening(settings, screener, record=record))
        target = stack.enter_context(_target(output))
        for number, raw in enumerate(_with_progress(source, stack), start=1):
            if not raw.strip():
                continue
            try:
                line = read_line(raw)
                screening = screen_one(line.draft(AUTHOR))
                answer_in = writers_language(screening.verdict, screener.policy, language, tongue(settings))
                result = _line(screening, line.id, answer_in)
            except (BadLine, DraftRefused) as error:
                bad += 1
                result = {"id": None, "line": number, "error": _reason(error, language or tongue(settings))}
                sys.stderr.write(f"{file}:{number}: {result['error']}\n")
            _write(target, result)
    return EXIT_POLICY if bad else 0


@contextmanager
def _screening(settings: Settings, screener: Screener, *, record: bool) -> Iterator[Screen]:
    if not record:
        yield lambda draft: _judged(screener, draft)
        return
    kept = Record.open(settings)
    try:
        yield Prescreen(screener, kept.ledger)
    finally:
        kept.store.close()


def _judged(screener: Screener, draft: Draft) -> Screening:
    from datetime import UTC, datetime

    at = datetime.now(UTC)
    return mended(Screening(new_id(), at, draft, screener.screen(draft, at)), screener)


def _line(screening: Screening, id: str | int | None, language: str) -> Line:
    return line_out(screening.verdict, id=id, language=language, proposal=proposal_of(screening, language))


def _reason(error: BadLine | DraftRefused, language: Language) -> str:
    return refusal(error, language) if isinstance(error, DraftRefused) else error.show(language)


def _opened(file: str) -> BinaryIO:
    if file == "-":
        if sys.stdin is None:
            raise typer.BadParameter("standard input is closed")
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only once it is whole."""
    if output is None:
        yield sys.stdout
        return
    if output.exists() and not output.is_file():
        # A pipe or a device takes what it is given, and must stay what it is.
        with output.open("w", encoding="utf-8") as file:
            yield file
        return
    output = output.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f"{output.name}.", dir=output.parent)
    except OSError as error:
        raise typer.BadParameter(f"{output}: {error.strerror}") from None
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _with_progress(source: BinaryIO, stack: ExitStack) -> Iterator[bytes]:
    if not sys.stderr.isatty() or not source.seekable():
        yield from source
        return
    total = sum(1 for _ in source)
    source.seek(0)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    progress = stack.enter_context(Progress(*columns, console=terminal(errors=True), transient=True))
    task = progress.add_task("", total=total)
    for raw in source:
        yield raw
        progress.advance(task)


def _write(target: TextIO, line: Line) -> None:
    target.write(json.dumps(line, ensure_ascii=False) + "\n")


def _show(reply: Reply, language: str) -> None:
    console, wording = terminal(), Wording(language)
    console.print(Text(reply.title, style=f"bold {_COLOURS[reply.outcome or Outcome.CLEAR]}"))
    if reply.summary:
        console.print(reply.summary)
    tints = {remark.number: _TINTS[remark.severity] for remark in reply.remarks}
    console.print(Text("\n") + _marked(reply, tints, console) + Text("\n"))
    for remark in reply.remarks:
        console.print(Text(f"{remark.number}. {remark.clause} — {remark.label}", style=f"bold {tints[remark.number]}"))
        console.print(Text(f"   {remark.says}", style="italic dim"))
        console.print(f"   {remark.why}")
        if remark.todo:
            console.print(f"   → {remark.todo}")
        if remark.instead:
            console.print(
                "   " + wording.say("Instead: {wordings}", wordings=" · ".join(map(_visible, remark.instead)))
            )
    if reply.proposal:
        _propose(reply.proposal, console, wording)
    if reply.unchecked:
        console.print(wording.say("Not checked:"))
        for missed in reply.unchecked:
            console.print(f"   • {missed}")
    console.print(Text(f"\n{reply.footer}", style="dim"))


def _marked(reply: Reply, tints: Mapping[int, str], console: Console) -> Text:
    draft = Text()
    for piece in reply.pieces:
        if piece.marks and not console.is_terminal:
            # Where there is no colour, brackets say what is meant.
            draft.append(f"[{_visible(piece.text)}]")
        else:
            draft.append(_visible(piece.text), f"underline {tints[piece.marks[0]]}" if piece.marks else "dim")
        if piece.marks:
            draft.append("⁺".join(map(str, piece.marks)).translate(_SUPERSCRIPT), "bold")
    return draft


def _propose(proposal: Proposal, console: Console, wording: Wording) -> None:
    console.print(Text(f"\n{wording.say('A proposal')}", style="bold"))
    text = Text()
    # Where nobody looks it is ready to be copied: nothing says what was there before.
    for change in proposal.changes if console.is_terminal else (Change(proposal.text, proposal.text),):
        if change.is_kept:
            text.append(_visible(change.before))
            continue
        text.append(_visible(change.before), "red strike")
        # Two words that take turns must not run into one.
        text.append(" " if change.before and change.after and not change.after[0].isspace() else "")
        text.append(_visible(change.after), "bold green")
    console.print(text)
    console.print(Text(f"{proposal.says}\n", style=_COLOURS[proposal.outcome]))


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def _visible(text: str) -> str:
    """Nothing that a draft holds may steer the terminal: control and direction characters are shown as signs."""
    return "".join(c if c in "\n\t" or (c.isprintable() or c in "\u200d\ufe0f") else "\ufffd" for c in text)
