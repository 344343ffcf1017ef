"""Previews take turns: of one name one at a time, the newest wins, and nothing runs for whoever has gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from bot.console.pool import Busy, Newest, Overtaken, Pool


class Slow:
    """Calls that wait for a word; which ones ran, and how many at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ran: list[str] = []
        self.most = self._now = 0

    def call(self, name: str) -> Callable[[], str]:
        def slow() -> str:
            self._now += 1
            self.most = max(self.most, self._now)
            self.ran.append(name)
            assert self.go_on.wait(5)
            self._now -= 1
            return name

        return slow

    async def under_way(self, count: int = 1) -> None:
        async with asyncio.timeout(5):
            while len(self.ran) < count:
                await asyncio.sleep(0.001)


def here() -> bool:
    return True


@pytest.fixture
def slow() -> Slow:
    return Slow()


async def test_of_those_that_wait_only_the_newest_runs(slow: Slow) -> None:
    newest = Newest(Pool(4, 10))
    typed = [asyncio.create_task(newest.run("a", slow.call("1"), here))]
    await slow.under_way()
    for name in ("2", "3", "4"):
        typed.append(asyncio.create_task(newest.run("a", slow.call(name), here)))
        await asyncio.sleep(0.01)
    slow.go_on.set()
    answers = await asyncio.gather(*typed, return_exceptions=True)
    assert [answers[0], answers[3]] == ["1", "4"]
    assert all(isinstance(each, Overtaken) for each in answers[1:3])
    assert slow.ran == ["1", "4"]
    assert slow.most == 1


async def test_others_do_not_wait_for_it(slow: Slow) -> None:
    newest = Newest(Pool(4, 10))
    both = [asyncio.create_task(newest.run(name, slow.call(name), here)) for name in ("a", "b")]
    await slow.under_way(2)
    slow.go_on.set()
    assert await asyncio.gather(*both) == ["a", "b"]


async def test_what_waits_for_a_thread_is_overtaken_too(slow: Slow) -> None:
    newest = Newest(Pool(1, 10))
    other = asyncio.create_task(newest.run("b", slow.call("other"), here))
    await slow.under_way()
    is_there = [True]
    gone = asyncio.create_task(newest.run("a", slow.call("gone"), lambda: is_there[0]))
    await asyncio.sleep(0.01)
    is_there[0] = False
    slow.go_on.set()
    assert await other == "other"
    with pytest.raises(Overtaken):
        await gone
    assert slow.ran == ["other"]


async def test_a_failure_is_one_s_own_and_ends_the_turn() -> None:
    newest = Newest(Pool(1, 10))

    def fail() -> str:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 -- whatever the call raises
        await newest.run("a", fail, here)
    assert await newest.run("a", lambda: "next", here) == "next"
    assert newest._newest == {}


async def test_a_full_pool_says_so(slow: Slow) -> None:
    newest = Newest(Pool(1, 0))
    with pytest.raises(Busy):
        await newest.run("a", slow.call("1"), here)
