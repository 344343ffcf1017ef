"""Groups of people, so large that a count of theirs is nobody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from datetime import date
from typing import Final

FEWEST: Final = 5
"""People of whom a count may be shown."""

OTHERS: Final = None
"""The group of whoever is in no team, or in a small one."""


def grouped(teams: Mapping[str, str | None], reachable: Set[str]) -> dict[str, str | None]:
    """The group in which each pseudonym is counted; empty: nothing but the whole may be shown.

    Small teams and whoever has none are one group. If that is small itself, no team is shown at all: its count would be
    what the teams shown leave of the whole. Only `reachable` ones make a group large: somebody whose account was taken
    away comes back under another pseudonym, and would count as two.
    """
    sizes = Counter(team for person, team in teams.items() if person in reachable)
    groups = {person: team if sizes[team] >= FEWEST else OTHERS for person, team in teams.items()}
    others = {person for person, group in groups.items() if group is OTHERS}
    return groups if not others or len(others & reachable) >= FEWEST else {}


def whole_months(first: date, last: date) -> list[date]:
    """The first days of the months that lie wholly between two days, both included.

    Teams are counted by whole months that are over, and by nothing else. With any stretch of time that one likes, or
    with weeks beside months, the difference of two counts would be a day, and on a day a team may be one person.
    """
    months = []
    begins = first if first.day == 1 else next_month(first)
    while next_month(begins).toordinal() - 1 <= last.toordinal():
        months.append(begins)
        begins = next_month(begins)
    return months


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
