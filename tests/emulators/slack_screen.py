"""What each person has before their eyes in Slack, and their presses on the buttons that are really there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

from aiohttp import web
from emulators.loopback import Json
from emulators.slack_limits import objects
from emulators.slack_link import Ack
from emulators.slack_people import SlackPeople


@dataclass(slots=True)
class Surface:
    """A message, an ephemeral message, a modal or a Home: of one person, or of everybody in a channel."""

    kind: str
    key: str
    user: str | None
    payload: Json
    channel: str = ""
    ts: str = ""
    at: int = 0
    """The later it was shown or changed, the higher."""


class SlackScreen(SlackPeople):
    """Keeps what was shown last; a modal that is sent and not kept open by its ack is gone, as in Slack."""

    def __init__(self, *routes: web.RouteDef) -> None:
        super().__init__(*routes)
        self.surfaces: dict[str, Surface] = {}
        self._shown = count(1)

    # --- What people see and do

    def screen(self, user: str = "U1") -> list[Surface]:
        """What `user` can see, the newest last."""
        mine = [each for each in self.surfaces.values() if each.user in (None, user)]
        return sorted(mine, key=lambda each: each.at)

    def top(self, user: str = "U1", kind: str | None = None) -> Surface:
        """What was shown to `user` last."""
        return [each for each in self.screen(user) if kind in (None, each.kind)][-1]

    def labels(self, user: str = "U1", kind: str | None = None) -> list[str]:
        """The buttons on what was shown last."""
        return [element["text"]["text"] for _, element in _buttons(self.top(user, kind).payload)]

    async def press(self, label: str, user: str = "U1", *, on: Surface | None = None) -> Ack:
        """Press the newest button of that label, or the one on a surface as it was."""
        for surface in [on] if on else reversed(self.screen(user)):
            for block, element in _buttons(surface.payload):
                if element["text"]["text"] == label:
                    return await self._pressed(surface, block, element, user)
        raise AssertionError(f"no button {label!r}; there are {[self._all_labels(each) for each in self.screen(user)]}")

    async def choose(self, action_id: str, value: str, user: str = "U1") -> Ack:
        """Choose in the newest list of that name."""
        for surface in reversed(self.screen(user)):
            for block in surface.payload.get("blocks", []):
                for element in objects(block):
                    if element.get("action_id") == action_id:
                        chosen = next(each for each in element["options"] if each["value"] == value)
                        return await self._pressed(surface, block, element, user, selected_option=chosen)
        raise AssertionError(f"no list {action_id!r}")

    async def submit(self, user: str = "U1", **fields: str) -> Ack:
        """Send the newest form of `user`, the fields changed that are given."""
        form = next(each for each in reversed(self.screen(user)) if each.payload.get("submit"))
        names = [block["block_id"] for block in form.payload["blocks"] if block["type"] == "input"]
        assert set(fields) <= set(names), f"the form has {names}"
        values = {name: {"value": value} for name, value in fields.items()}
        return await self.view_submission(form.payload["callback_id"], values, user, view_id=form.key)

    async def opened(self, user: str = "U1") -> Surface:
        """The form that comes up, or is there."""
        await self._until(lambda: (shown := self._before_home(user)) and shown[-1].payload.get("submit"), 5.0, "a form")
        return self._before_home(user)[-1]

    def _before_home(self, user: str) -> list[Surface]:
        # A Home that is published later does not cover the form that stands on it.
        return [each for each in self.screen(user) if each.kind != "home"]

    def field(self, name: str, user: str = "U1") -> str:
        """What stands in an input of the newest form."""
        blocks = self.top(user, "modal").payload["blocks"]
        return str(next(b["element"].get("initial_value", "") for b in blocks if b["block_id"] == name))

    def close(self, view_id: str) -> None:
        """A modal is gone; what it stood on is seen again."""
        self.views.pop(view_id, None)
        self.surfaces.pop(view_id, None)

    def delete(self, channel: str, ts: str) -> None:
        """Somebody deletes a message."""
        del self.messages[channel, ts]
        self.surfaces.pop(f"{channel}/{ts}", None)

    # --- What the emulator tells

    def _show(self, kind: str, key: str, user: str | None, payload: Json, channel: str = "", ts: str = "") -> None:
        self.surfaces[key] = Surface(kind, key, user, payload, channel, ts, next(self._shown))

    def _show_ephemeral(self, token: str, payload: Json) -> None:
        """By an address of `token`: in place of what that came from, or apart."""
        user, origin = self._origins.get(token, ("", ""))
        if payload.get("delete_original"):
            self.surfaces.pop(origin, None)
            return
        replaced = self.surfaces.get(origin) if payload.get("replace_original") else None
        if replaced and replaced.kind == "message":
            self._show("message", origin, replaced.user, payload, replaced.channel, replaced.ts)
            return
        key = origin if replaced else f"e{next(self._ids)}"
        # Where a command is typed, unless it came from somewhere.
        channel = self.surfaces[origin].channel if origin in self.surfaces else "C1"
        self._show("ephemeral", key, user, payload, channel, self._ts())
        self._origins[token] = user, key

    async def _pressed(self, surface: Surface, block: Json, element: Json, user: str, **more: Any) -> Ack:
        sent = {key: element[key] for key in ("type", "action_id", "value", "text") if key in element}
        action = sent | {"block_id": block.get("block_id", "b"), "action_ts": self._ts()} | more
        is_view = surface.kind in ("modal", "home")
        ways = self._ways(user, respond=not is_view, origin=surface.key)
        body = self._interaction("block_actions", user) | {"actions": [action]} | ways
        if is_view:
            container = {"type": "view", "view_id": surface.key}
            return await self._push("interactive", body | {"container": container, "view": surface.payload})
        place = {"type": "message", "message_ts": surface.ts, "channel_id": surface.channel}
        is_ephemeral = surface.kind == "ephemeral"
        body |= {"container": place | {"is_ephemeral": is_ephemeral}, "state": {"values": {}}}
        body |= {"channel": {"id": surface.channel, "name": "directmessage"}}
        # Of an ephemeral message Slack does not bring the words back.
        return await self._push("interactive", body | ({} if is_ephemeral else {"message": surface.payload}))

    def _all_labels(self, surface: Surface) -> list[str]:
        return [element["text"]["text"] for _, element in _buttons(surface.payload)]


def _buttons(payload: Json) -> list[tuple[Json, Json]]:
    """Each button, and the block in which it is."""
    blocks = payload.get("blocks", [])
    return [(block, each) for block in blocks for each in objects(block) if each.get("type") == "button"]
