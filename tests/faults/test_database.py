"""A database that is slow, away, or started again under everybody's feet, and a front-end that cannot reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from emulators.slack import LateAck
from emulators.slack_link import Ack
from faults.accounts import text_of
from faults.house import House
from faults.members import Member
from faults.proxy import Way

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]


async def message(house: House, to: Member) -> tuple[int, Ack | LateAck]:
    """A draft as a private message at one front-end: of what is not acknowledged, Slack tries again."""
    house.next += 1
    house.to = to
    try:
        return house.next, await house.slack.direct_message(text_of(house.next), "U100")
    except LateAck as late:
        return house.next, late
    finally:
        house.to = None


def is_taken(ack: Ack | LateAck) -> bool:
    return isinstance(ack, Ack) and ack.status == 200


async def test_a_slow_one(house: House) -> None:
    for member in house.members:
        member.database.delay = 0.03
    await house.send_many(6)
    await house.sound()


@pytest.mark.parametrize("how", ["halt", "kill"])
async def test_started_again_under_load(house: House, how: str) -> None:
    end: Callable[[], None] = getattr(house.server, how)
    async with house.under_load():
        await asyncio.sleep(2)
        await asyncio.to_thread(end)
        await asyncio.sleep(1)
        await asyncio.to_thread(house.server.launch)
        await asyncio.sleep(2)
    before = len(house.acknowledged)
    await house.sound()
    # All is as before, without anybody's doing.
    await house.send_many(8)
    await house.sound()
    assert len(house.acknowledged) == before + 8


async def test_away_for_longer(house: House) -> None:
    await asyncio.to_thread(house.server.halt)
    acknowledged = len(house.acknowledged)
    await house.send_many(4)
    assert len(house.acknowledged) == acknowledged
    await asyncio.sleep(5)
    await asyncio.to_thread(house.server.launch)
    await house.send_many(8)
    await house.sound()
    assert all(member.process.runs for member in house.members)


@pytest.mark.parametrize("fault", ["cut", "freeze"])
async def test_a_front_end_that_cannot_write_acknowledges_nothing(house: House, fault: str) -> None:
    first, second = house.fronts
    getattr(first.database, fault)()
    number, ack = await message(house, first)
    assert not is_taken(ack)
    house.to = second
    assert is_taken(await house.slack.resend(ack))
    house.to = None
    await house.settled()
    first.heal()
    assert number in house.answered()
    house.acknowledged.append(number)
    await house.sound()


async def test_a_front_end_that_never_hears_that_it_has_written(house: House) -> None:
    """It acknowledges nothing and Slack tries the other one, which knows the event already."""
    first, second = house.fronts
    first.database.lost.add(Way.BACK)
    number, ack = await message(house, first)
    assert not is_taken(ack)
    house.to = second
    await house.slack.resend(ack)
    house.to = None
    first.heal()
    await house.until(lambda: number in house.answered())
    house.acknowledged.append(number)
    await house.sound()


async def test_one_half_open_connection_holds_nobody_up_for_long(house: House) -> None:
    """Whoever holds the writers' lock and is heard of no more is thrown out."""
    first, _ = house.fronts
    async with house.under_load():
        await asyncio.sleep(1)
        first.database.freeze()
        await asyncio.sleep(2)
    first.database.cut()
    first.heal()
    await house.sound()
