"""Filters of the record as they stand in an address and in a form: read kindly, written in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from bot.audit.facets import Part
from bot.audit.filters import Filters, stretch
from bot.audit.spoken import KINDS
from rules.draft import Account, Channel
from rules.verdict import Outcome

RULINGS: Final = ("approved", "rejected", "change", "upheld", "overturned")
NAMES: Final = (
    "text", "since", "until", "outcome", "rule", "part", "clause", "channel", "account", "kind", "policy", "person",
    "owner", "ruling",
)  # fmt: skip
"""Of the filters, in an address: as the options of `vaglio audit search` are called."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "outcome": tuple(Outcome), "part": tuple(Part), "channel": tuple(Channel), "account": tuple(Account),
    "kind": KINDS, "ruling": RULINGS,
}  # fmt: skip
_LONGEST: Final = 500
"""Characters of one filter: more is no question that anybody asks."""
_MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Query:
    """`given` is what was written, by name, without what is empty; `wrong` names what means nothing."""

    given: Mapping[str, str] = field(repr=False)
    filters: Filters = field(repr=False)
    wrong: frozenset[str] = frozenset()
    after: int | None = None

    @property
    def address(self) -> str:
        """What follows the question mark."""
        return urlencode(self.given)

    def beyond(self, after: int) -> str:
        """The same, for the page behind that entry."""
        return urlencode({**self.given, "after": after})


def read_address(query: str, zone: tzinfo) -> Query:
    """From what follows the question mark in an address. One of more parts than any page writes means nothing."""
    try:
        return read_query(dict(parse_qsl(query, max_num_fields=60)), zone)
    except ValueError:
        return read_query({}, zone)


def read_query(said: Mapping[str, Any], zone: tzinfo) -> Query:
    """Days are those of `zone`. What means nothing filters nothing, and is told apart."""
    given = {name: value for name in NAMES if (value := _text(said.get(name)))}
    wrong = {name for name, known in CHOICES.items() if name in given and given[name] not in known}
    days = {name: _day(given[name]) for name in ("since", "until") if name in given}
    wrong |= {name for name, day in days.items() if day is None}
    since, until = stretch(days.get("since"), days.get("until"), zone)
    if since and until and until <= since:
        wrong.add("until")
        until = None
    right = {name: value for name, value in given.items() if name not in wrong}
    filters = Filters(
        since=since, until=until, part=Part(right["part"]) if "part" in right else None, pseudonym=right.get("person"),
        **{
            name: right.get(name)
            for name in ("text", "outcome", "rule", "clause", "channel", "account", "kind", "policy", "owner", "ruling")
        },
    )  # fmt: skip
    return Query(given, filters, frozenset(wrong), _number(said.get("after")))


def _text(value: Any) -> str:
    # Half a character is part of no word.
    return value.encode(errors="replace").decode().strip()[:_LONGEST].rstrip() if isinstance(value, str) else ""


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _number(value: Any) -> int | None:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11 else 0
    return number if 0 < number <= _MOST else None
