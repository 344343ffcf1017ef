"""From the files of Vale styles to a pack whose every rule has been tried."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rules.detectors.base import BaseRule
from rules.policy import Policy
from rules.protection import held_up
from rules.trial import find_shadowed
from rules.unavailable import Unavailable
from rules.vale.definition import Definition, definition
from rules.vale.examples import rule_from, tried
from rules.vale.expressions import Unreadable
from rules.vale.files import RuleFile, rule_files
from rules.vale.kinds import carried
from rules.vale.messages import language_of, worded
from rules.vale.pack import as_yaml
from rules.vale.reasons import Reason, Skip

LANGUAGES = ("it", "en")
OWNER = "communications"
SEVERITIES = {"suggestion": "note", "warning": "warn", "error": "warn"}
"""A style is about wording, and what it calls an error is to be mended: it never blocks, nor asks for a yes."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A Vale rule that does not carry over, as Vale calls it, and why."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Import:
    """`imported` are Vale's names; `pack` is the YAML of a policy file that `include` takes."""

    imported: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    pack: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule with the examples that it will have, and those that it might have besides."""

    file: RuleFile
    comment: str
    fields: Mapping[str, Any]
    reserve: tuple[str, ...]

    @property
    def rule(self) -> BaseRule:
        return rule_from(self.fields)


def import_styles(path: Path, name: str | None = None) -> Import:
    """Every style in a folder or a .zip, as one pack called `name`.

    Raises `StyleError` where there is none to be read, `PolicyError` where there is nothing at all, and `OSError`.
    """
    files = rule_files(path)
    read, skipped = _definitions(files)
    language = language_of(each.text("message") for each in read if not _is_odd(each))
    ready: list[_Ready] = []
    taken: set[str] = set()
    for each in read:
        try:
            ready.append(_ready(each, language, taken))
        except Skip as skip:
            skipped.append(Skipped(each.file.title, skip.reason))
        except Unreadable as part:
            skipped.append(Skipped(each.file.title, Reason("expression", {"part": str(part)})))
    ready, covered = _distinct(ready)
    order = {file.title: place for place, file in enumerate(files)}
    return Import(
        imported=tuple(each.file.title for each in ready),
        skipped=tuple(sorted([*skipped, *covered], key=lambda each: order[each.rule])),
        pack=as_yaml(
            _head(ready, name or _slug(path.resolve().name if path.is_dir() else path.stem)),
            ((each.comment, each.fields) for each in ready),
        ),
    )


def _definitions(files: Iterable[RuleFile]) -> tuple[list[Definition], list[Skipped]]:
    read, skipped = list[Definition](), list[Skipped]()
    for file in files:
        try:
            read.append(definition(file))
        except Skip as skip:
            skipped.append(Skipped(file.title, skip.reason))
    return read, skipped


def _is_odd(rule: Definition) -> bool:
    try:
        return not rule.text("message")
    except Skip:
        return True


def _ready(rule: Definition, language: str, taken: set[str]) -> _Ready:
    level = rule.text("level", "warning")
    if level not in SEVERITIES:
        raise Skip("level", where=rule.where("level"), value=level)
    found = carried(rule)
    fields: dict[str, Any] = {
        "id": _id(rule.file, taken),
        "detector": found.detector,
        "severity": SEVERITIES[level],
        "clause": f"style-{_slug(rule.file.style)}",
        "message": worded(rule.required("message"), found.values, language),
        **found.fields,
    }
    flagged, passed = tried(fields, found.flags, found.allows, LANGUAGES)
    fields["examples"] = {"flag": flagged[:1], "allow": passed}
    if _holds_up(fields):
        # A company's style is about the company's voice: nobody's own words about work wait for it.
        fields = {**fields, "applies": {"accounts": ["institutional", "support"]}}
    taken.add(fields["id"])
    link = rule.text("link")
    return _Ready(rule.file, f"{rule.file.title}{f': {link}' if link else ''}", fields, tuple(flagged[1:]))


def _holds_up(fields: Mapping[str, Any]) -> bool:
    """Whether no policy would load with the rule, since it finds fault with protected speech too."""
    try:
        return held_up(rule_from(fields)) is not None
    except Unavailable:
        raise Skip("slow") from None


def _id(file: RuleFile, taken: set[str]) -> str:
    parts = [_slug(part) for part in (file.style, *file.rule.split("."))]
    id = ".".join([parts[0] if parts[0][0].isalpha() else f"style-{parts[0]}", *parts[1:]])
    number = 2
    while id in taken:
        id, number = f"{id.removesuffix(f'-{number - 1}')}-{number}", number + 1
    return id


def _slug(name: str) -> str:
    """`GenderBias` as `gender-bias`, in letters, digits and hyphens alone."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _OTHER.sub("-", _HUMP.sub("-", plain).lower()).strip("-") or "style"


def _distinct(ready: list[_Ready]) -> tuple[list[_Ready], list[Skipped]]:
    """Rules of which none finds all that another shows: with more examples where that helps, without them otherwise."""
    covered: list[Skipped] = []
    while hidden := _shadowed(ready):
        if any(each.reserve for each in ready if each.fields["id"] in hidden):
            ready = [_at_length(each) if each.fields["id"] in hidden else each for each in ready]
            continue
        titles = {each.fields["id"]: each.file.title for each in ready}
        # One whose cover goes too is looked at again.
        going = {id: by for id, by in hidden.items() if by not in hidden} or dict([next(iter(hidden.items()))])
        covered += [Skipped(titles[id], Reason("covered", {"by": titles[by]})) for id, by in going.items()]
        ready = [each for each in ready if each.fields["id"] not in going]
    return ready, covered


def _at_length(each: _Ready) -> _Ready:
    """With all examples that there are."""
    examples = each.fields["examples"]
    flag = [*examples["flag"], *each.reserve]
    return replace(each, fields={**each.fields, "examples": {**examples, "flag": flag}}, reserve=())


def _shadowed(ready: list[_Ready]) -> dict[str, str]:
    """Each rule that another covers, and that other."""
    rules = tuple(each.rule for each in ready)
    policy = Policy(name="x", languages=LANGUAGES, timezone="Europe/Rome", owners=(), clauses=(), rules=rules)
    return {found.rule: found.by for found in find_shadowed(policy)}


def _head(ready: list[_Ready], name: str) -> dict[str, Any]:
    styles = dict.fromkeys(each.file.style for each in ready)
    return {
        "name": _slug(name),
        "languages": list(LANGUAGES),
        "owners": [{"id": OWNER, "name": {"it": "Comunicazione", "en": "Communications", "*": "Communications"}}],
        "clauses": [
            {
                "id": f"style-{_slug(style)}",
                "title": {"it": f"Lo stile {style}", "en": f"The {style} style", "*": style},
                "text": {
                    "it": f"Scriviamo secondo lo stile {style}.",
                    "en": f"We write by the {style} style.",
                    "*": style,
                },
                "owner": OWNER,
            }
            for style in styles
        ],
    }
