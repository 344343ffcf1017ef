"""Replies as Telegram's text and entities: offsets in UTF-16 units, a draft's words only where nothing comes alive."""

from __future__ import annotations

from dataclasses import dataclass, field

from telegram import MessageEntity

from bot.reply import Remark, Reply
from bot.wording import Wording
from rules.verdict import Outcome, Severity

LIMIT = 4_096
"""UTF-16 units of one message."""
_RESERVE = 260
"""Of them, kept for the footer and the sentence that says something was left out."""
_DRAFT = 1_500
_SIGN = {Outcome.CLEAR: "✅", Outcome.REVISE: "✏️", Outcome.REVIEW: "✋", Outcome.BLOCK: "⛔"}
_MARK = {Severity.NOTE: "💡", Severity.WARN: "✏️", Severity.REVIEW: "✋", Severity.BLOCK: "⛔"}


def units(text: str) -> int:
    """The length of `text` as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class Message:
    """A text in the making, with its entities."""

    text: str = ""
    entities: list[MessageEntity] = field(default_factory=list)
    _length: int = 0

    def add(self, text: str, style: str | None = None) -> Message:
        """Append `text`, whole as an entity of type `style` (bold, code, pre ...) where one is named."""
        length = units(text)
        if style and text.strip():
            self.entities.append(MessageEntity(style, self._length, length))
        self.text += text
        self._length += length
        return self

    @property
    def room(self) -> int:
        return LIMIT - _RESERVE - self._length


def message(reply: Reply, language: str) -> Message:
    """The whole answer in one message; what does not fit is counted."""
    wording = Wording(language)
    said = Message().add(f"{_SIGN[reply.outcome]} ").add(reply.title, MessageEntity.BOLD)
    if reply.summary:
        said.add(f"\n{reply.summary}")
    _add_draft(said, reply)
    for place, remark in enumerate(reply.remarks):
        one = _remark(remark, wording)
        if units(one.text) > said.room:
            left = len(reply.remarks) - place
            said.add("\n\n" + wording.count("And one more remark.", "And {number} more remarks.", left))
            break
        _append(said, one)
    if reply.unchecked:
        lines = "\n".join(f"• {line}" for line in reply.unchecked)
        missed = f"\n\n{wording.say('Not checked:')}\n{lines}"
        said.add(_cut(missed, said.room))
    return said.add("\n\n").add(reply.footer, MessageEntity.ITALIC)


def _add_draft(said: Message, reply: Reply) -> None:
    """The draft as preformatted text, in which Telegram makes no mention, link, command or hashtag live.

    Nothing can be bold inside it, so found words stand between brackets that carry the remark's number.
    """
    shown, before = "", tuple[int, ...]()
    for piece in reply.pieces:
        text = piece.text.replace("【", "[").replace("】", "]")
        if piece.marks:
            fresh = [mark for mark in piece.marks if mark not in before]
            text = f"【{text}】" + ",".join(map(str, fresh or piece.marks))
        shown += text
        before = piece.marks
    if shown.strip():
        said.add("\n\n").add(_cut(shown, _DRAFT), MessageEntity.PRE)


def _remark(remark: Remark, wording: Wording) -> Message:
    one = Message().add(f"\n\n{_MARK[remark.severity]} ").add(f"{remark.number}. {remark.clause}", MessageEntity.BOLD)
    one.add(f" — {remark.label}\n{remark.why}")
    if remark.todo:
        one.add(f"\n→ {remark.todo}")
    if remark.instead:
        # Wording to use instead may repeat the draft's own: it is no more live than the draft is.
        one.add("\n" + wording.say("Instead: {wordings}", wordings="")).add(
            " · ".join(remark.instead)[:200], MessageEntity.CODE
        )
    return one


def _append(said: Message, one: Message) -> None:
    start = units(said.text)
    said.entities += [MessageEntity(e.type, e.offset + start, e.length) for e in one.entities]
    said.add(one.text)


def _cut(text: str, most: int) -> str:
    """`text` within `most` units, never through the middle of a character."""
    if units(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: max(0, most - 1) * 2].decode("utf-16-le", "ignore")
    return f"{kept}…"
