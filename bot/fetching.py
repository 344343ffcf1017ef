"""Large files from the web: with progress, resumed where a download broke off, checked before anybody opens them."""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from pathlib import Path

import httpx

from rules.built import Report

_PATIENCE = httpx.Timeout(30, connect=10)
_PREFIX = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
"""The end of a published file's name: the first digits of its own SHA-256."""


class FetchError(Exception):
    """A file that could not be had, or is not what its name says; `reason` says which, without an address's query."""

    def __init__(self, reason: str, *, offline: bool = False) -> None:
        self.reason, self.offline = reason, offline
        super().__init__(reason)


def fetch(address: str, target: Path, report: Report) -> None:
    """Download `address` to `target`, going on from `target.part` where that is there. Raises `FetchError`."""
    if target.exists():
        return
    part = target.with_name(f"{target.name}.part")
    done = part.stat().st_size if part.exists() else 0
    # Compressed, the length that is announced would not be that of the file.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    try:
        with (
            httpx.Client(follow_redirects=True, timeout=_PATIENCE) as client,
            client.stream("GET", address, headers=headers) as answer,
        ):
            if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                if answer.headers.get("Content-Range") != f"bytes */{done}":
                    part.unlink()
                    raise FetchError(f"{target.name}: what was there did not fit; try again")
            elif answer.is_error:
                raise FetchError(f"{target.name}: the server answered {answer.status_code}")
            else:
                _store(answer, part, done if answer.status_code == HTTPStatus.PARTIAL_CONTENT else 0, report)
    except httpx.HTTPError as error:
        offline = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
        raise FetchError(f"{target.name}: {type(error).__name__}", offline=offline) from None
    part.rename(target)


def _store(answer: httpx.Response, part: Path, done: int, report: Report) -> None:
    left = answer.headers.get("Content-Length")
    total = done + int(left) if left is not None and left.isdigit() else None
    with part.open("ab" if done else "wb") as file:
        for chunk in answer.iter_bytes():
            file.write(chunk)
            done += len(chunk)
            report(part.stem, done / (total or done))
    if total is not None and done != total:
        raise FetchError(
            f"{part.stem}: it broke off at {done:,} of {total:,} bytes; the same command goes on from there"
        )


def check_name(path: Path) -> None:
    """Whether the file's SHA-256 begins as its published name says. Raises `FetchError`."""
    named = _PREFIX.search(path.name)
    if named is None:
        raise FetchError(
            f"{path.name}: its name does not end in the first digits of its SHA-256 (as in -0b549669.ckpt)"
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(named[1]):
        raise FetchError(
            f"{path.name}: its SHA-256 begins with {digest[: len(named[1])]}, and its name says {named[1]}"
        )
