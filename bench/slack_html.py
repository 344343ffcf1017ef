"""Slack's blocks as plain HTML: what a person sees of a message, a Home or a form, in a style close to Slack's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

Block = Mapping[str, Any]

ALONE = {"it": "Visibile solo a te", "en": "Only visible to you"}
"""What Slack itself writes over such a message."""
_TAGS = {"bold": "b", "italic": "i", "strike": "s", "code": "code"}
_PARTS = {"rich_text_section": "div", "rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}

CSS = """
* { box-sizing: border-box; margin: 0 }
body { width: 390px; background: #fff; color: #1d1c1d; font: 15px/22px Lato, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-ligatures: common-ligatures }
.bar { display: flex; align-items: center; gap: 10px; padding: 13px 16px; background: #3b1f3f; color: #fff;
  font-weight: 900; font-size: 17px }
.bar small { display: block; font-weight: 400; font-size: 12px; line-height: 14px; opacity: .75 }
.bar i { width: 9px; height: 9px; border: solid #fff; border-width: 0 0 2px 2px; transform: rotate(45deg);
  margin: 0 4px 0 2px }
.message { display: grid; grid-template-columns: 36px minmax(0, 1fr); gap: 0 10px; padding: 14px 16px 18px }
.message > img { width: 36px; height: 36px; border-radius: 8px; grid-row: span 2 }
.alone { grid-column: 2; color: #616061; font-size: 12.5px; line-height: 18px; display: flex; gap: 5px;
  align-items: center; margin-bottom: 2px }
.who { font-weight: 900; line-height: 20px }
.who b { font-weight: 700; font-size: 10px; line-height: 14px; background: #e8e8e8; color: #616061; border-radius: 3px;
  padding: 0 4px; margin: 0 5px; vertical-align: 1px; display: inline-block }
.who time { font-weight: 400; font-size: 12px; color: #616061 }
.said { grid-column: 2 }
.blocks > * { margin: 0 0 8px; overflow-wrap: anywhere }
.blocks > :last-child { margin-bottom: 0 }
.blocks h1 { font-size: 18px; line-height: 24px; font-weight: 900; margin-top: 4px }
.plain, .rich { white-space: pre-wrap }
.rich > div { display: block }
blockquote { border-left: 4px solid #ddd; border-radius: 4px; padding: 0 0 0 12px; margin: 4px 0 }
pre { font: 12px/18px "DejaVu Sans Mono", monospace; background: #f8f8f8; border: 1px solid #e1e1e1; border-radius: 4px;
  padding: 8px; margin: 4px 0; white-space: pre-wrap }
code { font: 12px/18px "DejaVu Sans Mono", monospace; color: #c01343; background: #f8f8f8; border: 1px solid #e1e1e1;
  border-radius: 3px; padding: 1px 3px }
b code, code b { font-weight: 700 }
s { color: #616061 }
.context { color: #616061; font-size: 12.5px; line-height: 18px }
.row { display: flex; justify-content: space-between; align-items: flex-start; gap: 12px }
.row > div { min-width: 0; flex: 1 }
.actions { display: flex; flex-wrap: wrap; gap: 8px }
.button { border: 1px solid #bbb; border-radius: 8px; padding: 5px 12px; font-weight: 700; font-size: 14px;
  line-height: 20px; background: #fff; max-width: 100%; display: inline-block; flex: none }
.actions .button { flex: 0 1 auto; overflow-wrap: anywhere }
.primary { background: #007a5a; border-color: #007a5a; color: #fff }
.danger { border-color: #e01e5a; color: #e01e5a }
.select::after { content: "⌄"; margin-left: 8px; font-weight: 900 }
hr { border: 0; border-top: 1px solid #ddd }
.page { padding: 16px }
.page .blocks > * { margin-bottom: 12px }
.form { padding: 16px }
.form label { display: block; font-weight: 900; margin-bottom: 4px }
.form label small { font-weight: 400; color: #616061 }
.field { border: 1px solid #bbb; border-radius: 8px; padding: 8px 12px; min-height: 40px; white-space: pre-wrap }
.field.tall { min-height: 96px }
.ends { display: flex; justify-content: flex-end; gap: 8px; padding: 12px 16px; border-top: 1px solid #ddd }
"""


def message(blocks: Sequence[Block], icon: str, time: str, place: str, alone: str = "") -> str:
    """A message of the bot's; `icon` is the address of its picture, `place` what stands at the top of the window.

    `alone` is what Slack writes over a message that only its reader sees.
    """
    over = f'<p class="alone">👁 {escape(alone)}</p>' if alone else ""
    head = f'<img src="{icon}" alt="">{over}<p class="who said">Vaglio<b>APP</b><time>{escape(time)}</time></p>'
    said = f'<section class="message">{head}<div class="said blocks">{_every(blocks)}</div></section>'
    return page(_bar(place) + said)


def home(view: Block, tab: str) -> str:
    return page(_bar("Vaglio", tab) + f'<main class="page"><div class="blocks">{_every(view["blocks"])}</div></main>')


def modal(view: Block) -> str:
    ends = [
        f'<span class="button {style}">{_words(view[name])}</span>'
        for name, style in (("close", ""), ("submit", "primary"))
        if name in view
    ]
    title = f'<header class="bar">{_words(view["title"])}</header>'
    body = f'<main class="form"><div class="blocks">{_every(view["blocks"])}</div></main>'
    return page(f'{title}{body}<footer class="ends">{"".join(ends)}</footer>')


def page(body: str) -> str:
    return f"<!doctype html><meta charset=utf-8><style>{CSS}</style><body>{body}</body>"


def _bar(title: str, under: str = "") -> str:
    small = f"<small>{escape(under)}</small>" if under else ""
    return f'<header class="bar"><i></i><div>{escape(title)}{small}</div></header>'


def _every(blocks: Sequence[Block]) -> str:
    return "".join(_BLOCKS[block["type"]](block) for block in blocks)


def _words(text: Block) -> str:
    if text["type"] != "plain_text":
        raise NotImplementedError("Slack's own markup, which Vaglio never sends")
    return escape(text["text"])


def _section(block: Block) -> str:
    said = f'<div class="plain">{_words(block["text"])}</div>'
    if "accessory" not in block:
        return said
    return f'<div class="row">{said}{_element(block["accessory"])}</div>'


def _actions(block: Block) -> str:
    return f'<div class="actions">{"".join(map(_element, block["elements"]))}</div>'


def _element(element: Block) -> str:
    match element["type"]:
        case "button":
            return f'<span class="button {element.get("style", "")}">{_words(element["text"])}</span>'
        case "static_select":
            chosen = element.get("initial_option") or {"text": element["placeholder"]}
            return f'<span class="button select">{_words(chosen["text"])}</span>'
        case "plain_text_input":
            tall = " tall" if element.get("multiline") else ""
            return f'<div class="field{tall}">{escape(element.get("initial_value", ""))}</div>'
        case kind:
            raise NotImplementedError(kind)


def _input(block: Block) -> str:
    hint = f'<div class="context">{_words(block["hint"])}</div>' if "hint" in block else ""
    return f"<div><label>{_words(block['label'])}</label>{_element(block['element'])}{hint}</div>"


def _rich(block: Block) -> str:
    parts = [
        f"<{_PARTS[part['type']]}>{''.join(map(_run, part['elements']))}</{_PARTS[part['type']]}>"
        for part in block["elements"]
    ]
    return f'<div class="rich">{"".join(parts)}</div>'


def _run(element: Block) -> str:
    if element["type"] != "text":
        raise NotImplementedError(element["type"])
    said = escape(element["text"])
    for style in element.get("style", {}):
        said = f"<{_TAGS[style]}>{said}</{_TAGS[style]}>"
    return said


_BLOCKS: Mapping[str, Callable[[Block], str]] = {
    "header": lambda block: f"<h1>{_words(block['text'])}</h1>",
    "section": _section,
    "context": lambda block: f'<div class="context plain">{" ".join(map(_words, block["elements"]))}</div>',
    "divider": lambda block: "<hr>",
    "actions": _actions,
    "rich_text": _rich,
    "input": _input,
}
