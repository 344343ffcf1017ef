"""Whole copies of the database: SQLite's by its own online backup, PostgreSQL's by its own programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog
from sqlalchemy import make_url
from sqlmodel import Session

from bot import postgres
from bot.audit.errors import RecordError, code_of
from bot.audit.transfers import TransferError
from bot.settings import PREFIX
from bot.store import Store

log = structlog.get_logger(__name__)

_DERIVED: Final = "search"
"""The schema that holds what is derived from opened words: it is in no backup."""


def copy_file(source: Path, target: Path) -> None:
    """The database as it is at one moment, while others go on writing, as one file for its owner alone.

    Raises `RecordError`.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target, isolation_level=None)) as new,
        ):
            old.backup(new)
            # So that nothing of it lies in a log beside it.
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise RecordError(code_of(error), str(source)) from None


def dump(store: Store, session: Session, target: Path) -> None:
    """What `session`, which reads, sees of a server's database, as a file of `pg_dump`. Raises `TransferError`."""
    snapshot = session.connection().exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    _run(
        "pg_dump", store, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-schema={_DERIVED}",
        f"--snapshot={snapshot}", f"--file={target}",
    )  # fmt: skip


def load(store: Store, source: Path) -> None:
    """Put such a file back into an empty database, all of it or nothing. Raises `TransferError`."""
    _run(
        "pg_restore", store, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
        file=str(source),
    )  # fmt: skip


def is_empty(store: Store) -> bool:
    """Whether a server's database has none of Vaglio's tables. Raises `RecordError`."""
    with store.read() as session:
        return not store.is_made(session.connection())


def _run(tool: str, store: Store, *arguments: str, file: str | None = None) -> None:
    path = shutil.which(tool)
    if path is None:
        raise TransferError("tool", tool)
    # Tokens and the like are none of its business.
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    with tempfile.TemporaryDirectory(prefix="vaglio-") as folder:
        told, secret = postgres.for_tools(postgres.with_driver(make_url(store.url)), Path(folder))
        done = subprocess.run(  # noqa: S603 -- PostgreSQL's own program, told only what Vaglio itself says
            [path, *arguments, f"--dbname={told}", *([file] if file else [])],
            env={**inherited, **secret}, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    if done.returncode:
        # What it says may quote the address.
        log.error("backup.tool_failed", tool=tool, code=done.returncode)
        raise TransferError("tool", f"{tool} ({done.returncode})")
