"""A file of `pg_dump` as rows and nothing else: whatever statements stand in it, none of them is run.

Such a file is a script, every part of it text that somebody wrote: also the statement by which a table's rows are to
be put back. Whoever can write a backup can fit its digests to it. So `pg_restore` never has a database here: it prints,
and what it prints is read for rows alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import structlog

from bot.audit.transfers import TransferError
from bot.settings import PREFIX

log = structlog.get_logger(__name__)

_LISTED: Final = re.compile(r"(\d+); \d+ \d+ TABLE DATA (\S+) (\S+) .*")
_NAME: Final = rb'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_COPY: Final = re.compile(
    rb"COPY (?:%(name)s\.)?(%(name)s) \((%(name)s(?:, %(name)s)*)\) FROM stdin;\n" % {b"name": _NAME}
)
_END: Final = (b"\\.\n", b"\\.\r\n")
_PIECE: Final = 1 << 20
"""Bytes of a line that are in memory at the same time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one table, as PostgreSQL's `COPY` takes them, in `pieces` that end anywhere and are to be read to the end."""

    table: str
    columns: tuple[str, ...]
    pieces: Iterator[bytes]


def rows_in(source: Path, tables: Sequence[str]) -> Generator[Rows]:
    """The rows of these tables, in this order; what else is in `source` is passed over. To be closed.

    Raises `TransferError` where there is no such table, or more than one.
    """
    path = source.absolute()
    with tempfile.TemporaryDirectory(prefix="vaglio-") as folder:
        chosen = Path(folder) / "chosen"
        chosen.write_text("".join(f"{number};\n" for number in _numbers(path, tables)), encoding="ascii")
        command = [tool("pg_restore"), "--data-only", f"--use-list={chosen}", "--file=-", str(path)]
        with subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program, told only what Vaglio itself says
            command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None  # noqa: S101 -- for the types
            yield from _blocks(process.stdout, source)
    look_at(process.returncode, "pg_restore")


def tool(name: str) -> str:
    """Where one of PostgreSQL's own programs lies. Raises `TransferError`."""
    path = shutil.which(name)
    if path is None:
        raise TransferError("tool", name)
    return path


def environment() -> dict[str, str]:
    """For such a program: tokens and the like are none of its business."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}


def look_at(code: int, name: str) -> None:
    """Raises `TransferError` for a program that failed. What it says may quote the address, and is not read."""
    if code:
        log.error("backup.tool_failed", tool=name, code=code)
        raise TransferError("tool", f"{name} ({code})")


def _numbers(source: Path, tables: Sequence[str]) -> list[str]:
    """By which the archive calls the rows of each table."""
    command = [tool("pg_restore"), "--list", str(source)]
    done = subprocess.run(  # noqa: S603 -- as above
        command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    look_at(done.returncode, "pg_restore")
    found = dict[str, dict[str, str]]()
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        if listed := _LISTED.fullmatch(line):
            number, schema, table = listed.groups()
            found.setdefault(schema, {})[table] = number
    (ours,) = _only([each for each in found.values() if set(tables) <= each.keys()], source)
    return [ours[table] for table in tables]


def _only(found: Sequence[Mapping[str, str]], source: Path) -> Sequence[Mapping[str, str]]:
    """A schema of somebody else's may lie beside Vaglio's, and no other that looks like it."""
    if len(found) != 1:
        raise TransferError("file", str(source))
    return found


def _blocks(printed: IO[bytes], source: Path) -> Iterator[Rows]:
    while line := printed.readline(_PIECE):
        if begun := _COPY.fullmatch(line):
            columns = re.findall(_NAME, begun[2])
            yield Rows(_name(begun[1]), tuple(map(_name, columns)), _pieces(printed, source))


def _pieces(printed: IO[bytes], source: Path) -> Iterator[bytes]:
    is_start = True
    while piece := printed.readline(_PIECE):
        if is_start and piece in _END:
            return
        yield piece
        is_start = piece.endswith(b"\n")
    raise TransferError("file", str(source))


def _name(written: bytes) -> str:
    """As it is, without the quotes in which a statement has it."""
    name = written.decode("utf-8", "replace")
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def fits(rows: Rows, columns: Collection[str]) -> bool:
    """Whether it has each of these columns, once, and no other."""
    return len(rows.columns) == len(columns) and set(rows.columns) == set(columns)
