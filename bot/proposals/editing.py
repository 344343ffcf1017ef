"""Rules changed, added and taken away in a policy's YAML, by whoever does not write YAML; no other line is touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.proposals.emitting import Value, entry
from bot.proposals.sheet import NotEditable, Sheet
from rules.problems import PolicyError
from rules.source import Source, parse_source, plain

ORDER: Final = (
    *("id", "detector", "severity", "clause", "override", "state", "applies", "hides", "message", "suggest"),
    *("engine", "phrases", "phrases_from", "swap", "patterns", "pattern", "like", "unlike", "most", "least"),
    *("threshold", "except", "rewrite", "protected", "examples"),
)
"""In which the keys of a rule stand."""
_ADJUSTED: Final = (
    *(
        "rule",
        "severity",
        "state",
        "override",
        "clause",
        "message",
        "suggest",
        "applies",
        "except",
        "allow",
        "threshold",
    ),
)

Changes = Mapping[str, Value | None]
"""By key; None takes it away."""


def changed(text: str, rule: str, changes: Changes) -> str:
    """The file with another form of one of its own rules.

    Raises `LookupError` where it has no such rule, `NotEditable` where only its text can be edited.
    """
    sheet, position = _found(text, "rules", "id", rule)
    for key, value in changes.items():
        sheet.set(("rules", position, key), value, order=ORDER)
    return _sound(text, sheet, "rules", position, changes)


def added(text: str, rule: Mapping[str, Value]) -> str:
    """The file with one more rule, after its others. Raises `NotEditable`."""
    sheet = Sheet(text)
    sheet.add_entry("rules", entry(_in_order(rule, ORDER), sheet.dash("rules")))
    return _sound(text, sheet, "rules", -1, rule)


def removed(text: str, rule: str) -> str:
    """The file without one of its own rules; comments above it stay. Raises as `changed` does."""
    sheet, position = _found(text, "rules", "id", rule)
    sheet.remove_entry("rules", position)
    return sheet.text


def adjusted(text: str, rule: str, changes: Changes) -> str:
    """The file with its `adjust:` of a pack's rule; an adjustment that says nothing any more goes.

    Raises `NotEditable`.
    """
    try:
        sheet, position = _found(text, "adjust", "rule", rule)
    except LookupError:
        wanted = {key: value for key, value in changes.items() if value is not None}
        if not wanted:
            return text
        sheet = Sheet(text)
        sheet.add_entry("adjust", entry(_in_order({"rule": rule, **wanted}, _ADJUSTED), sheet.dash("adjust")))
        return _sound(text, sheet, "adjust", -1, wanted)
    for key, value in changes.items():
        sheet.set(("adjust", position, key), value, order=_ADJUSTED)
    left = sheet.value(("adjust", position))
    if isinstance(left, Mapping) and set(left) == {"rule"}:
        sheet.remove_entry("adjust", position)
        return sheet.text
    return _sound(text, sheet, "adjust", position, changes)


def written(text: str, rule: str) -> Mapping[str, Value] | None:
    """A rule as the file has it, by its keys; None where it is not in this file. Raises `NotEditable`."""
    return _entry(text, "rules", "id", rule)


def adjustment(text: str, rule: str) -> Mapping[str, Value] | None:
    """What the file's `adjust:` says of a rule; None where it says nothing. Raises `NotEditable`."""
    return _entry(text, "adjust", "rule", rule)


def lines_of(text: str, rule: str) -> tuple[int, str] | None:
    """A rule's YAML as it stands in the file, and the number of its first line; None where it is not in it."""
    source = _read(text)
    rules = plain(source.root)
    listed = rules.get("rules") if isinstance(rules, dict) else None
    for position, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict) and one.get("id") == rule:
            first = source.place(("rules", position)).line
            beyond = source.place(("rules", position + 1)).line if position + 1 < len(listed or ()) else 0
            return first, _block(source, first, beyond if beyond > first else 0)
    return None


def _block(source: Source, first: int, beyond: int) -> str:
    """The lines from one to before another, or to where the indentation ends; without comments that follow."""
    lines = source.lines
    margin = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    last = first
    for number in range(first + 1, (beyond or len(lines) + 1)):
        line = lines[number - 1]
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            if not line.lstrip().startswith("#"):
                break
            continue
        if line.strip():
            last = number
    return "\n".join(line[margin:] if not line[:margin].strip() else line for line in lines[first - 1 : last])


# --- Within -----------------------------------------------------------------------------------------------------------


def _found(text: str, key: str, name: str, rule: str) -> tuple[Sheet, int]:
    sheet = Sheet(text)
    listed = sheet.value((key,))
    for position, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, Mapping) and one.get(name) == rule:
            return sheet, position
    raise LookupError(rule)


def _entry(text: str, key: str, name: str, rule: str) -> Mapping[str, Value] | None:
    try:
        sheet, position = _found(text, key, name, rule)
    except LookupError:
        return None
    found = sheet.value((key, position))
    return found if isinstance(found, Mapping) else None


def _sound(text: str, sheet: Sheet, key: str, position: int, changes: Changes) -> str:
    """The new text, once the policy's own reader has found in it what was asked for, and all else as it was."""
    before, after = plain(_read(text).root), plain(_read(sheet.text).root)
    if not isinstance(before, dict) or not isinstance(after, dict):
        raise NotEditable
    others = [{name: value for name, value in one.items() if name != key} for one in (before, after)]
    entries = [list(one.get(key) or []) for one in (before, after)]
    new = entries[1].pop(position)
    if position >= 0:
        entries[0].pop(position)
    as_asked = all(new.get(name) == value for name, value in changes.items())
    if others[0] != others[1] or entries[0] != entries[1] or not as_asked:
        raise NotEditable
    return sheet.text


def _read(text: str) -> Source:
    try:
        return parse_source(text, Path("policy.yaml"), "policy.yaml")
    except PolicyError:
        raise NotEditable from None


def _in_order(values: Mapping[str, Value], order: tuple[str, ...]) -> dict[str, Value]:
    known = [key for key in order if key in values]
    return {key: values[key] for key in (*known, *(key for key in values if key not in order))}
