"""What people do in Telegram, and the updates that it becomes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from emulators.loopback import Json, Loopback
from emulators.telegram_text import detected

BOT: Json = {"id": 1, "is_bot": True, "first_name": "Vaglio", "username": "vaglio_bot"}


@dataclass(frozen=True, slots=True)
class Pushed:
    """An update on its way to the bot; `status` is what its webhook answered."""

    update: Json
    status: int | None

    @property
    def update_id(self) -> int:
        return int(self.update["update_id"])


class TelegramPeople(Loopback):
    """The people who write to a bot. A chat exists once somebody wrote in it, or when put into `chats`."""

    def __init__(self, *routes: web.RouteDef) -> None:
        super().__init__(*routes)
        self.chats: dict[int, Json] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self._updates: dict[int, Json] = {}
        self._queries: set[str] = set()
        self._allowed: list[str] = []
        self._queue: list[Json] = []
        self._again: list[Json] = []

    async def _deliver(self, update: Json, queue: list[Json]) -> Pushed:
        """By webhook where one is set, else into `queue` for the next poll."""
        raise NotImplementedError

    async def message(
        self,
        text: str | None,
        chat_id: int = 10,
        user_id: int = 10,
        language_code: str = "it",
        chat_type: str = "private",
        entities: list[Json] | None = None,
        update_id: int | None = None,
        **extra: Any,
    ) -> Pushed:
        """`extra` is for what other messages carry: `photo`, `caption`, `via_bot`, `reply_to_message`."""
        content = self._content(text, entities) | extra
        return await self.push(
            "message", self._incoming(chat_id, user_id, language_code, chat_type) | content, update_id
        )

    async def edited_message(
        self, text: str, message_id: int, chat_id: int = 10, user_id: int = 10, language_code: str = "it"
    ) -> Pushed:
        kind = self.chats[chat_id]["type"]
        message = self._incoming(chat_id, user_id, language_code, kind, message_id) | self._content(text, None)
        return await self.push("edited_message", message | {"edit_date": int(time.time())})

    async def callback(
        self, data: str, message_id: int | None = None, chat_id: int = 10, user_id: int = 10, language_code: str = "it"
    ) -> Pushed:
        """A press on a button of this message of the bot, or of its last in the chat."""
        own = [
            each["message_id"] for (chat, _), each in self.messages.items() if chat == chat_id and each["from"] == BOT
        ]
        place = chat_id, int(message_id or max(own, default=0))
        forgotten = {"chat": self.chats[chat_id], "message_id": place[1], "date": 0}
        query_id = str(next(self._ids))
        self._queries.add(query_id)
        query = {"id": query_id, "chat_instance": "1", "from": _person(user_id, language_code), "data": data}
        return await self.push("callback_query", query | {"message": self.messages.get(place, forgotten)})

    async def push(self, kind: str, content: Json, update_id: int | None = None) -> Pushed:
        """Any update, by its name in the Bot API."""
        update: Json = {"update_id": update_id or 1000 + next(self._ids), kind: content}
        self._updates[update["update_id"]] = update
        if self._allowed and kind not in self._allowed:
            return Pushed(update, None)
        return await self._deliver(update, self._queue)

    async def resend(self, update_id: int) -> Pushed:
        """The same update once more, be it confirmed or not."""
        return await self._deliver(self._updates[update_id], self._again)

    def _incoming(self, chat_id: int, user_id: int, language: str, kind: str, message_id: int | None = None) -> Json:
        named = {"first_name": "Anna"} if kind == "private" else {"title": "Acme"}
        chat = self.chats[chat_id] = {"id": chat_id, "type": kind} | named
        number = message_id or next(self._ids)
        message: Json = {
            "message_id": number,
            "from": _person(user_id, language),
            "chat": chat,
            "date": int(time.time()),
        }
        self.messages[chat_id, number] = message
        return message

    def _content(self, text: str | None, entities: list[Json] | None) -> Json:
        if text is None:
            return {}
        return {"text": text, "entities": detected(text) if entities is None else entities}


def _person(user_id: int, language_code: str) -> Json:
    return {"id": user_id, "is_bot": False, "first_name": "Anna", "language_code": language_code}
