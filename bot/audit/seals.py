"""Words under the key of whoever they are about: destroying one key makes all of somebody's words unreadable."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from bot.audit.vault import Vault, VaultError, decrypted, encrypted, new_key
from bot.keys import KeyFileError, derived, key_in
from bot.tables import PersonKey
from bot.wording.saying import saying

HOUSE: Final = "house"
"""Holds what is about nobody in particular."""
TEXTS: Final = "texts.key"


# Every draft waits for it.
_WRAPPED = text("SELECT wrapped FROM personkey WHERE person = :person")


class HolderGoneError(Exception):
    """Nothing can be sealed for this person any more: they were erased."""


class Seals:
    """Keys of people, each wrapped by the master key, and names that only this installation can work out.

    Every method that takes a session works inside its transaction, so that erasing and sealing never cross.
    """

    def __init__(self, vault: Vault, names: bytes) -> None:
        """`names`: the key of `name`."""
        self.vault, self._names = vault, names

    @classmethod
    def open(cls, folder: Path, vault: Vault | None = None) -> Seals:
        """With the keys that lie in `folder`, made there at the very first start. Raises `VaultError`.

        `vault` is the one of another master key than that in its place.
        """
        try:
            texts = key_in(folder, TEXTS, saying("the key by which texts are known again"))
        except KeyFileError as error:
            raise VaultError(*error.said) from None
        return cls(vault or Vault.open(folder), derived(texts, "accounts"))

    def name(self, *parts: str) -> str:
        """By what something is found again that must not be told: an account, a count of somebody's drafts."""
        # Half a character, which somebody may well have sent, is part of no name.
        told = "\n".join(parts).encode(errors="replace")
        return hmac.new(self._names, told, hashlib.sha256).hexdigest()

    def wrap_key(self, holder: str, key: bytes) -> bytes:
        return self.vault.wrap(key, person_about(holder))

    def unwrap_key(self, holder: str, wrapped: bytes) -> bytes:
        """Raises `VaultError` if it was changed, is somebody else's, or was wrapped by another master key."""
        return self.vault.unwrap(wrapped, person_about(holder))

    def make(self, session: Session, holder: str) -> None:
        """A key for somebody new."""
        session.add(PersonKey(person=holder, wrapped=self.wrap_key(holder, new_key())))
        session.flush()

    def join(self, session: Session, before: str, person: str) -> None:
        """`before` turned out to be `person`: their words stay under both keys, and are forgotten together."""
        for row in session.exec(select(PersonKey).where((PersonKey.person == before) | (PersonKey.joined == before))):
            row.joined = person
            session.add(row)

    def holders(self, session: Session, person: str) -> tuple[str, ...]:
        """Every pseudonym under which this person's words are sealed, their own first. Empty: they were erased."""
        found = select(PersonKey.person).where((PersonKey.person == person) | (PersonKey.joined == person))
        return tuple(sorted(session.exec(found).all(), key=lambda each: (each != person, each)))

    def whole(self, session: Session, holder: str) -> str | None:
        """The pseudonym by which this person is known now; None: they were erased, or there is no such pseudonym."""
        row = session.get(PersonKey, holder)
        return None if row is None else row.joined or row.person

    def destroy(self, session: Session, holder: str) -> None:
        """Whatever is sealed for them is unreadable from here on, in every copy that has no key of its own."""
        session.exec(delete(PersonKey).where(col(PersonKey.person) == holder))

    def seal(self, session: Session, holder: str, plain: bytes, about: bytes) -> bytes:
        """Nonce and AES-256-GCM; `about` names what it belongs to. Raises `HolderGoneError`, `VaultError`."""
        if holder == HOUSE and session.get(PersonKey, HOUSE) is None:
            self.make(session, HOUSE)
        key = self.key(session, holder)
        if key is None:
            raise HolderGoneError
        return encrypted(key, plain, about)

    def unseal(self, session: Session, holder: str, sealed: bytes, about: bytes) -> bytes | None:
        """None: its holder was erased. Raises `VaultError` if it was changed, or the master key is another one."""
        key = self.key(session, holder)
        return None if key is None else decrypted(key, sealed, about)

    def unsealed_by(self, wrapped: bytes, holder: str, sealed: bytes, about: bytes) -> bytes:
        """The same with a key that was read already. Raises `VaultError`."""
        return decrypted(self.unwrap_key(holder, wrapped), sealed, about)

    def key(self, session: Session, holder: str) -> bytes | None:
        """None: they were erased. Raises `VaultError`."""
        wrapped = session.connection().execute(_WRAPPED, {"person": holder}).scalar()
        return None if wrapped is None else self.unwrap_key(holder, bytes(wrapped))


def person_about(holder: str) -> bytes:
    """What the key of a holder is bound to, where it lies wrapped."""
    return f"person:{holder}".encode()
