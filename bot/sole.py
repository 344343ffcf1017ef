"""What only one process may do at a time: whoever holds a lock on the database does it, and the others wait for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from bot import postgres
from bot.store import Store

log = structlog.get_logger(__name__)

_EVERY: Final = 5.0
"""Seconds between two looks: whether the lock is free, and whether it is still ours."""


async def only_one(store: Store, name: str, do: Callable[[], Awaitable[None]], every: float = _EVERY) -> None:
    """Do it while nobody else does, until it ends or this is cancelled; on SQLite there is nobody else.

    The lock belongs to a connection: it goes when the process does, or the server. Raises what `do` raises.
    """
    if store.file:
        await do()
        return None
    while True:
        lock = await asyncio.to_thread(_taken, store, name)
        if lock is None:
            await asyncio.sleep(every)
            continue
        log.info("sole.begun", name=name)
        doing = asyncio.ensure_future(do())
        try:
            while not (await asyncio.wait({doing}, timeout=every))[0]:
                if not await asyncio.to_thread(_is_held, lock):
                    log.warning("sole.lost", name=name)
                    break
            else:
                return doing.result()
        finally:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)
            with suppress(Exception):
                lock.close()


def _taken(store: Store, name: str) -> Any:
    """The connection that holds the lock; None: somebody else has it, or nobody can tell."""
    import psycopg

    connection = None
    try:
        connection = psycopg.connect(postgres.conninfo(store.url), autocommit=True)
        connection.execute(postgres.ATTENTIVE)
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_key(name),)).fetchone()
        if row and row[0]:
            return connection
    except psycopg.Error as error:
        log.warning("sole.not_reached", name=name, error=type(error).__name__)
    if connection:
        connection.close()
    return None


def _is_held(connection: Any) -> bool:
    try:
        connection.execute("SELECT 1")
    except Exception:
        return False
    return True


def _key(name: str) -> int:
    """Advisory locks are numbers."""
    return int.from_bytes(hashlib.sha256(f"vaglio/{name}".encode()).digest()[:8], "big", signed=True)
