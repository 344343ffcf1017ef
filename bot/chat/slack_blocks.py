"""Replies as Slack's blocks, within its limits; a draft's words only as literal rich text, where nothing is live."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.chat.shown import MARKS, changed, harmless, numbers, shown, sign_of
from bot.chat.slack_actions import rows
from bot.pieces import Piece
from bot.reply import Notice, Proposal, Remark, Reply
from bot.wording import Wording
from rules.rewriting import Change

Block = dict[str, Any]
Said = tuple[str, list[Block]]
"""A message: its fallback text, which holds nothing of the draft, and its blocks."""

# What Slack refuses above. Where it says nothing: `msg_blocks_too_long`, which counts containers as well as words.
TEXT, HEADER, FALLBACK, MESSAGE = 3_000, 150, 300, 13_200
_REMARKS, _MISSED = 24, 20
_SUMMARY, _CLAUSE, _WHY, _WORDING = 1_000, 300, 1_000, 400
_MORE = 300
"""Characters kept for the two sentences that say something was left out."""
_SECTION = 2_900
# What Slack reads as more than its characters in the fallback text, where names and titles may stand.
_MARKUP = re.compile(r"[<>&*_~`@#|]|:(?=\S)|\.(?=[^\s\d.])")


def messages(said: Reply | Notice, language: str) -> list[Said]:
    """All that there is to say: a verdict, a card and news in one message, a long page in as many as it takes."""
    if isinstance(said, Notice):
        return _pages([], said.text, rows(said.buttons, language), _fallback(said.text))
    if said.outcome or said.pieces or said.remarks:
        return [message(said, language)]
    head = [_header(f"{sign_of(said)} {said.title}")]
    tail = [*rows(said.buttons, language), *_footer(said.footer)]
    return _pages(head, said.summary, tail, _fallback(f"{sign_of(said)} {said.title}"))


def message(reply: Reply, language: str) -> Said:
    """One message, whatever has to be left out of it for want of room."""
    wording = Wording(language)
    title = f"{sign_of(reply)} {reply.title}"
    head = [_header(title)]
    tail = [*_missed(reply.unchecked, wording), *rows(reply.buttons, language), *_footer(reply.footer)]
    head += _summary(reply, (MESSAGE - size([*head, *tail]) - _MORE) // 2)
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
    return _fallback(title), [*said, *better, *tail]


def notice(text: str) -> Said:
    """A sentence of the bot's own."""
    return _fallback(text), [_plain(text)]


def sections(text: str) -> list[Block]:
    """A text in blocks that end where its paragraphs do, or its lines, or its words."""
    return [_plain(part) for part in _parts(harmless(text))]


def _pages(head: list[Block], text: str, tail: list[Block], fallback: str) -> list[Said]:
    """The text between `head` and `tail`, in as many messages as it takes."""
    pages = [head]
    for section in sections(text):
        if size([*pages[-1], section]) > MESSAGE - _MORE:
            pages.append([])
        pages[-1].append(section)
    if size([*pages[-1], *tail]) > MESSAGE:
        pages.append([])
    pages[-1] += tail
    return [(fallback, blocks) for blocks in pages if blocks]


def _parts(text: str) -> Iterator[str]:
    while len(text) > _SECTION:
        ends = (text.rfind(sign, _SECTION // 2, _SECTION) for sign in ("\n\n", "\n", " "))
        end = next((end for end in ends if end > 0), _SECTION)
        yield text[:end].strip("\n") or " "
        text = text[end:].lstrip("\n ")
    if text.strip():
        yield text.strip("\n")


def _summary(reply: Reply, room: int) -> list[Block]:
    most = _SUMMARY if reply.outcome else len(reply.summary)
    blocks = sections(clip(reply.summary, most))
    while most > 1 and size(blocks) > room:
        most = most * 9 // 10
        blocks = sections(clip(reply.summary, most))
    return blocks


def _header(title: str) -> Block:
    return {"type": "header", "text": _literal(clip(harmless(title), HEADER))}


def _footer(text: str) -> list[Block]:
    return [{"type": "context", "elements": [_literal(clip(harmless(text), FALLBACK))]}] if text else []


def _fallback(text: str) -> str:
    """What notifications and screen readers have: words alone, for here Slack would bring names and signs to life."""
    # Cut last: what a cut leaves of an address may look like another.
    lifeless = _MARKUP.sub(lambda found: ": " if found[0] == ":" else " ", harmless(text)).strip()
    return clip(lifeless, FALLBACK) or "Vaglio"


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
