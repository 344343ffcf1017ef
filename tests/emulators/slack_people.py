"""What people do in Slack, and the payloads that it becomes."""

from __future__ import annotations

import re
import time
from html import escape
from typing import Any
from uuid import uuid4

from aiohttp import web
from emulators.loopback import Json
from emulators.slack_limits import objects
from emulators.slack_link import APP, Ack, SlackLink

RESPONSE_USES = 5
TEAM, BOT, BOT_USER = "T1", "B1", "UBOT"
BROADCASTS = ("here", "channel", "everyone")


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


class SlackPeople(SlackLink):
    """One workspace with its people and what they see; `users` may be added to."""

    def __init__(self, *routes: web.RouteDef) -> None:
        super().__init__(*routes)
        self.users: dict[str, Json] = {
            "U1": {"name": "anna", "locale": "it-IT"},
            "U2": {"name": "bruno", "locale": "en-US"},
        }
        self.views: dict[str, Json] = {}
        self.messages: dict[tuple[str, str], Json] = {}
        self._triggers: dict[str, float | None] = {}
        # Whose a trigger or an address is; and the message that an address is of.
        self._pulled: dict[str, str] = {}
        self._origins: dict[str, tuple[str, str]] = {}
        self._uses: dict[str, int] = {}

    async def slash(self, text: str, user: str = "U1", command: str = "/vaglio", trigger_id: str | None = None) -> Ack:
        """`text` as it is typed: @anna, links and `& < >` travel as Slack encodes them."""
        who = {"user_id": user, "user_name": self.users[user]["name"], "channel_id": "C1", "channel_name": "general"}
        team = {"token": "verification", "team_id": TEAM, "team_domain": "acme", "api_app_id": APP}
        body = team | who | {"command": command, "text": self._typed(text, named=True)[0]}
        body |= {"is_enterprise_install": "false"} | self._ways(user, respond=True, trigger_id=trigger_id)
        return await self._push("slash_commands", body)

    async def message_shortcut(
        self, callback_id: str, message_text: str, message_user: str = "U1", user: str = "U1"
    ) -> Ack:
        message = self._message(message_text, message_user)
        body = self._interaction("message_action", user) | {"callback_id": callback_id, "action_ts": self._ts()}
        body |= {"channel": {"id": "C1", "name": "general"}, "message": message, "message_ts": message["ts"]}
        return await self._push("interactive", body | self._ways(user, respond=True))

    async def global_shortcut(self, callback_id: str, user: str = "U1") -> Ack:
        body = self._interaction("shortcut", user) | {"callback_id": callback_id, "action_ts": self._ts()}
        return await self._push("interactive", body | self._ways(user))

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
        body = self._interaction("view_submission", user) | self._ways(user) | {"response_urls": []}
        ack = await self._push(
            "interactive", body | {"view": view | metadata | {"state": {"values": state_of(view, values)}}}
        )
        if "response_action" not in ack.payload:
            self.close(view["id"])
        return ack

    def close(self, view_id: str) -> None:
        raise NotImplementedError

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
        body = (
            self._interaction("block_actions", user) | {"actions": [action]} | self._ways(user, respond=view_id is None)
        )
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
        message = self._message(text, user) | extra
        self.messages[f"D{user}", message["ts"]] = message
        place = {"channel": f"D{user}", "channel_type": "im", "event_ts": message["ts"]}
        return await self._push("events_api", self._event(message | place | extra, event_id))

    # --- the payloads that they become

    def _ways(self, user: str, *, respond: bool = False, trigger_id: str | None = None, origin: str = "") -> Json:
        """The ways in which the app may answer; `origin` is the message from which somebody acts."""
        trigger = trigger_id or f"{next(self._ids)}.1.{uuid4().hex}"
        self._triggers.setdefault(trigger, time.monotonic())
        self._pulled[trigger] = user
        token = uuid4().hex
        self._uses[token] = RESPONSE_USES
        self._origins[token] = user, origin
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

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._ids):06}"

    def _stored(self, view: Json, view_id: str) -> Json:
        absent = dict.fromkeys(("callback_id", "private_metadata", "external_id"), "")
        place = {"id": view_id, "root_view_id": view_id, "previous_view_id": None, "hash": self._ts()}
        owner = {"team_id": TEAM, "app_id": APP, "bot_id": BOT, "state": {"values": {}}}
        blocks = [{"block_id": f"b{next(self._ids)}"} | each for each in view["blocks"]]
        self.views[view_id] = absent | view | place | owner | {"blocks": blocks}
        return self.views[view_id]
