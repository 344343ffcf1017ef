"""The emulators under the real clients: what they let through, what they refuse and how they go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from emulators import slack_limits
from emulators.slack import LateAck, SlackEmulator, signed
from emulators.slack_limits import SlackLimit, check_message, check_view
from emulators.telegram import Sent, TelegramEmulator, detected, live_parts, part
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, MessageHandler, filters

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # without it RetryAfter comes with a deprecation warning


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
def client(slack: SlackEmulator) -> AsyncWebClient:
    return AsyncWebClient(token="xoxb-test", base_url=slack.api)


@pytest.fixture
def heard() -> list[Json]:
    """What the app was told."""
    return []


@pytest.fixture
def app(client: AsyncWebClient, heard: list[Json]) -> AsyncApp:
    """Answers commands and forms, and never acknowledges /silent."""
    app = AsyncApp(client=client, signing_secret="s")

    @app.command("/vaglio")
    async def command(ack: Any, body: Json, respond: Any) -> None:
        heard.append(body)
        await ack()
        await respond("Un attimo", replace_original=True)

    @app.command("/silent")
    async def silent() -> None: ...

    @app.event("message")
    async def message(event: Json, body: Json, request: Any) -> None:
        heard.append({"event_id": body["event_id"], "retry": request.headers.get("x-slack-retry-num"), **event})

    @app.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Ciao")]})

    @app.shortcut("new")
    async def shortcut(ack: Any, body: Json, client: AsyncWebClient) -> None:
        heard.append(body)
        await ack()
        with suppress(SlackApiError):  # Bolt would take back the ack
            await client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.view("form")
    async def submission(ack: Any, view: Json) -> None:
        heard.append(view)
        await ack(response_action="update", view=form())

    @app.action("ask")
    async def action(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack()

    return app


@pytest.fixture
async def connected(slack: SlackEmulator, app: AsyncApp) -> AsyncIterator[None]:
    handler: Any = AsyncSocketModeHandler(app, "xapp-1", ping_interval=0.2)
    await handler.connect_async()
    await slack.connected()
    yield
    await handler.close_async()


def section(text: str, kind: str = "mrkdwn", **more: Any) -> Json:
    return {"type": "section", "text": {"type": kind, "text": text, **more}}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def button(**more: Any) -> Json:
    return {"type": "button", "text": {"type": "plain_text", "text": "Chiedi"}, "action_id": "ask", **more}


def form(**more: Any) -> Json:
    label = {"type": "plain_text", "text": "Bozza"}
    draft = {"type": "plain_text_input", "action_id": "draft"}
    words = [{"text": {"type": "plain_text", "text": each}, "value": each} for each in ("post", "reply")]
    kind = {"type": "radio_buttons", "action_id": "kind", "options": words, "initial_option": words[0]}
    blocks = [
        {"type": "input", "block_id": each["action_id"], "label": label, "element": each} for each in (draft, kind)
    ]
    return {"type": "modal", "callback_id": "form", "title": label, "submit": label, "blocks": blocks, **more}


# --- Slack


@pytest.mark.usefixtures("connected")
async def test_a_command_is_acknowledged_and_answered(slack: SlackEmulator, heard: list[Json]) -> None:
    ack = await slack.slash("<b> & @anna @here a@b.it https://a.it/?a=1&b=2")
    await slack.wait_for("response_url")
    assert heard[0]["text"] == "&lt;b&gt; &amp; <@U1|anna> <!here> a@b.it <https://a.it/?a=1&amp;b=2>"
    assert (ack.payload, slack.refused, slack.posted[-1].text) == ({}, [], "Un attimo")


@pytest.mark.usefixtures("connected")
async def test_no_ack_within_three_seconds_is_an_error(slack: SlackEmulator) -> None:
    with pytest.raises(LateAck):
        await slack.slash("bozza", command="/silent")


@pytest.mark.usefixtures("connected")
async def test_an_event_comes_again_with_the_same_id(slack: SlackEmulator, heard: list[Json]) -> None:
    first = await slack.direct_message("Ciao @bruno", files=[{"id": "F1"}], subtype="file_share")
    await slack.resend(first)
    await slack.direct_message("io", bot_id="B1")  # Bolt keeps the app's own messages to itself
    one, two = heard
    assert (one["event_id"], one["text"], two["retry"]) == (two["event_id"], "Ciao <@U2>", ["1"])
    assert one["blocks"][0]["elements"][0]["elements"][1] == {"type": "user", "user_id": "U2"}


@pytest.mark.usefixtures("connected")
async def test_a_form_is_opened_filled_in_and_updated(slack: SlackEmulator, heard: list[Json]) -> None:
    pressed = await slack.global_shortcut("new")
    opened = await slack.wait_for("views.open")
    await slack.view_submission("form", {"draft": {"draft": "Ciao"}}, private_metadata="x")
    assert opened.answer["ok"]
    assert heard[1]["private_metadata"] == "x"
    values = heard[1]["state"]["values"]
    assert values["draft"]["draft"] == {"type": "plain_text_input", "value": "Ciao"}
    assert values["kind"]["kind"]["selected_option"]["value"] == "post"
    assert (await slack.wait_for("ack")).answer["ok"]
    await slack.resend(pressed)
    assert (await slack.wait_for("views.open", count=2)).answer["error"] == "exchanged_trigger_id"


@pytest.mark.usefixtures("connected")
async def test_shortcuts_buttons_and_home(slack: SlackEmulator, client: AsyncWebClient, heard: list[Json]) -> None:
    await slack.message_shortcut("new", "Bozza di @anna", message_user="U2")
    sent = await client.chat_postMessage(
        channel="U1", text="Ciao", blocks=[{"type": "actions", "elements": [button()]}]
    )
    await slack.block_action("ask", "7", message=(sent["channel"], sent["ts"]))
    await slack.block_action("ask", "8")
    await slack.app_home_opened()
    await slack.wait_for("views.publish")
    shortcut, press, ephemeral = heard
    assert (shortcut["message"]["text"], shortcut["message"]["user"]) == ("Bozza di <@U1>", "U2")
    assert (press["message"]["text"], press["actions"][0]["value"]) == ("Ciao", "7")
    assert ephemeral["container"]["is_ephemeral"]
    assert "message" not in ephemeral
    assert slack.posted[-1].text == "Ciao"


@pytest.mark.parametrize("how", ["asked", "dropped"])
@pytest.mark.usefixtures("connected")
async def test_socket_mode_comes_back(slack: SlackEmulator, how: str, heard: list[Json]) -> None:
    if how == "asked":
        await slack.disconnect()
    else:
        slack.drop_connection()
    await slack.connected(times=2)
    await slack.slash("ancora")
    assert heard[0]["text"] == "ancora"


@pytest.mark.usefixtures("connected")
async def test_a_response_url_wears_out(slack: SlackEmulator) -> None:
    ack = await slack.slash("bozza")
    await slack.wait_for("response_url")
    url = ack.envelope["payload"]["response_url"]
    async with aiohttp.ClientSession() as http:
        for status in (200, 200, 200, 200, 404):  # the first of the five went to the answer above
            async with http.post(url, json={"text": "Ciao"}) as answer:
                assert answer.status == status
        slack.expire(url)
        async with http.post(url, json={"text": "Ciao"}) as answer:
            assert await answer.json() == {"ok": False, "error": "expired_url"}


async def test_the_web_api_refuses_as_slack_does(slack: SlackEmulator, client: AsyncWebClient) -> None:
    async def error(method: str, token: str | None = None, **payload: Any) -> str:
        with pytest.raises(SlackApiError) as refusal:
            await AsyncWebClient(token=token or client.token, base_url=slack.api).api_call(method, json=payload)
        return str(refusal.value.response["error"])

    assert await error("chat.fly") == "unknown_method"
    assert await error("auth.test", token="xoxb-other") == "invalid_auth"
    assert await error("chat.postMessage", channel="U9", text="Ciao") == "channel_not_found"
    assert await error("chat.postMessage", channel="C1", blocks=[section("Ciao")]) == "invalid_blocks"
    assert await error("chat.update", channel="C1", ts="1", text="Ciao") == "message_not_found"
    assert await error("views.update", view_id="V9", view=form()) == "not_found"
    assert await error("views.open", trigger_id="1", view=form()) == "invalid_trigger_id"
    slack.fail_next("users.info", error="user_not_visible")
    assert await error("users.info", user="U1") == "user_not_visible"
    assert slack.refused == ["/text: is missing: notifications and screen readers have nothing else"]


async def test_the_web_api_goes_wrong_on_demand(slack: SlackEmulator, client: AsyncWebClient) -> None:
    handlers = AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
    client.retry_handlers = [each(max_retry_count=2) for each in handlers]
    slack.fail_next("auth.test", 429, retry_after=0)
    slack.fail_next("auth.test", 503)
    assert (await client.auth_test())["user_id"] == "UBOT"
    assert [call.answer["ok"] for call in slack.calls] == [False, False, True]
    slack.fail_next("chat.postMessage", lost=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C1", text="Ciao")
    assert slack.posted[-1].text == "Ciao"
    assert "locale" not in (await client.users_info(user="U1"))["user"]
    assert (await client.users_info(user="U1", include_locale=True))["user"]["locale"] == "it-IT"


async def test_http_mode_is_signed(slack: SlackEmulator, app: AsyncApp, heard: list[Json]) -> None:
    handler: Any = AsyncSlackRequestHandler(app, path="/slack/events")
    transport = httpx.ASGITransport(app=handler)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:

        async def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await http.post("/slack/events", content=body, headers=headers)
            return answer.status_code, answer.content

        slack.over_http(deliver, "s")
        command = await slack.slash("bozza")
        event = await slack.direct_message("bozza")
        assert [each.status for each in (command, event, await slack.global_shortcut("new"))] == [200] * 3
        assert (await slack.resend(command, attempt=0)).status == 200
        assert heard[0]["trigger_id"] == heard[-1]["trigger_id"]
        body = command.envelope["payload"]
        assert (await deliver(*signed(body, "wrong")))[0] == 401
        assert (await deliver(*signed(body, "s", at=time.time() - 301)))[0] == 401


PLAIN = {"type": "plain_text", "text": "Ciao"}
OPTION = {"text": PLAIN, "value": "1"}
GOOD = [
    [section("Ciao"), {"type": "divider"}, {"type": "header", "text": PLAIN}],
    [{"type": "section", "fields": [PLAIN] * 10, "accessory": {"type": "overflow", "options": [OPTION] * 5}}],
    [{"type": "context", "elements": [PLAIN, {"type": "image", "image_url": "https://a.it/a.png", "alt_text": "A"}]}],
    [rich({"type": "text", "text": "a", "style": {"bold": True}}, {"type": "emoji", "name": "tada"})],
]
BAD = {
    "/blocks: 51 items": [{"type": "divider"}] * 51,
    "/blocks/0/text/text: 0 characters": [section("")],
    "/blocks/0/text/text: 3001": [section("a" * 3001)],
    "/blocks/0/type: video": [{"type": "video"}],
    "/blocks/0/colour: unknown key": [section("a") | {"colour": "red"}],
    "/blocks/0: needs text or fields": [{"type": "section"}],
    "/blocks/1/block_id: occurs twice": [section("a") | {"block_id": "x"}] * 2,
    "/blocks/0/elements/0/text/text: 76": [{"type": "actions", "elements": [button(text=PLAIN | {"text": "a" * 76})]}],
    "/blocks/0: an action_id": [{"type": "actions", "elements": [button(), button()]}],
    "/blocks/0/elements/0/elements/0/text: 0": [rich({"type": "text", "text": ""})],
    "/blocks/0/accessory: what is chosen": [
        section("a")
        | {"accessory": {"type": "radio_buttons", "options": [OPTION], "initial_option": OPTION | {"value": "2"}}}
    ],
    "/blocks: 15": [section("a" * 3000)] * 5,
}


@pytest.mark.parametrize("blocks", GOOD)
def test_block_kit_takes(blocks: list[Json]) -> None:
    check_message({"channel": "C1", "text": "Ciao", "blocks": blocks})


@pytest.mark.parametrize(("reason", "blocks"), BAD.items())
def test_block_kit_refuses(reason: str, blocks: list[Json]) -> None:
    with pytest.raises(SlackLimit) as limit:
        check_message({"channel": "C1", "text": "Ciao", "blocks": blocks})
    assert str(limit.value).startswith(reason)


@pytest.mark.parametrize(
    "change", [{"title": PLAIN | {"text": "a" * 25}}, {"private_metadata": "a" * 3001}, {"blocks": []}]
)
def test_views_have_limits_too(change: Json) -> None:
    check_view(form())
    with pytest.raises(SlackLimit):
        check_view(form(**change))


def test_slack_live_parts() -> None:
    hostile = "<!channel> *b* :tada: https://a.it @here &lt;!channel&gt; snake_case_name"
    loud = ["<!channel>", ":tada:", "*b*", "https://a.it"]
    parts = slack_limits.live_parts
    assert parts({"text": hostile}) == loud
    assert parts({"text": hostile, "link_names": True}) == [*loud, "@here"]
    assert parts({"blocks": [section(hostile, verbatim=True)]}) == loud[:3]
    assert parts({"blocks": [section(hostile, "plain_text")]}) == [":tada:"]
    assert parts({"blocks": [rich({"type": "text", "text": hostile}, {"type": "user", "user_id": "U1"})]}) == [
        "user: U1"
    ]


# --- Telegram


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
