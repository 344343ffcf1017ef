"""Telegram: an update of a form that nobody knows is passed over, logged without a word, and holds up none after it."""

from __future__ import annotations

from typing import Any

import pytest
from emulators.telegram import TelegramEmulator

PERSON = {"id": 10, "is_bot": False, "first_name": "Anna"}
CHAT = {"id": 10, "type": "private"}
MESSAGE = {"message_id": 1, "date": 1, "chat": CHAT, "from": PERSON, "text": "zibaldone"}
PRESS = {"id": "1", "from": PERSON, "chat_instance": "1", "data": "zibaldone"}

STRANGE: dict[str, tuple[str, Any]] = {
    "a message that is none": ("message", "zibaldone"),
    "no chat": ("message", {key: each for key, each in MESSAGE.items() if key != "chat"}),
    "a chat without a kind": ("message", MESSAGE | {"chat": {"id": 10}}),
    "a person who is a word": ("message", MESSAGE | {"from": "zibaldone"}),
    "a person without a name": ("message", MESSAGE | {"from": {"id": 10, "is_bot": False}}),
    "words that are an object": ("message", MESSAGE | {"text": {"text": "zibaldone"}}),
    "a caption that is a list": ("message", MESSAGE | {"text": None, "caption": ["zibaldone"]}),
    "a moment that no clock has": ("message", MESSAGE | {"date": 10**20}),
    "a file that is a word": ("message", MESSAGE | {"document": "zibaldone"}),
    "a kind of file that is a number": (
        "message", MESSAGE | {"document": {"file_id": "F", "file_unique_id": "F", "mime_type": 7}},
    ),
    "an edit without a number": ("edited_message", {key: MESSAGE[key] for key in ("date", "chat", "from", "text")}),
    "a press of nobody": ("callback_query", {key: each for key, each in PRESS.items() if key != "from"}),
    "a press of an object": ("callback_query", PRESS | {"data": {"zibaldone": 1}}),
    "buttons that are words": (
        "callback_query", PRESS | {"message": MESSAGE | {"reply_markup": {"inline_keyboard": [["zibaldone"]]}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content"), STRANGE.values(), ids=STRANGE)
async def test_it_holds_up_nobody(
    telegram: TelegramEmulator, house: Any, answer: Any, logged: Any, kind: str, content: Any
) -> None:
    pushed = await telegram.push(kind, content)
    assert pushed.status in (None, 200)
    await telegram.message("Uno zibaldone")
    assert "Via libera" in (await answer()).text
    await house.quiet()
    assert len(telegram.sent) == 1
    assert '"event": "telegram.unreadable"' in logged()
    assert '"event": "telegram.poll_failed"' not in logged()


async def test_what_is_new_in_an_update_does_not_matter(telegram: TelegramEmulator, answer: Any) -> None:
    await telegram.message("Uno zibaldone", brand_new={"zibaldone": [1]})
    assert "Via libera" in (await answer()).text
