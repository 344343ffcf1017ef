"""Who writes to Vaglio: a pseudonym for the record, their accounts, and the language they are answered in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.rates import rate_key, sweep
from bot.store import Store
from bot.tables import Grant, Held, Identity, LinkCode, Person, Rate

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = ("it", "en")
"""What the bot itself speaks, the first being the one it falls back to."""

CODE_LIFE = timedelta(minutes=10)
"""For which a code links an account, once."""
_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"
"""Without what is taken for something else, and without vowels, so that no code is a word."""
_TRIES = 5
"""Wrong codes of an account within `CODE_LIFE`, after which none is taken from it for the rest of it."""


class Linked(Enum):
    """What became of a code that somebody sent."""

    DONE = auto()
    NOT_VALID = auto()
    """There is no such code, or it was used, or its ten minutes are over."""
    ELSEWHERE = auto()
    """The account belongs to somebody who has more than this account: others, a role or drafts under way."""
    CLOSED = auto()
    """Too many wrong codes: not even the right one is taken now."""


class People:
    """Accounts are `slack:TEAM:USER`, `telegram:USER` or `local:NAME`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def person(self, account: str) -> str:
        """The pseudonym by which the record knows whoever has this account; the same one every time."""
        return self._person(account).id

    pseudonym = person

    def is_known(self, account: str) -> bool:
        """Whether it is somebody's. Asking makes nobody known."""
        return self._find(account) is not None

    def accounts(self, person: str) -> tuple[str, ...]:
        with self._store.read() as session:
            # Sorted here: how a server orders text is its administrator's choice.
            return tuple(sorted(session.exec(select(Identity.account).where(Identity.person == person)).all()))

    def everybody(self) -> Mapping[str, tuple[str, ...]]:
        """Each person's accounts."""
        found: dict[str, tuple[str, ...]] = {}
        with self._store.read() as session:
            for identity in sorted(session.exec(select(Identity)).all(), key=lambda identity: identity.account):
                found[identity.person] = (*found.get(identity.person, ()), identity.account)
        return found

    # --- How they are answered -------------------------------------------------------------------------------------

    def language(self, account: str) -> Language:
        """What the person chose, else what their platform says, else Italian."""
        person = self._person(account)
        for spoken in (person.language, person.locale):
            for language in LANGUAGES:
                if spoken and spoken.lower().replace("_", "-").split("-")[0] == language:
                    return language
        # Somebody whose platform speaks neither is more likely to read English than Italian.
        return "en" if person.locale else LANGUAGES[0]

    def knows_locale(self, account: str) -> bool:
        return self._person(account).locale is not None

    def notice_locale(self, account: str, locale: str | None) -> None:
        person = self._person(account)
        if locale and person.locale != locale:
            self._update(account, locale=locale)

    def choose_language(self, account: str, language: Language) -> None:
        self._person(account)
        self._update(account, language=language)

    def zone(self, person: str) -> str | None:
        """The IANA name of their time zone, as far as it is known."""
        with self._store.read() as session:
            found = session.get(Person, person)
            return found.zone if found else None

    def notice_zone(self, account: str, zone: str | None) -> None:
        """What their platform says of their time zone; a name that is none is passed over."""
        if zone and _is_zone(zone) and self._person(account).zone != zone:
            self._update(account, zone=zone)

    # --- Several accounts of one person ----------------------------------------------------------------------------

    def new_code(self, person: str, now: datetime) -> str:
        """A code by which this person links one more account within `CODE_LIFE`; the one before it stops working.

        To be shown once: it is kept as a digest.
        """
        code = "".join(secrets.choice(_LETTERS) for _ in range(8))
        moment = now.timestamp()
        with self._store.write() as session:
            session.exec(delete(LinkCode).where((col(LinkCode.person) == person) | (col(LinkCode.until) <= moment)))
            session.add(LinkCode(code=_digest(code), person=person, until=moment + CODE_LIFE.total_seconds()))
        return code

    def link(self, account: str, code: str, now: datetime) -> Linked:
        """Make `account` one of whoever was given `code`. The same account may send it twice and is told the same."""
        moment, key, code = now.timestamp(), rate_key("link", account), _plain(code)
        with self._store.write() as session:
            sweep(session, moment)
            wrong = session.get(Rate, key) or Rate(key=key, until=moment + CODE_LIFE.total_seconds())
            if wrong.count >= _TRIES:
                return Linked.CLOSED
            # Delivered again, after the answer was lost: it is known by the account that used it.
            used = session.get(LinkCode, _digest(code, account))
            if used and used.until > moment:
                return Linked.DONE
            found = session.get(LinkCode, _digest(code))
            if found is None or found.until <= moment:
                wrong.count += 1
                session.add(wrong)
                return Linked.NOT_VALID
            if not _give(session, account, found.person):
                return Linked.ELSEWHERE
            session.delete(found)
            session.add(LinkCode(code=_digest(code, account), person=found.person, until=found.until))
            return Linked.DONE

    def unlink(self, account: str) -> bool:
        """From now on it is nobody's, and whoever uses it is new here. False: it was nobody's before."""
        with self._store.write() as session:
            identity = session.get(Identity, account)
            if identity is None:
                return False
            # A code that this account has used would say that it is still linked.
            session.exec(delete(LinkCode).where(col(LinkCode.person) == identity.person))
            session.delete(identity)
            return True

    # --- The tables ------------------------------------------------------------------------------------------------

    def _person(self, account: str) -> Person:
        if found := self._find(account):
            return found
        # Two first messages at once: the second finds what the first has made.
        with suppress(IntegrityError), self._store.write() as session:
            if there := session.exec(_of(account)).first():
                return there  # without an attempt, which a server would write down with the account in it
            id = f"p_{secrets.token_hex(8)}"
            session.add(Person(id=id))
            session.flush()
            session.add(Identity(account=account, person=id))
        found = self._find(account)
        if found is None:
            raise LookupError("an account that was just made is gone")
        return found

    def _find(self, account: str) -> Person | None:
        with self._store.read() as session:
            return session.exec(_of(account)).first()

    def _update(self, account: str, **changes: str) -> None:
        with self._store.write() as session:
            person = session.exec(_of(account)).one()
            person.sqlmodel_update(changes)
            session.add(person)


def _of(account: str) -> SelectOfScalar[Person]:
    return select(Person).join(Identity).where(Identity.account == account)


def _give(session: Session, account: str, person: str) -> bool:
    """Put the account among this person's, if it is nobody's or all that somebody has."""
    identity = session.get(Identity, account)
    before = identity.person if identity else None
    if before == person:
        return True
    if before is not None and not _has_nothing_but(session, before, account):
        return False
    session.merge(Identity(account=account, person=person))
    session.flush()
    if before is not None:
        session.exec(delete(LinkCode).where(col(LinkCode.person) == before))
        session.exec(delete(Person).where(col(Person.id) == before))
    return True


def _has_nothing_but(session: Session, person: str, account: str) -> bool:
    more = (
        select(Identity.person).where(Identity.person == person, Identity.account != account),
        select(Grant.person).where(Grant.person == person),
        select(Held.person).where(Held.person == person),
    )
    return all(session.exec(each).first() is None for each in more)


def _plain(code: str) -> str:
    """The code as it was given, however it was typed."""
    return "".join(code.upper().replace("-", " ").split())


def _digest(*parts: str) -> str:
    # Half a character, which somebody may well have sent, is no part of any code.
    return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # a folder, a path, a name that nobody knows
        return False
    return True
