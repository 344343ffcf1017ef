"""Who may do what beyond checking drafts of their own. Every change is in the ledger before it holds."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import col, select

from bot.accounts import Role, Title
from bot.audit.ledger import Ledger
from bot.store import Store
from bot.tables import Grant, Person

__all__ = ["Given", "Role", "Roles", "Source", "Title"]

_NAMED = "named"
"""In the table: that somebody once spoke for an owner."""
_BY_GROUP = "group:"
"""Before the role, in the table: what a Slack user group gave goes when somebody leaves the group, and only then."""


class Source(StrEnum):
    """What a role comes from."""

    HAND = "hand"
    GROUP = "group"
    """Of Slack: see `VAGLIO_SLACK_GROUPS`."""
    SETTING = "setting"
    """`VAGLIO_ADMIN`."""
    LINK = "link"
    """The one-time link of the console."""


@dataclass(frozen=True, slots=True, order=True)
class Given:
    """That somebody has a role; twice if it was given by hand and by a group."""

    person: str
    title: Title
    is_by_group: bool


class Roles:
    """What was given by a group, and what in any other way, are given and taken apart from each other."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger

    def grant(
        self,
        person: str,
        role: Role,
        owner: str = "",
        *,
        by: str | None,
        source: Source = Source.HAND,
        at: datetime | None = None,
    ) -> bool:
        """Give a role; `by` is the pseudonym of who does it, None for a setting or a group.

        False: they had it already. Raises `ValueError` for an owner of nothing, `LookupError` for nobody's pseudonym.
        """
        key = _key(person, Title(role, owner), source)
        with self._store.read() as session:
            if session.get(Person, person) is None:
                raise LookupError("no such person")
            if session.get(Grant, key) is not None:
                return False
        # Two at once are both recorded, and one holds: rather a word too many than a role that nobody has recorded.
        moment = self._record("grant", person, Title(role, owner), by, source, at)
        with self._store.write() as session:
            session.merge(Grant(person=key[0], role=key[1], owner=key[2], at=moment))
        return True

    def revoke(
        self,
        person: str,
        role: Role,
        owner: str = "",
        *,
        by: str | None,
        source: Source = Source.HAND,
        at: datetime | None = None,
    ) -> bool:
        """Take a role back. False: they did not have it, or only from a group where `source` is another."""
        key = _key(person, Title(role, owner), source)
        with self._store.read() as session:
            if session.get(Grant, key) is None:
                return False
        self._record("revoke", person, Title(role, owner), by, source, at)
        with self._store.write() as session:
            if granted := session.get(Grant, key):
                session.delete(granted)
                if role is Role.OWNER:
                    # That somebody was named stays: an owner whom nobody speaks for is not everybody's again.
                    session.merge(Grant(person=person, role=_NAMED, owner=owner, at=granted.at))
        return True

    def revoke_all(self, person: str, *, by: str | None, at: datetime | None = None) -> int:
        """Take back whatever this person was given. Returns how many roles."""
        found = [given for given in self.given() if given.person == person]
        for given in found:
            source = Source.GROUP if given.is_by_group else Source.HAND
            self.revoke(person, given.title.role, given.title.owner, by=by, source=source, at=at)
        return len(found)

    def given(self) -> Sequence[Given]:
        """Every role that somebody has."""
        with self._store.read() as session:
            found = session.exec(select(Grant).where(Grant.role != _NAMED)).all()
            return sorted(_given(grant) for grant in found)

    def roles(self, person: str) -> frozenset[Role]:
        return frozenset(title.role for title in self.titles(person))

    def titles(self, person: str) -> frozenset[Title]:
        """What they may do, of the role `owner` for whom too."""
        with self._store.read() as session:
            found = session.exec(select(Grant).where(Grant.person == person, Grant.role != _NAMED)).all()
        return frozenset(_given(grant).title for grant in found)

    def unclaimed(self, owners: Collection[str]) -> set[str]:
        """Those of these owners for whom nobody has ever been named."""
        either = (*_names(Role.OWNER), _NAMED)
        with self._store.read() as session:
            named = select(Grant.owner).where(col(Grant.role).in_(either), col(Grant.owner).in_(owners))
            return set(owners) - set(session.exec(named).all())

    def who(self, role: Role, owner: str = "") -> tuple[str, ...]:
        """The pseudonyms of those who have it; of the role `owner`, `owner` says of what."""
        either = _names(role)
        with self._store.read() as session:
            found = select(Grant.person).where(col(Grant.role).in_(either), Grant.owner == owner)
            return tuple(sorted(set(session.exec(found).all())))

    def is_owner(self, person: str, owner: str, *, in_its_channel: bool) -> bool:
        """Whether they rule for `owner`.

        Until somebody is granted that, everybody does who is in the owner's own channel; from then on only those
        who are granted it, and nobody while there is none.
        """
        if granted := self.who(Role.OWNER, owner):
            return person in granted
        with self._store.read() as session:
            was_named = session.exec(select(Grant).where(Grant.role == _NAMED, Grant.owner == owner)).first()
        return in_its_channel and was_named is None

    def may_rule(self, person: str, owner: str) -> bool:
        """Whether they rule for `owner` wherever they are."""
        return self.is_owner(person, owner, in_its_channel=False)

    def _record(
        self, change: str, person: str, title: Title, by: str | None, source: Source, at: datetime | None
    ) -> float:
        """One entry for one change; its moment, in seconds since the epoch."""
        facts = {
            "change": change,
            "person": person,
            "role": title.role.value,
            "owner": title.owner or None,
            "source": source.value,
        }
        entry = self._ledger.append("role", subject=f"g_{secrets.token_hex(10)}", facts=facts, actor=by, at=at)
        return datetime.fromisoformat(entry.at).timestamp()


def _names(role: Role) -> Collection[str]:
    return (role.value, _BY_GROUP + role.value)


def _key(person: str, title: Title, source: Source) -> tuple[str, str, str]:
    """The primary key of a grant."""
    return person, (_BY_GROUP if source is Source.GROUP else "") + title.role.value, title.owner


def _given(grant: Grant) -> Given:
    role = grant.role.removeprefix(_BY_GROUP)
    return Given(grant.person, Title(Role(role), grant.owner), is_by_group=role != grant.role)
