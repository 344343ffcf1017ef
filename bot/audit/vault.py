"""Sealed bytes: each under a key of its own, wrapped by a master key that lies outside the data."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES, _NONCE_BYTES = 32, 12


class VaultError(Exception):
    """The master key is missing, unreadable, or not the one that sealed this."""


class Vault:
    """Seals and opens with AES-256-GCM."""

    def __init__(self, master: bytes) -> None:
        self._master = AESGCM(master)

    @classmethod
    def open(cls, folder: Path) -> Vault:
        """The vault whose master key lies in `folder`, made there at the very first start. Raises `VaultError`."""
        path = folder / "master.key"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # O_EXCL: of two processes that start together, one makes the key and the other reads it.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        except OSError as error:
            raise VaultError(f"{path}: the master key cannot be made: {error.strerror}.") from None
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
        try:
            master = path.read_bytes()
        except OSError as error:
            raise VaultError(f"{path}: the master key cannot be read: {error.strerror}.") from None
        if len(master) != _KEY_BYTES:
            raise VaultError(f"{path}: {len(master)} bytes, not {_KEY_BYTES}: restore the key from where you keep it.")
        return cls(master)

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
