"""Who writes to Vaglio: a pseudonym for the record, their accounts, and the language they are answered in."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.accounts import is_account
from bot.audit.seals import HOUSE, Seals
from bot.languages import LANGUAGES as LANGUAGES
from bot.languages import Language as Language
from bot.languages import spoken_in
from bot.rates import sweep
from bot.store import Store
from bot.tables import Card, Grant, Held, Identity, LinkCode, Person, PersonKey, Rate

CODE_LIFE = timedelta(minutes=10)
"""For which a code links an account, once."""
_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"
"""Without what is taken for something else, and without vowels, so that no code is a word."""
_FRESH = 2.0
"""Seconds for which an account that was looked up is known: what another process changes counts as soon."""
_KNOWN = 10_000
"""Accounts that are known in this way at most."""
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
    """Accounts are `slack:TEAM:USER`, `telegram:USER`, `local:NAME` or, of a program, `api:CLIENT`."""

    def __init__(self, store: Store, seals: Seals) -> None:
        self._store, self.seals = store, seals
        self._known: dict[str, tuple[float, Person]] = {}

    def person(self, account: str) -> str:
        """The pseudonym by which the record knows whoever has this account; the same one every time."""
        return self._person(account).id

    pseudonym = person

    def is_known(self, account: str) -> bool:
        """Whether it is somebody's. Asking makes nobody known."""
        return self._find(account) is not None

    def accounts(self, person: str) -> tuple[str, ...]:
        with self._store.read() as session:
            return self.accounts_in(session, person)

    def accounts_in(self, session: Session, person: str) -> tuple[str, ...]:
        """The same inside a transaction."""
        found = session.exec(select(Identity).where(Identity.person == person)).all()
        return tuple(sorted(self._account(session, identity) for identity in found))

    def whose(self, pseudonym: str) -> str | None:
        """By which one they are known now, also if they have no account any more; None: nobody's."""
        with self._store.read() as session:
            return self.seals.whole(session, pseudonym) if pseudonym != HOUSE else None

    def named(self, written: str) -> str | None:
        """The pseudonym of whoever is written as an account or by any pseudonym of theirs; None: nobody that is known.

        Also of somebody whose last account was unlinked, or who had another pseudonym before they linked one.
        """
        return self.person(written) if is_account(written) and self.is_known(written) else self.whose(written)

    def everybody(self) -> Mapping[str, tuple[str, ...]]:
        """Each person's accounts."""
        with self._store.read() as session:
            # With their keys at once: one question each would take seconds for thousands.
            rows = session.exec(
                select(Identity.key, Identity.person, Identity.sealed, PersonKey.wrapped).join(
                    PersonKey, col(PersonKey.person) == Identity.person
                )
            ).all()
        pairs = sorted(
            (self.seals.unsealed_by(wrapped, person, sealed, key.encode()).decode(), person)
            for key, person, sealed, wrapped in rows
        )
        accounts: dict[str, tuple[str, ...]] = {}
        for account, person in pairs:
            accounts[person] = (*accounts.get(person, ()), account)
        return accounts

    # --- How they are answered -------------------------------------------------------------------------------------

    def language(self, account: str) -> Language:
        """What the person chose, else what their platform says, else Italian."""
        person = self._person(account)
        for spoken in (person.language, person.locale):
            if spoken and (language := spoken_in(spoken)):
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
        moment, key, code = now.timestamp(), self.seals.name("link", account), _plain(code)
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
            if not self._give(session, account, found.person):
                return Linked.ELSEWHERE
            session.delete(found)
            session.add(LinkCode(code=_digest(code, account), person=found.person, until=found.until))
        self.look_again()
        return Linked.DONE

    def unlink(self, account: str) -> bool:
        """From now on it is nobody's, and whoever uses it is new here. False: it was nobody's before."""
        with self._store.write() as session:
            identity = session.get(Identity, self._key(account))
            if identity is None:
                return False
            # A code that this account has used would say that it is still linked.
            session.exec(delete(LinkCode).where(col(LinkCode.person) == identity.person))
            # A private chat is called as its account is.
            session.exec(delete(Card).where(col(Card.place) == account))
            session.delete(identity)
        self.look_again()
        return True

    def look_again(self) -> None:
        """Forget what was looked up lately: somebody else may have changed it."""
        self._known.clear()

    # --- The tables ------------------------------------------------------------------------------------------------

    def _person(self, account: str) -> Person:
        if found := self._find(account):
            return found
        with self._store.write() as session:
            # Two first messages at once: the second finds what the first has made.
            if known := session.exec(self._of(account)).first():
                return known
            id = f"p_{secrets.token_hex(8)}"
            session.add(Person(id=id))
            session.flush()
            self.seals.make(session, id)
            session.add(self._identity(session, account, id))
        found = self._find(account)
        if found is None:
            raise LookupError("an account that was just made is gone")
        return found

    def _find(self, account: str) -> Person | None:
        moment = time.monotonic()
        if (known := self._known.get(account)) and moment - known[0] < _FRESH:
            return known[1]
        with self._store.read() as session:
            found = session.exec(self._of(account)).first()
        if len(self._known) >= _KNOWN:
            self._known.clear()
        if found:
            self._known[account] = (moment, found)
        return found

    def _update(self, account: str, **changes: str) -> None:
        with self._store.write() as session:
            person = session.exec(self._of(account)).one()
            person.sqlmodel_update(changes)
            session.add(person)
        self.look_again()

    def _of(self, account: str) -> SelectOfScalar[Person]:
        return select(Person).join(Identity).where(Identity.key == self._key(account))

    def _key(self, account: str) -> str:
        return self.seals.name("account", account)

    def _identity(self, session: Session, account: str, person: str) -> Identity:
        key = self._key(account)
        return Identity(key=key, person=person, sealed=self.seals.seal(session, person, account.encode(), key.encode()))

    def _account(self, session: Session, identity: Identity) -> str:
        return (self.seals.unseal(session, identity.person, identity.sealed, identity.key.encode()) or b"").decode()

    def _give(self, session: Session, account: str, person: str) -> bool:
        """Put the account among this person's, if it is nobody's or all that somebody has."""
        identity = session.get(Identity, self._key(account))
        before = identity.person if identity else None
        if before == person:
            return True
        if before is not None and not _has_nothing_but(session, before, self._key(account)):
            return False
        session.merge(self._identity(session, account, person))
        session.flush()
        if before is not None:
            session.exec(delete(LinkCode).where(col(LinkCode.person) == before))
            session.exec(delete(Person).where(col(Person.id) == before))
            self.seals.join(session, before, person)
        return True


def _has_nothing_but(session: Session, person: str, key: str) -> bool:
    more = (
        select(Identity.person).where(Identity.person == person, Identity.key != key),
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
