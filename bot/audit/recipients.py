"""Places off the host that take checkpoints: a folder, or an address to post to; git has a file of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, Protocol

import httpx

from bot.audit.statements import Signed, file_name

Numbered = Sequence[tuple[int, Signed]]
Why = Literal["missing", "rights", "full", "conflict", "disk", "unreachable", "refused", "git"]

_PATIENCE: Final = httpx.Timeout(20, connect=10)
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


class Refusal(Exception):
    """A place did not take a checkpoint. Says why, and never where: an address may hold a password."""

    def __init__(self, why: Why, detail: str = "") -> None:
        self.why, self.detail = why, detail
        super().__init__(why, detail)


class Recipient(Protocol):
    @property
    def most(self) -> int:
        """Checkpoints that it is brought in one go."""

    async def take(self, checkpoints: Numbered) -> None:
        """Keep them for good; what is there already is passed over. Raises `Refusal`.

        They come in order and may come again. Whatever was taken before a refusal stays.
        """


class Folder:
    """A directory, such as one that another machine lends. It must be there: in place of one that is not mounted, a
    folder of this machine's own would be made."""

    most = 200

    def __init__(self, path: Path) -> None:
        self._path = path

    async def take(self, checkpoints: Numbered) -> None:
        await asyncio.to_thread(self._take, checkpoints)

    def _take(self, checkpoints: Numbered) -> None:
        try:
            for number, signed in checkpoints:
                put(self._path, number, signed)
            _sync(self._path)
        except OSError as error:
            raise Refusal(_why(error), error.strerror or type(error).__name__) from None


class Webhook:
    """An address that keeps what is posted to it. `id` and `Idempotency-Key` are the same when the same comes again."""

    most = 10

    def __init__(self, address: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._address, self._transport = address, transport

    async def take(self, checkpoints: Numbered) -> None:
        try:
            async with httpx.AsyncClient(timeout=_PATIENCE, transport=self._transport) as client:
                for _, signed in checkpoints:
                    await self._post(client, signed)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The message quotes the address.
            raise Refusal("unreachable", type(error).__name__) from None

    async def _post(self, client: httpx.AsyncClient, signed: Signed) -> None:
        said = {"id": signed.digest, "body": signed.body, "signature": signed.signature}
        headers = {"Idempotency-Key": signed.digest}
        # What it says beyond yes or no is not read, however much it is.
        async with client.stream("POST", self._address, json=said, headers=headers) as answer:
            # Nor is it followed elsewhere: what is there was not chosen by whoever set the address.
            if not answer.is_success:
                raise Refusal("refused", f"HTTP {answer.status_code}")


def put(folder: Path, number: int, signed: Signed) -> bool:
    """Write one checkpoint, whole or not at all and never over another; False if it is there already.

    Raises `Refusal` where there is another one of the same number, `OSError` where it cannot be written.
    """
    path, written = folder / file_name(number), f"{signed.line}\n".encode()
    if _holds(path, written):
        return False
    new = folder / f".{path.name}.{secrets.token_hex(4)}"
    try:
        # Whoever keeps the folder reads it: what is written holds nobody's words.
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        _name(new, path, written)
    finally:
        with suppress(FileNotFoundError):
            new.unlink()
    return True


def _holds(path: Path, written: bytes) -> bool:
    """Whether that very file is there. Raises `Refusal` if another is."""
    try:
        found = path.read_bytes()
    except FileNotFoundError:
        return False
    if found != written:
        raise Refusal("conflict", path.name)
    return True


def _name(new: Path, path: Path, written: bytes) -> None:
    try:
        path.hardlink_to(new)
    except FileExistsError:
        _holds(path, written)
    except OSError as error:
        # Disks of other systems know no links; of two that write the same number there, the later one's file stays.
        if error.errno not in _NO_LINKS:
            raise
        if not _holds(path, written):
            new.rename(path)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network disks cannot, and have their own ways.
        with suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: OSError) -> Why:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "missing"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return "rights"
        case errno.ENOSPC | errno.EDQUOT:
            return "full"
        case _:
            return "disk"
