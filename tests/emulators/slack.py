"""Slack on loopback: Web API, response_url, Socket Mode and signed HTTP as the real clients meet them, all recorded."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from emulators.loopback import Call, Fault, Json, Loopback, Refused, read
from emulators.slack_history import SlackHistory, check_posted, no
from emulators.slack_limits import SlackLimit, check_message, check_view, seen
from emulators.slack_link import ACK_SECONDS, APP, Ack, LateAck, signed
from emulators.slack_people import BOT, BOT_USER, TEAM, state_of

__all__ = [
    "Ack",
    "Call",
    "Fault",
    "LateAck",
    "Loopback",
    "Posted",
    "Refused",
    "SlackEmulator",
    "read",
    "signed",
    "state_of",
    "words",
]

TRIGGER_SECONDS = ACK_SECONDS
# Methods whose payload ends up before a person's eyes.
SHOWING = ("chat.", "views.", "response_url", "ack")
SPOKEN = {"text", "alt_text", "initial_value"}


@dataclass(frozen=True, slots=True)
class Posted:
    """What a person got to see: the words, and the payload without ids and values."""

    method: str
    text: str
    payload: Json


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


class SlackEmulator(SlackHistory):
    """One workspace with one app, which knows it by the bot's and the app's token.

    `users`, `files`, `groups` (their members), `emails` (whose they are) and `channels` (their ids by name) may be
    added to; `refused` lists what Block Kit would not have taken.
    """

    def __init__(self, *tokens: str) -> None:
        super().__init__(web.route("*", "/api/{method}", self._api), web.post("/response/{token}", self._response))
        self.files: dict[str, Json] = {}
        self.groups: dict[str, list[str]] = {}
        self.emails: dict[str, str] = {}
        self.channels: dict[str, str] = {}
        self.refused: list[str] = []
        self._tokens = tokens or ("xoxb-test", "xapp-1")

    @property
    def api(self) -> str:
        """The `base_url` of a client."""
        return f"{self.url}/api/"

    @property
    def posted(self) -> list[Posted]:
        """What people saw, oldest first."""
        shown = [each for each in self.calls if each.answer.get("ok") and each.method.startswith(SHOWING)]
        return [Posted(each.method, words(each.payload), seen(each.payload)) for each in shown]

    def reads(self, user: str = "U1", kind: str | None = None) -> str:
        """The words that `user` was shown last."""
        return words(self.top(user, kind).payload)

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
        self._check(payload, check_posted)
        channel, ts = self._channel(payload), self._ts()
        return {"channel": channel, "ts": ts, "message": self._keep(channel, ts, payload)}

    def api_chat_postEphemeral(self, payload: Json) -> Json:
        self._check(payload, check_message)
        self._channel(payload)
        self._user(payload)
        return {"message_ts": self._ts()}

    def api_chat_update(self, payload: Json) -> Json:
        self._check(payload, check_posted)
        channel, ts = self._channel(payload), str(payload.get("ts"))
        if (channel, ts) not in self.messages:  # such as any ephemeral one
            raise no("message_not_found")
        if self.messages[channel, ts].get("bot_id") != BOT:
            raise no("cant_update_message")
        return {"channel": channel, "ts": ts, "message": self._keep(channel, ts, payload)}

    def api_views_open(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        trigger = payload.get("trigger_id", "")
        if (begun := self._triggers.get(trigger)) is None:
            raise no("exchanged_trigger_id" if trigger in self._triggers else "invalid_trigger_id")
        if time.monotonic() - begun > TRIGGER_SECONDS:
            raise no("expired_trigger_id")
        self._triggers[trigger] = None
        return {"view": self._on_top(payload["view"], f"V{next(self._ids)}", self._pulled[trigger])}

    api_views_push = api_views_open

    def api_views_update(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        key = payload.get("view_id") or payload.get("external_id")
        found = [each for each in self.views.values() if key in (each["id"], each["external_id"])]
        if not found:
            raise no("not_found")
        if payload.get("hash", found[0]["hash"]) != found[0]["hash"]:
            raise no("hash_conflict")
        return {"view": self._on_top(payload["view"], found[0]["id"])}

    def api_views_publish(self, payload: Json) -> Json:
        self._check(payload.get("view", {}), check_view)
        user = self._user(payload, "user_id")
        return {"view": self._on_top(payload["view"], f"H{user}", user)}

    def api_users_info(self, payload: Json) -> Json:
        user = self._user(payload)
        known = self.users[user]
        profile = {"real_name": known["name"].title(), "display_name": known["name"]}
        info = {"id": user, "team_id": TEAM, "deleted": False, "is_bot": False, "tz": "Europe/Rome", "profile": profile}
        withheld = set() if payload.get("include_locale") in (True, "true", "1") else {"locale"}
        return {"user": {key: value for key, value in (info | known).items() if key not in withheld}}

    def api_users_lookupByEmail(self, payload: Json) -> Json:
        if payload.get("email") not in self.emails:
            raise no("users_not_found")
        return self.api_users_info({"user": self.emails[payload["email"]], "include_locale": True})

    def api_usergroups_users_list(self, payload: Json) -> Json:
        if payload.get("usergroup") not in self.groups:
            raise no("no_such_subteam")
        return {"users": self.groups[payload["usergroup"]]}

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
            self._show_ephemeral(token, payload)
            return {"ok": True}

        return await self._serve(request, "response_url", await read(request), act)

    def expire(self, response_url: str) -> None:
        """As after thirty minutes."""
        self._uses[response_url.rpartition("/")[2]] = -1

    # --- what Slack keeps

    def _user(self, payload: Json, key: str = "user") -> str:
        if payload.get(key) not in self.users:
            raise no("user_not_found")
        return str(payload[key])

    def _channel(self, payload: Json) -> str:
        channel = self.channels.get(str(payload.get("channel", "")), str(payload.get("channel", "")))
        if not re.fullmatch(r"[CDGU]\w+", channel) or (channel.startswith("U") and channel not in self.users):
            raise no("channel_not_found")
        return f"D{channel}" if channel.startswith("U") else channel

    def _on_top(self, view: Json, view_id: str, user: str | None = None) -> Json:
        """A view before somebody's eyes; one that is changed stays theirs."""
        named = [key for key, each in self.views.items() if each["external_id"] == view.get("external_id") != ""]
        if any(key != view_id for key in named):
            raise no("duplicate_external_id")
        known = self.surfaces.get(view_id)
        stored = self._stored(view, view_id)
        self._show(view["type"], view_id, user or (known.user if known else None), stored)
        return stored

    def _taken(self, answer: Json, envelope: Json) -> Json:
        """An ack may carry a message or a view, to which the same limits apply."""
        try:
            if "view" not in answer:
                self._check(answer, check_message)
                self._show_ephemeral(envelope["payload"].get("response_url", "").rpartition("/")[2], answer)
                return {"ok": True}
            self._check(answer["view"], check_view)
            old = envelope["payload"]["view"]["id"] if answer.get("response_action") == "update" else None
            user = envelope["payload"]["user"]["id"]
            return {"ok": True, "view": self._on_top(answer["view"], old or f"V{next(self._ids)}", user)}
        except Refused as refused:
            return refused.answer
