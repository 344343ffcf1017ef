"""What does pieces of work, each at least once: in this process on SQLite, wherever a worker is free on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import structlog
from sqlmodel import Session

log = structlog.get_logger("bot.work")

Piece = tuple[str, str]
"""A piece of work by its kind and its id."""
Do = Callable[[str], Awaitable[None]]
"""Does the piece of that id. Raises `Retry` where it is to be done later, and `Undeliverable` where it never can be."""
GiveUp = Callable[[str, int], Awaitable[None]]
"""Sees to it that nobody does the piece of that id any more, for so many processes have died with it in hand.

It does nothing of what they may have died of, and raises what `Do` raises. The count grows where one dies of this too.
"""
LeftOver = Callable[[], Sequence[str]]
"""The ids of the pieces that are still to be done, the oldest first.

Called on a thread, and perhaps within a transaction of `Store.write`: it only reads.
"""
Periodic = Callable[[], Awaitable[None]]
Ours = Callable[[], Awaitable[None]]
"""Raises `Lost` where what is being done is another worker's by now."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what, in seconds."""

    first: float = 1.0
    """After the first failure; after each further one twice as long, up to `longest`."""
    longest: float = 60.0
    whole: float = 3600.0
    """After which an answer that nobody takes is no help to anybody..."""
    tries: int = 10
    """...and so many tries at least: what has lain there for a night without workers has not been tried for it."""
    grace: float = 10.0
    """That an answer in hand has to go out when Vaglio is stopped."""
    deaths: int = 3
    """Processes that die with a piece in hand before nobody does it any more.

    The first one's death is blamed on all that it had in hand; from then on each of these is done apart from the
    others. So an innocent one is given up only where three processes die while they have it in hand, each for a reason
    of its own.
    """

    def after(self, attempts: int) -> float:
        """The pause before the next try, after so many that had failed before this one."""
        return min(self.first * 2.0 ** min(attempts, 60), self.longest)


USUAL: Final = Patience()

_BEGUN: Final[ContextVar[bool]] = ContextVar("begun", default=False)


class Retry(Exception):
    """It could not be done now; `after` seconds are what the other side asks for, None: as usual."""

    def __init__(self, after: float | None = None) -> None:
        self.after = after
        super().__init__("to be tried again")


class Undeliverable(Exception):
    """Nobody is there to take the answer: they left, or the conversation is closed. `reason` is the platform's."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Lost(Exception):
    """The piece is another worker's by now, and perhaps done: what was worked out here must not go out."""


class ProcessDied(Exception):
    """Whatever process had the piece in hand, it died: of a fault in a library, or for want of memory."""

    def __init__(self) -> None:
        super().__init__("each process that had it in hand died")


class State(StrEnum):
    """Where a piece of work stands."""

    WAITING = "waiting"
    """Due, and in nobody's hands."""
    DOING = "doing"
    LATER = "later"
    """To be tried again in a while."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many pieces of one kind stand so, and for how many seconds the first of them has been there."""

    kind: str
    state: State
    count: int
    oldest: float | None
    """None where nobody can tell."""


class Engine(Protocol):
    """Does pieces of work by kind and id, each at least once, wherever a worker is free."""

    def on(
        self,
        kind: str,
        do: Do,
        *,
        give_up: GiveUp | None = None,
        left_over: LeftOver | None = None,
        people_wait: bool = False,
    ) -> None:
        """Have pieces of `kind` done by `do`. To be called before `run`.

        `give_up` is called in its place once `Patience.deaths` processes have died with a piece in hand; one that was
        stopped in the ordinary way, or was cut off and comes back, has not died. `left_over` names what is still to be
        done, for what was put by a process that has ended or by another version. Where `people_wait`, it is done before
        anything else, and never waits for one of the other kinds. What raises anything but `Lost` and `Undeliverable`
        is tried again, for ever: `do` knows when to give up.
        """
        ...

    def put(self, session: Session, kind: str, ids: Sequence[str], *, alone: bool = False) -> None:
        """Have these done, once the transaction of `session` (of `Store.write`) is committed, and only then.

        `alone`: of all that a process has died with, one at a time.
        """
        ...

    def waiting(self, session: Session, kind: str, most: int | None = None) -> int:
        """Pieces of `kind` that are due and that nobody has in hand; nobody counts beyond `most`."""
        ...

    def standing(self, session: Session) -> Sequence[Standing]:
        """What is in the queue. Of what is not there, there is no row."""
        ...

    def workers(self, session: Session) -> int:
        """Workers that give signs of life: of a process one for what people wait for, and one for all else."""
        ...

    @property
    def is_working(self) -> bool:
        """Whether pieces are done by this process at this moment."""
        ...

    async def still_ours(self) -> None:
        """To be asked by who does a piece, right before what cannot be taken back. Raises `Lost`."""
        ...

    def every(self, seconds: int, name: str, do: Periodic) -> None:
        """Do this again and again, once over all workers. What fails is logged and done the next time."""
        ...

    async def run(self) -> None:
        """Work until cancelled; what is then in hand is finished within the grace, or handed back."""
        ...


def fit(do: Do, give_up: GiveUp | None, deaths: int, patience: Patience) -> Do:
    """What is to be done with a piece with which so many processes have died."""
    if give_up is None or deaths < patience.deaths:
        return do
    return lambda id: give_up(id, deaths)


async def attempt(kind: str, do: Do, id: str, attempts: int, patience: Patience) -> float | None:
    """Have a piece done that failed `attempts` times. Returns the pause before it is to be tried again; None: done."""
    _BEGUN.set(attempts > 0)
    try:
        await do(id)
    except Retry as error:
        # What is asked for is kept to the second: to come earlier makes a platform ask for more.
        return patience.after(attempts) if error.after is None else error.after
    except Undeliverable as error:
        log.warning("work.undeliverable", kind=kind, id=id, reason=error.reason)
    except Lost:
        log.warning("work.lost", kind=kind, id=id)
    except asyncio.CancelledError:
        if is_being_cancelled():
            raise
        # Only what was in hand was cut short, by a library of ours: the worker goes on.
        return patience.first
    except Exception as error:
        # The database itself fails: the piece is still there, and is tried again.
        log.error("work.failed", kind=kind, id=id, error=type(error).__name__)
        return patience.after(attempts)
    return None


def was_begun() -> bool:
    """To be asked by who does a piece: whether it was tried before, and a part of it may be done, by whomever."""
    return _BEGUN.get()


def is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
