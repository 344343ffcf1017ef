"""Telegram: what goes wrong on the way, and what the writer sees all the same."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from emulators.telegram import TelegramEmulator
from telegram.error import InvalidToken

DRAFT = "Che idiota, lo zibaldone"
BLOCKED = "⛔ Così, per favore, non pubblicarla"
FAILED = "la tua bozza NON è stata controllata"

PASSING = {
    "rate limit": {"status": 429, "retry_after": 0},
    "bad gateway": {"status": 502},
    "dropped": {"drop": True},
    "server error": {"status": 500},
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
async def test_what_passes_is_waited_out(telegram: TelegramEmulator, answer: Any, house: Any, fault: Any) -> None:
    telegram.fail_next("sendMessage", **fault)
    await telegram.message(DRAFT)
    assert (await answer()).text.startswith(BLOCKED)
    await house.quiet()
    assert len(house.ledger.entries()) == len(telegram.sent) == 1


@pytest.mark.parametrize("fault", [{"delay": 0.5}, {"lost": True}], ids=["slow", "lost"])
async def test_an_answer_whose_receipt_is_lost_may_be_seen_twice_and_is_recorded_once(
    emulator: TelegramEmulator, house: Any, make_chat: Any, connect: Any, answer: Any, fault: Any
) -> None:
    async with connect(emulator, make_chat(house, timeout=0.2)):
        emulator.fail_next("sendMessage", **fault)
        await emulator.message(DRAFT)
        assert (await answer(1)).text == (await answer(2)).text
        await house.quiet()
    assert len(house.ledger.entries()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403},
        {"status": 403, "error": "Forbidden: user is deactivated"},
        {"status": 400, "error": "Bad Request: chat not found"},
        {"status": 400, "error": "Bad Request: PEER_ID_INVALID"},
    ],
    ids=str,
)
async def test_where_nobody_is_left_it_ends(telegram: TelegramEmulator, house: Any, logged: Any, fault: Any) -> None:
    telegram.fail_next("sendMessage", **fault)
    await telegram.message(DRAFT)
    await telegram.wait_for("sendMessage")
    await house.quiet()
    assert telegram.sent == []
    assert '"event": "work.undeliverable"' in logged()


async def test_an_answer_that_telegram_will_never_take_becomes_a_failure_that_is_said(
    telegram: TelegramEmulator, answer: Any, house: Any
) -> None:
    telegram.fail_next("sendMessage", 400, error="Bad Request: message is too long")
    await telegram.message(DRAFT)
    assert FAILED in (await answer()).text
    await house.quiet()


@pytest.mark.parametrize(("language", "sentence"), [("it", FAILED), ("en", "your draft was NOT checked")])
async def test_without_a_record_there_is_no_verdict(
    telegram: TelegramEmulator, answer: Any, house: Any, language: str, sentence: str
) -> None:
    house.recorder.error = OSError(f"no space left for {DRAFT}")
    await telegram.message(DRAFT, language_code=language)
    sent = await answer()
    assert sentence in sent.text
    assert "⛔" not in sent.text
    await house.quiet()
    assert house.ledger.entries() == []


POLLING = {
    "conflict": {"status": 409, "error": "Conflict: terminated by other getUpdates request"},
    "bad gateway": {"status": 502},
    "dropped": {"drop": True},
    "rate limit": {"status": 429, "retry_after": 0},
}


@pytest.mark.parametrize("fault", POLLING.values(), ids=POLLING)
@pytest.mark.parametrize("connect", ["polling"], indirect=True)
async def test_polling_goes_on(
    emulator: TelegramEmulator, house: Any, make_chat: Any, connect: Any, answer: Any, logged: Any, fault: Any
) -> None:
    emulator.fail_next("getUpdates", times=2, **fault)
    async with connect(emulator, make_chat(house)):
        await emulator.message(DRAFT)
        assert (await answer()).text.startswith(BLOCKED)
    assert '"event": "telegram.poll_failed"' in logged()


@pytest.mark.parametrize("method", ["getMe", "setMyCommands", "deleteWebhook", "setWebhook"])
async def test_telegram_may_be_late_at_the_start(
    emulator: TelegramEmulator, house: Any, make_chat: Any, connect: Any, answer: Any, method: str
) -> None:
    emulator.fail_next(method, 502, times=3)
    async with connect(emulator, make_chat(house)):
        await emulator.message(DRAFT)
        assert (await answer()).text.startswith(BLOCKED)


async def test_an_unknown_token_is_said_at_once(house: Any, make_chat: Any) -> None:
    chat = make_chat(house, token="1:OTHER")
    with pytest.raises(InvalidToken):
        await chat.run(chat.poll)
    await chat.stop()


@pytest.mark.parametrize("connect", ["webhook"], indirect=True)
async def test_only_telegram_may_post(telegram: TelegramEmulator, house: Any, answer: Any) -> None:
    update = (await telegram.message("/help")).update
    await answer()
    forged = update | {"update_id": 7, "message": update["message"] | {"text": DRAFT}}
    async with aiohttp.ClientSession() as http:
        for headers in (
            {},
            {"X-Telegram-Bot-Api-Secret-Token": "wrong"},
            {"X-Telegram-Bot-Api-Secret-Token": ""},
            {"X-Telegram-Bot-Api-Secret-Token": "sécret"},
        ):
            async with http.post(telegram.webhook["url"], json=forged, headers=headers) as refused:
                assert refused.status == 403
        right = {"X-Telegram-Bot-Api-Secret-Token": "s3cret"}
        for nonsense in ([], 5, "zibaldone", {}, {"zibaldone": 1}):
            async with http.post(telegram.webhook["url"], json=nonsense, headers=right) as refused:
                assert refused.status == 403
        async with http.post(telegram.webhook["url"], json=forged, headers=right) as accepted:
            assert accepted.status == 200
    assert (await answer(2)).text.startswith(BLOCKED)


@pytest.mark.parametrize("connect", ["webhook"], indirect=True)
async def test_what_a_webhook_cannot_write_down_is_not_confirmed(
    telegram: TelegramEmulator, house: Any, answer: Any, logged: Any
) -> None:
    write, house.work._write = house.work._write, lambda *_: (_ for _ in ()).throw(OSError(DRAFT))
    pushed = await telegram.message(DRAFT)
    assert pushed.status == 500
    house.work._write = write
    assert (await telegram.resend(pushed.update_id)).status == 200
    assert (await answer()).text.startswith(BLOCKED)


async def test_a_failure_does_not_hold_up_others(telegram: TelegramEmulator, answer: Any, house: Any) -> None:
    telegram.fail_next("sendMessage", 429, retry_after=1)
    await telegram.message(DRAFT)
    await telegram.wait_for("sendMessage")
    await telegram.message("Uno zibaldone")
    assert "Via libera" in (await answer(1)).text
    assert (await answer(2)).text.startswith(BLOCKED)


async def test_an_answer_that_cannot_be_put_is_a_failure_that_is_said(
    telegram: TelegramEmulator, answer: Any, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError(DRAFT)

    monkeypatch.setattr("bot.chat.telegram_text.message", broken)
    await telegram.message(DRAFT)
    assert FAILED in (await answer()).text
    assert '"event": "telegram.not_answered"' in logged()
