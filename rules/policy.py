"""A company's policy: YAML in, typed rules out, or a `PolicyError` that says which line and what to write there."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from rules.detectors import Rule
from rules.detectors.fields import Applies, Company, Frozen, Override, Spared, State
from rules.detectors.judge import Score
from rules.detectors.toxicity import Toxicity
from rules.hours import ALWAYS, Hours, WrittenHoliday, WrittenHours
from rules.keeping import Keeping
from rules.localized import Localized
from rules.verdict import Severity

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


class Owner(Frozen):
    """Who answers for a clause, when they are there, and who is asked next if they are silent."""

    id: Name
    name: Localized
    slack_channel: str | None = None
    telegram_chat: str | None = None
    hours: WrittenHours = "24x7"
    """`24x7`, or a week such as `mon-fri 09:00-18:00, sat 22:00-06:00`."""
    timezone: str | None = None
    """The policy's where there is none."""
    holidays: tuple[WrittenHoliday, ...] = ()
    """Besides the policy's: `2026-12-25`, `12-25` of every year, `2026-08-10..2026-08-21`, `easter-monday`."""
    deadline: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[mhd]$")] = "4h"
    """How long, in open time, before the next in line is asked: `30m`, `4h`, `2d`."""
    next: Name | None = None


class Clause(Frozen):
    """A paragraph of the policy that people read. Every rule cites one."""

    id: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]+([.-][0-9A-Za-z]+)*$")]
    title: Localized
    text: Localized
    owner: Name


class Adjustment(Frozen):
    """How a company changes one rule of a pack without copying it."""

    rule: str
    severity: Severity | None = None
    state: State | None = None
    override: Override | None = None
    clause: str | None = None
    message: Localized | None = None
    suggest: Localized | None = None
    applies: Applies | None = None
    excepted: tuple[Spared, ...] = Field(default=(), alias="except")
    """Added to the rule's own."""
    allow: tuple[Spared, ...] = ()
    """Added to a `personal_data` rule's own: numbers and addresses that the company itself makes public."""
    threshold: Score | None = None
    """Replaces that of a `judge` rule, or of every label of a `toxicity` rule: higher is quieter."""

    @property
    def changes(self) -> dict[str, object]:
        """The fields that are to be other than the rule has them."""
        names = ("severity", "state", "override", "clause", "message", "suggest", "applies")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def of(self, rule: Rule) -> Rule:
        added: dict[str, object] = {"excepted": rule.excepted + self.excepted}
        if self.allow:
            added["allow"] = getattr(rule, "allow", ()) + self.allow
        if self.threshold is not None and isinstance(rule, Toxicity):
            added["labels"] = dict.fromkeys(rule.labels, self.threshold)
        elif self.threshold is not None:
            added["threshold"] = self.threshold
        return rule.model_copy(update={**self.changes, **added})


class PolicyFile(Frozen):
    """One YAML file: a whole policy, or a pack that another includes."""

    name: Name
    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    timezone: str = "Europe/Rome"
    company: Company = Company()
    """Its names; a file that says none takes those of what it includes."""
    holidays: tuple[WrittenHoliday, ...] = ()
    """Of all owners but those who are there `24x7`; a file that says none takes those of what it includes."""
    duty: Name | None = None
    """The owner who is asked last, after every line; a file that says none takes the one of what it includes."""
    appeals: Name | None = None
    """The owner who hears appeals, else that of the clause; taken over in the same way."""
    record: Keeping | None = None
    """How long words are kept; a file that says none takes what it includes says."""
    include: tuple[str, ...] = ()
    owners: tuple[Owner, ...] = ()
    clauses: tuple[Clause, ...] = ()
    rules: tuple[Rule, ...] = ()
    adjust: tuple[Adjustment, ...] = ()


class Policy(Frozen):
    """Everything a company asks of its people's drafts, checked and ready to screen with."""

    name: Name
    languages: tuple[LanguageCode, ...]
    timezone: str
    company: Company = Company()
    holidays: tuple[WrittenHoliday, ...] = ()
    duty: Name | None = None
    appeals: Name | None = None
    record: Keeping = Keeping()
    owners: tuple[Owner, ...]
    clauses: tuple[Clause, ...]
    rules: tuple[Rule, ...]

    @cached_property
    def revision(self) -> str:
        """`name@` and the first 12 hex digits of the SHA-256 of the canonical form, in which comments do not count."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return f"{self.name}@{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def clause(self, id: str) -> Clause:
        return self._clauses[id]

    def rule(self, id: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.id == id), None)

    def owner(self, id: str) -> Owner:
        return self._owners[id]

    def hours_of(self, owner: Owner) -> Hours:
        """Whoever is there `24x7` is there on the policy's holidays too; their own count all the same."""
        common = () if owner.hours == ALWAYS else self.holidays
        zone = ZoneInfo(owner.timezone) if owner.timezone else self.zone
        return Hours.of(owner.hours, (*common, *owner.holidays), zone)

    @cached_property
    def _owners(self) -> dict[str, Owner]:
        return {owner.id: owner for owner in self.owners}

    @cached_property
    def _clauses(self) -> dict[str, Clause]:
        return {clause.id: clause for clause in self.clauses}


def schema() -> dict[str, object]:
    """The JSON Schema of a policy file, by which editors complete and check."""
    found = cast("dict[str, object]", _as_written(PolicyFile.model_json_schema(by_alias=True)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Vaglio policy", **found}


def _as_written(node: object) -> object:
    """A scalar is text until its field says otherwise, so a bare `4.1` is a fine clause and editors must not mind."""
    if isinstance(node, list):
        return [_as_written(item) for item in node]
    if not isinstance(node, dict):
        return node
    result: dict[str, Any] = {key: _as_written(value) for key, value in node.items()}
    if result.get("type") == "string" and "enum" not in result and "const" not in result:
        result["type"] = ["string", "number", "boolean"] if "pattern" not in result else ["string", "number"]
    if isinstance(properties := result.get("properties"), dict) and "phrases" in properties:
        # A rule may name lists instead of holding them; the loader reads them in.
        properties["phrases_from"] = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        result["required"] = [name for name in result["required"] if name != "phrases"]
    return result
