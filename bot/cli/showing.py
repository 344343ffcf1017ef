"""`vaglio audit show`: one entry, for whoever reads it or for programs; its words only on record."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bot.audit.errors import RecordError
from bot.audit.looks import look
from bot.audit.promises import LetGo, Promised
from bot.audit.spoken import TECHNICAL, Spoken, when
from bot.audit.vault import VaultError
from bot.cli import EXIT_USAGE
from bot.cli.audit import Json, audit, read_only, said_by
from bot.cli.build import AUTHOR, Record, terminal, tongue
from bot.settings import read_settings
from bot.tables import Entry
from bot.wording import Wording

_FINDINGS = ("findings", "shadow", "dismissed")


@audit.command()
def show(
    name: Annotated[str, typer.Argument(help="An entry's number, or a check's id (s_...).")],
    with_words: Annotated[
        bool, typer.Option("--words", help="With the words that belong to it; looking at them goes on record.")
    ] = False,
    as_json: Json = False,
) -> int:
    """One entry."""
    wording = Wording(tongue())
    record = Record.open(read_settings()) if with_words else None
    ledger = record.ledger if record else read_only()
    entry = ledger.entry(name)
    if entry is None:
        sys.stderr.write(wording.say("There is no entry {name}.", name=name) + "\n")
        return EXIT_USAGE
    said = said_by(entry)
    words = _words(record, entry) if record else None
    if as_json:
        whole = {"hash": entry.hash, "entry": said} | ({"words": words} if record else {})
        sys.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2) + "\n")
        return 0
    out = terminal()
    if record:
        for line in _of_words(record, entry, words, wording):
            out.print(line)
    for line in _told(entry, said, Spoken.of(wording)):
        out.print(line)
    return 0


def _words(record: Record, entry: Entry) -> Any:
    try:
        found = look(record.ledger, [entry.seq], by=record.people.person(AUTHOR), at=datetime.now(UTC), why="show")
        return json.loads(found[entry.seq]) if entry.seq in found else None
    except (VaultError, ValueError, TypeError, RecursionError):
        raise RecordError("broken", f"#{entry.seq}") from None


def _of_words(record: Record, entry: Entry, words: Any, wording: Wording) -> Iterator[str]:
    """Each text under what it is, or why there is none."""
    spoken = Spoken.of(wording)
    texts = {key: text for key, text in words.items() if isinstance(text, str)} if isinstance(words, dict) else {}
    if not texts:
        yield wording.say("Words: {why}", why=_why_none(record, entry, has_content=words is not None, wording=wording))
    for key, text in texts.items():
        yield f"{spoken.label(key)}:"
        yield textwrap.indent(text, "  ", lambda _: True)
    yield ""


def _why_none(record: Record, entry: Entry, *, has_content: bool, wording: Wording) -> str:
    promised = Promised.of(entry.body)
    if has_content or promised is None or promised.commitment is None:
        return wording.say("never kept.")
    with record.store.read() as session:
        gone = LetGo.told(session.connection())
    if promised.holder in gone.persons:
        return wording.say("erased with the person.")
    if gone.covers(entry.seq, promised.holder):
        return wording.say("their time was over.")
    return wording.say("missing, and nothing says why. Run vaglio audit verify.")


def _told(entry: Entry, said: Mapping[str, Any], spoken: Spoken) -> Iterator[str]:
    say, facts = spoken.wording.say, said["facts"]
    yield say("Entry {seq}", seq=entry.seq)
    ended = spoken.ended(*(each if isinstance(each := facts.get(key), str) else None for key in ("outcome", "ruling")))
    rows = [
        (say("When (UTC)"), when(said["at"])),
        (say("What"), spoken.kind(entry.kind)),
        (say("Who"), said["actor"] or "–"),
        (say("Outcome"), ended),
        (say("About"), entry.subject),
        (say("Whose words"), said.get("holder") or ""),
    ]
    shown = {key: value for key, value in facts.items() if key not in ("outcome", "ruling", "unchecked", *_FINDINGS)}
    yield from _columns([row for row in rows if row[1]])
    for key in _FINDINGS:
        yield from _list(spoken.label(key), [_found(each, spoken, key) for each in _each(facts, key)])
    missed = [f"{each.get('rule', '')}: {each.get('reason', '')}" for each in _each(facts, "unchecked")]
    yield from _list(spoken.label("unchecked"), missed)
    yield from _list(say("more"), list(_lines(shown, spoken, "facts")))
    yield from _columns([(say("Hash"), entry.hash)])


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for label, value in rows:
        yield f"  {label + ':':<18} {value}"


def _list(label: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"  {label}:"
        yield from (f"    {line}" for line in lines)


def _found(each: Mapping[str, Any], spoken: Spoken, part: str) -> str:
    severity = spoken.value(each.get("severity", ""), "severity", part)
    return " · ".join(str(value) for value in (each.get("rule"), each.get("clause"), severity) if value)


def _lines(facts: Mapping[str, Any], spoken: Spoken, inside: str) -> Iterator[str]:
    """What else it says, one line a fact."""
    for key, value in facts.items():
        if key in TECHNICAL or value is None or value in ([], {}, ""):
            continue
        label = spoken.label(key, value)
        if isinstance(value, dict):
            yield f"{label}: " + ", ".join(_lines(value, spoken, key))
        elif (told := spoken.value(value, key, inside)) is not None:
            yield f"{label}: {told}"
        else:
            yield f"{label}: " + ", ".join(str(spoken.value(each, key, inside)) for each in value)


def _each(facts: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = facts.get(key)
    yield from (each for each in (found if isinstance(found, list) else ()) if isinstance(each, dict))
