"""`vaglio audit show`: one entry, for whoever reads it or for programs; its words only on record."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.audit.fate import Fate, fate_of, why
from bot.audit.index import Index
from bot.audit.looks import read
from bot.audit.promises import LetGo
from bot.audit.spoken import Spoken, when
from bot.audit.story import Step, Stories, called
from bot.audit.telling import Told, said_by, texts_of, told
from bot.cli.audit import Json, audit, read_only
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.cli.exits import EXIT_USAGE
from bot.settings import read_settings
from bot.tables import Entry
from bot.wording import Wording


@audit.command()
def show(
    name: Annotated[str, typer.Argument(help="An entry's number, or a check's id (s_...).")],
    with_words: Annotated[
        bool, typer.Option("--words", help="With the words that belong to it; looking at them goes on record.")
    ] = False,
    with_story: Annotated[
        bool, typer.Option("--story", help="With all that is on record of the same draft, without its words.")
    ] = False,
    as_json: Json = False,
) -> int:
    """One entry."""
    wording = Wording(tongue())
    record = Record.open(read_settings()) if with_words or with_story else None
    ledger = record.ledger if record else read_only()
    entry = ledger.entry(name)
    if entry is None:
        sys.stderr.write(wording.say("There is no entry {name}.", name=name) + "\n")
        return EXIT_USAGE
    said = said_by(entry)
    words = None
    if record and with_words:
        words = read(record.ledger, [entry.seq], by=record.people.person(AUTHOR), at=datetime.now(UTC)).get(entry.seq)
    if as_json:
        story = [asdict(step) for step in _story(record, name)] if record and with_story else None
        whole = {"hash": entry.hash, "entry": said} | ({"words": words} if with_words else {})
        whole |= {"story": story} if story is not None else {}
        sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
        return 0
    out = terminal()
    if record and with_words:
        for line in _of_words(record, entry, words, wording):
            out.print(line)
    spoken = Spoken.of(wording)
    for line in _lines(entry, told(said, spoken), spoken):
        out.print(line)
    if record and with_story:
        for line in _list(wording.say("The whole story"), [_step(step, spoken) for step in _story(record, name)]):
            out.print(line)
    return 0


def _story(record: Record, name: str) -> tuple[Step, ...]:
    found = Stories(record.store, record.ledger, Index(record.store, record.ledger)).of(name)
    return found.steps if found else ()


def _step(step: Step, spoken: Spoken) -> str:
    facts, number = step.said["facts"], f"#{step.seq}" if step.seq else "–"
    ended = spoken.ended(*(each if isinstance(each := facts.get(key), str) else None for key in ("outcome", "ruling")))
    parts = (number, when(step.at), called(step.kind, spoken), step.said.get("actor"), step.subject, ended)
    return " · ".join(part for part in parts if part)


def _of_words(record: Record, entry: Entry, words: Any, wording: Wording) -> Iterator[str]:
    """Each text under what it is, or why there is none."""
    spoken = Spoken.of(wording)
    texts = texts_of(words)
    if not texts:
        yield wording.say("Words: {why}", why=_why_none(record, entry, has_content=words is not None, wording=wording))
    for key, text in texts.items():
        yield f"{spoken.label(key)}:"
        yield textwrap.indent(text, "  ", lambda _: True)
    yield ""


def _why_none(record: Record, entry: Entry, *, has_content: bool, wording: Wording) -> str:
    with record.store.read() as session:
        gone = LetGo.told(session.connection())
    fate = fate_of(entry.seq, entry.body, gone, has_words=has_content)
    # Words in which there is no text: none was ever kept.
    return why(Fate.NEVER if fate is Fate.KEPT else fate, wording)


def _lines(entry: Entry, told: Told, spoken: Spoken) -> Iterator[str]:
    say = spoken.wording.say
    yield say("Entry {seq}", seq=entry.seq)
    yield from _columns(told.rows)
    for label, remarks in told.parts:
        yield from _list(label, [" · ".join(filter(None, (r.rule, r.clause, r.degree))) for r in remarks])
    yield from _list(spoken.label("unchecked"), [f"{each.rule}: {each.reason}" for each in told.missed])
    yield from _list(say("more"), told.more)
    yield from _columns([(say("Hash"), entry.hash)])


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for label, value in rows:
        yield f"  {label + ':':<18} {value}"


def _list(label: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {label}:"
        yield from (f"    {line}" for line in lines)
