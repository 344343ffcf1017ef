"""A Telegram message as plain HTML: its entities and the keyboard under it, in a style close to Telegram's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Json = Mapping[str, Any]

_TAGS = {"bold": "b", "italic": "i", "code": "code", "pre": "pre", "strikethrough": "s", "underline": "u"}

_LINE = "\n"

CSS = """
* { box-sizing: border-box; margin: 0 }
body { width: 390px; background: #d5e0d0; color: #000; font: 16px/21px Roboto, "Noto Sans", "DejaVu Sans", sans-serif }
.bar { display: flex; align-items: center; gap: 12px; padding: 9px 14px; background: #fff; font-weight: 500;
  font-size: 17px; border-bottom: 1px solid #dadce0 }
.bar img { width: 40px; height: 40px; border-radius: 50% }
.bar small { display: block; color: #8a8f94; font-weight: 400; font-size: 14px; line-height: 17px }
.bar i { width: 10px; height: 10px; border: solid #2a7fc1; border-width: 0 0 2.5px 2.5px; transform: rotate(45deg);
  margin: 0 2px 0 4px }
main { padding: 10px 8px 14px; display: grid; gap: 8px }
.bubble { background: #fff; border-radius: 14px 14px 14px 4px; padding: 8px 12px 6px; width: fit-content;
  max-width: 354px; box-shadow: 0 1px 1px #0002; white-space: pre-wrap; overflow-wrap: anywhere }
.mine { background: #e3fcd0; border-radius: 14px 14px 4px 14px; justify-self: end; max-width: 320px }
.bubble > time { display: block; text-align: right; font-size: 12px; line-height: 14px; color: #8a8f94;
  margin-top: 2px }
.mine > time { color: #5aa64f }
.quoted { border-left: 3px solid #2a7fc1; background: #2a7fc118; border-radius: 4px; padding: 3px 8px; margin: 0 0 5px;
  font-size: 14px; line-height: 18px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.quoted b { display: block; color: #2a7fc1; font-weight: 500 }
b { font-weight: 500 }
code { font: 14px/20px "DejaVu Sans Mono", monospace; color: #2a6f97; font-size: 13.5px }
pre { font: 13px/18px "DejaVu Sans Mono", monospace; background: #2a7fc114; border-left: 3px solid #2a7fc1;
  border-radius: 5px; padding: 5px 8px; white-space: pre-wrap; margin: 2px 0; display: block }
.keys { display: grid; gap: 5px; width: 354px; margin-top: -3px }
.keys > div { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); gap: 5px }
.key { background: #5c7f69cc; color: #fff; border-radius: 9px; padding: 9px 8px; text-align: center; font-weight: 500;
  font-size: 15px; line-height: 19px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
.primary { background: #2a7fc1 } .danger { background: #c9483f } .success { background: #3d9a50 }
"""


def chat(draft: str, sent: Sequence[Json], icon: str, time: str, status: str, you: str) -> str:
    """A private chat: what somebody sent, and the bot's messages; `you` is the name over what is replied to."""
    head = (
        f'<header class="bar"><i></i><img src="{icon}" alt=""><div>Vaglio<small>{escape(status)}</small></div></header>'
    )
    mine = f'<div class="bubble mine">{escape(draft)}<time>{time}</time></div>'
    said = "".join(_message(each, draft, time, you) for each in sent)
    return f"<!doctype html><meta charset=utf-8><style>{CSS}</style><body>{head}<main>{mine}{said}</main></body>"


def _message(sent: Json, draft: str, time: str, you: str) -> str:
    quoted = ""
    if "reply_parameters" in sent:
        quoted = f'<div class="quoted"><b>{escape(you)}</b>{escape(draft)}</div>'
    said = _formatted(sent["text"], sent.get("entities") or [])
    return f'<div class="bubble">{quoted}{said}<time>{time}</time></div>{_keys(sent.get("reply_markup") or {})}'


def _formatted(text: str, entities: Sequence[Json]) -> str:
    """Offsets are in UTF-16 units; Vaglio's entities do not lie inside one another."""
    whole, at, said = text.encode("utf-16-le"), 0, ""

    def cut(start: int, end: int) -> str:
        return escape(whole[start * 2 : end * 2].decode("utf-16-le"))

    for entity in sorted(entities, key=lambda each: each["offset"]):
        start, end, tag = entity["offset"], entity["offset"] + entity["length"], _TAGS[entity["type"]]
        is_block = tag == "pre"
        before = cut(at, start)
        said += f"{before.removesuffix(_LINE) if is_block else before}<{tag}>{cut(start, end)}</{tag}>"
        # A block has its lines to itself: the line end beside it is its own.
        at = end + (is_block and cut(end, end + 1) == _LINE)
    return said + cut(at, len(whole) // 2)


def _keys(markup: Json) -> str:
    rows = [f"<div>{''.join(_key(button) for button in row)}</div>" for row in markup.get("inline_keyboard", [])]
    return f'<div class="keys">{"".join(rows)}</div>' if rows else ""


def _key(button: Json) -> str:
    return f'<span class="key {button.get("style") or ""}">{escape(button["text"])}</span>'
