"""A rule as a form: what is written becomes fields, and what is changed in the fields becomes changes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.proposals.editing import Changes
from bot.proposals.emitting import Value
from rules.localized import ANY

KINDS: Final = ("phrases", "substitution", "pattern", "occurrence", "topic")
"""Detectors of which a form makes new rules."""
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "phrases": ("phrases",), "substitution": ("swap",), "pattern": ("patterns",),
    "occurrence": ("pattern", "most", "least"), "topic": ("like", "unlike", "threshold"), "judge": ("threshold",),
}  # fmt: skip
"""Fields beside those of every rule."""
_ADJUSTED: Final[Mapping[str, tuple[str, ...]]] = {"judge": ("threshold",), "toxicity": ("threshold",)}
_SCALARS: Final = ("severity", "state", "override", "clause", "pattern", "most", "least", "threshold")
_LISTS: Final = ("phrases", "patterns", "like", "unlike", "except")
_SPOKEN: Final = ("message", "suggest")
_SIDES: Final = ("flag", "allow")
_ARROW: Final = re.compile("=>|→")


@dataclass(frozen=True, slots=True)
class RuleForm:
    """`values` by the names of its fields; `locked` are those that hold more than a line an entry can say."""

    detector: str
    languages: tuple[str, ...]
    is_adjusting: bool
    """Of a pack's rule: an empty field leaves it as the pack has it."""
    written: Mapping[str, Value] = field(default_factory=dict)
    """As the file has it; nothing: it is new."""

    @property
    def own(self) -> tuple[str, ...]:
        return (_ADJUSTED if self.is_adjusting else _OWN).get(self.detector, ())

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that it has."""
        said = [f"{key}_{language}" for key in _SPOKEN for language in self.languages]
        sides = () if self.is_adjusting else _SIDES
        return ("severity", "state", "override", "clause", *said, *self.own, "except", *sides)

    @property
    def values(self) -> dict[str, str]:
        return {name: _shown(self._value(name)) or "" for name in self.names}

    @property
    def locked(self) -> frozenset[str]:
        return frozenset(name for name in self.names if _shown(self._value(name)) is None)

    def changes(self, sent: Mapping[str, str]) -> dict[str, Value | None]:
        """What is different in `sent` from what is written, by the keys of the rule; None takes a key away."""
        shown, locked = self.values, self.locked
        edited = {
            name: sent[name].strip()
            for name in self.names
            if name in sent and name not in locked and sent[name].strip() != shown[name].strip()
        }
        found: dict[str, Value | None] = {key: edited[key] or None for key in _SCALARS if key in edited}
        found |= {key: _lines(edited[key]) or None for key in _LISTS if key in edited}
        if "swap" in edited:
            found["swap"] = _swap(edited["swap"])
        for key in _SPOKEN:
            if any(f"{key}_{language}" in edited for language in self.languages):
                found[key] = self._said(key, edited) or None
        if any(side in edited for side in _SIDES):
            examples = self.written.get("examples")
            kept = dict(examples) if isinstance(examples, Mapping) else {}
            found["examples"] = kept | {side: _lines(edited[side]) for side in _SIDES if side in edited}
        return found

    def _said(self, key: str, edited: Mapping[str, str]) -> dict[str, Value]:
        before = {language: self._value(f"{key}_{language}") or "" for language in self.languages}
        sent = {language: edited.get(f"{key}_{language}", before[language]) for language in self.languages}
        return {language: " ".join(str(text).split()) for language, text in sent.items() if str(text).strip()}

    def _value(self, name: str) -> Value | None:
        key, _, language = name.partition("_")
        if key in _SPOKEN:
            said = self.written.get(key)
            return said.get(language) or said.get(ANY) if isinstance(said, Mapping) else said
        if name in _SIDES:
            examples = self.written.get("examples")
            return examples.get(name) if isinstance(examples, Mapping) else None
        return self.written.get(name)


def _shown(value: Value | None) -> str | None:
    """As a field has it; None where a field cannot."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Mapping):
        pairs = [f"{before} → {after}" for before, after in value.items()]
        return "\n".join(pairs) if _swap("\n".join(pairs)) == value else None
    items = [one for one in value if isinstance(one, str) and one == one.strip() and "\n" not in one and one]
    return "\n".join(items) if len(items) == len(value) else None


def _lines(text: str) -> list[Value]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _swap(text: str) -> dict[str, Value]:
    """`kickoff → avvio`, a line each. Without an arrow nothing is written instead, and the policy will complain."""
    # Blanks are taken off apart: an expression that looks for them too takes hours over a line that is full of them.
    pairs = [_ARROW.split(line, maxsplit=1) for line in text.split("\n") if line.strip()]
    return {pair[0].strip(): pair[1].strip() if len(pair) > 1 else "" for pair in pairs}


def new_rule(id: str, form: RuleForm, sent: Mapping[str, str]) -> dict[str, Value]:
    """What the file gets for a rule that is new."""
    changes: Changes = form.changes(sent)
    made: dict[str, Value] = {"id": id.strip(), "detector": form.detector}
    return made | {key: value for key, value in changes.items() if value is not None}


def languages_of(policy: Sequence[str]) -> tuple[str, ...]:
    """In which messages are asked for: a form has so much room."""
    return tuple(policy)[:6]
