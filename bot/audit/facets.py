"""What an entry can be found and counted by, read from its body: facts and pseudonyms, never a word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

_WORDED = ("text", "in_reply_to", "reason", "why", "link")
"""Under these keys content has words that were blanked before they were kept."""
_UNMASKED = ("raw",)
"""Kinds of entries whose content is not blanked: it is never searched."""
_LAST = 2**31 - 1
"""The largest number of an entry that every database takes."""


class Part(StrEnum):
    """Why an entry names a rule."""

    FINDING = "finding"
    SHADOW = "shadow"
    """It is on trial: it would have found something."""
    DISMISSED = "dismissed"
    """It found what had been overturned before."""
    UNCHECKED = "unchecked"
    OVERRIDE = "override"
    APPEAL = "appeal"
    HEARD = "heard"
    """An appeal against it was decided."""


@dataclass(frozen=True, slots=True)
class Named:
    """A rule that an entry names."""

    rule: str
    part: Part
    clause: str = ""
    severity: str = ""
    reason: str = ""
    """Why it was not checked: see `rules.verdict.Unchecked`."""
    count: int = 1
    """How many places it found."""


@dataclass(frozen=True, slots=True)
class Facets:
    """One entry. What it does not say is None."""

    seq: int
    at: str
    """UTC, ISO 8601 with microseconds, as the ledger has it."""
    kind: str
    subject: str
    actor: str | None = None
    holder: str | None = None
    """Under whose key its words are sealed."""
    outcome: str | None = None
    draft: str | None = None
    """`post` or `reply`."""
    account: str | None = None
    channel: str | None = None
    language: str | None = None
    policy: str | None = None
    """A revision."""
    ruling: str | None = None
    screening: str | None = None
    """The check that it is about."""
    thread: str | None = None
    """Of a check that was made anew: the first one of the same draft."""
    owner: str | None = None
    """Who decided, or to whom it was passed on."""
    owners: tuple[str, ...] = ()
    """All whom it names."""
    rules: tuple[Named, ...] = ()
    reaches: tuple[tuple[int, int], ...] = ()
    """Other entries whose words it looked at, or let go: inclusive ranges."""

    @property
    def day(self) -> str:
        """In UTC."""
        return self.at[:10]

    @property
    def quarter(self) -> int:
        """Quarters of an hour since the epoch: no zone begins its day between two of them."""
        try:
            at = datetime.fromisoformat(self.at)
            # Somebody else's hand: no calendar reaches from there into every zone.
            return int(at.timestamp()) // 900 if 1970 < at.year < 9999 else 0
        except (ValueError, OverflowError):
            return 0


def facets_of(seq: int, at: str, kind: str, subject: str, body: bytes) -> Facets:
    """Of an entry that cannot be read as one, what its columns say: `verify` is who tells why."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    facts = said.get("facts")
    facts = facts if isinstance(facts, dict) else {}
    draft = facts.get("draft")
    draft = draft if isinstance(draft, dict) else {}
    owner, owners = _owners(kind, facts)
    return Facets(
        seq=seq, at=at, kind=kind, subject=subject, actor=_text(said, "actor"), holder=_text(said, "holder"),
        outcome=_text(facts, "outcome"), draft=_text(draft, "kind"), account=_text(draft, "account"),
        channel=_text(draft, "channel") or _text(facts, "channel"), language=_text(facts, "language"),
        policy=_text(facts, "policy") or _text(facts, "revision"), ruling=_text(facts, "ruling"),
        screening=subject if kind in ("screening", "raw", "override", "published") else _text(facts, "screening"),
        thread=_text(facts, "thread") if kind == "screening" else None,
        owner=owner, owners=owners, rules=tuple(_merged(_named(kind, facts))), reaches=_reaches(kind, facts),
    )  # fmt: skip


def words_of(kind: str, content: bytes) -> list[str]:
    """The masked texts in an entry's content, none of them empty."""
    if kind in _UNMASKED:
        return []
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return []
    found = [said.get(key) for key in _WORDED] if isinstance(said, dict) else []
    return [text for text in found if isinstance(text, str) and text.strip()]


def forgotten_by(kind: str, body: bytes) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Whose words this entry says are gone, and those of which entries, as inclusive ranges."""
    if kind not in ("erasure", "retention", "restore"):
        return (), ()
    try:
        facts = json.loads(body)["facts"]
        if kind == "erasure":
            return (str(facts["person"]),), ()
        if kind == "restore":
            return tuple(str(each) for each in facts.get("erased") or ()), ()
        return (), tuple((int(first), int(last)) for first, last in facts["purged"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return (), ()


def _owners(kind: str, facts: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    owner = _text(facts, "to") if kind == "passed" else _text(facts, "owner")
    listed = facts.get("owners")
    every = [owner, _text(facts, "asked"), _text(facts, "from") if kind == "passed" else None]
    every += [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return owner, tuple(dict.fromkeys(each for each in every if each))


def _reaches(kind: str, facts: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    found = facts.get({"look": "entries", "retention": "purged"}.get(kind, ""))
    return tuple((each[0], each[1]) for each in found if _is_range(each)) if isinstance(found, list) else ()


def _is_range(found: object) -> bool:
    return (
        isinstance(found, list)
        and len(found) == 2
        and all(type(each) is int for each in found)
        and 0 < found[0] <= found[1] <= _LAST
    )


def _named(kind: str, facts: Mapping[str, Any]) -> Iterator[Named]:
    for key, part in (("findings", Part.FINDING), ("shadow", Part.SHADOW), ("dismissed", Part.DISMISSED)):
        for found in _each(facts, key):
            if rule := _text(found, "rule"):
                yield Named(rule, part, _text(found, "clause") or "", _text(found, "severity") or "")
    for missed in _each(facts, "unchecked"):
        if rule := _text(missed, "rule"):
            yield Named(rule, Part.UNCHECKED, "", _text(missed, "severity") or "", _text(missed, "reason") or "")
    if kind == "override":
        rules = facts.get("rules")
        for rule in rules if isinstance(rules, list) else ():
            if isinstance(rule, str):
                yield Named(rule, Part.OVERRIDE)
    if kind in ("appeal", "appeal_decision") and (rule := _text(facts, "rule")):
        yield Named(rule, Part.APPEAL if kind == "appeal" else Part.HEARD)


def _merged(every: Iterator[Named]) -> Iterator[Named]:
    """Each rule once for what it did under a clause, with how often."""
    counts: dict[Named, int] = {}
    for named in every:
        counts[named] = counts.get(named, 0) + 1
    for named, count in counts.items():
        yield Named(named.rule, named.part, named.clause, named.severity, named.reason, count)


def _each(facts: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    found = facts.get(key)
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict):
            yield each


def _text(said: Mapping[str, Any], key: str) -> str | None:
    found = said.get(key)
    return plain(found) if isinstance(found, str) else None


def plain(text: str) -> str:
    """As every database takes it: PostgreSQL has no room for a zero, and half a character is part of no name."""
    return text.replace("\0", "").encode(errors="replace").decode()
