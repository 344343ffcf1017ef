"""Slack on loopback: Web API, response_url, Socket Mode and signed HTTP as the real clients meet them, all recorded."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from itertools import count
from typing import Any, Self
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import WSMsgType, web
from emulators.slack_limits import Json, SlackLimit, check_message, check_view, objects, seen
from slack_sdk.signature import SignatureVerifier

ACK_SECONDS = TRIGGER_SECONDS = 3.0
RESPONSE_USES = 5
TEAM, APP, BOT, BOT_USER = "T1", "A1", "B1", "UBOT"
BROADCASTS = ("here", "channel", "everyone")
Act = Callable[[Json], Awaitable[Json]]
Deliver = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, bytes]]]
# Methods whose payload ends up before a person's eyes.
SHOWING = ("chat.", "views.", "response_url", "ack")
SPOKEN = {"text", "alt_text", "initial_value"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot and how it was answered; `at` is in seconds of the monotonic clock."""

    method: str
    payload: Json
    answer: Json
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Fault:
    """How the next call of a method goes wrong; a late or a lost answer belongs to a call that took effect."""

    status: int = 200
    retry_after: int = 1
    error: str = ""
    drop: bool = False
    lost: bool = False
    delay: float = 0.0


class Refused(Exception):
    """The platform says no."""

    def __init__(self, answer: Json, status: int = 200) -> None:
        super().__init__(answer)
        self.answer, self.status = answer, status


class Loopback:
    """A server on a free port of 127.0.0.1 that records what it is asked and goes wrong on demand."""

    def __init__(self, *routes: web.RouteDef) -> None:
        self.calls: list[Call] = []
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._changed = asyncio.Condition()
        self._ids = count(1)
        app = web.Application(client_max_size=50_000_000)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._runner.cleanup()

    def fail_next(
        self, method: str, status: int | None = None, retry_after: int = 1, times: int = 1, **how: Any
    ) -> None:
        """The next calls fail: by status (429), or by `error=` in words, `drop=True`, `lost=True`, `delay=` seconds."""
        fault = Fault(status or (200 if how else 429), retry_after, **how)
        self._faults[method].extend([fault] * times)

    async def wait_for(self, what: str | Callable[[Call], bool], timeout: float = 5.0, count: int = 1) -> Call:
        """The first call of this method or nature (or the `count`th), past or still to come."""

        def found() -> list[Call]:
            matches = [each for each in self.calls if (what(each) if callable(what) else each.method == what)]
            return matches[count - 1 : count]

        await self._until(found, timeout, f"call {count} of {what}; seen: {[each.method for each in self.calls]}")
        return found()[0]

    async def _until(self, condition: Callable[[], object], timeout: float, what: str) -> None:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(condition), timeout)
            except TimeoutError:
                raise AssertionError(f"not within {timeout} s: {what}") from None

    async def _record(self, call: Call) -> None:
        async with self._changed:
            self.calls.append(call)
            self._changed.notify_all()

    async def _serve(self, request: web.Request, method: str, payload: Json, act: Act) -> web.Response:
        fault = self._faults[method].popleft() if self._faults[method] else Fault()
        status = 200
        try:
            if fault.drop or fault.error or fault.status != status:
                raise self._failure(fault)
            answer = await act(payload)
        except Refused as refused:
            answer, status = refused.answer, refused.status
        await self._record(Call(method, payload, answer))
        await asyncio.sleep(fault.delay)
        if (fault.drop or fault.lost) and request.transport:
            request.transport.abort()
        headers = {"Retry-After": str(fault.retry_after)} if status == 429 else None
        return web.json_response(answer, status=status, headers=headers)

    def _failure(self, fault: Fault) -> Refused:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Ack:
    """What the app answered to `envelope`, and after how long."""

    envelope: Json
    payload: Json
    seconds: float
    status: int = 200


class LateAck(Exception):
    """No ack within three seconds: Slack shows the person an error, or sends the event again."""

    def __init__(self, envelope: Json) -> None:
        super().__init__(f"no ack of {envelope['type']} within {ACK_SECONDS} s")
        self.envelope = envelope


@dataclass(frozen=True, slots=True)
class Posted:
    """What a person got to see: the words, and the payload without ids and values."""

    method: str
    text: str
    payload: Json


def signed(body: Json, secret: str, at: float | None = None) -> tuple[bytes, dict[str, str]]:
    """The request as Slack signs it: a command as a form, an event as JSON, an interaction as JSON inside a form."""
    moment = str(int(time.time() if at is None else at))
    is_event = body.get("type") in {"event_callback", "url_verification"}
    form = body if "command" in body else {"payload": json.dumps(body)}
    content = json.dumps(body) if is_event else urlencode(form)
    signature = SignatureVerifier(secret).generate_signature(timestamp=moment, body=content)
    kind = "application/json" if is_event else "application/x-www-form-urlencoded"
    headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": moment, "X-Slack-Signature": str(signature)}
    return content.encode(), headers


async def read(request: web.Request) -> Json:
    """What was sent, be it query, form or JSON; a file is its name and content."""
    payload: Json = dict(request.query)
    if request.content_type == "application/json":
        payload |= await request.json()
    else:
        payload |= await request.post()
    files = {key: value for key, value in payload.items() if isinstance(value, web.FileField)}
    return payload | {key: {"filename": each.filename, "content": each.file.read()} for key, each in files.items()}


def words(node: Any) -> str:
    """The text of a payload in reading order: a line a text, a rich text's pieces joined."""
    if isinstance(node, list):
        return "\n".join(filter(None, map(words, node)))
    if not isinstance(node, dict):
        return ""
    if str(node.get("type")).startswith("rich_text_") and node["type"] != "rich_text_list":
        return "".join(str(each.get("text") or each.get("url") or "") for each in node["elements"])
    pieces = [text if key in SPOKEN and isinstance(text, str) else words(text) for key, text in node.items()]
    return "\n".join(filter(None, pieces))


def state_of(view: Json, values: dict[str, dict[str, Any]]) -> Json:
    """The state of a form: every input of the view, filled in or not, and whatever else is given."""
    inputs = [(each["block_id"], each["element"]) for each in view["blocks"] if each["type"] == "input"]
    kinds = {node["action_id"]: node["type"] for node in objects(view["blocks"]) if "action_id" in node}
    state = {block: {node["action_id"]: _entry(node["type"], _initial(node))} for block, node in inputs}
    for block, fields in values.items():
        entries = {action: _entry(kinds.get(action, "plain_text_input"), each) for action, each in fields.items()}
        state[block] = state.get(block, {}) | entries
    return state


def _initial(node: Json) -> Any:
    return node.get("initial_value") or node.get("initial_option") or node.get("initial_options")


def _entry(kind: str, value: Any) -> Json:
    def chosen(each: Any) -> Json:
        text = {"type": "plain_text", "text": each, "emoji": True}
        return each if isinstance(each, dict) else {"text": text, "value": each}

    if isinstance(value, dict) and "type" in value:
        return value
    if kind == "plain_text_input":
        return {"type": kind, "value": value}
    if kind == "checkboxes":
        return {"type": kind, "selected_options": [chosen(each) for each in value or []]}
    return {"type": kind, "selected_option": value and chosen(value)}


def no(error: str, status: int = 200, **more: Any) -> Refused:
    """Slack's way of refusing."""
    return Refused({"ok": False, "error": error} | more, status)


class SlackEmulator(Loopback):
    """One workspace with one app, which knows it by the bot's and the app's token.

    `users` and `files` may be added to; `refused` lists what Block Kit would not have taken.
    """

    def __init__(self, *tokens: str) -> None:
        super().__init__(
            web.route("*", "/api/{method}", self._api),
            web.post("/response/{token}", self._response),
            web.get("/link", self._link),
        )
        self.users: dict[str, Json] = {
            "U1": {"name": "anna", "locale": "it-IT"},
            "U2": {"name": "bruno", "locale": "en-US"},
        }
        self.files: dict[str, Json] = {}
        self.views: dict[str, Json] = {}
        self.messages: dict[tuple[str, str], Json] = {}
        self.refused: list[str] = []
        self.connections = 0
        self._tokens = tokens or ("xoxb-test", "xapp-1")
        self._links: list[tuple[web.WebSocketResponse, asyncio.BaseTransport | None]] = []
        self._acks: dict[str, asyncio.Future[Json]] = {}
        self._triggers: dict[str, float | None] = {}
        self._uses: dict[str, int] = {}
        self._http: tuple[Deliver, str, float] | None = None

    @property
    def api(self) -> str:
        """The `base_url` of a client."""
        return f"{self.url}/api/"

    @property
    def posted(self) -> list[Posted]:
        """What people saw, oldest first."""
        shown = [each for each in self.calls if each.answer.get("ok") and each.method.startswith(SHOWING)]
        return [Posted(each.method, words(each.payload), seen(each.payload)) for each in shown]

    # --- what the app asks

    async def _api(self, request: web.Request) -> web.Response:
        method, payload = request.match_info["method"], await read(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or payload.pop("token", "")
        payload |= {key: json.loads(payload[key]) for key in ("blocks", "view") if isinstance(payload.get(key), str)}

        async def act(payload: Json) -> Json:
            answer: Callable[[Json], Json] | None = getattr(self, f"api_{method.replace('.', '_')}", None)
            if answer is None:
                raise no("unknown_method", req_method=method)
            if token != self._tokens[method == "apps.connections.open"]:
                raise no("invalid_auth" if token else "not_authed")
            return {"ok": True} | answer(payload)

        return await self._serve(request, method, payload, act)

    def _failure(self, fault: Fault) -> Refused:
        words = {200: fault.error or "dropped", 429: "ratelimited"}
        return no(words.get(fault.status, "service_unavailable"), fault.status)

    def _check(self, content: Json, check: Callable[[Json], None]) -> None:
        try:
            check(content)
        except SlackLimit as limit:
            self.refused.append(str(limit))
            raise no("invalid_blocks", response_metadata={"messages": [str(limit)]}) from limit

    def api_auth_test(self, _payload: Json) -> Json:
        return {"url": self.url, "team": "acme", "user": "vaglio", "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT}

    def api_apps_connections_open(self, _payload: Json) -> Json:
        return {"url": f"{self.url.replace('http', 'ws', 1)}/link?ticket={next(self._ids)}&app_id={APP}"}

    def api_chat_postMessage(self, payload: Json) -> Json:
        self._check(payload, check_message)
        channel, ts = self._channel(payload), self._ts()
        return {"channel": channel, "ts": ts, "message": self._keep(channel, ts, payload)}

    def api_chat_postEphemeral(self, payload: Json) -> Json:
        self._check(payload, check_message)
        self._channel(payload)
        self._user(payload)
        return {"message_ts": self._ts()}

    def api_chat_update(self, payload: Json) -> Json:
        self._check(payload, check_message)
        channel, ts = self._channel(payload), str(payload.get("ts"))
        if (channel, ts) not in self.messages:  # such as any ephemeral one
            raise no("message_not_found")
        return {"channel": channel, "ts": ts, "message": self._keep(channel, ts, payload)}

    def api_views_open(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        trigger = payload.get("trigger_id", "")
        if (begun := self._triggers.get(trigger)) is None:
            raise no("exchanged_trigger_id" if trigger in self._triggers else "invalid_trigger_id")
        if time.monotonic() - begun > TRIGGER_SECONDS:
            raise no("expired_trigger_id")
        self._triggers[trigger] = None
        return {"view": self._stored(payload["view"], f"V{next(self._ids)}")}

    api_views_push = api_views_open

    def api_views_update(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        key = payload.get("view_id") or payload.get("external_id")
        found = [each for each in self.views.values() if key in (each["id"], each["external_id"])]
        if not found:
            raise no("not_found")
        if payload.get("hash", found[0]["hash"]) != found[0]["hash"]:
            raise no("hash_conflict")
        return {"view": self._stored(payload["view"], found[0]["id"])}

    def api_views_publish(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        return {"view": self._stored(payload["view"], f"H{self._user(payload, 'user_id')}")}

    def api_users_info(self, payload: Json) -> Json:
        user = self._user(payload)
        known = self.users[user]
        profile = {"real_name": known["name"].title(), "display_name": known["name"]}
        info = {"id": user, "team_id": TEAM, "deleted": False, "is_bot": False, "tz": "Europe/Rome", "profile": profile}
        withheld = set() if payload.get("include_locale") in (True, "true", "1") else {"locale"}
        return {"user": {key: value for key, value in (info | known).items() if key not in withheld}}

    def api_conversations_open(self, payload: Json) -> Json:
        return {"channel": {"id": f"D{self._user(payload, 'users')}"}}

    def api_files_info(self, payload: Json) -> Json:
        if payload.get("file") not in self.files:
            raise no("file_not_found")
        return {"file": self.files[payload["file"]]}

    async def _response(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]

        async def act(payload: Json) -> Json:
            left = self._uses.get(token, -1)
            if left <= 0:
                raise no("expired_url" if left < 0 else "used_url", 404)
            self._check(payload, check_message)
            self._uses[token] -= 1
            return {"ok": True}

        return await self._serve(request, "response_url", await read(request), act)

    def expire(self, response_url: str) -> None:
        """As after thirty minutes."""
        self._uses[response_url.rpartition("/")[2]] = -1

    # --- what Slack keeps

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._ids):06}"

    def _user(self, payload: Json, key: str = "user") -> str:
        if payload.get(key) not in self.users:
            raise no("user_not_found")
        return str(payload[key])

    def _channel(self, payload: Json) -> str:
        channel = str(payload.get("channel", ""))
        if not re.fullmatch(r"[CDGU]\w+", channel) or (channel.startswith("U") and channel not in self.users):
            raise no("channel_not_found")
        return f"D{channel}" if channel.startswith("U") else channel

    def _keep(self, channel: str, ts: str, payload: Json) -> Json:
        sent = {key: payload[key] for key in ("text", "blocks", "thread_ts") if key in payload}
        self.messages[channel, ts] = {"type": "message", "user": BOT_USER, "bot_id": BOT, "ts": ts} | sent
        return self.messages[channel, ts]

    def _stored(self, view: Json, view_id: str) -> Json:
        absent = dict.fromkeys(("callback_id", "private_metadata", "external_id"), "")
        place = {"id": view_id, "root_view_id": view_id, "previous_view_id": None, "hash": self._ts()}
        owner = {"team_id": TEAM, "app_id": APP, "bot_id": BOT, "state": {"values": {}}}
        blocks = [{"block_id": f"b{next(self._ids)}"} | each for each in view["blocks"]]
        self.views[view_id] = absent | view | place | owner | {"blocks": blocks}
        return self.views[view_id]

    # --- how it reaches the app

    def over_http(self, deliver: Deliver, secret: str, skew: float = 0.0) -> None:
        """From now on people's doings are signed requests, `skew` seconds off; `deliver` answers (status, body)."""
        self._http = deliver, secret, skew

    async def connected(self, times: int = 1, timeout: float = 15.0) -> None:
        """Socket Mode has been set up so many times."""
        await self._until(lambda: self.connections >= times and self._open(), timeout, f"connection {times}")

    def _open(self) -> list[web.WebSocketResponse]:
        return [socket for socket, _ in self._links if not socket.closed]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Slack asks the app to connect anew."""
        for socket in self._open():
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink"}})

    def drop_connection(self) -> None:
        """The network goes away without a word."""
        for _, transport in self._links:
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}})
        async with self._changed:
            self._links.append((socket, request.transport))
            self.connections += 1
            self._changed.notify_all()
        async for message in socket:
            answer = message.json() if message.type == WSMsgType.TEXT else {}
            waiting = self._acks.pop(answer.get("envelope_id", ""), None)
            if waiting and not waiting.done():  # it is done for when the ack comes late
                waiting.set_result(answer.get("payload") or {})
        return socket

    async def _push(self, kind: str, payload: Json) -> Ack:
        envelope = {"type": kind, "envelope_id": str(uuid4()), "payload": payload, "sent": time.time()}
        first = {"accepts_response_payload": False, "retry_attempt": 0, "retry_reason": ""}
        return await self._deliver(envelope | (first if kind == "events_api" else {"accepts_response_payload": True}))

    async def resend(self, earlier: Ack | LateAck, attempt: int = 1, reason: str = "timeout") -> Ack:
        """The same once more: as Slack's retry, or with `attempt=0` identical to the byte."""
        again = {"envelope_id": str(uuid4()), "retry_attempt": attempt, "retry_reason": reason, "sent": time.time()}
        return await self._deliver(earlier.envelope | (again if attempt else {}))

    async def _deliver(self, envelope: Json) -> Ack:
        if self._http is None:
            await self.connected()
        begun = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(self._transmit(envelope), ACK_SECONDS)
        except TimeoutError:
            raise LateAck(envelope) from None
        ack = Ack(envelope, answer, time.monotonic() - begun, status)
        if "view" in answer or "text" in answer or "blocks" in answer:
            await self._record(Call("ack", answer, self._taken(answer)))
        return ack

    def _taken(self, answer: Json) -> Json:
        """An ack may carry a message or a view, to which the same limits apply."""
        try:
            if "view" not in answer:
                self._check(answer, check_message)
                return {"ok": True}
            self._check(answer["view"], check_view)
            return {"ok": True, "view": self._stored(answer["view"], f"V{next(self._ids)}")}
        except Refused as refused:
            return refused.answer

    async def _transmit(self, envelope: Json) -> tuple[int, Json]:
        if self._http is None:
            waiting = self._acks[envelope["envelope_id"]] = asyncio.get_running_loop().create_future()
            await self._open()[-1].send_json({key: each for key, each in envelope.items() if key != "sent"})
            return 200, await waiting
        deliver, secret, skew = self._http
        content, headers = signed(envelope["payload"], secret, envelope["sent"] + skew)
        if envelope.get("retry_attempt"):
            headers["X-Slack-Retry-Num"] = str(envelope["retry_attempt"])
            headers["X-Slack-Retry-Reason"] = envelope["retry_reason"]
        status, answer = await deliver(content, headers)
        spoken = answer.decode()
        return status, json.loads(spoken) if spoken.startswith("{") else {"text": spoken} if spoken else {}

    # --- what people do

    async def slash(self, text: str, user: str = "U1", command: str = "/vaglio", trigger_id: str | None = None) -> Ack:
        """`text` as it is typed: @anna, links and `& < >` travel as Slack encodes them."""
        who = {"user_id": user, "user_name": self.users[user]["name"], "channel_id": "C1", "channel_name": "general"}
        team = {"token": "verification", "team_id": TEAM, "team_domain": "acme", "api_app_id": APP}
        body = team | who | {"command": command, "text": self._typed(text, named=True)[0]}
        body |= {"is_enterprise_install": "false"} | self._ways(respond=True, trigger_id=trigger_id)
        return await self._push("slash_commands", body)

    async def message_shortcut(
        self, callback_id: str, message_text: str, message_user: str = "U1", user: str = "U1"
    ) -> Ack:
        message = self._message(message_text, message_user)
        body = self._interaction("message_action", user) | {"callback_id": callback_id, "action_ts": self._ts()}
        body |= {"channel": {"id": "C1", "name": "general"}, "message": message, "message_ts": message["ts"]}
        return await self._push("interactive", body | self._ways(respond=True))

    async def global_shortcut(self, callback_id: str, user: str = "U1") -> Ack:
        body = self._interaction("shortcut", user) | {"callback_id": callback_id, "action_ts": self._ts()}
        return await self._push("interactive", body | self._ways())

    async def view_submission(
        self,
        callback_id: str,
        values: dict[str, dict[str, Any]],
        user: str = "U1",
        view_id: str | None = None,
        private_metadata: str | None = None,
    ) -> Ack:
        """`values` by block and action: a text, the value of an option, a list of such, or a whole state entry."""
        views = [each for key, each in self.views.items() if view_id in (None, key)]
        opened = [each for each in views if each["callback_id"] == callback_id]
        bare = {"type": "modal", "callback_id": callback_id, "blocks": []}
        view = opened[-1] if opened else self._stored(bare, view_id or "V0")
        metadata = {} if private_metadata is None else {"private_metadata": private_metadata}
        body = self._interaction("view_submission", user) | self._ways() | {"response_urls": []}
        return await self._push(
            "interactive", body | {"view": view | metadata | {"state": {"values": state_of(view, values)}}}
        )

    async def block_action(
        self,
        action_id: str,
        value: str | None = None,
        user: str = "U1",
        *,
        block_id: str = "b",
        view_id: str | None = None,
        message: tuple[str, str] | None = None,
        **element: Any,
    ) -> Ack:
        """A press in a view, in the `message` (channel, ts), or else in an ephemeral message, which Slack leaves out.

        `element` is for other things than buttons: `type="static_select", selected_option={...}`.
        """
        action = {"type": "button", "action_id": action_id, "block_id": block_id, "action_ts": self._ts()} | element
        action |= {} if value is None else {"value": value}
        body = self._interaction("block_actions", user) | {"actions": [action]} | self._ways(respond=view_id is None)
        if view_id:
            body |= {"container": {"type": "view", "view_id": view_id}, "view": self.views[view_id]}
            return await self._push("interactive", body)
        channel, ts = message or ("C1", self._ts())
        place = {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": message is None}
        body |= {"container": place, "channel": {"id": channel, "name": "general"}, "state": {"values": {}}}
        return await self._push("interactive", body | ({"message": self.messages[message]} if message else {}))

    async def app_home_opened(self, user: str = "U1", event_id: str | None = None) -> Ack:
        event = {"type": "app_home_opened", "user": user, "channel": f"D{user}", "tab": "home"}
        return await self._push("events_api", self._event(event | {"event_ts": self._ts()}, event_id))

    async def direct_message(self, text: str, user: str = "U1", event_id: str | None = None, **extra: Any) -> Ack:
        """`extra` is for what other messages carry: `bot_id`, `subtype`, `files`, `thread_ts`."""
        message = self._message(text, user)
        place = {"channel": f"D{user}", "channel_type": "im", "event_ts": message["ts"]}
        return await self._push("events_api", self._event(message | place | extra, event_id))

    # --- the payloads that they become

    def _ways(self, *, respond: bool = False, trigger_id: str | None = None) -> Json:
        """The ways in which the app may answer."""
        trigger = trigger_id or f"{next(self._ids)}.1.{uuid4().hex}"
        self._triggers.setdefault(trigger, time.monotonic())
        token = uuid4().hex
        self._uses[token] = RESPONSE_USES
        return {"trigger_id": trigger} | ({"response_url": f"{self.url}/response/{token}"} if respond else {})

    def _interaction(self, kind: str, user: str) -> Json:
        name = self.users[user]["name"]
        person = {"id": user, "username": name, "name": name, "team_id": TEAM}
        team = {"team": {"id": TEAM, "domain": "acme"}, "enterprise": None, "is_enterprise_install": False}
        return {"type": kind, "user": person, "api_app_id": APP, "token": "verification"} | team

    def _event(self, event: Json, event_id: str | None) -> Json:
        bot = {"team_id": TEAM, "user_id": BOT_USER, "is_bot": True, "enterprise_id": None}
        team = {"token": "verification", "team_id": TEAM, "api_app_id": APP, "is_ext_shared_channel": False}
        moment = {"event_id": event_id or f"Ev{next(self._ids)}", "event_time": int(time.time())}
        rest = {"authorizations": [bot | {"is_enterprise_install": False}], "event_context": "4-context"}
        return {"type": "event_callback", "event": event} | team | moment | rest

    def _message(self, typed: str, user: str) -> Json:
        text, elements = self._typed(typed, named=False)
        section = {"type": "rich_text_section", "elements": elements}
        blocks = [{"type": "rich_text", "block_id": f"b{next(self._ids)}", "elements": [section]}]
        ids = {"ts": self._ts(), "team": TEAM, "client_msg_id": str(uuid4())}
        return {"type": "message", "user": user, "text": text, "blocks": blocks} | ids

    def _typed(self, typed: str, *, named: bool) -> tuple[str, list[Json]]:
        """What was typed as Slack's text and as its elements; a command names the people, a message does not."""
        people = {known["name"]: user for user, known in self.users.items()}
        names = "|".join(map(re.escape, [*people, *BROADCASTS]))
        pieces = [*re.split(rf"@({names})\b|(https?://[^\s<>]+)", typed), None, None]
        text, elements = "", []
        for word, name, link in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
            elements += [{"type": "text", "text": word}] if word else []
            text += escape(word or "", quote=False)
            if link:
                elements.append({"type": "link", "url": link})
                text += f"<{escape(link, quote=False)}>"
            elif name in people:
                elements.append({"type": "user", "user_id": people[name]})
                text += f"<@{people[name]}|{name}>" if named else f"<@{people[name]}>"
            elif name:
                elements.append({"type": "broadcast", "range": name})
                text += f"<!{name}>"
        return text, elements
