"""What is in force: the newest policy that was published, else the file of VAGLIO_POLICY, in every process alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from bot.audit.ledger import Ledger
from bot.knowledge import Collections
from bot.prescreen import Prescreen
from bot.revisions import Published, RevisionError, Revisions
from rules.assembly import load_policy
from rules.policy import Policy
from rules.problems import PolicyError
from rules.screening import Screener

log = structlog.get_logger(__name__)

Build = Callable[[Policy], Screener]

_AGAIN: Final = 30
"""Looks after which a policy that could not be put in force is tried once more."""


class LivePolicy:
    def __init__(self, revisions: Revisions | None, file: Path) -> None:
        """`revisions` is None where nothing can have been published: there is no database yet."""
        self._revisions, self._file = revisions, file

    def published(self) -> Published | None:
        """What is in force, by its name; None where that is the file."""
        return self._revisions.newest() if self._revisions else None

    def policy(self) -> Policy:
        """The policy in force. Raises as `Revisions.load` does, or `PolicyError` for the file.

        A publication that cannot be read is not passed over for the file: that would be another policy than was said.
        """
        newest = self.published()
        return self._revisions.load(newest.seq) if self._revisions and newest else load_policy(self._file)


async def follow(prescreen: Prescreen, build_screener: Build, revisions: Revisions, every: float = 1.0) -> None:
    """Hold drafts against whatever is published, from within seconds of its publication; until cancelled.

    `every` is in seconds. The new screener is made ready on a thread of its own, so that no draft waits for it; a
    draft in hand is finished by the one with which it began. What cannot be put in force is logged, and what was in
    force stays.
    """
    follower = _Follower(prescreen, build_screener, revisions)
    while True:
        await asyncio.to_thread(follower.look)
        await asyncio.sleep(every)


async def keep_up(ledger: Ledger, collections: Collections, every: float = 1.0) -> None:
    """Have the head of this machine follow the ledger, and what the company knows lie here; until cancelled.

    What fails is logged, once for each kind of failure, and tried again.
    """
    failed = dict[str, str | None]()
    while True:
        for name, look in (("ledger", ledger.keep_up), ("knowledge", collections.keep_up)):
            try:
                await asyncio.to_thread(look)
                failed[name] = None
            except Exception as error:
                if failed.get(name) != type(error).__name__:
                    log.error("keeping_up.failed", what=name, error=type(error).__name__, remedy=_remedy(error))
                failed[name] = type(error).__name__
        await asyncio.sleep(every)


class _Follower:
    def __init__(self, prescreen: Prescreen, build_screener: Build, revisions: Revisions) -> None:
        self._prescreen, self._build, self._revisions = prescreen, build_screener, revisions
        self._failed: tuple[int, str] | None = None
        """The publication that could not be put in force, and why: said once."""
        self._rest = 0

    def look(self) -> None:
        """Put the newest publication in force, if it is another than the one that is."""
        seq = 0
        try:
            newest = self._revisions.newest()
            if newest is None or newest.revision == self._prescreen.screener.policy.revision:
                self._failed = None
                return
            seq = newest.seq
            if self._failed and self._failed[0] == seq and self._rest > 0:
                self._rest -= 1
                return
            screener = self._build(self._revisions.load(seq))
            missing = screener.load()
        except Exception as error:
            self._fail(seq, error)
            return
        for rule, reason in missing.items():
            log.warning("rule.unavailable", rule=rule, reason=reason)
        self._prescreen.screener = screener
        self._failed = None
        log.info("policy.in_force", revision=newest.revision)

    def _fail(self, seq: int, error: Exception) -> None:
        # The message of an error may quote the policy: its type is all that is told.
        failed = (seq, type(error).__name__)
        if failed != self._failed:
            log.error("policy.not_in_force", publication=seq or None, error=failed[1], remedy=_remedy(error))
        self._failed, self._rest = failed, _AGAIN


def _remedy(error: Exception) -> str:
    match error:
        case PolicyError():
            return "this version of Vaglio cannot read it: publish the policy again"
        case RevisionError():
            return "it is not what was published: publish the policy again, and run vaglio audit verify"
        case _:
            return "run vaglio doctor; it is tried again within minutes"
