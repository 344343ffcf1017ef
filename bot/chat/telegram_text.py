"""Replies as Telegram's text and entities: offsets in UTF-16 units, a draft's words only where nothing comes alive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from telegram import MessageEntity, User

from bot.chat.shown import DOTS, MARKS, harmless, numbers, shown, sign_of
from bot.chat.telegram_inert import quiet
from bot.pieces import Piece
from bot.reply import Proposal, Remark, Reply
from bot.wording import Wording

LIMIT = 4_096
"""UTF-16 units of one message."""
_MORE = 200
"""Of them, kept for the two sentences that say something was left out."""
_SUMMARY, _HEADING, _CLAUSE, _WHY, _WORDING = 400, 150, 200, 400, 200
_SAID = 1_800
"""Of a card's lines, which hold what people wrote."""
_MISSED = 8
_CHANGES, _CHANGE = 8, 200


def units(text: str) -> int:
    """The length of `text` as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(slots=True)
class Message:
    """A text in the making, with its entities."""

    text: str = ""
    entities: list[MessageEntity] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, style: str | None = None) -> Message:
        """Append `text`, whole as an entity of type `style` (bold, code, pre ...) where one is named."""
        length = units(text)
        if style and text.strip():
            self.entities.append(MessageEntity(style, self.length, length))
        self.text += text
        self.length += length
        return self

    def words(self, text: str, style: str | None = None) -> Message:
        """Append what people wrote: it stays words, whatever Telegram would make of it."""
        for piece, is_live in quiet(text):
            self.add(piece, MessageEntity.CODE if is_live else style)
        return self

    def name(self, name: str, user: int) -> Message:
        """Append the name of somebody, who is told that they are meant."""
        meant = User(user, name, is_bot=False)
        self.entities.append(MessageEntity(MessageEntity.TEXT_MENTION, self.length, units(name), user=meant))
        return self.add(name)

    def append(self, other: Message) -> Message:
        self.entities += [MessageEntity(e.type, e.offset + self.length, e.length) for e in other.entities]
        return self.add(other.text)


def notice(text: str) -> Message:
    """A sentence of the bot's own."""
    return Message().add(cut(text, LIMIT))


def heading(reply: Reply) -> Message:
    """The first line of an answer."""
    said, title = Message().add(f"{sign_of(reply)} "), cut(reply.title, _HEADING)
    # The title of what is no verdict names people.
    return said.add(title, MessageEntity.BOLD) if reply.outcome else said.words(title, MessageEntity.BOLD)


def footer(reply: Reply) -> Message:
    said = Message()
    return said.add("\n\n").add(cut(reply.footer, _HEADING), MessageEntity.ITALIC) if reply.footer else said


def message(reply: Reply, language: str) -> Message:
    """The whole answer in one message; what does not fit is counted."""
    wording = Wording(language)
    said = heading(reply)
    if reply.summary and reply.outcome:
        said.add(f"\n{cut(reply.summary, _SUMMARY)}")
    elif reply.summary:
        said.add("\n").words(cut(harmless(reply.summary), _SAID))
    tail = _missed(reply.unchecked, wording).append(footer(reply))
    room = LIMIT - said.length - tail.length - _MORE
    remarks = [_remark(remark, wording) for remark in reply.remarks]
    lengths = list(accumulate((remark.length for remark in remarks), initial=0))
    # The draft has a third of the room at least, and whatever the remarks leave of theirs.
    draft, is_cut = draft_of(reply.pieces, max(room // 3, room - lengths[-1]))
    said.append(draft)
    fitting = [remark for remark, until in zip(remarks, lengths[1:], strict=True) if until <= room - draft.length]
    for remark in fitting:
        said.append(remark)
    if left := len(remarks) - len(fitting):
        said.add("\n\n" + wording.count("And one more remark.", "And {number} more remarks.", left))
    if is_cut:
        said.add("\n\n" + wording.say("There is more than fits into one message."))
    if reply.proposal:
        # It is the first to go: it has what all the rest leaves.
        said.append(_proposal(reply.proposal, LIMIT - said.length - tail.length, wording))
    return said.append(tail)


def draft_of(pieces: Sequence[Piece], room: int) -> tuple[Message, bool]:
    """The draft as preformatted text, in which Telegram makes no mention, link, command or hashtag live.

    Nothing can be bold inside it, so found words stand between brackets that carry the remark's number. Also says
    whether some of them had to be left out.
    """
    kept, is_cut = shown(pieces, lambda pieces: units(_bracketed(pieces)) + 2 <= room)
    text = _bracketed(kept)
    return Message().add("\n\n").add(text, MessageEntity.PRE) if text.strip() else Message(), is_cut


def _bracketed(pieces: Sequence[Piece]) -> str:
    whole = ""
    for before, piece in zip((None, *pieces), pieces, strict=False):
        text = piece.text.replace("【", "[").replace("】", "]")
        whole += f"【{text}】{numbers(piece, before)}" if piece.marks else text
    return whole


def _remark(remark: Remark, wording: Wording) -> Message:
    heading = cut(f"{remark.number}. {remark.clause}", _HEADING)
    one = Message().add(f"\n\n{MARKS[remark.severity]} ").add(heading, MessageEntity.BOLD)
    one.add(f" — {remark.label}\n").add(f"«{cut(remark.says, _CLAUSE)}»", MessageEntity.ITALIC)
    one.add(f"\n{cut(remark.why, _WHY)}")
    if remark.todo:
        one.add(f"\n→ {cut(remark.todo, _WHY)}")
    if remark.instead:
        # Wording to use instead may repeat the draft's own: it is no more live than the draft is.
        wordings = cut(harmless(" · ".join(remark.instead)), _WORDING)
        one.add("\n" + wording.say("Instead: {wordings}", wordings="")).add(wordings, MessageEntity.CODE)
    return one


def _proposal(proposal: Proposal, room: int, wording: Wording) -> Message:
    """What would change and the text, which one tap copies; for want of room one of the two, or a sentence, or nothing.

    Struck through or bold, a link or a mention would be live: so each change is code, under a sign of its own.
    """
    heading = Message().add("\n\n").add(wording.say("A proposal"), MessageEntity.BOLD).add(f" — {proposal.says}")
    changes = _changes(proposal, wording)
    copied = Message().add("\n").add(harmless(proposal.text), MessageEntity.PRE)
    shorter = wording.say("Send me the draft in shorter parts, and I will propose another wording of each.")
    choices = [
        Message().append(heading).append(changes).append(copied),
        Message().append(heading).append(copied),
        Message().append(heading).append(changes),
        Message().add(f"\n\n{shorter}"),
    ]
    return next((choice for choice in choices if choice.length <= room), Message())


def _changes(proposal: Proposal, wording: Wording) -> Message:
    every = list(dict.fromkeys(change for change in proposal.changes if not change.is_kept))
    said = Message()
    for change in every[:_CHANGES]:
        for sign, words in (("−", change.before), ("+", change.after)):
            if line := cut(" ".join(harmless(words).split()), _CHANGE):
                said.add(f"\n{sign} ").add(line, MessageEntity.CODE)
    if left := len(every) - _CHANGES:
        said.add("\n" + wording.count("And one more.", "And {number} more.", left) if left > 0 else "")
    return said


def _missed(unchecked: Sequence[str], wording: Wording) -> Message:
    """What was not checked: it is never left out, at worst it is counted."""
    if not unchecked:
        return Message()
    lines = [f"• {cut(line, 120)}" for line in unchecked[:_MISSED]]
    if left := len(unchecked) - len(lines):
        lines.append(wording.count("And one more.", "And {number} more.", left))
    return Message().add("\n\n" + "\n".join([wording.say("Not checked:"), *lines]))


def cut(text: str, most: int) -> str:
    """`text` within `most` units, never through the middle of a character."""
    if units(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: max(0, most - 1) * 2].decode("utf-16-le", "ignore")
    return f"{kept}{DOTS}"
