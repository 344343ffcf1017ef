"""What was shown lately is kept for a moment, once, and never without end."""

from __future__ import annotations

import asyncio

from bot.console.lately import MOST, Lately


async def test_the_newest_is_taken_once() -> None:
    lately = Lately[str]()
    lately.put("a", "first")
    lately.put("a", "second")
    assert lately.take("b") is None
    assert lately.take("a") == "second"
    assert lately.take("a") is None


async def test_it_is_gone_by_itself() -> None:
    lately = Lately[str](life=0.2)
    lately.put("a", "first")
    await asyncio.sleep(0.15)
    lately.put("a", "second")
    await asyncio.sleep(0.1)
    # The first one's time was up, and not the second's.
    assert len(lately) == 1
    await asyncio.sleep(0.2)
    assert len(lately) == 0


async def test_the_oldest_makes_room() -> None:
    lately = Lately[int]()
    for number in range(MOST + 10):
        lately.put(str(number), number)
    assert len(lately) == MOST
    assert lately.take("9") is None
    assert lately.take("10") == 10
