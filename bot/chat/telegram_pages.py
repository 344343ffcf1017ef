"""Answers that are no verdict, in as many messages as they need: cut where a line ends, at best before a heading."""

from __future__ import annotations

from collections.abc import Iterator

from telegram import MessageEntity

from bot.chat import telegram_text
from bot.chat.shown import harmless
from bot.chat.telegram_text import LIMIT, Message, cut, draft_of, footer, heading, notice, units
from bot.reply import Notice, Reply

_ROOM = LIMIT - 600
"""Units of a summary in one message: what stands before and after it fits beside."""
_FOOTER = 160
_ENDINGS = tuple(".)!?:»…")
_ALIKE = _ROOM // 2
"""A message is cut no earlier than this for the sake of a better place."""


def messages(said: Reply | Notice, language: str) -> list[Message]:
    """What is said, in one message or several; never none."""
    if isinstance(said, Notice):
        return [notice(said.text)]
    if said.outcome or said.remarks:
        return [telegram_text.message(said, language)]
    pages = list(parts(said.summary, _ROOM)) or [""]
    first, *more = [Message().words(page) for page in pages]
    whole = [heading(said).add("\n").append(first) if first.text else heading(said), *more]
    if said.pieces:
        draft, _ = draft_of(said.pieces, LIMIT - whole[-1].length - _FOOTER)
        whole[-1].append(draft)
    whole[-1].append(footer(said))
    return whole


def blocks(text: str) -> list[Message]:
    """A text to be copied, whole, in as many grey boxes as it needs."""
    return [Message().add(part, MessageEntity.PRE) for part in parts(harmless(text), LIMIT) if part.strip()]


def parts(text: str, room: int) -> Iterator[str]:
    """`text` in pieces of up to `room` units each; nothing but the blanks where it is cut is left out."""
    rest = harmless(text).strip("\n")
    while units(rest) > room:
        # Without the three dots that a shortened text ends with.
        head = cut(rest, room + 1)[:-1]
        at = _place(head)
        if piece := rest[:at].rstrip():
            yield piece
        rest = rest[at:].lstrip("\n ")
    if rest.strip():
        yield rest


def _place(head: str) -> int:
    """Where to cut: after a paragraph, a line that ends a sentence, any line, a word; else where the room ends."""
    if (at := head.rfind("\n\n")) > _ALIKE:
        return at
    ends = [at for at, sign in enumerate(head) if sign == "\n" and at > _ALIKE]
    for at in reversed(ends):
        if head[:at].rstrip().endswith(_ENDINGS):
            return at
    return next((at for at in (*reversed(ends), head.rfind(" ")) if at > 0), len(head))
