"""Who is known here and what they may do, for whoever gives roles: by their accounts, never beside their pseudonym."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from bot.accounts import Title, is_program
from bot.audit.holds import Holds
from bot.audit.ledger import Ledger
from bot.console.sessions import Sessions, Sitting
from bot.people import People
from bot.roles import Given, Role, Roles
from bot.teams import Teams

ENDED: Final = "sign_out"
"""Of the entry that says that sessions were ended from a list of them."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person. `id` is for the page's addresses and leads back to no pseudonym."""

    id: str
    person: str = field(repr=False)
    """The pseudonym, which is not to be shown beside the accounts: who it is takes more than this role to learn."""
    accounts: tuple[str, ...]
    given: tuple[Given, ...]
    team: str | None
    sessions: int = 0

    @property
    def titles(self) -> frozenset[Title]:
        return frozenset(each.title for each in self.given)


class Unlinked(Enum):
    """What became of an account that was to be taken away."""

    DONE = auto()
    UNKNOWN = auto()
    HELD = auto()
    """A legal hold keeps it as it is."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Reads and changes; every change but a team's is on record."""

    people: People
    roles: Roles
    teams: Teams
    holds: Holds
    ledger: Ledger
    sessions: Sessions
    now: Callable[[], float]

    def everybody(self) -> Sequence[Colleague]:
        """By account; no programs."""
        given, members = _by_person(self.roles.given()), self.teams.members()
        sitting = _counted(self.sessions.standing(self.now()))
        return [
            Colleague(
                self.id(person), person, accounts, tuple(given.get(person, ())), members.team(person),
                sitting.get(person, 0),
            )
            for person, accounts in sorted(self.people.everybody().items(), key=lambda pair: pair[1])
            if not any(map(is_program, accounts))
        ]  # fmt: skip

    def id(self, person: str) -> str:
        return self.people.seals.name("people page", person)[:32]

    def find(self, id: str) -> Colleague | None:
        """Whose `id` it is; None: nobody's, or of somebody who was erased."""
        members = self.teams.members()
        for person in members.reachable:
            # As bytes: of text that is not ASCII, which an address may hold, nothing is compared.
            if hmac.compare_digest(self.id(person).encode(), id.encode(errors="replace")):
                given = tuple(each for each in self.roles.given() if each.person == person)
                accounts, sitting = self.people.accounts(person), self.sessions.of(person, self.now())
                if any(map(is_program, accounts)):
                    return None
                return Colleague(id, person, accounts, given, members.team(person), len(sitting))
        return None

    def is_last_admin(self, person: str) -> bool:
        return self.roles.who(Role.ADMIN) == (person,)

    def unlink(self, account: str, *, by: str) -> tuple[Unlinked, bool]:
        """Take an account away, and end the sessions of whose it was; whether roles went with it, as their last one."""
        if not self.people.is_known(account):
            return Unlinked.UNKNOWN, False
        person = self.people.person(account)
        if any(hold.covers(person) for hold in self.holds.standing()):
            return Unlinked.HELD, False
        is_last = self.people.accounts(person) == (account,)
        # First the roles: an account that is gone leaves nobody who could still be found by them.
        lost = self.roles.revoke_all(person, by=by) if is_last else 0
        self.people.unlink(account)
        facts = {"person": person, "was_last": is_last}
        self.ledger.append("unlink", subject=f"k_{secrets.token_hex(10)}", facts=facts, actor=by)
        # Whoever is still in by it would be known by an account that is not theirs any more.
        self.sessions.revoke_all(person)
        return Unlinked.DONE, lost > 0

    def end(self, sitting: Sitting, *, by: str) -> None:
        """End one session, on record."""
        self._on_record(sitting.person, 1, by)
        self.sessions.revoke(sitting.id)

    def end_all(self, person: str, *, by: str, but: str | None = None) -> int:
        """End somebody's sessions, or all `but` that one, on record. Returns how many."""
        ended = [each for each in self.sessions.of(person, self.now()) if each.id != but]
        if ended:
            self._on_record(person, len(ended), by)
        for each in ended:
            self.sessions.revoke(each.id)
        return len(ended)

    def _on_record(self, person: str, count: int, by: str) -> None:
        facts = {"person": person, "count": count}
        self.ledger.append(ENDED, subject=f"o_{secrets.token_hex(10)}", facts=facts, actor=by)


def _by_person(given: Iterable[Given]) -> Mapping[str, list[Given]]:
    found: dict[str, list[Given]] = {}
    for each in given:
        found.setdefault(each.person, []).append(each)
    return found


def _counted(standing: Iterable[Sitting]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in standing:
        found[each.person] = found.get(each.person, 0) + 1
    return found
