"""Replies as Slack's blocks, within its limits; a draft's words only as literal rich text, where nothing is live."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.shown import MARKS, SIGNS, changed, harmless, numbers, shown
from bot.pieces import Piece
from bot.reply import Proposal, Remark, Reply
from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.rewriting import Change

Block = dict[str, Any]

# What Slack refuses above. Where it says nothing: `msg_blocks_too_long`, which counts containers as well as words.
TEXT, HEADER, FALLBACK, MESSAGE, INPUT = 3_000, 150, 300, 13_200, 3_000
_REMARKS, _MISSED = 24, 20
_SUMMARY, _CLAUSE, _WHY, _WORDING = 1_000, 300, 1_000, 400
_MORE = 300
"""Characters kept for the two sentences that say something was left out."""


def message(reply: Reply, language: str) -> tuple[str, list[Block]]:
    """The fallback text, which holds nothing of the draft, and the blocks."""
    wording = Wording(language)
    title = f"{SIGNS[reply.outcome]} {reply.title}"
    head = [{"type": "header", "text": _literal(clip(title, HEADER))}]
    if reply.summary:
        head.append(_plain(clip(reply.summary, _SUMMARY)))
    tail = [
        *_missed(reply.unchecked, wording),
        {"type": "context", "elements": [_literal(clip(reply.footer, FALLBACK))]},
    ]
    room = MESSAGE - size([*head, *tail]) - _MORE
    remarks = [_remark(remark, wording) for remark in reply.remarks[:_REMARKS]]
    # The draft has a third of the room at least, and whatever the remarks leave of theirs.
    quote, is_cut = _quote(reply.pieces, max(room // 3, room - size(remarks)))
    while remarks and size([*quote, *remarks]) > room:
        remarks.pop()
    more = []
    if left := len(reply.remarks) - len(remarks):
        more.append(_plain(wording.count("And one more remark.", "And {number} more remarks.", left)))
    if is_cut:
        more.append(_plain(wording.say("There is more than fits into one message.")))
    said = [*head, *quote, *remarks, *more]
    # It is the first to go: it has what all the rest leaves.
    better = _proposal(reply.proposal, MESSAGE - size([*said, *tail]) - 1, wording) if reply.proposal else []
    return clip(title, FALLBACK), [*said, *better, *tail]


def notice(text: str) -> tuple[str, list[Block]]:
    """A sentence of the bot's own."""
    return clip(text, FALLBACK), [_plain(text)]


def _quote(pieces: Sequence[Piece], room: int) -> tuple[list[Block], bool]:
    """The draft, its marked places in bold, and whether some of them had to be left out."""

    def block(pieces: Sequence[Piece]) -> list[Block]:
        elements = [{"type": "rich_text_quote", "elements": _quoted(pieces)}]
        return [{"type": "rich_text", "elements": elements}] if pieces else []

    kept, is_cut = shown(pieces, lambda pieces: size(block(pieces)) <= room)
    return block(kept), is_cut


def _quoted(pieces: Sequence[Piece]) -> list[Block]:
    elements: list[Block] = []
    for before, piece in zip((None, *pieces), pieces, strict=False):
        style = {"style": {"bold": True, "code": True}} if piece.marks else {}
        elements.append({"type": "text", "text": piece.text, **style})
        if number := numbers(piece, before):
            elements.append({"type": "text", "text": number, "style": {"bold": True}})
    return elements


def _remark(remark: Remark, wording: Wording) -> Block:
    heading = f"{MARKS[remark.severity]} {remark.number}. {remark.clause}"
    said = [
        {"type": "text", "text": clip(heading, HEADER), "style": {"bold": True}},
        {"type": "text", "text": f" — {remark.label}\n"},
        {"type": "text", "text": f"«{clip(remark.says, _CLAUSE)}»", "style": {"italic": True}},
    ]
    lines = [f"\n{clip(remark.why, _WHY)}"]
    if remark.todo:
        lines.append(f"\n→ {clip(remark.todo, _WHY)}")
    if remark.instead:
        # Wording to use instead may be the draft's own, in lower case.
        wordings = clip(harmless(" · ".join(remark.instead)), _WORDING)
        lines.append("\n" + wording.say("Instead: {wordings}", wordings=wordings))
    said.append({"type": "text", "text": "".join(lines)})
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": said}]}


def _proposal(proposal: Proposal, room: int, wording: Wording) -> list[Block]:
    """What would change and the text to copy; for want of room only the former, or a sentence, or nothing."""

    def block(*parts: Block) -> list[Block]:
        heading = [
            {"type": "text", "text": wording.say("A proposal"), "style": {"bold": True}},
            {"type": "text", "text": f" — {proposal.says}"},
        ]
        return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": heading}, *parts]}]

    def quote(changes: Sequence[Change]) -> Block:
        return {"type": "rich_text_quote", "elements": _difference(changes)}

    copied = {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": harmless(proposal.text)}],
    }
    shorter = wording.say("Send me the draft in shorter parts, and I will propose another wording of each.")
    kept = changed(proposal.changes, lambda changes: size(block(quote(changes))) <= room)
    choices = [block(quote(kept), copied), block(quote(kept))] if kept else []
    return next((choice for choice in (*choices, [_plain(shorter)]) if size(choice) <= room), [])


def _difference(changes: Sequence[Change]) -> list[Block]:
    elements: list[Block] = []
    for change in changes:
        if change.is_kept:
            elements.append({"type": "text", "text": change.before})
            continue
        if change.before:
            elements.append({"type": "text", "text": change.before, "style": {"strike": True}})
        if change.before and change.after and not change.after[0].isspace():
            elements.append({"type": "text", "text": " "})
        if change.after:
            elements.append({"type": "text", "text": change.after, "style": {"bold": True}})
    return [element for element in elements if element["text"]]


def _missed(unchecked: Sequence[str], wording: Wording) -> list[Block]:
    """What was not checked: it is never left out, at worst it is counted."""
    if not unchecked:
        return []
    lines = [f"• {clip(harmless(line), 120)}" for line in unchecked[:_MISSED]]
    if left := len(unchecked) - len(lines):
        lines.append(wording.count("And one more.", "And {number} more.", left))
    return [_plain("\n".join([wording.say("Not checked:"), *lines]))]


def size(blocks: Sequence[Mapping[str, Any]]) -> int:
    """Characters of the blocks as they are sent."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def clip(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _literal(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _plain(text: str) -> Block:
    return {"type": "section", "text": _literal(clip(text, TEXT))}


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
