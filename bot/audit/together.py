"""What several threads want done at the same moment is done in one go, by the first of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Done = TypeVar("Done")


@dataclass(slots=True)
class _Waiting(Generic[Wish, Done]):
    wish: Wish
    done: Done | BaseException | None = None
    leads: bool = False
    """Whether its thread is to do what waits, its own wish first."""
    woken: threading.Event = field(default_factory=threading.Event)


class Together(Generic[Wish, Done]):
    """`do` is given up to `most` wishes, in the order in which they came, and returns what became of each.

    An exception in place of what became of a wish is raised where that wish came from.
    """

    def __init__(self, do: Callable[[Sequence[Wish]], Sequence[Done | BaseException]], most: int) -> None:
        self._do, self._most = do, most
        self._queue: deque[_Waiting[Wish, Done]] = deque()
        self._lock, self._is_led = threading.Lock(), False

    def __call__(self, wish: Wish) -> Done:
        """Returns once it is done."""
        mine = _Waiting[Wish, Done](wish)
        with self._lock:
            self._queue.append(mine)
            if not self._is_led:
                self._is_led = mine.leads = True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._lead()
        if isinstance(mine.done, BaseException):
            raise mine.done
        assert mine.done is not None  # noqa: S101 -- nobody is woken before
        return mine.done

    def _lead(self) -> None:
        """Do what waits now; whoever came meanwhile has the lead after that."""
        with self._lock:
            some = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            for each, done in zip(some, self._do([each.wish for each in some]), strict=True):
                each.done = done
        except BaseException as error:
            # Whoever waits must not wait for ever, whatever happened here.
            for each in some:
                each.done = error if each.done is None else each.done
        finally:
            with self._lock:
                self._is_led = bool(self._queue)
                if self._queue:
                    self._queue[0].leads = True
                    self._queue[0].woken.set()
            for each in some:
                each.woken.set()
