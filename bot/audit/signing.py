"""The key that signs checkpoints: Ed25519, 32 bytes in `signing.key`; and how one key follows another."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bot.audit.statements import Signed, Statement, is_public_key, is_signature
from bot.keys import KeyFileError, key_in
from bot.wording.refusals import reason
from bot.wording.saying import saying
from rules.durable import sync

_FILE: Final = "signing.key"
_NEXT: Final = "signing.next"
"""A new key from the moment it is made until the last checkpoint of the old one has vouched for it."""
_WHAT: Final = saying("the key that signs checkpoints")


class Signer:
    """One key, for as long as it takes to sign."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def signature(self, text: bytes) -> str:
        """Of what is no checkpoint, such as the manifest of an export; hexadecimal."""
        return self._key.sign(text).hex()

    def sign(self, statement: Statement) -> Signed:
        """`statement.key` must be this one's."""
        body = statement.body()
        return Signed(body, self._key.sign(body.encode()).hex())


class SigningKeys:
    """The keys in a folder. They are read anew each time: another process may have put the next one in place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def path(self) -> Path:
        return self._folder / _FILE

    def signer(self) -> Signer:
        """The key in use, made at the very first need. Raises `KeyFileError`."""
        return Signer(key_in(self._folder, _FILE, _WHAT))

    def public(self) -> str | None:
        """The public key in use, hexadecimal; None where there is none yet: a reader makes nothing.

        Raises `KeyFileError` for one that cannot be read.
        """
        return self.signer().public if self.path.exists() else None

    def next(self) -> Signer:
        """The key that is to follow, made at need; a rotation that was broken off goes on with the same one."""
        return Signer(key_in(self._folder, _NEXT, _WHAT))

    def of(self, public: str) -> Signer | None:
        """The key whose public half it is, if it lies here. If that is the next one, its time has come."""
        signer = self.signer()
        if signer.public == public:
            return signer
        if (self._folder / _NEXT).exists() and (following := self.next()).public == public:
            self.put_next_in_place()
            return following
        return None

    def put_next_in_place(self) -> None:
        """The old key is gone after this. Raises `KeyFileError`."""
        try:
            (self._folder / _NEXT).replace(self.path)
            sync(self._folder)
        except OSError as error:
            raise KeyFileError(
                saying("{path}: {what} cannot be replaced: {reason}.", path=self.path, what=_WHAT, reason=reason(error))
            ) from None


def is_signed(signed: Signed, public: str) -> bool:
    """Whether the signature is that of `public`, hexadecimal, over the body."""
    if not is_public_key(public) or not is_signature(signed.signature):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signed.signature), signed.body.encode())
    except (InvalidSignature, ValueError):
        return False
    return True
