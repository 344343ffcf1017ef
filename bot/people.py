"""Who writes to Vaglio: a pseudonym for the record, and the language they are answered in."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Literal

from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar

from bot.store import Store
from bot.tables import Identity, Person

Language = Literal["it", "en"]
LANGUAGES: tuple[Language, ...] = ("it", "en")
"""What the bot itself speaks, the first being the one it falls back to."""


class People:
    """Accounts are `slack:TEAM:USER`, `telegram:USER` or `local:NAME`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def pseudonym(self, account: str) -> str:
        """The name by which the record knows this account; the same one every time."""
        return self._person(account).id

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

    def _person(self, account: str) -> Person:
        if found := self._find(account):
            return found
        # Two first messages at once: the second finds what the first has made.
        with suppress(IntegrityError), self._store.write() as session:
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
