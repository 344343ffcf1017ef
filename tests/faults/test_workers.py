"""Workers that are killed, stopped, cut off and started again: each draft that was acknowledged has one answer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from emulators.slack import words
from faults.accounts import text_of
from faults.house import House
from faults.members import Member
from faults.proxy import Way
from fragile import DEADLY, PROGRAM

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(400)]


async def alone(house: House, member: Member) -> None:
    """Only this worker is there, and it knows everybody's language already."""
    for other in house.workers:
        if other is not member:
            await other.kill()
    for user in ("U100", "U101"):
        await house.send(user=user)
    await house.settled()


@asynccontextmanager
async def dying(house: House) -> AsyncIterator[list[str]]:
    """Workers that a certain draft kills; the names of those that it has killed."""
    for member in house.workers:
        await member.kill()
        member.process.program = PROGRAM
        await member.start()
    try:
        yield []
    finally:
        for member in house.workers:
            await member.kill()
            member.process.program = ("-m", "bot")
        await house.mended()


async def tended(house: House, deaths: list[str]) -> None:
    """Until nothing waits: whoever dies is started again, as systemd does."""
    async with asyncio.timeout(180):
        while True:
            for member in house.workers:
                if not member.process.runs:
                    deaths.append(member.name)
                    with suppress(RuntimeError):  # it may die again before it is ready
                        await member.start()
            if not house.waiting():
                return
            await asyncio.sleep(0.1)


def letters(house: House) -> list[tuple[str, int]]:
    with house.server.admin(house.database) as admin:
        return admin.execute(b"SELECT error, attempts FROM deadletter").fetchall()


def said(house: House, number: int) -> int:
    """How often its answer was sent to where it belongs."""
    found = house.answered()
    return len(found[number].said) if number in found else 0


async def test_both_work(house: House) -> None:
    await house.send_many(60)
    found = await house.sound()
    assert [*found.failed, *found.again] == []


async def test_a_front_end_leaves_the_work_to_them(house: House) -> None:
    for member in house.workers:
        await member.kill()
    numbers = await house.send_many(4)
    await asyncio.sleep(2)
    assert house.waiting() >= len(numbers)
    assert not house.answered().keys() & set(numbers)
    await house.mended()
    assert not (await house.sound()).failed


async def test_killed_in_the_middle_of_their_work(house: House) -> None:
    async with house.under_load():
        for member in (*house.workers, *house.workers):
            await asyncio.sleep(1.5)
            await member.kill()
            await member.start()
    found = await house.sound()
    assert not found.failed


async def test_killed_between_the_record_and_the_answer(house: House) -> None:
    first, second = house.workers
    await alone(house, first)
    first.slack.freeze()
    recorded = house.recorded().total()
    number = await house.send(user="U100")
    await house.until(lambda: house.recorded().total() > recorded)
    await first.kill()
    assert said(house, number) == 0
    # What lay in the frozen stretch is gone with the machine.
    first.slack.cut()
    await second.start()
    await house.until(lambda: said(house, number))
    found = await house.sound()
    assert (said(house, number), found.failed) == (1, [])


async def test_killed_between_the_answer_and_the_end_of_the_work(house: House) -> None:
    first, second = house.workers
    await alone(house, first)
    house.slack.fail_next("response_url", delay=60)
    number = await house.send(user="U100")
    await house.until(lambda: said(house, number))
    await first.kill()
    await second.start()
    # It cannot know that it was said: the same stands in its own place once more, and its writer sees one.
    await house.until(lambda: said(house, number) == 2)
    assert number in (await house.sound()).again


@pytest.mark.parametrize("tells", [True, False], ids=["Slack tells what it has", "it does not"])
async def test_killed_between_a_private_message_and_the_note_that_it_was_sent(house: House, tells: bool) -> None:
    """What docs/operations.md says: it comes once where Slack tells that it has it; else twice rather than never."""
    first, second = house.workers
    await alone(house, first)
    marker = f"Parole al vento {tells}"
    house.slack.fail_next("chat.postMessage", delay=60)
    if not tells:
        house.slack.fail_next("conversations.history", error="missing_scope")
    await house.slack.direct_message(f"{marker}, idiota", "U100")

    def sent() -> int:
        return sum(marker in words(call.payload) for call in list(house.slack.calls))

    def looked() -> int:
        return sum(call.method == "conversations.history" for call in list(house.slack.calls))

    await house.until(sent)
    before = looked()
    await first.kill()
    await second.start()
    await house.until(lambda: looked() > before)
    await house.sound()
    assert sent() == (1 if tells else 2)


async def test_a_draft_that_workers_die_of_is_given_up_and_no_other(house: House) -> None:
    """Three of them: then its writer is told, and an operator may have it tried once more."""
    async with dying(house) as deaths:
        before = await house.send_many(6)
        deadly = await house.send(text=f"{text_of(house.next + 1)} {DEADLY}", user="U100")
        after = await house.send_many(6)
        await tended(house, deaths)
        assert len(deaths) == 3
        assert letters(house) == [("ProcessDied", 3)]
        found = house.answered()
        assert found[deadly].said == [""]
        assert all(found[number].checks for number in (*before, *after))
        code, said = await house.fronts[0].process.run("queue", "dead", LANGUAGE="en")
        assert (code, "Processes died of it" in said) == (0, True)
        code, _ = await house.fronts[0].process.run("queue", "replay", "--all")
        assert code == 0
        await tended(house, deaths)
        assert len(deaths) == 4
        assert letters(house) == [("ProcessDied", 3)]
    assert (await house.sound()).failed == [deadly]


async def test_cut_off_from_the_database_until_another_had_its_work(house: House) -> None:
    """Back again, it says nothing: what it had in hand is somebody else's, and answered."""
    first, second = house.workers
    await alone(house, first)
    first.database.delay = 0.2
    number = await house.send(user="U100")
    await house.until(lambda: house.one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"))
    first.database.freeze()
    await second.start()
    await house.until(lambda: said(house, number))
    first.heal()
    more = await house.send_many(10)
    found = await house.sound()
    assert (said(house, number), found.failed, found.again) == (1, [], [])
    assert all(said(house, each) == 1 for each in more)


async def test_a_machine_that_stands_still_until_another_had_its_work(house: House) -> None:
    first, second = house.workers
    await alone(house, first)
    first.database.delay = 0.2
    number = await house.send(user="U100")
    await house.until(lambda: house.one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"))
    first.process.tell(signal.SIGSTOP)
    await second.start()
    await house.until(lambda: said(house, number))
    first.process.tell(signal.SIGCONT)
    first.heal()
    await house.send_many(10)
    await house.sound()
    assert said(house, number) == 1


async def test_cut_off_from_the_database_under_load(house: House) -> None:
    first, second = house.workers
    async with house.under_load():
        await asyncio.sleep(1)
        first.database.cut()
        await asyncio.sleep(3)
        first.heal()
        second.database.freeze()
        await asyncio.sleep(3)
        second.heal()
        await asyncio.sleep(1)
    await house.sound()


async def test_cut_off_from_slack(house: House) -> None:
    for member in house.workers:
        member.slack.cut()
    numbers = await house.send_many(10)
    await asyncio.sleep(3)
    assert not house.answered().keys() & set(numbers)
    for member in house.workers:
        member.heal()
    found = await house.sound()
    assert not found.failed
    assert all(said(house, number) == 1 for number in numbers)


async def test_slacks_word_that_it_has_an_answer_is_lost(house: House) -> None:
    for member in house.workers:
        member.slack.lost.add(Way.BACK)
    numbers = await house.send_many(4)
    await house.until(lambda: house.answered().keys() >= set(numbers))
    for member in house.workers:
        member.slack.cut()
        member.heal()
    await house.sound()


async def test_stopped_under_load_they_hand_back(house: House) -> None:
    async with house.under_load(every=0.1):
        for member in house.workers:
            await asyncio.sleep(2)
            assert await member.process.stop() == 0
            await member.start()
    found = await house.sound()
    assert [*found.failed, *found.again] == []


async def test_an_upgrade_by_restarting_one_after_another(house: House) -> None:
    """Front-ends and workers each once, while drafts come in: none is lost, and none waits long."""
    async with house.under_load(every=0.1):
        for member in house.members:
            # The balancer is told first, as it is in an upgrade.
            house.to = next((each for each in house.fronts if each is not member), None)
            await asyncio.sleep(1)
            assert await member.process.stop() == 0
            await member.start()
            house.to = None
    found = await house.sound()
    assert [*found.failed, *found.again] == []
    assert len(house.acknowledged) == len(set(house.acknowledged))
