"""One entry in words: what it says, put so that a terminal and a page can show the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.audit.errors import RecordError
from bot.audit.kept import Kept
from bot.audit.spoken import TECHNICAL, Spoken, when
from bot.tables import Entry

PARTS: Final = ("findings", "shadow", "dismissed")
"""Under these keys an entry lists rules that found something."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A rule that an entry names, once for each place."""

    rule: str
    clause: str = ""
    severity: str = ""
    """As the record has it; `degree` is what people call it."""
    degree: str = ""
    reason: str = ""
    """Why it could not run."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry says, in one language."""

    rows: tuple[tuple[str, str], ...]
    """When, what, who and so on: each with what it is called."""
    parts: tuple[tuple[str, tuple[Remark, ...]], ...]
    """What was found, is on trial, was set aside; each under what it is called."""
    missed: tuple[Remark, ...]
    """Rules that could not run."""
    more: tuple[str, ...]
    """Whatever else it says, one line a fact."""


def told(said: Mapping[str, Any], spoken: Spoken) -> Told:
    """`said` is what the entry says: see `said_by`."""
    say, facts = spoken.wording.say, said["facts"]
    rows = [
        (say("When (UTC)"), when(said["at"])),
        (say("What"), spoken.kind(said["kind"])),
        (say("Who"), said["actor"] or "–"),
        (say("Outcome"), spoken.ended(_text(facts, "outcome"), _text(facts, "ruling"))),
        (say("About"), said["subject"]),
        (say("Whose words"), said.get("holder") or ""),
    ]
    shown = {key: value for key, value in facts.items() if key not in ("outcome", "ruling", "unchecked", *PARTS)}
    parts = ((spoken.label(key), tuple(_remark(each, spoken, key) for each in _each(facts, key))) for key in PARTS)
    return Told(
        rows=tuple(row for row in rows if row[1]),
        parts=tuple((label, remarks) for label, remarks in parts if remarks),
        missed=tuple(
            Remark(str(each.get("rule", "")), reason=str(each.get("reason", ""))) for each in _each(facts, "unchecked")
        ),
        more=tuple(_lines(shown, spoken, "facts")),
    )


def said_by(entry: Entry | Kept) -> dict[str, Any]:
    """What an entry says. Raises `RecordError` for one that says nothing: `verify` is who tells why."""
    try:
        said = json.loads(entry.body)
        return {**said, "facts": {**said["facts"]}, "at": str(said["at"]), "actor": said["actor"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RecordError("broken", f"#{entry.seq}") from None


def _remark(each: Mapping[str, Any], spoken: Spoken, part: str) -> Remark:
    severity = str(each.get("severity") or "")
    degree = spoken.value(severity, "severity", part) or ""
    return Remark(str(each.get("rule") or ""), str(each.get("clause") or ""), severity, degree)


def _lines(facts: Mapping[str, Any], spoken: Spoken, inside: str) -> Iterator[str]:
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


def _text(facts: Mapping[str, Any], key: str) -> str | None:
    found = facts.get(key)
    return found if isinstance(found, str) else None


def texts_of(words: Any) -> dict[str, str]:
    """The texts in what belongs to an entry, by the names that they have there."""
    return {key: text for key, text in words.items() if isinstance(text, str)} if isinstance(words, dict) else {}
