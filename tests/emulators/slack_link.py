"""How Slack reaches an app: envelopes over Socket Mode or signed requests over HTTP, acked within three seconds."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import uuid4

from aiohttp import WSMsgType, web
from emulators.loopback import Call, Json, Loopback
from slack_sdk.signature import SignatureVerifier

ACK_SECONDS = 3.0
APP = "A1"
Deliver = Callable[[bytes, dict[str, str]], Awaitable[tuple[int, bytes]]]


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


class SlackLink(Loopback):
    """The side of Slack that pushes; what it pushes, and what it makes of an ack, is for those who build on it."""

    def __init__(self, *routes: web.RouteDef) -> None:
        super().__init__(*routes, web.get("/link", self._link))
        self.connections = 0
        self.lag = 0.0
        """Seconds until what is in an ack is shown, while what the app calls is shown at once."""
        self._links: list[tuple[web.WebSocketResponse, asyncio.BaseTransport | None]] = []
        self._acks: dict[str, asyncio.Future[Json]] = {}
        self._http: tuple[Deliver, str, float] | None = None

    def over_http(self, deliver: Deliver, secret: str, skew: float = 0.0) -> None:
        """From now on people's doings are signed requests, `skew` seconds off; `deliver` answers (status, body)."""
        self._http = deliver, secret, skew

    @property
    def deliver(self) -> Deliver:
        """The way in over HTTP, for requests of a test's own making."""
        assert self._http is not None
        return self._http[0]

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
        await asyncio.sleep(self.lag)
        ack = Ack(envelope, answer, time.monotonic() - begun, status)
        if "view" in answer or "text" in answer or "blocks" in answer:
            await self._record(Call("ack", answer, self._taken(answer, envelope)))
        return ack

    def _taken(self, answer: Json, envelope: Json) -> Json:
        """Whether Slack takes the message or view in an ack, and what it says."""
        raise NotImplementedError

    async def _transmit(self, envelope: Json) -> tuple[int, Json]:
        if self._http is None:
            waiting = self._acks[envelope["envelope_id"]] = asyncio.get_running_loop().create_future()
            content = {key: each for key, each in envelope.items() if key != "sent"}
            known = self.connections
            try:
                await self._open()[-1].send_json(content)
            except ConnectionResetError:  # it is closing: Slack sends it over the next one
                await self.connected(times=known + 1)
                await self._open()[-1].send_json(content)
            return 200, await waiting
        deliver, secret, skew = self._http
        content, headers = signed(envelope["payload"], secret, envelope["sent"] + skew)
        if envelope.get("retry_attempt"):
            headers["X-Slack-Retry-Num"] = str(envelope["retry_attempt"])
            headers["X-Slack-Retry-Reason"] = envelope["retry_reason"]
        status, answer = await deliver(content, headers)
        spoken = answer.decode()
        return status, json.loads(spoken) if spoken.startswith("{") else {"text": spoken} if spoken else {}
