"""Telegram's updates, each read by itself: one that cannot be read is passed over, and holds up none after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from telegram import Bot, Update
from telegram.request import HTTPXRequest

from bot.chat.telegram_events import message_event, press_event

log = structlog.get_logger(__name__)

_NONSENSE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError)
"""What an update comes to that is of another form than it should be; `OSError` for a moment that no clock has."""


class _Part(BaseModel):
    """Of what Telegram says, only what is read here; what else it says may change from one day to the next."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _Person(_Part):
    id: int
    is_bot: bool
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class _Chat(_Part):
    id: int
    type: str


class _Message(_Part):
    message_id: int
    date: int
    chat: _Chat
    sender: _Person | None = Field(default=None, alias="from")
    text: str | None = None
    caption: str | None = None
    media_group_id: str | None = None
    reply_to_message: _Message | None = None


class _Press(_Part):
    id: str
    sender: _Person = Field(alias="from")
    data: str | None = None
    message: _Message | None = None


class _Update(_Part):
    update_id: int
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Press | None = None


def read_update(said: Mapping[str, Any], bot: Bot | None = None) -> Update | None:
    """The update, if an event can be made of it; None for one of another form, which is logged without its words."""
    try:
        _Update.model_validate(said)
        update = Update.de_json(dict(said), bot)
        _try(update)
    except _NONSENSE as error:
        if isinstance(error, ValidationError):
            where = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"] if step in _KNOWN)
        else:
            where = None
        log.error("telegram.unreadable", error=type(error).__name__, where=where, remedy="a newer version may read it")
        return None
    return update


_KNOWN: Final = frozenset(
    {"update_id", "message", "edited_message", "callback_query", "message_id", "date", "chat", "from", "id", "type",
     "text", "caption", "media_group_id", "reply_to_message", "data", "is_bot", "first_name", "last_name", "username",
     "language_code"}
)  # fmt: skip


def _try(update: Update) -> None:
    """Raises what making an event of it would raise, before anything is done about it."""
    at = datetime.fromtimestamp(0, UTC)
    if update.callback_query:
        press_event(update.callback_query, at)
    message = update.message or update.edited_message
    if message and message.from_user:
        message_event(message, message.from_user, at)
        _ = message.effective_attachment


class UpdatesRequest(HTTPXRequest):
    """Fetches updates: one that cannot be read comes as an empty one of its number, so that it is confirmed."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = HTTPXRequest.parse_json_payload(payload)
        found = answer.get("result") if isinstance(answer, dict) else None
        if isinstance(found, list):
            numbered = [each for each in found if isinstance(each, dict) and type(each.get("update_id")) is int]
            answer["result"] = [each if read_update(each) else {"update_id": each["update_id"]} for each in numbered]
        return answer
