"""Which team somebody belongs to: a label, by which nothing is allowed or forbidden, only counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select

from bot.console.tables import Client
from bot.store import Store
from bot.tables import Identity, Person, PersonKey

LONGEST: Final = 60
"""Characters of a label."""


class NoTeam(ValueError):
    """It cannot be a label: it is empty, longer than `LONGEST`, or holds what cannot be printed."""


@dataclass(frozen=True, slots=True)
class Members:
    """Everybody who is known, as they are labelled now."""

    teams: Mapping[str, str | None]
    """By pseudonym; None: no label."""
    joined: Mapping[str, str]
    """Who they turned out to be, by the pseudonyms that they had before."""
    reachable: frozenset[str]
    """Those who have an account; programs are no people."""

    def person(self, pseudonym: str) -> str:
        """Whose pseudonym it is; itself, if it is nobody's any more."""
        return self.joined.get(pseudonym, pseudonym)

    def team(self, person: str) -> str | None:
        return self.teams.get(person)


class Teams:
    """Labels lie in the table of people, go with them, and are never in the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def label(self, person: str, team: str | None) -> None:
        """Put `person` into a team, with None into none. Raises `NoTeam`, `LookupError` for nobody's pseudonym."""
        name = None if team is None else _name(team)
        with self._store.write() as session:
            found = session.get(Person, person)
            if found is None:
                raise LookupError("no such person")
            found.team = name
            session.add(found)

    def members(self) -> Members:
        with self._store.read() as session:
            teams = {person.id: person.team for person in session.exec(select(Person)).all()}
            programs = frozenset(session.exec(select(Client.program)).all())
            reachable = frozenset(session.exec(select(Identity.person)).all()) - programs
            joined = session.exec(select(PersonKey).where(col(PersonKey.joined).is_not(None))).all()
        return Members(teams, {row.person: row.joined for row in joined if row.joined}, reachable)


def _name(team: str) -> str:
    name = " ".join(team.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise NoTeam
    return name
