"""What a backup says of itself: how far its ledger goes, and each of its files by its digest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.audit.records import canonical
from bot.audit.transfers import TransferError

NAME: Final = "manifest.json"
Kind = Literal["sqlite", "postgresql"]
DATABASES: Final[Mapping[Kind, str]] = {"sqlite": "vaglio.db", "postgresql": "vaglio.dump"}
"""Which file of a backup holds the database, by what kind it is."""
HEAD: Final = "ledger.head"
_CHUNK: Final = 1 << 20
_MOST: Final = 10_000_000

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sha256: Hash
    bytes: int = Field(ge=0)


class Count(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    count: int = Field(ge=0)
    head: Hash


class Manifest(BaseModel):
    """`at` is UTC as the ledger writes it; `tables` the form of the tables; `files` lie beside it, by relative path."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    v: Literal[1]
    at: str
    database: Kind
    tables: str
    ledger: Count
    files: Mapping[str, File]

    @property
    def dump(self) -> str:
        return DATABASES[self.database]

    @property
    def digest(self) -> str:
        """By which this backup is told from any other."""
        return hashlib.sha256(self.written()).hexdigest()

    def written(self) -> bytes:
        return canonical(self.model_dump(mode="json")) + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """What the backup in `folder` says of itself. Raises `TransferError`, `OSError`."""
    try:
        with (folder / NAME).open("rb") as file:
            manifest = Manifest.model_validate_json(file.read(_MOST))
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        raise TransferError("no_backup", str(folder)) from None
    if not {manifest.dump, HEAD} <= manifest.files.keys() or not all(map(_is_inside, manifest.files)):
        raise TransferError("no_backup", str(folder))
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Every file is as it was, and there is no other. Raises `TransferError` naming the first that is not."""
    for name, said in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file() or digest_of(path) != said:
            raise TransferError("file", str(path))
    for name in names_in(folder):
        if name != NAME and name not in manifest.files:
            raise TransferError("file", str(folder / name))


def names_in(folder: Path) -> Iterator[str]:
    """Every file below, by its path from there, in order."""
    for path in sorted(folder.rglob("*")):
        if not path.is_dir() or path.is_symlink():
            yield path.relative_to(folder).as_posix()


def digest_of(path: Path) -> File:
    """Raises `OSError`."""
    return copied(path, None)


def copied(path: Path, to: Path | None) -> File:
    """Copy a file for its owner alone, and say what it was; `to` must not be there. Durable. Raises `OSError`."""
    digest, size = hashlib.sha256(), 0
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) if to else None
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if handle is not None:
                    _write(handle, chunk)
        if handle is not None:
            os.fsync(handle)
    finally:
        if handle is not None:
            os.close(handle)
    return File(sha256=digest.hexdigest(), bytes=size)


def compact(at: datetime) -> str:
    """A moment as part of a file's name, in UTC."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _write(handle: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _is_inside(name: str) -> bool:
    """Nothing of a backup may be written elsewhere than where it is put back."""
    path = PurePosixPath(name)
    known = name in (*DATABASES.values(), HEAD) or (len(path.parts) > 1 and path.parts[0] == "knowledge")
    return known and ".." not in path.parts and re.search(r"[\0\\]", name) is None and path.as_posix() == name
