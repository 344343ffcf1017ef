"""Sealed bytes: each under a key of its own, wrapped by a master key that lies outside the data."""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.keys import KeyFileError, key_in

_NONCE_BYTES = 12


class VaultError(Exception):
    """The master key is missing, unreadable, or not the one that sealed this."""


class Vault:
    """Seals and opens with AES-256-GCM."""

    def __init__(self, master: bytes) -> None:
        self._master = AESGCM(master)

    @classmethod
    def open(cls, folder: Path) -> Vault:
        """The vault whose master key lies in `folder`, made there at the very first start. Raises `VaultError`."""
        try:
            return cls(key_in(folder, "master.key", "the master key"))
        except KeyFileError as error:
            raise VaultError(str(error)) from None

    def seal(self, plain: bytes, about: bytes) -> tuple[bytes, bytes]:
        """The wrapped key and the sealed bytes. `about` names what they belong to, and opening them needs it again."""
        key = AESGCM.generate_key(bit_length=256)
        return _encrypt(self._master, key, about), _encrypt(AESGCM(key), plain, about)

    def unseal(self, wrapped: bytes, sealed: bytes, about: bytes) -> bytes:
        """Raises `VaultError` if either was changed, belongs elsewhere, or was sealed under another master key."""
        try:
            return _decrypt(AESGCM(_decrypt(self._master, wrapped, about)), sealed, about)
        except (InvalidTag, ValueError):
            raise VaultError("sealed under another master key, or changed since.") from None


def _encrypt(cipher: AESGCM, plain: bytes, about: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, about)


def _decrypt(cipher: AESGCM, sealed: bytes, about: bytes) -> bytes:
    return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
