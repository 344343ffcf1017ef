"""Sealed bytes: each under a key of its own, wrapped by a master key that lies outside the data."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.keys import KeyFileError, derived, key_in
from bot.wording.saying import SaidError, saying

_NONCE_BYTES = 12


class VaultError(SaidError):
    """The master key is missing, unreadable, or not the one that sealed this."""


class Vault:
    """Seals and opens with AES-256-GCM."""

    def __init__(self, master: bytes) -> None:
        self._master = master

    @classmethod
    def open(cls, folder: Path) -> Vault:
        """The vault whose master key lies in `folder`, made there at the very first start. Raises `VaultError`."""
        try:
            return cls(key_in(folder, "master.key", saying("the master key")))
        except KeyFileError as error:
            raise VaultError(*error.said) from None

    @property
    def fingerprint(self) -> str:
        """By which the master key is told from any other, and nothing of it: 64 hexadecimal digits."""
        return derived(self._master, "fingerprint").hex()

    def wrap(self, key: bytes, about: bytes) -> bytes:
        """A key that only the master key gives back, by `unwrap` with the same `about`."""
        return encrypted(self._master, key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """Raises `VaultError` if it was changed, belongs elsewhere, or was wrapped by another master key."""
        return decrypted(self._master, wrapped, about)

    def seal(self, plain: bytes, about: bytes) -> tuple[bytes, bytes]:
        """The wrapped key and the sealed bytes. `about` names what they belong to, and opening them needs it again."""
        key = new_key()
        return self.wrap(key, about), encrypted(key, plain, about)

    def unseal(self, wrapped: bytes, sealed: bytes, about: bytes) -> bytes:
        """Raises `VaultError` if either was changed, belongs elsewhere, or was sealed under another master key."""
        return decrypted(self.unwrap(wrapped, about), sealed, about)


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=256)


def encrypted(key: bytes, plain: bytes, about: bytes) -> bytes:
    """A nonce and what AES-256-GCM makes of `plain` with it."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def decrypted(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Raises `VaultError` if it was changed, belongs elsewhere, or was sealed under another key."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
    except (InvalidTag, ValueError):
        raise VaultError(saying("sealed under another master key, or changed since.")) from None
