"""Keys of this installation: made once, outside the data, readable by nobody else."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from bot.wording.refusals import reason
from bot.wording.saying import SaidError, Saying, saying
from rules.durable import make_folder, sync

KEY_BYTES = 32


class KeyFileError(SaidError):
    """A key that can be neither read nor made; the message names the file."""


def key_in(folder: Path, name: str, what: Saying | str) -> bytes:
    """The key in `folder/name`, made there at the very first need; `what` says which it is. Raises `KeyFileError`."""
    path = folder / name
    if not path.exists():
        _make(path, what)
    try:
        key = path.read_bytes()
    except OSError as error:
        said = saying("{path}: {what} cannot be read: {reason}.", path=path, what=what, reason=reason(error))
        raise KeyFileError(said) from None
    if len(key) != KEY_BYTES:
        raise KeyFileError(
            saying(
                "{path}: {count} bytes, not {wanted}: restore the key from where you keep it.",
                path=path, count=len(key), wanted=KEY_BYTES,
            )
        )  # fmt: skip
    return key


def existing_key(folder: Path, name: str) -> bytes | None:
    """For who only reads: None where it is not there, or is none that can be read."""
    try:
        key = (folder / name).read_bytes()
    except OSError:
        return None
    return key if len(key) == KEY_BYTES else None


def derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which neither `key` nor the key of another purpose can be told."""
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()


def _make(path: Path, what: Saying | str) -> None:
    """Whole or not at all; of two processes that start together, one makes the key and both read it."""
    try:
        make_folder(path.parent)
        handle, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                path.hardlink_to(fresh)
        finally:
            Path(fresh).unlink()
        # Before anything is sealed under it.
        sync(path.parent)
    except OSError as error:
        said = saying("{path}: {what} cannot be made: {reason}.", path=path, what=what, reason=reason(error))
        raise KeyFileError(said) from None
