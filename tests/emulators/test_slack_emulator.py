"""Slack's emulator under the real clients: what it lets through, what it refuses and how it goes wrong."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import httpx
import pytest
from emulators.loopback import Json
from emulators.slack import LateAck, SlackEmulator, signed
from emulators.slack_payloads import button, form, section
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler, AsyncServerErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient


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


@pytest.mark.usefixtures("connected")
async def test_people_press_what_is_before_their_eyes(
    slack: SlackEmulator, client: AsyncWebClient, heard: list[Json]
) -> None:
    slack.channels["#stampa"] = "C7"
    actions = [{"type": "actions", "elements": [button(value="7")]}]
    sent = await client.chat_postMessage(channel="#stampa", text="Ciao", blocks=actions)
    assert (sent["channel"], slack.labels("U1"), slack.labels("U2")) == ("C7", ["Chiedi"], ["Chiedi"])
    await slack.press("Chiedi", "U2")
    (press,) = heard
    assert (press["user"]["id"], press["actions"][0]["value"], press["message"]["text"]) == ("U2", "7", "Ciao")
    async with aiohttp.ClientSession() as http:
        # Apart at first; then in its place, for it can be replaced by the address that a press on it brings.
        for replaces in (False, True):
            payload = {"text": f"{replaces}", "blocks": actions, "replace_original": replaces}
            await http.post(heard[-1]["response_url"], json=payload)
            await slack.press("Chiedi", "U2")
    assert heard[-1]["container"]["is_ephemeral"]
    assert [(each.kind, each.payload["text"]) for each in slack.screen("U2")] == [
        ("message", "Ciao"),
        ("ephemeral", "True"),
    ]
    assert [each.kind for each in slack.screen("U1")] == ["message"]
    with pytest.raises(AssertionError):
        await slack.press("Altro")


@pytest.mark.usefixtures("connected")
async def test_a_form_that_is_sent_is_gone_unless_its_ack_keeps_it(
    slack: SlackEmulator, client: AsyncWebClient, app: AsyncApp
) -> None:
    @app.view("closes")
    async def closes(ack: Any) -> None:
        await ack()

    opened = []
    for callback in ("form", "closes"):
        await slack.global_shortcut("new")
        await slack.opened()
        view = form(callback_id=callback, title={"type": "plain_text", "text": callback})
        await client.views_update(view_id=slack.top().key, view=view)
        opened.append(slack.top().key)
        await slack.submit(draft="Ciao") if callback == "closes" else await slack.submit()
    assert [key in slack.surfaces for key in opened] == [True, False]


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
