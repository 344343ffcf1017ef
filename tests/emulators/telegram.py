"""Telegram on loopback: the Bot API by polling and by webhook, as strict about its parameters as the real one."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web
from emulators.slack import Fault, Loopback, Refused, read
from emulators.slack_limits import Json

BOT: Json = {"id": 1, "is_bot": True, "first_name": "Vaglio", "username": "vaglio_bot"}
TOKEN = "1:TEST"
TEXT_UNITS, CAPTION_UNITS, BUTTON_BYTES = 4096, 1024, 64
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
# Parameters that are text; the rest arrive as JSON, also inside a form.
TEXTS = {
    *("text", "caption", "parse_mode", "url", "secret_token", "callback_query_id", "inline_query_id", "next_offset"),
    *("file_id", "description", "short_description", "language_code", "action", "document"),
}
ACTIONS = ("typing", "upload_document", "upload_photo", "choose_sticker", "find_location")
PRESSED = ("url", "text_link", "mention", "text_mention", "hashtag", "cashtag", "bot_command", "email", "phone_number")
INERT = ("pre", "code")
SPANS = ("bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote")
# Enough of the generic top-level domains; any two letters pass for a country.
GENERIC = "com|org|net|info|biz|edu|gov|dev|app|online|site|shop|blog|news|agency|cloud|store|tech|xyz"
DETECTED = {
    "url": re.compile(
        r"\b(?:https?|ftp|tg|ton)://[^\s<>\"]+|(?<![\w@.])(?:\d{1,3}\.){3}\d{1,3}\b"
        rf"|(?<![\w@.-])(?:[\w-]+\.)+(?:[a-z]{{2}}|{GENERIC})(?![\w@-]|\.\w)(?:[/?#:][^\s<>\"]*)?",
        re.IGNORECASE,
    ),
    "email": re.compile(r"(?<![\w.+-])[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}\b", re.IGNORECASE),
    "mention": re.compile(r"(?<![\w/@])@\w{2,32}\b", re.ASCII),
    "bot_command": re.compile(r"(?<![\w/<>])/\w{1,64}(?:@\w{2,32})?(?![\w/<>])", re.ASCII),
    "hashtag": re.compile(r"(?<![\w#])#(?=\w*[^\W\d_])\w{1,256}"),
    "cashtag": re.compile(r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})(?![\w$])"),
    "phone_number": re.compile(r"(?<![\w.,/-])(?!\d{4}-\d\d-\d\d)(?:\+|00)?\(?\d(?:[ ()./-]{0,2}\d){7,14}(?![\w-])"),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as a person sees it after this call; offsets of entities are UTF-16 units."""

    method: str
    chat_id: int
    message_id: int
    text: str
    entities: list[Json]
    reply_markup: Json | None
    document: Json | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """An update on its way to the bot; `status` is what its webhook answered."""

    update: Json
    status: int | None

    @property
    def update_id(self) -> int:
        return int(self.update["update_id"])


def bad(description: str, status: int = 400) -> Refused:
    prefix = {400: "Bad Request: ", 409: "Conflict: "}.get(status, "")
    return Refused({"ok": False, "error_code": status, "description": prefix + description}, status)


def must(holds: object, description: str) -> None:
    if not holds:
        raise bad(description)


def units(text: str) -> int:
    """Telegram counts in UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def part(text: str, entity: Json) -> str:
    """What an entity covers."""
    raw = text.encode("utf-16-le")
    return raw[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le", "replace")


# --- markup and what goes live

TAG = re.compile(r"<(/?)([a-z-]+)((?:\s+[a-z-]+(?:=(?:\"[^\"]*\"|'[^']*'))?)*)\s*>|<", re.IGNORECASE)
TAGS = {
    **{"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline"},
    **{"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler"},
    **{"a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote"},
}
MARKS = {
    "```": "pre",
    "`": "code",
    "||": "spoiler",
    "__": "underline",
    "_": "italic",
    "*": "bold",
    "~": "strikethrough",
}


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Text and entities, or a refusal of markup that is broken."""
    text, end = "", 0
    entities: list[Json] = []
    opened: list[tuple[str, Json]] = []
    for tag in TAG.finditer(source):
        text, end = text + _unescaped(source[end : tag.start()]), tag.end()
        name = (tag[2] or "").lower()
        must(name in TAGS, f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {tag.start()}')
        if not tag[1]:
            address = re.search(r"href=[\"'](.*?)[\"']", tag[3])
            extra = {"url": _unescaped(address[1])} if address else {}
            opened.append((name, {"type": TAGS[name], "offset": units(text)} | extra))
            continue
        matches = opened and opened[-1][0] == name
        must(matches, f"can't parse entities: Unmatched end tag at byte offset {tag.start()}")
        entity = opened.pop()[1]
        entities.append(entity | {"length": units(text) - entity["offset"]})
    must(not opened, f"can't parse entities: Can't find end tag corresponding to start tag {opened and opened[-1][0]}")
    return text + _unescaped(source[end:]), [each for each in entities if each["length"]]


def _unescaped(source: str) -> str:
    return re.sub(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);", lambda match: html.unescape(match[0]), source)


class _MarkdownV2:
    """MarkdownV2 read once from left to right; custom emoji and expandable quotations count as broken."""

    TOKEN = re.compile(
        r"\\(?P<escaped>[\x01-\x7e])|(?P<mark>```|`|\|\||__|_|\*|~)|(?P<quote>^>)|(?P<ending>\n(?!>))|(?P<open>\[)"
        r"|\]\((?P<link>(?:\\.|[^)\\`])+)\)|(?P<reserved>[_*\[\]()~`>#+=|{}.!-])|(?P<plain>.)",
        re.MULTILINE | re.DOTALL,
    )

    def __init__(self, source: str) -> None:
        self.text = ""
        self.entities: list[Json] = []
        self._opened: list[tuple[str, int]] = []
        for token in self.TOKEN.finditer(re.sub(r"```\w*\n(.*?)```", r"```\1```", source, flags=re.DOTALL)):
            verbatim = self._inside in {"```", "`"} and token["mark"] != self._inside and not token["escaped"]
            read_token: Callable[[re.Match[str]], None] = getattr(self, "_plain" if verbatim else f"_{token.lastgroup}")
            read_token(token)
        if self._inside == ">":
            self._close("blockquote")
        must(not self._opened, f"can't parse entities: Can't find end of the entity starting with {self._inside}")

    @property
    def _inside(self) -> str:
        return self._opened[-1][0] if self._opened else ""

    def _push(self, mark: str) -> None:
        self._opened.append((mark, units(self.text)))

    def _close(self, kind: str, **extra: str) -> None:
        start = self._opened.pop()[1]
        length = units(self.text) - start
        self.entities += [{"type": kind, "offset": start, "length": length} | extra] if length else []

    def _plain(self, token: re.Match[str]) -> None:
        self.text += token[0]

    def _escaped(self, token: re.Match[str]) -> None:
        self.text += token["escaped"]

    def _mark(self, token: re.Match[str]) -> None:
        if self._inside == token["mark"]:
            self._close(MARKS[token["mark"]])
        else:
            self._push(token["mark"])

    def _quote(self, _token: re.Match[str]) -> None:
        if self._inside != ">":
            self._push(">")

    def _ending(self, _token: re.Match[str]) -> None:
        if self._inside == ">":
            self._close("blockquote")
        self.text += "\n"

    def _open(self, _token: re.Match[str]) -> None:
        self._push("[")

    def _link(self, token: re.Match[str]) -> None:
        if self._inside != "[":
            self._reserved(token)
        self._close("text_link", url=re.sub(r"\\(.)", r"\1", token["link"]))

    def _reserved(self, token: re.Match[str]) -> None:
        raise bad(f"can't parse entities: Character '{token[0][0]}' is reserved and must be escaped with '\\'")


def parse_markdown(source: str) -> tuple[str, list[Json]]:
    """The same for MarkdownV2."""
    parsed = _MarkdownV2(source)
    return parsed.text, parsed.entities


def detected(text: str) -> list[Json]:
    """What Telegram makes an entity without being asked."""
    found: list[Json] = []
    for kind, pattern in DETECTED.items():
        for match in pattern.finditer(text):
            entity = {"type": kind, "offset": units(text[: match.start()]), "length": units(match[0])}
            found += [] if any(_overlap(entity, each) for each in found) else [entity]
    return sorted(found, key=lambda entity: entity["offset"])


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])


def live_parts(sent: Sent) -> list[str]:
    """Everything in a sent text that a person could press, outside `pre` and `code`."""
    inert = [each for each in sent.entities if each["type"] in INERT]
    explicit = [each for each in sent.entities if each["type"] in PRESSED]
    found = [each for each in detected(sent.text) if not any(_overlap(each, code) for code in inert)]
    return [f"{each['type']}: {each.get('url') or part(sent.text, each)}" for each in explicit + found]


class TelegramEmulator(Loopback):
    """One bot and the people who write to it. A chat exists once somebody wrote in it, or when put into `chats`."""

    def __init__(self, token: str = TOKEN) -> None:
        routes = web.route("*", "/bot{token}/{method}", self._api), web.get("/file/bot{token}/{path:.+}", self._file)
        super().__init__(*routes)
        self.token = token
        self.sent: list[Sent] = []
        self.chats: dict[int, Json] = {}
        self.files: dict[str, bytes] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.webhook: Json = {"url": ""}
        self.settings: dict[tuple[str, str], Any] = {}
        self._updates: dict[int, Json] = {}
        self._queue: list[Json] = []
        self._again: list[Json] = []
        self._allowed: list[str] = []
        self._queries: set[str] = set()
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
        payload = {key: _decoded(key, value) for key, value in (await read(request)).items()}

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
            _check_markup(each.get("reply_markup"))
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

    def _chat(self, payload: Json) -> Json:
        chat: Json | None = self.chats.get(payload.get("chat_id", 0))
        must(chat, "chat not found")
        return chat or {}

    def _text(self, payload: Json, key: str, most: int) -> tuple[str, list[Json]]:
        """The text that remains after its markup, with valid entities."""
        source, mode = str(payload.get(key, "")), str(payload.get("parse_mode") or "")
        must(mode.lower() in PARSERS, f"unsupported parse_mode {mode}")
        given = payload.get("entities" if key == "text" else "caption_entities") or []
        text, entities = PARSERS[mode.lower()](source) if mode else (source, given)
        must(units(text) <= most, f"message {'' if key == 'text' else key + ' '}is too long")
        for each in entities:
            must(
                each.get("type") in {*SPANS, *PRESSED, *INERT, "custom_emoji"},
                f"can't parse MessageEntity: {each.get('type')}",
            )
            fits = 0 <= each["offset"] < each["offset"] + each["length"] <= units(text)
            must(fits, "entity begins or ends outside of the text")
            must("\ufffd" not in part(text, each), "entity begins or ends in a middle of a UTF-16 symbol")
        return text, entities

    def _send(self, method: str, payload: Json, text: str, entities: list[Json]) -> Json:
        chat, markup = self._chat(payload), payload.get("reply_markup")
        _check_markup(markup)
        reply = payload.get("reply_parameters") or {}
        there = not reply or (chat["id"], reply["message_id"]) in self.messages
        must(there or reply.get("allow_sending_without_reply"), "message to be replied not found")
        message: Json = {"message_id": next(self._ids), "from": BOT, "chat": chat, "date": int(time.time())}
        content: Json = {"text": text, "entities": entities} if method == "sendMessage" else {"caption": text}
        if document := payload.get("document"):
            name = document["filename"] if isinstance(document, dict) else document
            content["document"] = {"file_id": name, "file_unique_id": name, "file_name": name}
        # Of the keyboards, only the one under a message is a part of it.
        content |= {"reply_markup": markup} if markup and "inline_keyboard" in markup else {}
        self.messages[chat["id"], message["message_id"]] = message | content
        self._show(method, message, text, entities, markup, document)
        return message | content

    def _edit(self, method: str, payload: Json, change: Json) -> Json:
        chat, markup = self._chat(payload), payload.get("reply_markup")
        _check_markup(markup)
        old = self.messages.get((chat["id"], payload.get("message_id", 0)))
        if old is None or old["from"] != BOT:
            raise bad("message to edit not found" if old is None else "message can't be edited")
        new = {key: value for key, value in old.items() if key != "reply_markup"} | change
        new |= {"reply_markup": markup} if markup and markup["inline_keyboard"] else {}
        must(new != old, "message is not modified: specified new message content and reply markup are exactly the same")
        self.messages[chat["id"], old["message_id"]] = new
        self._show(method, new, new.get("text", ""), new.get("entities", []), markup, None)
        return new | {"edit_date": int(time.time())}

    def _show(self, method: str, message: Json, text: str, entities: list[Json], markup: Any, document: Any) -> None:
        place = message["chat"]["id"], message["message_id"]
        self.sent.append(Sent(method, *place, text, entities, markup, document))

    # --- what people do

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


def _decoded(key: str, value: Any) -> Any:
    if key in TEXTS or not isinstance(value, str):
        return value
    with suppress(ValueError):
        return json.loads(value)
    return value


def _check_markup(markup: Json | None) -> None:
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            must(button.get("text"), "inline keyboard button text is empty")
            must(
                len(button.keys() - {"text", "style"}) == 1,
                "exactly one of the optional fields of a button must be used",
            )
            size = len(str(button.get("callback_data", "-")).encode())
            must(1 <= size <= BUTTON_BYTES, "BUTTON_DATA_INVALID")


PARSERS: dict[str, Callable[[str], tuple[str, list[Json]]]] = {
    "": lambda source: (source, []),
    "html": parse_html,
    "markdownv2": parse_markdown,
}
