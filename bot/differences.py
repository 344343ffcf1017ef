"""The difference between two policies in words: for who writes them, and for who goes by them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.naming import override_name, severity_name, state_name
from bot.wording import Wording
from rules.comparing import Comparison, Detail, Kind, Row, compare
from rules.detectors.fields import State
from rules.directions import MEASURED
from rules.localized import ANY
from rules.localized import say as in_language
from rules.policy import Policy
from rules.strictness import root

ORDER: Final[tuple[Kind, ...]] = ("stricter", "looser", "new", "gone", "changed")
"""In which the kinds are told."""
_SHOWN: Final = 5
"""Words and phrases that are named; the others are counted."""
_LETTERS: Final = 160
"""Of a text, before it is cut."""
_BLANK = re.compile(r"\{\w+\}")
_WORDS = ("message", "suggest", "title", "text", "name")
_FOUND = ("phrases", "terms", "patterns", "signs", "swap", "hosts", "either", "match")
_SPARED = ("except", "allow")


def told(comparison: Comparison, language: str) -> list[str]:
    """Every difference, in lines, under what it is: stricter, looser, new, gone, otherwise changed."""
    wording = Wording(language)
    if not comparison.rows:
        return [wording.say("Nothing is different.")]
    lines = []
    for kind in ORDER:
        if rows := comparison.of(kind):
            lines.append(_heading(kind, wording))
            lines += [f"  {line}" for row in rows for line in _lines(row, wording)]
    return lines


def for_people(before: Policy, after: Policy, language: str) -> list[str]:
    """What is different for whoever goes by the policy, a sentence each: its clauses, and the rules in force."""
    wording, rows = Wording(language), compare(before, after).rows
    shown = [row for kind in ORDER for row in rows if row.kind == kind and _concerns_people(row, before, after)]
    shown.sort(key=lambda row: row.what != "clause")
    return [_news(row, before, after, wording) for row in shown]


# --- For who goes by it -----------------------------------------------------------------------------------------------


def _concerns_people(row: Row, before: Policy, after: Policy) -> bool:
    told = any(detail.direction != "none" or root(detail.field) in (*_WORDS, "clause") for detail in row.details)
    if row.what != "rule":
        return row.what == "clause" and told
    return told and any(rule and rule.state is State.LIVE for rule in (before.rule(row.id), after.rule(row.id)))


def _news(row: Row, before: Policy, after: Policy, wording: Wording) -> str:
    policy = before if row.kind == "gone" else after
    if row.what == "clause":
        title = in_language(policy.clause(row.id).title, wording.language)
        match row.kind:
            case "new":
                return wording.say("New clause {id}: {title}", id=row.id, title=title)
            case "gone":
                return wording.say("Clause {id} is gone: {title}", id=row.id, title=title)
            case _:
                return wording.say("Clause {id} reads differently: {title}", id=row.id, title=title)
    rule = policy.rule(row.id)
    message = _clear(in_language(rule.message, wording.language)) if rule else row.id
    return f"{_heading(row.kind, wording)} {message}"


# --- For who writes it ------------------------------------------------------------------------------------------------


def _heading(kind: Kind, wording: Wording) -> str:
    match kind:
        case "stricter":
            return wording.say("Stricter:")
        case "looser":
            return wording.say("Looser:")
        case "new":
            return wording.say("New:")
        case "gone":
            return wording.say("Gone:")
        case "changed":
            return wording.say("Otherwise changed:")


def _lines(row: Row, wording: Wording) -> list[str]:
    match row.what:
        case "rule":
            subject = row.id
        case "clause":
            subject = wording.say("clause {id}", id=row.id)
        case "owner":
            subject = wording.say("owner {id}", id=row.id)
        case "policy":
            subject = wording.say("the policy")
    if row.kind in ("new", "gone"):
        return [f"{subject}{_known_by(row, wording)}"]
    details = list(_details(row, wording))
    return [f"{subject}: {details[0]}"] if len(details) == 1 else [f"{subject}:", *(f"  {one}" for one in details)]


def _known_by(row: Row, wording: Wording) -> str:
    values = {one.field: one.before if row.kind == "gone" else one.after for one in row.details}
    words = {field.partition(".")[2]: value for field, value in values.items() if root(field) in _WORDS}
    notes = [f"«{severity_name(values['severity'], wording)}»"] if "severity" in values else []
    if values.get("state", State.LIVE) != State.LIVE:
        notes.append(state_name(values["state"], wording))
    about = f" ({', '.join(notes)})" if notes else ""
    return f"{about}: {_clear(in_language(words, wording.language))}"


def _details(row: Row, wording: Wording) -> Iterator[str]:
    own = {root(one.field) for one in row.details if one.field.partition(".")[2] in (wording.language, ANY)}
    for detail in row.details:
        name, _, inside = detail.field.partition(".")
        if name in _WORDS and name in own and inside not in (wording.language, ANY):
            continue  # the same in a language that is not the reader's
        said = _said(detail, name, inside, wording)
        if row.kind == "changed" and detail.direction == "stricter":
            said = wording.say("{what} (stricter)", what=said)
        elif row.kind == "changed" and detail.direction == "looser":
            said = wording.say("{what} (looser)", what=said)
        yield said


def _said(detail: Detail, name: str, inside: str, wording: Wording) -> str:  # noqa: C901 -- a sentence for each field
    before, after = detail.before, detail.after
    match name:
        case "severity":
            facts = {"after": severity_name(after, wording), "before": severity_name(before, wording)}
            return wording.say("counts as «{after}» (before: «{before}»)", **facts)
        case "state":
            return _moved(state_name(before, wording), state_name(after, wording), wording)
        case "override":
            facts = {"after": override_name(after, wording), "before": override_name(before, wording)}
            return wording.say("publishing all the same: {after} (before: {before})", **facts)
        case "applies":
            return _scope(detail, inside, wording)
        case "labels" | "entities":
            return _sought(detail, inside, wording)
        case "clause":
            return wording.say("cites clause {after} (before: {before})", after=after, before=before)
        case "owner":
            return wording.say("{after} answers for it (before: {before})", after=after, before=before)
        case "protected" if before is None:
            return wording.say("holds for protected speech too")
        case "protected" if after is None:
            return wording.say("gives way to protected speech")
        case "examples":
            return wording.say("its examples have changed")
        case "rewrite":
            return wording.say("it is put right in another way")
        case "company" if not inside:
            return wording.say("it goes by the company’s names, which have changed")
        case "order":
            return wording.say("its rules, clauses or owners stand in another order")
        case _ if name in _WORDS and (after is None or isinstance(after, str)):
            where = f" ({inside})" if inside not in ("", ANY, wording.language) else ""
            return f"{_word(name, wording)}{where}: {_quoted(after)}"
        case _:
            return _listed(detail, inside or name, wording)


def _listed(detail: Detail, name: str, wording: Wording) -> str:
    before, after = detail.before, detail.after
    if detail.direction == "none" and before == after:
        return wording.say("`{field}` is written otherwise, to the same effect", field=name)
    if not isinstance(before, list | dict) or not isinstance(after, list | dict) or bool(before) == bool(after):
        return f"`{name}`: {_moved(_value(before, wording), _value(after, wording), wording)}"
    items = _items(after or before, wording)
    match name in _SPARED, name in _FOUND, bool(after):
        case True, _, True:
            return wording.say("lets {items} pass", items=items)
        case True, _, False:
            return wording.say("no longer lets {items} pass", items=items)
        case _, True, True:
            return wording.say("also finds {items}", items=items)
        case _, True, False:
            return wording.say("no longer finds {items}", items=items)
        case _, _, True:
            return wording.say("`{field}`: added {items}", field=name, items=items)
        case _:
            return wording.say("`{field}`: removed {items}", field=name, items=items)


def _scope(detail: Detail, key: str, wording: Wording) -> str:
    everything = wording.say("no limit")
    before, after = (_value(value, wording) if value else everything for value in (detail.before, detail.after))
    what = f"`{key}` {_moved(before, after, wording)}"
    match detail.direction:
        case "stricter":
            return wording.say("for more drafts: {what}", what=what)
        case "looser":
            return wording.say("for fewer drafts: {what}", what=what)
        case "none":
            return wording.say("`{field}` is written otherwise, to the same effect", field=key)
        case _:
            return wording.say("for other drafts: {what}", what=what)


def _sought(detail: Detail, label: str, wording: Wording) -> str:
    if detail.before is None:
        return wording.say(
            "also looks for {label} (threshold: {score})", label=label, score=_value(detail.after, wording)
        )
    if detail.after is None:
        return wording.say("no longer looks for {label}", label=label)
    return f"{label}: {_moved(_value(detail.before, wording), _value(detail.after, wording), wording)}"


# --- Values -----------------------------------------------------------------------------------------------------------


def _moved(before: str, after: str, wording: Wording) -> str:
    return wording.say("{after} (before: {before})", after=after, before=before)


def _word(name: str, wording: Wording) -> str:
    return {
        "message": wording.say("message"),
        "suggest": wording.say("what to do"),
        "title": wording.say("title"),
        "text": wording.say("text"),
        "name": wording.say("name"),
    }[name]


def _value(value: Any, wording: Wording) -> str:
    if value == MEASURED:
        return wording.say("the measured one")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return ", ".join(_names(value)) or "—"
    return "—" if value is None else _clear(str(value))


def _names(items: Sequence[Any] | Mapping[str, Any]) -> list[str]:
    if isinstance(items, Mapping):
        return [f"{one} → {other}" for one, other in items.items()]
    return [_item(item) for item in items]


def _items(items: Sequence[Any] | Mapping[str, str], wording: Wording) -> str:
    quoted = [_quoted(name) for name in _names(items)]
    if len(quoted) <= _SHOWN + 1:
        return ", ".join(quoted)
    more = len(quoted) - _SHOWN
    return wording.say("{items} and {number} more", items=", ".join(quoted[:_SHOWN]), number=more)


def _item(item: Any) -> str:
    """A phrase with its reason, a term with the day of its embargo's end, columns of a table: by its first words."""
    if isinstance(item, dict):
        return str(item.get("phrase") or item.get("term"))
    return " + ".join(map(str, item)) if isinstance(item, list) else str(item)


def _quoted(text: str | None) -> str:
    return f"«{_clear(text)}»" if text else "—"


def _clear(text: str) -> str:
    """On one line, without the names that a message fills in, and not at any length."""
    line = _BLANK.sub("…", " ".join(text.split()))
    return line if len(line) <= _LETTERS else f"{line[:_LETTERS]}…"
