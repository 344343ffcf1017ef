"""Slack: what was acknowledged is answered, also after a sudden stop, and leaves no words behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from emulators.slack import SlackEmulator

from bot.engine import Lost
from bot.errands import Errand, What

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = "Così, per favore, non pubblicarla"
STUCK = "ogni volta mi sono bloccato: NON è stata controllata"
ANSWERS = ("response_url", "chat.postMessage", "views.update")
MANY = "Ci sono molte bozze in attesa"


async def hand_in_all(slack: SlackEmulator) -> None:
    await slack.slash(DRAFT)
    await slack.message_shortcut("check_message", DRAFT)
    await slack.direct_message(DRAFT)
    await slack.global_shortcut("new_draft")
    await slack.wait_for("views.open")
    await slack.view_submission("draft", {"text": {"value": DRAFT}})


async def test_it_is_answered_after_a_restart_once(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    stopped = make_house()
    async with connect(emulator, make_chat(stopped)):
        await hand_in_all(emulator)
    assert stopped.pending() == 4
    for secret in (b"zibaldone", b"idiota", b"/response/"):
        assert secret not in stopped.bytes()
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        shown = [await answer(count) for count in (1, 2, 3, 4)]
        assert all(BLOCKED in each.text for each in shown)
        await house.quiet()
    assert sorted(each.method for each in shown) == [
        "chat.postMessage",
        "response_url",
        "response_url",
        "views.update",
    ]
    assert len(house.ledger.entries()) == 4
    assert house.ledger.verify().is_sound
    again = make_house()
    async with connect(emulator, make_chat(again)):
        again.start()
        await emulator.direct_message("Uno zibaldone")
        assert "Via libera" in (await answer(5)).text


async def test_what_was_recorded_and_not_delivered_is_delivered_and_not_recorded_again(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    first = make_house()
    first.start()
    emulator.fail_next("chat.postMessage", 503, times=50)
    async with connect(emulator, make_chat(first)):
        await emulator.direct_message(DRAFT)
        await emulator.wait_for("chat.postMessage", count=2)
        await first.stop()
    assert len(first.ledger.entries()) == 1
    emulator.heal("chat.postMessage")
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        assert BLOCKED in (await answer()).text
        await house.quiet()
    assert len(house.ledger.entries()) == 1


async def test_of_a_draft_that_processes_die_of_its_writer_is_told(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    """Where the answer would have been, and in their language; what nobody waits for ends without a word."""
    stopped = make_house()
    async with connect(emulator, make_chat(stopped)):
        await hand_in_all(emulator)
        await emulator.direct_message(DRAFT, "U2")
        news = (Errand(what, "x", f"{what}:x", person=stopped.people.person("slack:T1:U1")) for what in What)
        await stopped.post.send(news)
        await stopped.work.defer("slack", "home", {"kind": "home", "team": "T1", "user": "U1"})
        await stopped.work.defer("slack", "welcome", {"kind": "welcome", "team": "T1", "user": "U1"})
    stopped.died(3)
    waiting = stopped.pending()
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        shown = [await answer(count) for count in range(1, 7)]
        await house.quiet()
    said = [each.text for each in shown]
    assert sum(STUCK in text for text in said) == 5
    assert sum("each time I broke down" in text for text in said) == 1
    # The draft by command, by shortcut and by form, two private messages, and the draft to be checked again.
    methods = ["chat.postMessage"] * 3 + ["response_url"] * 2 + ["views.update"]
    assert sorted(each.method for each in shown) == methods
    assert len(emulator.posted) == len([each for each in emulator.posted if each.method not in ANSWERS]) + 6
    assert house.buried() == ["ProcessDied"] * waiting
    assert house.recorder.screenings == []


@pytest.mark.parametrize("connect", ["socket"], indirect=True)
async def test_what_must_be_hidden_is_never_on_the_disk(slack: SlackEmulator, house: Any) -> None:
    await hand_in_all(slack)
    for number in range(20):
        await slack.direct_message(f"Lo zibaldone {number} del progetto Girasole")
    while house.pending():
        assert b"irasole" not in house.bytes()
        await asyncio.sleep(0.005)
    assert b"irasole" not in house.bytes()
    assert len(house.ledger.entries()) == 24


async def test_another_key_opens_nothing_and_loses_nothing(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any, logged: Any
) -> None:
    async with connect(emulator, make_chat(make_house())):
        await emulator.direct_message(DRAFT)
    wrong = make_house(key=b"w" * 32)
    async with connect(emulator, make_chat(wrong)):
        wrong.start()
        await emulator.direct_message("Uno zibaldone")
        assert "Via libera" in (await answer()).text
        await wrong.stop()
    assert wrong.pending() == 0
    assert '"event": "work.unreadable"' in logged()
    right = make_house()
    async with connect(emulator, make_chat(right)):
        right.start()
        assert BLOCKED in (await answer(2)).text
        await right.quiet()


async def test_when_many_wait_that_is_said(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    house = make_house(backlog=2)
    async with connect(emulator, make_chat(house)):
        for _ in range(2):
            assert (await emulator.slash(DRAFT)).payload["text"] == "La sto leggendo…"
        assert MANY in (await emulator.slash(DRAFT)).payload["text"]
        await emulator.direct_message(DRAFT)
        assert MANY in (await answer(1)).text
        await emulator.message_shortcut("check_message", DRAFT)
        assert MANY in (await answer(2)).text
        await emulator.global_shortcut("new_draft")
        await emulator.wait_for("views.open")
        ack = await emulator.view_submission("draft", {"text": {"value": DRAFT}})
        assert MANY in str(ack.payload)
        house.start()
        await house.quiet()
        assert all([BLOCKED in (await answer(count)).text for count in range(3, 9)])


@pytest.mark.parametrize("way", ["slash", "direct_message"])
async def test_what_another_worker_has_by_now_does_not_go_out(
    emulator: SlackEmulator, make_house: Any, make_chat: Any, connect: Any, logged: Any, way: str
) -> None:
    async def lost() -> None:
        raise Lost

    house = make_house()
    house.work.still_ours = lost
    async with connect(emulator, make_chat(house)):
        house.start()
        await getattr(emulator, way)(DRAFT)
        async with asyncio.timeout(10):
            while '"event": "work.lost"' not in logged():
                await asyncio.sleep(0.01)
        await house.stop()
    shown = [posted for posted in emulator.posted if posted.method != "ack"]
    assert (shown, house.pending()) == ([], 1)
