"""Telegram's texts: markup read into entities, what goes live of its own accord, and what a person can press."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from emulators.loopback import Json, Refused

PRESSED = ("url", "text_link", "mention", "text_mention", "hashtag", "cashtag", "bot_command", "email", "phone_number")
INERT = ("pre", "code")
BUTTON_BYTES = 64
SPANS = ("bold", "italic", "underline", "strikethrough", "spoiler", "blockquote", "expandable_blockquote")
# Parameters that are text; the rest arrive as JSON, also inside a form.
TEXTS = {
    *("text", "caption", "parse_mode", "url", "secret_token", "callback_query_id", "inline_query_id", "next_offset"),
    *("file_id", "description", "short_description", "language_code", "action", "document"),
}
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


def splits(text: str, at: int) -> bool:
    """Whether this place, in UTF-16 units, is inside a character."""
    return 0xDC <= text.encode("utf-16-le")[2 * at + 1 : 2 * at + 2].ljust(1)[0] <= 0xDF


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


PARSERS: dict[str, Callable[[str], tuple[str, list[Json]]]] = {
    "": lambda source: (source, []),
    "html": parse_html,
    "markdownv2": parse_markdown,
}


def check_markup(markup: Json | None, *, is_edit: bool = False) -> None:
    """Refuses buttons that Telegram would not take, and questions it would not put."""
    known = {"inline_keyboard", "force_reply", "selective", "input_field_placeholder"}
    must(not markup or markup.keys() <= known, f"unknown markup {sorted((markup or {}).keys() - known)}")
    must(not markup or ("inline_keyboard" in markup) != bool(markup.get("force_reply")), "object expected as markup")
    must(not (is_edit and (markup or {}).get("force_reply")), "inline keyboard expected")
    must(len((markup or {}).get("input_field_placeholder", "-")) in range(1, 65), "PLACEHOLDER_INVALID")
    must(sum(map(len, (markup or {}).get("inline_keyboard", []))) <= 100, "REPLY_MARKUP_TOO_LONG")
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            must(button.get("text"), "inline keyboard button text is empty")
            must(
                len(button.keys() - {"text", "style"}) == 1,
                "exactly one of the optional fields of a button must be used",
            )
            size = len(str(button.get("callback_data", "-")).encode())
            must(1 <= size <= BUTTON_BYTES, "BUTTON_DATA_INVALID")


def decoded(key: str, value: Any) -> Any:
    """A parameter as it is meant: a text, or what its JSON says."""
    if key in TEXTS or not isinstance(value, str):
        return value
    with suppress(ValueError):
        return json.loads(value)
    return value
