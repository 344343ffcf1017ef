"""Telegram on loopback: the Bot API by polling and by webhook, as strict about its parameters as the real one."""

from __future__ import annotations

import asyncio
import re
import time
from contextlib import suppress
from typing import Any

from aiohttp import ClientSession, web
from emulators.loopback import Fault, Json, Refused, read
from emulators.telegram_people import BOT, Pushed, TelegramPeople
from emulators.telegram_text import (
    INERT,
    PARSERS,
    PRESSED,
    SPANS,
    Sent,
    bad,
    check_markup,
    decoded,
    detected,
    live_parts,
    must,
    part,
    splits,
    units,
)

__all__ = ["Pushed", "Sent", "TelegramEmulator", "detected", "live_parts", "part", "units"]

TOKEN = "1:TEST"
TEXT_UNITS, CAPTION_UNITS = 4096, 1024
# What else each method takes; anything more is refused, so that a misspelt parameter cannot pass.
SENDING = (
    "business_connection_id chat_id message_thread_id parse_mode disable_notification protect_content"
    " allow_paid_broadcast message_effect_id reply_parameters reply_markup"
)
PARAMETERS = {
    "getMe": "",
    "getUpdates": "offset limit timeout allowed_updates",
    "setWebhook": "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token",
    "deleteWebhook": "drop_pending_updates",
    "getWebhookInfo": "",
    "sendMessage": f"{SENDING} text entities link_preview_options",
    "sendDocument": f"{SENDING} document thumbnail caption caption_entities disable_content_type_detection",
    "editMessageText": "business_connection_id chat_id message_id inline_message_id text parse_mode entities"
    " link_preview_options reply_markup",
    "editMessageReplyMarkup": "business_connection_id chat_id message_id inline_message_id reply_markup",
    "deleteMessage": "chat_id message_id",
    "answerCallbackQuery": "callback_query_id text show_alert url cache_time",
    "answerInlineQuery": "inline_query_id results cache_time is_personal next_offset button",
    "setMyCommands": "commands scope language_code",
    "getMyCommands": "scope language_code",
    "setMyDescription": "description language_code",
    "setMyShortDescription": "short_description language_code",
    "getFile": "file_id",
    "sendChatAction": "business_connection_id chat_id message_thread_id action",
}
ACTIONS = ("typing", "upload_document", "upload_photo", "choose_sticker", "find_location")


class TelegramEmulator(TelegramPeople):
    """One bot, known by its token, and the people who write to it."""

    def __init__(self, token: str = TOKEN) -> None:
        routes = web.route("*", "/bot{token}/{method}", self._api), web.get("/file/bot{token}/{path:.+}", self._file)
        super().__init__(*routes)
        self.token = token
        self.sent: list[Sent] = []
        self.files: dict[str, bytes] = {}
        self.webhook: Json = {"url": ""}
        self.settings: dict[tuple[str, str], Any] = {}
        self._poll = 0

    @property
    def base_url(self) -> str:
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        return f"{self.url}/file/bot"

    # --- what the bot asks

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        payload = {key: decoded(key, value) for key, value in (await read(request)).items()}

        async def act(payload: Json) -> Json:
            if request.match_info["token"] != self.token:
                raise bad("Unauthorized", 401)
            if method not in PARAMETERS:
                raise bad("Not Found", 404)
            unknown = payload.keys() - set(PARAMETERS[method].split())
            must(not unknown, f"unknown parameters {sorted(unknown)}")
            if method == "getUpdates":
                return {"ok": True, "result": await self._get_updates(payload)}
            return {"ok": True, "result": getattr(self, f"do_{method}")(payload)}

        return await self._serve(request, method, payload, act)

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["path"].removeprefix("documents/"))
        known = request.match_info["token"] == self.token and content is not None
        return web.Response(body=content) if known else web.Response(status=404)

    def _failure(self, fault: Fault) -> Refused:
        if fault.status == 429:
            wait = fault.retry_after
            answer = {"ok": False, "error_code": 429, "description": f"Too Many Requests: retry after {wait}"}
            return Refused(answer | {"parameters": {"retry_after": wait}}, 429)
        status = 400 if fault.status == 200 else fault.status
        known = {403: "Forbidden: bot was blocked by the user", 502: "Bad Gateway"}
        description = fault.error or known.get(status, "Bad Request: dropped")
        return Refused({"ok": False, "error_code": status, "description": description}, status)

    def do_getMe(self, _payload: Json) -> Json:
        return BOT | {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": True}

    async def _get_updates(self, payload: Json) -> list[Json]:
        if self.webhook["url"]:
            raise bad("can't use getUpdates method while webhook is active; use deleteWebhook first", 409)
        self._poll += 1
        mine, offset, limit = self._poll, payload.get("offset", 0), payload.get("limit", 100)
        must(isinstance(limit, int) and 1 <= limit <= 100, "limit must be from 1 to 100")
        self._allowed = payload.get("allowed_updates", self._allowed)
        self._queue = (
            [each for each in self._queue if each["update_id"] >= offset] if offset > 0 else self._queue[offset:]
        )
        await self._notify()
        waking = self._changed.wait_for(lambda: self._queue or self._again or self._poll != mine or self.webhook["url"])
        async with self._changed:
            with suppress(TimeoutError):
                await asyncio.wait_for(waking, min(payload.get("timeout", 0), 50))
        if self._poll != mine or self.webhook["url"]:
            raise bad("terminated by other getUpdates request; make sure that only one bot instance is running", 409)
        again, self._again = self._again, []
        return [*again, *self._queue][:limit]

    def do_setWebhook(self, payload: Json) -> bool:
        secret = payload.get("secret_token", "")
        must(re.fullmatch(r"[\w-]{0,256}", secret, re.ASCII), "secret token contains unallowed characters")
        self._allowed = payload.get("allowed_updates", self._allowed)
        self._queue = [] if payload.get("drop_pending_updates") else self._queue
        self.webhook = {"url": payload.get("url", ""), "secret_token": secret}
        return True

    def do_deleteWebhook(self, payload: Json) -> bool:
        return self.do_setWebhook(payload | {"url": ""})

    def do_getWebhookInfo(self, _payload: Json) -> Json:
        waiting = {"pending_update_count": len(self._queue), "allowed_updates": self._allowed}
        return {"url": self.webhook["url"], "has_custom_certificate": False} | waiting

    def do_sendMessage(self, payload: Json) -> Json:
        text, entities = self._text(payload, "text", TEXT_UNITS)
        must(text.strip(), "message text is empty")
        return self._send("sendMessage", payload, text, entities)

    def do_sendDocument(self, payload: Json) -> Json:
        must(payload.get("document"), "there is no document in the request")
        caption, entities = self._text(payload, "caption", CAPTION_UNITS)
        return self._send("sendDocument", payload, caption, entities)

    def do_editMessageText(self, payload: Json) -> Json:
        text, entities = self._text(payload, "text", TEXT_UNITS)
        must(text.strip(), "message text is empty")
        return self._edit("editMessageText", payload, {"text": text, "entities": entities})

    def do_editMessageReplyMarkup(self, payload: Json) -> Json:
        return self._edit("editMessageReplyMarkup", payload, {})

    def do_deleteMessage(self, payload: Json) -> bool:
        found = self.messages.pop((self._chat(payload)["id"], payload.get("message_id", 0)), None)
        must(found, "message to delete not found")
        return True

    def do_answerCallbackQuery(self, payload: Json) -> bool:
        known = payload.get("callback_query_id") in self._queries
        must(known, "query is too old and response timeout expired or query ID is invalid")
        must(units(payload.get("text", "")) <= 200, "MESSAGE_TOO_LONG")
        self._queries.remove(payload["callback_query_id"])
        return True

    def do_answerInlineQuery(self, payload: Json) -> bool:
        results = payload.get("results", [])
        must(len(results) <= 50 and len({each["id"] for each in results}) == len(results), "RESULTS_TOO_MUCH")
        for each in results:
            must(1 <= len(each["id"].encode()) <= 64, "RESULT_ID_INVALID")
            content = each.get("input_message_content", {})
            self._text({"text": content.get("message_text", ""), **content}, "text", TEXT_UNITS)
            check_markup(each.get("reply_markup"))
        return True

    def do_setMyCommands(self, payload: Json) -> bool:
        commands = payload.get("commands", [])
        must(len(commands) <= 100, "BOT_COMMANDS_TOO_MUCH")
        for each in commands:
            must(re.fullmatch(r"[a-z0-9_]{1,32}", each["command"]), "BOT_COMMAND_INVALID")
            must(1 <= len(each["description"]) <= 256, "BOT_COMMAND_DESCRIPTION_INVALID")
        self.settings["commands", payload.get("language_code", "")] = commands
        return True

    def do_getMyCommands(self, payload: Json) -> Any:
        return self.settings.get(("commands", payload.get("language_code", "")), [])

    def do_setMyDescription(self, payload: Json) -> bool:
        return self._describe("description", 512, payload)

    def do_setMyShortDescription(self, payload: Json) -> bool:
        return self._describe("short_description", 120, payload)

    def _describe(self, key: str, most: int, payload: Json) -> bool:
        must(len(payload.get(key, "")) <= most, f"{key} is too long")
        self.settings[key, payload.get("language_code", "")] = payload.get(key, "")
        return True

    def do_getFile(self, payload: Json) -> Json:
        name = payload.get("file_id", "")
        must(name in self.files, "wrong file_id or the file is temporarily unavailable")
        place = {"file_path": f"documents/{name}", "file_size": len(self.files[name])}
        return {"file_id": name, "file_unique_id": name} | place

    def do_sendChatAction(self, payload: Json) -> bool:
        self._chat(payload)
        must(payload.get("action") in ACTIONS, "wrong parameter action in request")
        return True

    # --- messages

    def _text(self, payload: Json, key: str, most: int) -> tuple[str, list[Json]]:
        """The text that remains after its markup, with valid entities."""
        source, mode = str(payload.get(key, "")), str(payload.get("parse_mode") or "")
        must(mode.lower() in PARSERS, f"unsupported parse_mode {mode}")
        given = payload.get("entities" if key == "text" else "caption_entities") or []
        text, entities = PARSERS[mode.lower()](source) if mode else (source, given)
        must(units(text) <= most, f"message {'' if key == 'text' else key + ' '}is too long")
        for each in entities:
            known = each.get("type") in {*SPANS, *PRESSED, *INERT, "custom_emoji"}
            must(known, f"can't parse MessageEntity: {each.get('type')}")
            fits = 0 <= each["offset"] < each["offset"] + each["length"] <= units(text)
            must(fits, "entity begins or ends outside of the text")
            whole = not any(splits(text, at) for at in (each["offset"], each["offset"] + each["length"]))
            must(whole, "entity begins or ends in a middle of a UTF-16 symbol")
        return text, entities

    def _send(self, method: str, payload: Json, text: str, entities: list[Json]) -> Json:
        chat, markup = self._chat(payload), payload.get("reply_markup")
        check_markup(markup)
        reply = payload.get("reply_parameters") or {}
        there = not reply or (chat["id"], reply["message_id"]) in self.messages
        must(there or reply.get("allow_sending_without_reply"), "message to be replied not found")
        must(len(entities) <= 100, "more entities than Telegram keeps")
        message: Json = {"message_id": next(self._ids), "from": BOT, "chat": chat, "date": int(time.time())}
        content: Json = {"text": text, "entities": entities} if method == "sendMessage" else {"caption": text}
        if document := payload.get("document"):
            name = document["filename"] if isinstance(document, dict) else document
            content["document"] = {"file_id": name, "file_unique_id": name, "file_name": name}
        # Of the keyboards, only the one under a message is a part of it.
        content |= {"reply_markup": markup} if markup and "inline_keyboard" in markup else {}
        content |= self.replied(chat["id"], reply.get("message_id")) if reply and there else {}
        self.messages[chat["id"], message["message_id"]] = message | content
        self._show(method, message, text, entities, markup, document)
        return message | content

    def _edit(self, method: str, payload: Json, change: Json) -> Json:
        chat, markup = self._chat(payload), payload.get("reply_markup")
        check_markup(markup, is_edit=True)
        old = self.messages.get((chat["id"], payload.get("message_id", 0)))
        must(old, "message to edit not found")
        must(old and old["from"] == BOT, "message can't be edited")
        assert old
        new = {key: value for key, value in old.items() if key != "reply_markup"} | change
        new |= {"reply_markup": markup} if markup and markup["inline_keyboard"] else {}
        must(new != old, "message is not modified: specified new message content and reply markup are exactly the same")
        self.messages[chat["id"], old["message_id"]] = new
        self._show(method, new, new.get("text", ""), new.get("entities", []), markup, None)
        return new | {"edit_date": int(time.time())}

    def _show(self, method: str, message: Json, text: str, entities: list[Json], markup: Any, document: Any) -> None:
        place = message["chat"]["id"], message["message_id"]
        self.sent.append(Sent(method, *place, text, entities, markup, document))

    async def _deliver(self, update: Json, queue: list[Json]) -> Pushed:
        if not self.webhook["url"]:
            queue.append(update)
            await self._notify()
            return Pushed(update, None)
        secret = self.webhook["secret_token"]
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        async with ClientSession() as http, http.post(self.webhook["url"], json=update, headers=headers) as answer:
            return Pushed(update, answer.status)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
