"""What people do in Telegram, and the updates that it becomes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from emulators.loopback import Json, Loopback, Refused
from emulators.telegram_text import detected, must

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
        self.names: dict[int, Json] = {}
        """Of those who are not called Anna: what else is known of them."""
        self.moved: dict[int, int] = {}
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
        reply_to: int | None = None,
        **extra: Any,
    ) -> Pushed:
        """`extra` is for what other messages carry: `photo`, `caption`, `via_bot`, `forward_origin`."""
        content = self._content(text, entities) | extra | (self.replied(chat_id, reply_to) if reply_to else {})
        message = self._incoming(chat_id, user_id, language_code, chat_type) | content
        self.messages[chat_id, message["message_id"]] = message
        return await self.push("message", message, update_id)

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
        query = {"id": query_id, "chat_instance": "1", "from": self._person(user_id, language_code), "data": data}
        return await self.push("callback_query", query | {"message": self.messages.get(place, forgotten)})

    async def press(self, label: str, chat_id: int = 10, message_id: int | None = None, **who: Any) -> Pushed:
        """The button of this label: of that message, or of the newest in the chat that has one."""
        for message in self.with_buttons(chat_id):
            if message_id in (None, message["message_id"]) and label in (found := labels(message)):
                return await self.callback(found[label], message["message_id"], chat_id, **who)
        seen = [list(labels(message)) for message in self.with_buttons(chat_id)]
        raise AssertionError(f"nobody sees a button {label!r} in {chat_id}; seen: {seen}")

    async def taken(self, pushed: Pushed) -> None:
        """Until the bot has confirmed this update."""
        await self._until(lambda: pushed.update not in self._queue, 5.0, f"update {pushed.update_id} confirmed")

    def said(self, chat_id: int = 10) -> list[Json]:
        """The bot's messages in a chat as they are now, the oldest first."""
        here = [each for (chat, _), each in self.messages.items() if chat == chat_id and each["from"] == BOT]
        return sorted(here, key=lambda each: int(each["message_id"]))

    def with_buttons(self, chat_id: int) -> list[Json]:
        """The messages of a chat that can be pressed, the newest first."""
        here = [message for (chat, _), message in self.messages.items() if chat == chat_id]
        return sorted((each for each in here if labels(each)), key=lambda each: -int(each["message_id"]))

    def forget_queries(self) -> None:
        """It is too late to answer any press that was made before."""
        self._queries.clear()

    def group(self, chat_id: int, kind: str = "supergroup") -> None:
        self.chats[chat_id] = {"id": chat_id, "type": kind, "title": "Acme"}

    def migrate(self, old: int, new: int) -> None:
        """A group becomes a supergroup: another chat, without the messages of the old one."""
        self.group(new)
        self.moved[old] = new

    def replied(self, chat_id: int, message_id: int | None) -> Json:
        """What a reply carries: the message that it replies to, without what that one replied to."""
        old = self.messages[chat_id, message_id or 0]
        return {"reply_to_message": {key: value for key, value in old.items() if key != "reply_to_message"}}

    def _chat(self, payload: Json) -> Json:
        chat_id = payload.get("chat_id", 0)
        if chat_id in self.moved:
            answer = {"ok": False, "error_code": 400, "parameters": {"migrate_to_chat_id": self.moved[chat_id]}}
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(answer | {"description": description}, 400)
        chat: Json | None = self.chats.get(chat_id)
        must(chat, "chat not found")
        return chat or {}

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
            "from": self._person(user_id, language),
            "chat": chat,
            "date": int(time.time()),
        }
        self.messages[chat_id, number] = message
        return message

    def _content(self, text: str | None, entities: list[Json] | None) -> Json:
        if text is None:
            return {}
        return {"text": text, "entities": detected(text) if entities is None else entities}

    def _person(self, user_id: int, language_code: str) -> Json:
        named = {"first_name": "Anna"} | self.names.get(user_id, {})
        return {"id": user_id, "is_bot": False, "language_code": language_code} | named


def labels(message: Json) -> dict[str, str]:
    """The buttons under a message, and what each brings back."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["text"]: button["callback_data"] for row in rows for button in row}
