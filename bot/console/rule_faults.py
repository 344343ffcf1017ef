"""What is wrong with a rule, told by the fields of its form: whoever fills one in sees no file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from bot.console.proposal_shown import Fault, faults_of
from bot.console.rule_form import RuleForm
from bot.wording import Wording
from rules.problems import Place, PolicyError, Problem
from rules.source import Source, parse_source, plain

_NESTED: Final = ("message", "suggest", "examples")
"""Keys whose parts are fields of their own."""
_OF_THE_WHOLE: Final = {"no_bounds": "most", "bounds_swapped": "least"}
"""The field that a fault is about whose place is the rule's own, by its code."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault. Without a `field` it is the rule's as a whole, or, with a `place`, something else's in the policy."""

    message: str
    field: str = ""
    label: str = ""
    """What the form calls the field."""
    place: Fault | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the policy with the rule as the form would write it."""

    name: str
    text: str
    key: Literal["rules", "adjust"]
    rule: str
    """Its id; empty: it is new, and so the last one."""


def told(problems: Sequence[Problem], written: Written, form: RuleForm, wording: Wording) -> list[FieldFault]:
    """The faults, each under the label of the field in which it was made."""
    places, labels = list(_places(written, form)), labels_of(form, wording)
    return [_told(problem, _field(problem, written, places, form), labels, wording) for problem in problems]


def labels_of(form: RuleForm, wording: Wording) -> dict[str, str]:
    """What each field is called, by its name."""
    say = wording.say
    return {
        "id": say("Id"), "clause": say("Clause"), "severity": say("How much it weighs"),
        "override": say("Publishing all the same"), "state": say("State"), "phrases": say("Words and phrases"),
        "swap": say("What is written → what to write"), "patterns": say("Patterns"), "pattern": say("Pattern"),
        "most": say("At most"), "least": say("At least"), "like": say("Sentences on the subject"),
        "unlike": say("Sentences near it that are fine"), "threshold": say("Threshold"),
        "except": say("Let pass as well") if form.is_adjusting else say("Let pass"),
        "flag": say("Examples that it must flag"), "allow": say("Examples that it must let pass"),
        **{f"message_{each}": say("What the writer is told ({language})", language=each) for each in form.languages},
        **{f"suggest_{each}": say("What to do instead ({language})", language=each) for each in form.languages},
    }  # fmt: skip


def _told(problem: Problem, field: str | None, labels: dict[str, str], wording: Wording) -> FieldFault:
    message = problem.say(wording.language)
    if field is None:
        return FieldFault(message, place=faults_of([problem], wording.language)[0])
    if problem.code == "missing" and field:
        message = wording.say("This has to be filled in.")
    elif problem.code == "empty" and field == "swap":
        message = wording.say("In each line write: what is written → what to write.")
    elif problem.code == "id_twice":
        message = wording.say("There is a rule of this name already: choose another one.")
    return FieldFault(message, field, labels.get(field, ""))


# --- Places -----------------------------------------------------------------------------------------------------------

_At = tuple[int, int, str | None]
"""Line and column where something begins, and its field: empty where it has none, None where it is not the rule's."""


def _field(problem: Problem, written: Written, places: Sequence[_At], form: RuleForm) -> str | None:
    """In which field a fault was made: the one that begins last before it.

    Empty: the rule as a whole, or what the form has no field for; None: somewhere else.
    """
    if problem.place.file != written.name:
        return None
    here = (problem.place.line, problem.place.column)
    before = [field for line, column, field in places if (line, column) <= here]
    found = before[-1] if before else None
    if found is None:
        return None
    start = next(((line, column) for line, column, field in places if field is not None), here)
    if here == start or problem.code == "missing":
        found = _of_whole(problem, form)
    elif problem.code == "no_words":
        found = f"{found.partition('_')[0]}_{problem.facts['language']}"
    return found if found in form.names or (found == "id" and not written.rule) else ""


def _of_whole(problem: Problem, form: RuleForm) -> str:
    key = problem.facts.get("key", "") if problem.code == "missing" else _OF_THE_WHOLE.get(problem.code, "")
    return _field_of(key, form)


def _field_of(key: str, form: RuleForm) -> str:
    """Of a key of the rule; of one that has several, the first."""
    if key in ("message", "suggest"):
        return f"{key}_{form.languages[0]}"
    return "flag" if key == "examples" else key


def _places(written: Written, form: RuleForm) -> Iterator[_At]:
    """Where everything begins, in order: other parts of the file, the rule, and each of its keys."""
    try:
        source = parse_source(written.text, Path(written.name), written.name)
    except PolicyError:
        return
    root = plain(source.root)
    entries = root.get(written.key) if isinstance(root, dict) else None
    listed = entries if isinstance(entries, list) else []
    ours = _position(listed, written)
    found = [_at(source.place((key,), of_key=True), None) for key in (root if isinstance(root, dict) else ())]
    for position, entry in enumerate(listed):
        place = source.place((written.key, position))
        found.append(_at(place, "" if position == ours else None))
        if position == ours and isinstance(entry, dict):
            found += _of_entry(source, (written.key, position), entry, form)
    yield from sorted(found, key=lambda at: at[:2])


def _of_entry(source: Source, way: tuple[str, int], entry: dict[str, object], form: RuleForm) -> Iterator[_At]:
    for key, value in entry.items():
        yield _at(source.place((*way, key), of_key=True), _field_of(key, form))
        if key in _NESTED and isinstance(value, dict):
            for part in value:
                name = part if key == "examples" else f"{key}_{part}"
                yield _at(source.place((*way, key, part), of_key=True), name)


def _position(listed: Sequence[object], written: Written) -> int | None:
    if not written.rule:
        return len(listed) - 1
    name = "id" if written.key == "rules" else "rule"
    known = [isinstance(entry, dict) and entry.get(name) == written.rule for entry in listed]
    return known.index(True) if True in known else None


def _at(place: Place, field: str | None) -> _At:
    return place.line, place.column, field
