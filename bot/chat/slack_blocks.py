"""Replies as Slack's blocks, within its limits; a draft's words only as literal rich text, where nothing is live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.reply import Piece, Remark, Reply
from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.verdict import Outcome, Severity

Block = dict[str, Any]

# What Slack refuses above; where it says nothing, what it was seen to refuse (`msg_blocks_too_long`).
TEXT, HEADER, FALLBACK, BLOCKS, MESSAGE, INPUT = 3_000, 150, 300, 50, 13_200, 3_000
_REMARKS = 24
_WHY, _WORDING, _UNCHECKED = 1_000, 400, 10

_SIGN = {Outcome.CLEAR: "✅", Outcome.REVISE: "✏️", Outcome.REVIEW: "✋", Outcome.BLOCK: "⛔"}
_MARK = {Severity.NOTE: "💡", Severity.WARN: "✏️", Severity.REVIEW: "✋", Severity.BLOCK: "⛔"}
_DIGITS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def message(reply: Reply, language: str) -> tuple[str, list[Block]]:
    """The fallback text, which holds nothing of the draft, and the blocks."""
    return f"{_SIGN[reply.outcome]} {reply.title}"[:FALLBACK], _fitting(list(_blocks(reply, language)), language)


def notice(text: str) -> tuple[str, list[Block]]:
    """A sentence of the bot's own."""
    return clip(text, FALLBACK), [_plain(text)]


def _blocks(reply: Reply, language: str) -> Iterable[Block]:
    yield {
        "type": "header",
        "text": {"type": "plain_text", "text": clip(f"{_SIGN[reply.outcome]} {reply.title}", HEADER), "emoji": False},
    }
    if reply.summary:
        yield _plain(reply.summary)
    if reply.pieces:
        yield {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": _quoted(reply.pieces)}]}
    for remark in reply.remarks[:_REMARKS]:
        yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": _remark(remark, language)}]}
    wording = Wording(language)
    left = len(reply.remarks) - _REMARKS
    if left > 0:
        yield _plain(wording.count("And one more remark.", "And {number} more remarks.", left))
    if reply.unchecked:
        lines = "\n".join(f"• {line}" for line in reply.unchecked[:_UNCHECKED])
        yield _plain(f"{wording.say('Not checked:')}\n{lines}")
    yield {"type": "context", "elements": [{"type": "plain_text", "text": clip(reply.footer, TEXT), "emoji": False}]}


def _quoted(pieces: Sequence[Piece]) -> list[Block]:
    elements: list[Block] = []
    for before, piece in zip((None, *pieces), pieces, strict=False):
        style = {"style": {"bold": True, "code": True}} if piece.marks else {}
        elements.append({"type": "text", "text": piece.text, **style})
        fresh = [mark for mark in piece.marks if before is None or mark not in before.marks]
        if fresh:
            numbers = "⁺".join(str(mark).translate(_DIGITS) for mark in fresh)
            elements.append({"type": "text", "text": numbers, "style": {"bold": True}})
    return elements


def _remark(remark: Remark, language: str) -> list[Block]:
    wording = Wording(language)
    heading = f"{_MARK[remark.severity]} {remark.number}. {remark.clause}"
    lines = [f" — {remark.label}\n{clip(remark.why, _WHY)}"]
    if remark.todo:
        lines.append(f"\n→ {clip(remark.todo, _WHY)}")
    if remark.instead:
        lines.append("\n" + wording.say("Instead: {wordings}", wordings=clip(" · ".join(remark.instead), _WORDING)))
    return [
        {"type": "text", "text": clip(heading, HEADER), "style": {"bold": True}},
        {"type": "text", "text": "".join(lines)},
    ]


def _fitting(blocks: list[Block], language: str) -> list[Block]:
    """As many blocks as Slack takes in one message; the last, which names the check, always stays."""
    cut = False
    while len(blocks) > BLOCKS or length(blocks) > MESSAGE:
        del blocks[-2]
        cut = True
    if cut:
        blocks[-2:-1] = [_plain(Wording(language).say("There is more than fits into one message."))]
    return blocks


def length(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Characters of all texts in all blocks together."""
    return sum(_texts(block) for block in blocks)


def _texts(node: object) -> int:
    if isinstance(node, Mapping):
        return sum(len(v) if k == "text" and isinstance(v, str) else _texts(v) for k, v in node.items())
    if isinstance(node, list):
        return sum(_texts(item) for item in node)
    return 0


def clip(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _plain(text: str) -> Block:
    return {"type": "section", "text": {"type": "plain_text", "text": clip(text, TEXT), "emoji": False}}


# --- The form ------------------------------------------------------------------------------------------------------

CHANNELS = {
    Channel.LINKEDIN: "LinkedIn", Channel.X: "X", Channel.FACEBOOK: "Facebook", Channel.INSTAGRAM: "Instagram",
    Channel.THREADS: "Threads", Channel.TIKTOK: "TikTok", Channel.YOUTUBE: "YouTube", Channel.BLOG: "Blog",
}  # fmt: skip


def form(language: str) -> Block:
    """The view in which a draft is written with its context."""
    wording = Wording(language)
    kinds = {Kind.POST: wording.say("A post"), Kind.REPLY: wording.say("A reply to somebody")}
    accounts = {
        Account.INSTITUTIONAL: wording.say("The company's account"),
        Account.SUPPORT: wording.say("Customer care"),
        Account.PERSONAL: wording.say("My own account"),
        Account.PRIVATE: wording.say("Private: check it and forget it"),
    }
    channels = {**CHANNELS, Channel.OTHER: wording.say("Another channel")}
    return {
        "type": "modal",
        "callback_id": "draft",
        "title": _title(wording.say("Check a draft")),
        "submit": _title(wording.say("Check")),
        "close": _title(wording.say("Close")),
        "blocks": [
            _input(
                "text", wording.say("Your draft"), {"type": "plain_text_input", "multiline": True, "max_length": INPUT}
            ),
            _choice("channel", wording.say("Where it will go"), channels, Channel.OTHER),
            _choice("account", wording.say("In whose name"), accounts, Account.INSTITUTIONAL),
            _choice("kind", wording.say("What it is"), kinds, Kind.POST),
            {
                **_input(
                    "in_reply_to",
                    wording.say("If it is a reply: what they wrote"),
                    {"type": "plain_text_input", "multiline": True, "max_length": INPUT},
                ),
                "optional": True,
            },
        ],
    }


def result_view(blocks: list[Block], language: str) -> Block:
    """A view that shows an answer, or that one is on its way."""
    wording = Wording(language)
    return {
        "type": "modal",
        "title": _title(wording.say("Check a draft")),
        "close": _title(wording.say("Close")),
        "blocks": blocks,
    }


def _title(text: str) -> Block:
    return {"type": "plain_text", "text": clip(text, 24)}


def _input(name: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": "value"},
    }


def _choice(name: str, label: str, options: Mapping[Any, str], chosen: str) -> Block:
    shown = [
        {"text": {"type": "plain_text", "text": clip(text, 75)}, "value": str(value)} for value, text in options.items()
    ]
    initial = next(option for option in shown if option["value"] == str(chosen))
    return _input(name, label, {"type": "static_select", "options": shown, "initial_option": initial})
