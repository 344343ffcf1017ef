"""Buttons in Slack: rows of blocks, and where the message is in which one was pressed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.accounts import is_account
from bot.actions import Button
from bot.chat.shown import harmless
from bot.chat.slack_text import whole
from bot.wording import Wording

Block = dict[str, Any]
Body = Mapping[str, Any]

PRESSED: Final = re.compile(r"do:[0-9]+")
"""The `action_id` of every button; what it does is its `value`."""
BELOW: Final = "below"
"""The `block_id` of the line between an answer in a view and what stood there before."""
_ROW, _MOST = 5, 25
_LABEL, _SHORT = 75, 30


def rows(buttons: Sequence[Button], language: str) -> list[Block]:
    """The buttons, five in a row; of more than there is room for, the first."""
    shown = [button_block(button, number, language) for number, button in enumerate(buttons[:_MOST])]
    return [{"type": "actions", "elements": shown[at : at + _ROW]} for at in range(0, len(shown), _ROW)]


def button_block(button: Button, number: int, language: str) -> Block:
    """One button; `number` tells it from the others of its message."""
    label = harmless(button.label)
    block = {
        "type": "button",
        "action_id": f"do:{number}",
        "text": _plain(label, _LABEL),
        "value": button.action.word,
    }
    if button.is_grave:
        return block | {"style": "danger", "confirm": _confirm(label, Wording(language))}
    return block | ({"style": "primary"} if button.is_main else {})


def _confirm(label: str, wording: Wording) -> Block:
    return {
        "title": _plain(wording.say("Are you sure?"), 100),
        "text": _plain(wording.say("This cannot be taken back."), 300),
        "confirm": _plain(label, _SHORT),
        "deny": _plain(wording.say("No, leave it"), _SHORT),
        "style": "danger",
    }


def _plain(text: str, most: int) -> Block:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return {"type": "plain_text", "text": shown, "emoji": False}


# --- What comes back -------------------------------------------------------------------------------------------------


def who(body: Body) -> tuple[str, str]:
    """Team and user of an interaction; installed for a whole organisation, it names the team only with the user.

    Raises `ValueError` where they are none: nobody could be answered.
    """
    user = body["user"]
    team = (body.get("team") or {}).get("id") or user.get("team_id", "")
    return somebody(team, user["id"])


def somebody(team: str, user: str) -> tuple[str, str]:
    """The same, if they are a team's and a member's names. Raises `ValueError`."""
    if not is_account(f"slack:{team}:{user}"):
        raise ValueError("nobody's name")
    return team, user


def name_of(body: Body) -> str | None:
    """What people call whoever acts."""
    user = body["user"]
    name = user.get("name") or user.get("username")
    return whole(name) if name else None


def is_home(body: Body) -> bool:
    return bool((body.get("view") or {}).get("type") == "home")


def place_of(body: Body) -> dict[str, Any]:
    """Where the answer to a press belongs, as `SlackDelivery` reads it in an event; nothing for the Home."""
    if view := body.get("view"):
        return {} if is_home(body) else {"view": view["id"], "below": _below(view["blocks"])}
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id", "")
    if container.get("is_ephemeral") or not channel.startswith("D"):
        is_ephemeral = bool(container.get("is_ephemeral"))
        return {"channel": channel, "response_url": body["response_url"], "is_ephemeral": is_ephemeral}
    return {"channel": channel, "ts": container["message_ts"]}


def _below(blocks: Sequence[Block]) -> list[Block]:
    """What a view shows, without the answers that were put on top of it since, and without names given by Slack."""
    ids = [block.get("block_id") for block in blocks]
    own = blocks[ids.index(BELOW) + 1 :] if BELOW in ids else blocks
    return [{key: value for key, value in block.items() if key != "block_id"} for block in own]


def press_name(body: Body) -> str:
    """The same for every delivery of one press, and for the two of a double click."""
    pressed, container = body["actions"][0], body.get("container") or {}
    at = int(float(pressed.get("action_ts") or 0)) // 2
    place = [container.get(key, "") for key in ("channel_id", "message_ts", "view_id")]
    return ":".join(["press", *who(body), *map(str, place), pressed.get("value") or "", str(at)])
