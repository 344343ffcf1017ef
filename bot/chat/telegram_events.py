"""Telegram's updates as events: only what an answer needs, and nothing of what is not meant for the bot."""

from __future__ import annotations

import mimetypes
import re
from datetime import datetime

from telegram import CallbackQuery, Message, MessageOriginUser, User
from telegram.constants import ChatType

from bot.actions import Action, Verb
from bot.work import Event

_HALF = re.compile("[\ud800-\udfff]")
_MEDIA = ("photo", "video", "animation", "document", "audio", "voice", "video_note", "sticker")
_WHICH = {Verb.DISAGREE, Verb.PASS, Verb.REMIND, Verb.CONTEXT}
"""Verbs of which one is chosen among several in a message of its own, which is over with the choice."""


def message_event(message: Message, person: User, at: datetime) -> Event:
    replied = message.reply_to_message
    return {
        **_who(person, at),
        "kind": "message",
        "chat": message.chat.id,
        "message": message.message_id,
        "text": _words(message),
        "attachments": _attachments(message),
        "forwarded": _is_of_others(message, person),
        "replied": _words(replied) if replied and _is_of_others(replied, person) else "",
    }


def press_event(query: CallbackQuery, at: datetime) -> Event | None:
    """A press on a button; None for one that stands in no chat that the bot sees."""
    message = query.message
    if message is None or not query.data:
        return None
    parent = message.reply_to_message if isinstance(message, Message) else None
    return {
        **_who(query.from_user, at),
        "kind": "action",
        "query": query.id,
        "word": query.data,
        "chat": message.chat.id,
        "message": message.message_id,
        "parent": parent.message_id if parent else None,
        "which": isinstance(message, Message) and _asks_which(message),
    }


def is_private(message: Message) -> bool:
    return message.chat.type == ChatType.PRIVATE


def is_for_us(message: Message, *, is_new: bool) -> bool:
    """Whether whoever wrote it in private expects an answer."""
    if message.text or message.caption:
        return True
    # Not what Telegram itself notes in a chat, nor a place on the map that moves, nor the album around a caption.
    return is_new and message.effective_attachment is not None and message.media_group_id is None


def account_of(event: Event) -> str:
    return f"telegram:{event['user']}"


def _who(person: User, at: datetime) -> dict[str, object]:
    return {
        "user": person.id,
        "name": _whole(person.full_name),
        "locale": person.language_code,
        "at": at.timestamp(),
    }


def _words(message: Message) -> str:
    return _whole(message.text or message.caption or "")


def _whole(text: str) -> str:
    """`text` without halves of characters, which nothing can keep; one sign for one, so that every place stays."""
    return _HALF.sub("\ufffd", text)


def _is_of_others(message: Message, person: User) -> bool:
    """Whether it was forwarded, and not by its own writer."""
    origin = message.forward_origin
    is_own = isinstance(origin, MessageOriginUser) and origin.sender_user.id == person.id
    return origin is not None and not is_own


def _asks_which(message: Message) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    words = [button.callback_data for row in rows for button in row]
    actions = [Action.read(word) if isinstance(word, str) else None for word in words]
    verbs = {action.verb if action and action.choice else None for action in actions}
    return len(verbs) == 1 and verbs <= _WHICH


def _attachments(message: Message) -> list[str]:
    kinds = [_kind(name, attached) for name in _MEDIA if (attached := getattr(message, name, None))]
    # An animation comes as a document too, for older applications.
    return kinds[:1] if message.animation else list(dict.fromkeys(kinds))


def _kind(name: str, attached: object) -> str:
    """A media type, if it is one: whoever sends a file says what it is, in whatever words they like."""
    said = getattr(attached, "mime_type", None) or ("image/jpeg" if name == "photo" else "")
    return said if mimetypes.guess_extension(said) else name
