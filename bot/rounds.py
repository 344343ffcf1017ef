"""What is done again and again, once over all workers: whoever is first when it is due has it to themselves."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from typing import Final

import structlog
from sqlmodel import Session, func, select

from bot.engine import Periodic, is_being_cancelled
from bot.store import Store
from bot.work_tables import Round

log = structlog.get_logger("bot.work")

_LEASE: Final = 30.0
"""Seconds after which whoever is at something and is heard of no more has lost it."""


class Rounds:
    """Of one worker. The moments are the database's: hosts whose clocks differ agree on whose turn it is."""

    def __init__(self, store: Store, *, lease: float = _LEASE) -> None:
        self._store, self._lease = store, lease
        self._holder = secrets.token_hex(8)

    async def again_and_again(self, seconds: float, name: str, do: Periodic) -> None:
        """Until cancelled, have `do` done every so many seconds, by whichever worker is first."""
        while not is_being_cancelled():  # what is done may swallow that it is told to stop
            pause = seconds
            try:
                pause = await self._once(seconds, name, do)
            except asyncio.CancelledError:
                if is_being_cancelled():
                    raise
                # A library of ours cut it short: the next round comes all the same.
                log.warning("periodic.failed", name=name, error="CancelledError")
            except Exception as error:
                log.warning("periodic.failed", name=name, error=type(error).__name__)
            if not is_being_cancelled():
                await asyncio.sleep(pause)

    async def _once(self, seconds: float, name: str, do: Periodic) -> float:
        """Do it if it is due and nobody is at it. Returns the seconds until somebody must look again."""
        wait = await asyncio.to_thread(self._wait, name, seconds)
        if wait > 0 or not await asyncio.to_thread(self._claim, name, seconds):
            return min(max(wait, 0.05), seconds)
        keeping = asyncio.create_task(self._keep(name))
        try:
            await do()
        finally:
            keeping.cancel()
            with suppress(Exception):
                await asyncio.shield(asyncio.to_thread(self._leave, name))
        return seconds

    async def _keep(self, name: str) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            with suppress(Exception):
                await asyncio.to_thread(self._prolong, name)

    # --- The table, touched on a thread ----------------------------------------------------------------------------

    def _wait(self, name: str, seconds: float) -> float:
        """Seconds until it is due and free: a look that locks nothing."""
        with self._store.read() as session:
            row, now = session.get(Round, name), _now(session)
        return self._free(row, now, seconds) - now

    def _claim(self, name: str, seconds: float) -> bool:
        with self._store.write() as session:
            row, now = session.get(Round, name), _now(session)
            if self._free(row, now, seconds) > now:
                return False
            session.merge(Round(name=name, due=now + seconds, until=now + self._lease, holder=self._holder))
            return True

    def _free(self, row: Round | None, now: float, seconds: float) -> float:
        """When somebody may go. Whose own lease it is, and asks, is not at it any more: the database was away then."""
        if row is None:
            return 0.0
        # Later than anybody can have meant: the server's clock went wrong and was put right, or another one took over.
        due, until = (moment if moment <= now + most else 0.0 for moment, most in
                      ((row.due, seconds), (row.until, self._lease)))  # fmt: skip
        return due if row.holder == self._holder else max(due, until)

    def _prolong(self, name: str) -> None:
        with self._store.write() as session:
            row = session.get(Round, name)
            if row and row.holder == self._holder:
                row.until = _now(session) + self._lease

    def _leave(self, name: str) -> None:
        with self._store.write() as session:
            row = session.get(Round, name)
            if row and row.holder == self._holder:
                row.until = 0.0


def _now(session: Session) -> float:
    """Of the server, in the middle of a transaction too."""
    return float(session.exec(select(func.extract("epoch", func.clock_timestamp()))).one())
