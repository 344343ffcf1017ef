"""What Slack keeps of conversations and gives back to an app that may read them, with what apps noted on messages."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from aiohttp import web
from emulators.loopback import Json, Refused
from emulators.slack_limits import SlackLimit, check_message
from emulators.slack_people import BOT, BOT_USER
from emulators.slack_screen import SlackScreen

METADATA_BYTES = 16_000
SCOPES = {"C": "channels:history", "D": "im:history", "G": "groups:history"}
"""By the first letter of a conversation's id."""


def no(error: str, status: int = 200, **more: Any) -> Refused:
    """Slack's way of refusing."""
    return Refused({"ok": False, "error": error} | more, status)


def check_posted(payload: Json) -> None:
    """As `check_message`, of what is posted or updated: only that may carry metadata. Raises SlackLimit."""
    check_message({key: each for key, each in payload.items() if key != "metadata"})
    metadata = payload.get("metadata") or {"event_type": "none", "event_payload": {}}  # {} takes it away
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackLimit("/metadata", "must have event_type and event_payload and nothing else")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,255}", str(metadata["event_type"])):
        raise SlackLimit("/metadata/event_type", "must be letters, digits and underscores")
    if not isinstance(metadata["event_payload"], dict) or len(json.dumps(metadata)) > METADATA_BYTES:
        raise SlackLimit("/metadata/event_payload", f"must be an object of at most {METADATA_BYTES} bytes")


class SlackHistory(SlackScreen):
    """`scopes` are those by which the app may read conversations: the manifest's, and what a test adds."""

    def __init__(self, *routes: web.RouteDef) -> None:
        super().__init__(*routes)
        self.scopes = {"im:history"}

    def api_conversations_history(self, payload: Json) -> Json:
        """A page, the newest message first: the newest there are, or with `oldest` alone those that come next to it."""
        channel, limit = str(payload.get("channel", "")), int(payload.get("limit", 100))
        if not re.fullmatch(r"[CDG]\w+", channel):  # neither a name nor a person is a conversation
            raise no("channel_not_found")
        if (needed := SCOPES[channel[0]]) not in self.scopes:
            raise no("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
        if not 1 <= limit <= 999:
            raise no("invalid_limit")
        oldest, latest = float(payload.get("oldest", 0)), float(payload.get("latest", math.inf))
        found = [each for (place, _), each in self.messages.items() if place == channel and _is_in_channel(each)]
        if _is_set(payload, "inclusive"):
            found = [each for each in found if oldest <= float(each["ts"]) <= latest]
        else:
            found = [each for each in found if oldest < float(each["ts"]) < latest]
        found.sort(key=lambda each: float(each["ts"]), reverse=True)
        page = found[-limit:] if "oldest" in payload and "latest" not in payload else found[:limit]
        hidden = set() if _is_set(payload, "include_all_metadata") else {"metadata"}
        shown = [{key: value for key, value in each.items() if key not in hidden} for each in page]
        return {"messages": shown, "has_more": len(found) > len(page), "pin_count": 0}

    def _keep(self, channel: str, ts: str, payload: Json) -> Json:
        """A message as it was posted; one that is changed stays what it was where nothing else is said."""
        sent = {key: payload[key] for key in ("text", "blocks", "thread_ts", "metadata") if key in payload}
        before = self.messages.get((channel, ts), {})
        lasting = {key: before[key] for key in ("thread_ts", "subtype", "metadata") if key in before}
        shared = {"subtype": "thread_broadcast"} if payload.get("reply_broadcast") else {}
        own = {"type": "message", "user": BOT_USER, "bot_id": BOT, "ts": ts}
        self.messages[channel, ts] = own | lasting | sent | shared
        reader = channel.removeprefix("D") if channel.startswith("D") else None
        self._show("message", f"{channel}/{ts}", reader, self.messages[channel, ts], channel, ts)
        return self.messages[channel, ts]


def _is_in_channel(message: Json) -> bool:
    """What answers in a thread stands there alone, unless it was shared with the channel."""
    in_thread = message.get("thread_ts", message["ts"]) != message["ts"]
    return not in_thread or message.get("subtype") == "thread_broadcast"


def _is_set(payload: Json, name: str) -> bool:
    return payload.get(name) in (True, "true", "1")
