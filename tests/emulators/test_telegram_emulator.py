"""Telegram's emulator under the real clients: what it lets through, what it refuses and how it goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from emulators.telegram import Sent, TelegramEmulator, detected, live_parts, part
from telegram import Bot, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, MessageHandler, filters


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator() as emulator:
        yield emulator


@pytest.fixture
async def bot(telegram: TelegramEmulator) -> AsyncIterator[Bot]:
    telegram.chats[10] = {"id": 10, "type": "private", "first_name": "Anna"}
    async with Bot("1:TEST", base_url=telegram.base_url, base_file_url=telegram.base_file_url) as bot:
        yield bot


@pytest.fixture
async def polling(telegram: TelegramEmulator) -> AsyncIterator[None]:
    """Answers each message with a button, and each press by editing what was pressed."""
    app: Any = ApplicationBuilder().token("1:TEST").base_url(telegram.base_url).build()

    async def answer(update: Any, _context: Any) -> None:
        again = InlineKeyboardMarkup([[InlineKeyboardButton("Ancora", callback_data="again")]])
        await update.effective_message.reply_text(update.effective_message.text, reply_markup=again)

    async def pressed(update: Any, _context: Any) -> None:
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("Fatto")

    app.add_handlers([MessageHandler(filters.TEXT, answer), CallbackQueryHandler(pressed)])
    await app.initialize()
    await app.start()
    await app.updater.start_polling(poll_interval=0, timeout=1)
    yield
    await app.updater.stop()
    await app.stop()
    await app.shutdown()


@pytest.mark.usefixtures("polling")
async def test_messages_and_presses_by_polling(telegram: TelegramEmulator) -> None:
    await telegram.message("Ciao 🎉 @anna")
    await telegram.wait_for("sendMessage")
    await telegram.callback("again")
    await telegram.wait_for("editMessageText")
    assert [each.text for each in telegram.sent] == ["Ciao 🎉 @anna", "Fatto"]
    assert live_parts(telegram.sent[0]) == ["mention: @anna"]
    await telegram.edited_message("Ciao di nuovo", message_id=1)
    await telegram.wait_for("sendMessage", count=2)


async def test_updates_stay_until_they_are_confirmed(telegram: TelegramEmulator, bot: Bot) -> None:
    pushed = [await telegram.message(text) for text in ("uno", "due")]
    assert len(await bot.get_updates()) == len(await bot.get_updates()) == 2
    assert [each.update_id for each in await bot.get_updates(offset=pushed[1].update_id)] == [pushed[1].update_id]
    await bot.get_updates(offset=pushed[1].update_id + 1, allowed_updates=["message"])
    await telegram.push("inline_query", {"id": "1"})
    await telegram.resend(pushed[0].update_id)
    assert [each.update_id for each in await bot.get_updates()] == [pushed[0].update_id]
    assert await bot.get_updates() == ()


async def test_only_one_may_poll(telegram: TelegramEmulator, bot: Bot) -> None:
    async with Bot("1:TEST", base_url=telegram.base_url) as other:
        polls = bot.get_updates(timeout=5), other.get_updates(timeout=1)
        answers = await asyncio.gather(*polls, return_exceptions=True)
    assert {type(each) for each in answers} == {Conflict, tuple}


async def test_a_webhook_gets_updates_with_its_secret(telegram: TelegramEmulator, bot: Bot) -> None:
    heard: list[str] = []

    async def hook(request: web.Request) -> web.Response:
        heard.append(request.headers["X-Telegram-Bot-Api-Secret-Token"])
        return web.Response(status=200 if heard[-1] == "secret" else 403)

    application = web.Application()
    application.router.add_post("/hook", hook)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await bot.set_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", secret_token="secret")
    pushed = await telegram.message("Ciao")
    assert (pushed.status, (await telegram.resend(pushed.update_id)).status) == (200, 200)
    telegram.webhook["secret_token"] = "wrong"
    assert (await telegram.message("Ciao")).status == 403
    with pytest.raises(Conflict):
        await bot.get_updates()
    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    await runner.cleanup()


async def test_the_bot_api_refuses_as_telegram_does(telegram: TelegramEmulator, bot: Bot) -> None:
    async def refused(**message: Any) -> str:
        with pytest.raises(BadRequest) as refusal:
            await bot.send_message(**{"chat_id": 10, "text": "Ciao", **message})
        return str(refusal.value)

    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="è" * 33)]])
    assert await refused(chat_id=11) == "Chat not found"
    assert await refused(text=" ") == "Message text is empty"
    assert await refused(text="🎉" * 2049) == "Message is too long"
    assert await refused(reply_markup=keyboard) == "Button_data_invalid"
    assert "unknown parameters" in (await refused(api_kwargs={"parse": "x"})).lower()
    assert "outside" in await refused(entities=[MessageEntity("bold", 3, 2)])
    assert "middle" in await refused(text="a🎉", entities=[MessageEntity("bold", 2, 1)])
    for text, mode in (
        ("<b>a", "HTML"),
        ("a < b", "HTML"),
        ("</b>", "HTML"),
        ("a.", "MarkdownV2"),
        ("*a", "MarkdownV2"),
    ):
        assert "an't parse entities" in await refused(text=text, parse_mode=mode)
    sent = await bot.send_message(10, "Ciao")
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("Ciao")
    with pytest.raises(TelegramError, match="not found"):
        await bot.do_api_request("flyToTheMoon")
    stranger = Bot("1:OTHER", base_url=telegram.base_url)
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


async def test_a_button_is_pressed_by_what_it_says(telegram: TelegramEmulator, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Sì", callback_data="y", style="primary")]])
    asked = await bot.send_message(10, "Ciao")
    await asked.reply_text("Va bene?", reply_markup=keyboard, do_quote=True)
    with pytest.raises(AssertionError, match="nobody sees a button 'No'"):
        await telegram.press("No")
    query = (await telegram.press("Sì", user_id=11)).update["callback_query"]
    assert (query["data"], query["from"]["id"]) == ("y", 11)
    assert query["message"]["reply_to_message"]["message_id"] == asked.message_id
    assert [each["text"] for each in telegram.said()] == ["Ciao", "Va bene?"]
    await bot.edit_message_reply_markup(10, query["message"]["message_id"])
    with pytest.raises(AssertionError, match="seen: \\[\\]"):
        await telegram.press("Sì")
    telegram.forget_queries()
    with pytest.raises(BadRequest, match="too old"):
        await bot.answer_callback_query(query["id"])


async def test_a_question_is_put_as_telegram_lets_it(telegram: TelegramEmulator, bot: Bot) -> None:
    sent = await bot.send_message(10, "Perché?", reply_markup=ForceReply(input_field_placeholder="Il perché"))
    assert telegram.sent[-1].reply_markup == {"force_reply": True, "input_field_placeholder": "Il perché"}
    assert "reply_markup" not in telegram.messages[10, sent.message_id]
    reply = (await telegram.message("Perché sì", reply_to=sent.message_id)).update["message"]
    assert reply["reply_to_message"]["text"] == "Perché?"
    for wrong in (ForceReply(input_field_placeholder="a" * 65), ForceReply(input_field_placeholder="")):
        with pytest.raises(BadRequest, match=r"(?i)placeholder"):
            await bot.send_message(10, "Perché?", reply_markup=wrong)
    with pytest.raises(BadRequest, match=r"(?i)inline keyboard expected"):
        await bot.edit_message_text("Perché?", 10, sent.message_id, reply_markup=ForceReply())  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match=r"(?i)entities"):
        await bot.send_message(10, "a" * 200, entities=[MessageEntity("bold", at, 1) for at in range(101)])


async def test_a_group_becomes_another(telegram: TelegramEmulator, bot: Bot) -> None:
    telegram.group(-5, "group")
    sent = await bot.send_message(-5, "Ciao")
    telegram.migrate(-5, -1005)
    for calling in (bot.send_message(-5, "Ciao"), bot.edit_message_text("Addio", -5, sent.message_id)):
        with pytest.raises(ChatMigrated) as moved:
            await calling
        assert moved.value.new_chat_id == -1005
    await bot.send_message(-1005, "Ciao")
    assert telegram.sent[-1].chat_id == -1005


async def test_markup_becomes_entities(telegram: TelegramEmulator, bot: Bot) -> None:
    await bot.send_message(10, '🎉 <b>a &lt; <i>b</i></b> <a href="https://a.it">c</a>', parse_mode="HTML")
    await bot.send_message(10, "🎉 *a < _b_* [c](https://a.it)\\.\n>q\n`x.y`", parse_mode="MarkdownV2")
    for sent in telegram.sent:
        spans = {each["type"]: (part(sent.text, each), each["offset"]) for each in sent.entities}
        assert (spans["bold"], spans["italic"], spans["text_link"]) == (("a < b", 3), ("b", 7), ("c", 9))
    assert (spans["blockquote"][0], spans["code"][0]) == ("q", "x.y")


async def test_the_rest_of_the_bot_api(telegram: TelegramEmulator, bot: Bot) -> None:
    await bot.set_my_commands([("start", "Inizia")], language_code="it")
    assert (await bot.get_my_commands(language_code="it"))[0].command == "start"
    await bot.set_my_description("Vaglio")
    await bot.set_my_short_description("Vaglio")
    await bot.send_chat_action(10, "typing")
    sent = await bot.send_document(10, b"a,b", filename="log.csv", caption="Il registro")
    assert telegram.sent[-1].document == {"filename": "log.csv", "content": b"a,b"}
    telegram.files["F1"] = b"pdf"
    assert await (await bot.get_file("F1")).download_as_bytearray() == b"pdf"
    await bot.delete_message(10, sent.message_id)
    with pytest.raises(BadRequest, match="too old"):
        await bot.answer_callback_query("404")


async def test_the_bot_api_goes_wrong_on_demand(telegram: TelegramEmulator, bot: Bot) -> None:
    telegram.fail_next("sendMessage", 429, retry_after=7)
    telegram.fail_next("sendMessage", 502)
    telegram.fail_next("sendMessage", drop=True)
    telegram.fail_next("sendMessage", delay=0.3)
    for expected in (RetryAfter, NetworkError, NetworkError, TimedOut):
        with pytest.raises(expected):
            await bot.send_message(10, "Ciao", read_timeout=0.1)
    assert len(telegram.sent) == 1  # the one that was late


def test_telegram_live_parts() -> None:
    hostile = "@anna /start #offerta $ENI https://a.it/x acme.it a@b.it +39 06 1234 5678 tg://x 192.168.0.1"
    quiet = "Il 2026-11-22 alle 10:30 e/o 3.50 euro: 1.234.567,89 ecc.Poi #1 $5 file.pdf"
    assert len(live_parts(Sent("sendMessage", 10, 1, hostile, [], None, None))) == 10
    assert detected(quiet) == []
    code = {"type": "code", "offset": 0, "length": len(hostile)}
    link = {"type": "text_link", "offset": 0, "length": 1, "url": "https://a.it"}
    assert live_parts(Sent("sendMessage", 10, 1, hostile, [code], None, None)) == []
    assert live_parts(Sent("sendMessage", 10, 1, "Ciao", [link], None, None)) == ["text_link: https://a.it"]
