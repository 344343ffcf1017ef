"""Telegram: what was confirmed is answered once, also after a sudden stop, and leaves no words behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from emulators.telegram import TelegramEmulator

from bot.engine import Lost
from bot.errands import Errand, What

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = "⛔ Così, per favore, non pubblicarla"
STUCK = "ogni volta mi sono bloccato: NON è stata controllata"
MANY = "Ci sono molte bozze in attesa"


async def taken(house: Any, count: int) -> None:
    async with asyncio.timeout(5):
        while house.pending() < count:
            await asyncio.sleep(0.01)


async def test_it_is_answered_after_a_restart_once(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    stopped = make_house()
    async with connect(emulator, make_chat(stopped)):
        await emulator.message(DRAFT)
        await emulator.message(None, caption=DRAFT)
        await taken(stopped, 2)
    assert b"zibaldone" not in stopped.bytes()
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        assert [(await answer(count)).text[:34] for count in (1, 2)] == [BLOCKED[:34]] * 2
        await house.quiet()
    assert len(house.ledger.entries()) == len(emulator.sent) == 2
    assert house.ledger.verify().is_sound


async def test_what_was_recorded_and_not_delivered_is_delivered_and_not_recorded_again(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    first = make_house()
    first.start()
    emulator.fail_next("sendMessage", 502, times=50)
    async with connect(emulator, make_chat(first)):
        await emulator.message(DRAFT)
        await emulator.wait_for("sendMessage", count=2)
        await first.stop()
    emulator.heal("sendMessage")
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        assert (await answer()).text.startswith(BLOCKED)
        await house.quiet()
    assert len(house.ledger.entries()) == 1


async def test_of_a_draft_that_processes_die_of_its_writer_is_told(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any
) -> None:
    """In private, under the draft; what nobody waits for ends without a word, and so does what a stranger wrote."""
    stopped = make_house()
    emulator.chats |= {user: {"id": user, "type": "private", "first_name": "Bruno"} for user in (12, 20)}
    async with connect(emulator, make_chat(stopped)):
        await emulator.message(DRAFT)
        await emulator.message(DRAFT, chat_id=11, user_id=11, language_code="en")
        await taken(stopped, 2)
        news = (Errand(what, "x", f"{what}:x", person=stopped.people.person("telegram:12")) for what in What)
        await stopped.post.send(news)
        stranger = {"kind": "message", "user": 99, "chat": 99, "message": 1, "text": DRAFT, "locale": "it"}
        await stopped.work.defer("telegram", "stranger", stranger)
        press = {"kind": "action", "user": 20, "chat": -1001, "message": 1, "word": "x", "locale": "it", "query": "1"}
        await stopped.work.defer("telegram", "press", press)
    stopped.died(3)
    waiting, before = stopped.pending(), len(emulator.sent)
    house = make_house()
    async with connect(emulator, make_chat(house)):
        house.start()
        await house.quiet()
    said = {sent.chat_id: sent.text for sent in emulator.sent[before:]}
    assert set(said) == {10, 11, 12, 20}
    assert STUCK in said[10]
    assert "each time I broke down" in said[11]
    assert len(emulator.sent) == before + 4
    assert house.buried() == ["ProcessDied"] * waiting
    assert house.recorder.screenings == []


async def test_another_key_opens_nothing_and_loses_nothing(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any, logged: Any
) -> None:
    first = make_house()
    async with connect(emulator, make_chat(first)):
        await emulator.message(DRAFT)
        await taken(first, 1)
    wrong = make_house(key=b"w" * 32)
    async with connect(emulator, make_chat(wrong)):
        wrong.start()
        await emulator.message("Uno zibaldone")
        assert "Via libera" in (await answer()).text
        await wrong.stop()
    assert wrong.pending() == 0
    assert '"event": "work.unreadable"' in logged()
    right = make_house()
    async with connect(emulator, make_chat(right)):
        right.start()
        assert (await answer(2)).text.startswith(BLOCKED)
        await right.quiet()


async def test_when_many_wait_that_is_said(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    house = make_house(backlog=1)
    async with connect(emulator, make_chat(house)):
        for _ in range(2):
            await emulator.message(DRAFT)
        assert MANY in (await answer()).text
        house.start()
        await house.quiet()
        assert len(emulator.sent) == 3


async def test_the_same_update_is_answered_once(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    pushed = await telegram.message(DRAFT)
    await answer()
    for _ in range(3):
        assert (await telegram.resend(pushed.update_id)).status in (None, 200)
    await telegram.message("Uno zibaldone")
    assert "Via libera" in (await answer(2)).text
    await house.quiet()
    assert len(house.ledger.entries()) == len(telegram.sent) == 2


@pytest.mark.parametrize("connect", ["polling"], indirect=True)
async def test_what_cannot_be_written_down_is_not_confirmed(
    emulator: TelegramEmulator, house: Any, make_chat: Any, connect: Any, answer: Any, logged: Any
) -> None:
    write, house.work._write = house.work._write, lambda *_: (_ for _ in ()).throw(OSError(DRAFT))
    async with connect(emulator, make_chat(house)):
        await emulator.message(DRAFT)
        asked = await emulator.wait_for(lambda call: call.method == "getUpdates" and bool(call.answer["result"]))
        assert "offset" not in asked.payload
        again = await emulator.wait_for(
            lambda call: call.method == "getUpdates" and bool(call.answer["result"]), count=2
        )
        assert "offset" not in again.payload
        house.work._write = write
        assert (await answer()).text.startswith(BLOCKED)
    assert '"event": "telegram.poll_failed"' in logged()


async def test_a_press_and_its_words_outlive_stops(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, answer: Any
) -> None:
    first = make_house()
    first.start()
    async with connect(emulator, make_chat(first)):
        await emulator.message("Il vaglietto dello zibaldone")
        await answer()
        await first.quiet()
        await first.stop()
        await emulator.taken(await emulator.press("Correggi e ricontrolla"))
        assert first.pending() == 1
    second = make_house()
    async with connect(emulator, make_chat(second)):
        second.start()
        assert "La tua bozza" in (await answer(3)).text
        await second.quiet()
        await second.stop()
        await emulator.taken(await emulator.message("Il Vaglio Mini dello zibaldone"))
        assert second.pending() == 1
        assert b"Mini dello" not in second.bytes()
    third = make_house()
    async with connect(emulator, make_chat(third)):
        third.start()
        await third.quiet()
    assert "Dall’ultimo controllo" in emulator.said()[-1]["text"]
    assert len(emulator.said()) == 4
    assert [entry.kind for entry in third.ledger.entries()] == ["screening", "screening"]


async def test_words_that_come_twice_are_taken_once(telegram: TelegramEmulator, house: Any, answer: Any) -> None:
    await telegram.message("Il vaglietto dello zibaldone")
    await answer()
    await telegram.taken(await telegram.press("Non sono d’accordo"))
    await answer(2)
    await house.quiet()
    pushed = await telegram.message("È il nome di una fiera")
    assert (await answer(3)).text.startswith("Grazie.")
    for _ in range(2):
        await telegram.resend(pushed.update_id)
    await telegram.message("Uno zibaldone")
    assert "Via libera" in (await answer(4)).text
    await house.quiet()
    assert [entry.kind for entry in house.ledger.entries()].count("appeal") == 1
    assert len(telegram.sent) == 4


async def test_what_another_worker_has_by_now_does_not_go_out(
    emulator: TelegramEmulator, make_house: Any, make_chat: Any, connect: Any, logged: Any
) -> None:
    async def lost() -> None:
        raise Lost

    house = make_house()
    house.work.still_ours = lost
    async with connect(emulator, make_chat(house)):
        house.start()
        await emulator.message(DRAFT)
        async with asyncio.timeout(10):
            while '"event": "work.lost"' not in logged():
                await asyncio.sleep(0.01)
        await house.stop()
    assert (emulator.sent, house.pending()) == ([], 1)
