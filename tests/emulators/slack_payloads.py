"""Pieces of what an app sends to Slack, as the tests of its emulator put them together."""

from __future__ import annotations

from typing import Any

from emulators.loopback import Json


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
