"""What Slack refuses in a payload, what it would make live there, and what a person gets to see of it.

The checks are stricter than Slack where Slack is undocumented or lenient, so that what passes here passes there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any, str], None]

# Undocumented: Slack answers msg_blocks_too_long somewhere past this, and containers count as well as words.
MESSAGE_BLOCK_CHARACTERS = 13_200
VIEW_BYTES = 250_000


class SlackLimit(Exception):
    """Slack would refuse the payload: a JSON pointer to the place, and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or '/'}: {reason}")


def _must(holds: bool, path: str, reason: str) -> None:
    if not holds:
        raise SlackLimit(path, reason)


def string(most: int, least: int = 1) -> Check:
    def check(value: Any, path: str) -> None:
        _must(isinstance(value, str), path, "must be a string")
        _must(least <= len(value) <= most, path, f"{len(value)} characters, not {least} to {most}")

    return check


def whole(least: int, most: int) -> Check:
    def check(value: Any, path: str) -> None:
        _must(type(value) is int and least <= value <= most, path, f"must be a whole number from {least} to {most}")

    return check


def one_of(*allowed: str) -> Check:
    return lambda value, path: _must(value in allowed, path, f"{value!r} is none of {', '.join(allowed)}")


def flag(value: Any, path: str) -> None:
    _must(isinstance(value, bool), path, "must be true or false")


def listing(item: Check, most: int) -> Check:
    def check(value: Any, path: str) -> None:
        _must(isinstance(value, list) and bool(value), path, "must be a list that is not empty")
        _must(len(value) <= most, path, f"{len(value)} items, at most {most}")
        for index, entry in enumerate(value):
            item(entry, f"{path}/{index}")

    return check


def shape(required: Mapping[str, Check], **optional: Check) -> Check:
    """An object with these keys and no others."""
    known = {**required, **optional}

    def check(value: Any, path: str) -> None:
        _must(isinstance(value, dict), path, "must be an object")
        for key in required:
            _must(key in value, path, f"{key} is missing")
        for key, entry in value.items():
            _must(key in known, f"{path}/{key}", "unknown key")
            known[key](entry, f"{path}/{key}")

    return check


def by_type(checks: Mapping[str, Check]) -> Check:
    """An object whose `type` says which check the rest of it must pass."""

    def check(value: Any, path: str) -> None:
        found = str(value.get("type")) if isinstance(value, dict) else "nothing"
        _must(found in checks, f"{path}/type", f"{found} is none of {', '.join(checks)}")
        checks[found]({key: entry for key, entry in value.items() if key != "type"}, path)

    return check


def also(check: Check, *rules: Check) -> Check:
    """The check first; the rules may then rely on it."""

    def both(value: Any, path: str) -> None:
        for each in (check, *rules):
            each(value, path)

    return both


# --- Block Kit


def plain(most: int) -> Check:
    return by_type({"plain_text": shape({"text": string(most)}, emoji=flag)})


def texts(most: int) -> dict[str, Check]:
    words = {"text": string(most)}
    return {"plain_text": shape(words, emoji=flag), "mrkdwn": shape(words, verbatim=flag)}


def block(required: Mapping[str, Check], **optional: Check) -> Check:
    return shape(required, block_id=string(255), **optional)


def element(required: Mapping[str, Check], **optional: Check) -> Check:
    return shape(required, action_id=string(255), confirm=CONFIRM, focus_on_load=flag, **optional)


def option(label: Check, **more: Check) -> Check:
    return shape({"text": label, "value": string(150)}, description=plain(75), **more)


def flags(*names: str) -> dict[str, Check]:
    return dict.fromkeys(names, flag)


def _one_source(value: Json, path: str) -> None:
    _must(("options" in value) != ("option_groups" in value), path, "needs options or option_groups")


def _chosen_exists(value: Json, path: str) -> None:
    options = [each for group in value.get("option_groups", [value]) for each in group["options"]]
    chosen = [*value.get("initial_options", []), *([value["initial_option"]] if "initial_option" in value else [])]
    _must(all(each in options for each in chosen), path, "what is chosen at first is not among the options")


def _says_something(value: Json, path: str) -> None:
    _must(bool(value.keys() & {"text", "fields"}), path, "needs text or fields")


COLOURS = one_of("primary", "danger")
CONFIRM = shape({"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)}, style=COLOURS)
PLAIN, MARKED = option(plain(75)), option(by_type(texts(75)))
GROUPS = listing(shape({"label": plain(75), "options": listing(PLAIN, 100)}), 100)
SELECT = element({}, options=listing(PLAIN, 100), option_groups=GROUPS, initial_option=PLAIN, placeholder=plain(150))
TEN = {"options": listing(MARKED, 10)}
CHOICES: dict[str, Check] = {
    "static_select": also(SELECT, _one_source, _chosen_exists),
    "radio_buttons": also(element(TEN, initial_option=MARKED), _chosen_exists),
    "checkboxes": also(element(TEN, initial_options=listing(MARKED, 10)), _chosen_exists),
}
BUTTON = {"value": string(2000), "url": string(3000), "style": COLOURS, "accessibility_label": string(75)}
ACTIONS: dict[str, Check] = CHOICES | {
    "button": element({"text": plain(75)}, **BUTTON),
    "overflow": element({"options": listing(option(plain(75), url=string(3000)), 5)}),
}
DISPATCH = shape({"trigger_actions_on": listing(one_of("on_enter_pressed", "on_character_entered"), 2)})
TYPED: dict[str, Check] = {"initial_value": string(3000, least=0), "placeholder": plain(150), "multiline": flag}
LENGTHS = {"min_length": whole(0, 3000), "max_length": whole(1, 3000)}
TYPING = element({}, dispatch_action_config=DISPATCH, **TYPED, **LENGTHS)
IMAGE: dict[str, Check] = {"image_url": string(3000), "alt_text": string(2000)}
PICTURE = {"image": shape(IMAGE)}

IDENTIFIED = {kind: f"{kind}_id" for kind in ("user", "usergroup", "channel")}
STYLE = shape({}, **flags("bold", "italic", "strike", "code", "underline"))
RICH_WORDS: dict[str, Check] = {
    "text": shape({"text": string(MESSAGE_BLOCK_CHARACTERS)}, style=STYLE),
    "link": shape({"url": string(3000)}, text=string(3000), unsafe=flag, style=STYLE),
}
RICH_INLINE: dict[str, Check] = RICH_WORDS | {
    **{kind: shape({key: string(255)}, style=STYLE) for kind, key in IDENTIFIED.items()},
    "emoji": shape({"name": string(255)}, unicode=string(255), style=STYLE),
    "broadcast": shape({"range": one_of("here", "channel", "everyone")}, style=STYLE),
}
INLINE, BORDER = {"elements": listing(by_type(RICH_INLINE), 1000)}, whole(0, 1)
ITEMS = {"style": one_of("bullet", "ordered"), "elements": listing(by_type({"rich_text_section": shape(INLINE)}), 1000)}
RICH_PARTS: dict[str, Check] = {
    "rich_text_section": shape(INLINE),
    "rich_text_quote": shape(INLINE, border=BORDER),
    "rich_text_preformatted": shape({"elements": listing(by_type(RICH_WORDS), 1000)}, border=BORDER),
    "rich_text_list": shape(ITEMS, indent=whole(0, 8), offset=whole(0, 100_000), border=BORDER),
}
SECTION: dict[str, Check] = {"text": by_type(texts(3000)), "fields": listing(by_type(texts(2000)), 10), "expand": flag}
INPUT = {"label": plain(2000), "element": by_type({**CHOICES, "plain_text_input": TYPING})}
BLOCKS: dict[str, Check] = {
    "header": block({"text": plain(150)}),
    "section": also(block({}, accessory=by_type(ACTIONS | PICTURE), **SECTION), _says_something),
    "context": block({"elements": listing(by_type(texts(3000) | PICTURE), 10)}),
    "divider": block({}),
    "actions": block({"elements": listing(by_type(ACTIONS), 25)}),
    "input": block(INPUT, hint=plain(2000), **flags("optional", "dispatch_action")),
    "image": block(IMAGE, title=plain(2000)),
    "rich_text": block({"elements": listing(by_type(RICH_PARTS), 1000)}),
}
MESSAGE = shape(
    {},
    text=string(40_000, least=0),
    blocks=listing(by_type(BLOCKS), 50),
    parse=one_of("none", "full"),
    response_type=one_of("ephemeral", "in_channel"),
    **dict.fromkeys(("channel", "user", "ts", "thread_ts", "username", "icon_emoji", "icon_url"), string(255)),
    **flags("mrkdwn", "link_names", "unfurl_links", "unfurl_media", "reply_broadcast"),
    **flags("replace_original", "delete_original"),
)
CONTENT = {"blocks": listing(by_type(BLOCKS), 100)}
OWN = {"private_metadata": string(3000, 0), "callback_id": string(255, 0), "external_id": string(255, 0)}
ENDS = {"submit": plain(24), "close": plain(24), **flags("clear_on_close", "notify_on_close", "submit_disabled")}
VIEW = by_type({"home": shape(CONTENT, **OWN), "modal": shape({"title": plain(24), **CONTENT}, **ENDS, **OWN)})


def check_message(payload: Json) -> None:
    """Raises SlackLimit for a message that Slack would refuse (chat.*, response_url, acks of commands)."""
    MESSAGE(payload, "")
    spoken = bool(payload.get("text") or payload.get("delete_original"))
    _must(spoken, "/text", "is missing: notifications and screen readers have nothing else")
    _check_ids(payload)
    size = len(json.dumps(payload.get("blocks", []), ensure_ascii=False, separators=(",", ":")))
    _must(size <= MESSAGE_BLOCK_CHARACTERS, "/blocks", f"{size} characters, {MESSAGE_BLOCK_CHARACTERS} at most")


def check_view(view: Json) -> None:
    """Raises SlackLimit for a modal or Home that Slack would refuse."""
    VIEW(view, "")
    _check_ids(view)
    asks = view["type"] == "modal" and any(each["type"] == "input" for each in view["blocks"])
    _must("submit" in view or not asks, "/submit", "is missing, and there are inputs")
    _must(len(json.dumps(view).encode()) <= VIEW_BYTES, "", f"over {VIEW_BYTES} bytes")


def _check_ids(payload: Json) -> None:
    names: set[str] = set()
    for index, each in enumerate(payload.get("blocks", [])):
        _must(each.get("block_id") not in names, f"/blocks/{index}/block_id", "occurs twice")
        names |= {each["block_id"]} if "block_id" in each else set()
        actions = [node["action_id"] for node in objects(each) if "action_id" in node]
        _must(len(set(actions)) == len(actions), f"/blocks/{index}", "an action_id occurs twice")


# --- what goes live, and what is seen

LIVE = {"link": "url", "emoji": "name", "broadcast": "range"} | IDENTIFIED
CONSTRUCT = re.compile(r"<[^<>]+>")
EMOJI = re.compile(r":(?=[^:\s]*[a-z]|[+-]1:|100:)[\w+'-]+:")
BARE_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>|]+|(?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]*\w")
BARE_NAME = re.compile(r"(?<![\w@/.])@\w[\w.-]*|(?<![\w#&/])#\w[\w-]*")
FORMATTING = re.compile(
    r"```.+?```|(?<![\w`])`[^`\n]+`(?![\w`])"
    r"|(?<![\w*])\*(?=\S)[^*\n]+(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)[^_\n]+(?<=\S)_(?!\w)"
    r"|(?<![\w~])~(?=\S)[^~\n]+(?<=\S)~(?![\w~])|^(?:>|&gt;)[^\n]*",  # the last: a quotation, escaped or not
    re.DOTALL | re.MULTILINE,
)
# What Slack keeps to itself: no person reads an id, a value or a type.
IDS = ("block_id", "action_id", "callback_id", "external_id", "view_id", "trigger_id", "hash", "ts", "thread_ts")
HIDDEN = {*IDS, "type", "value", "metadata", "private_metadata", "token", "style", "initial_option"}


def live_parts(payload: Json) -> list[str]:
    """Everything in a message or view that Slack would turn into more than the characters it is written with."""
    parts: list[str] = []
    if isinstance(text := payload.get("text"), str):
        named = payload.get("parse") == "full" or payload.get("link_names") is True
        linked, styled = payload.get("parse") != "none", payload.get("mrkdwn", True)
        parts += _live_mrkdwn(text, named=named, linked=linked, styled=styled)
    for node in objects(payload):
        kind = str(node.get("type"))
        if kind in LIVE and LIVE[kind] in node:
            parts.append(f"{kind}: {node[LIVE[kind]]}")
        elif kind == "mrkdwn":
            # Without `verbatim`, Slack looks for links and names of its own accord.
            free = not node.get("verbatim", False)
            parts += _live_mrkdwn(node["text"], named=free, linked=free, styled=True)
        elif kind == "plain_text" and node.get("emoji", True):
            parts += EMOJI.findall(node["text"])
        else:
            parts += [f"{key}: {node[key]}" for key in ("url", "image_url") if key in node]
    return parts


def _live_mrkdwn(text: str, *, named: bool, linked: bool, styled: bool) -> list[str]:
    rest = CONSTRUCT.sub(" ", text)
    wanted = ((EMOJI, True), (FORMATTING, styled), (BARE_LINK, linked), (BARE_NAME, named))
    return CONSTRUCT.findall(text) + [part for look, on in wanted if on for part in look.findall(rest)]


def objects(node: Any) -> Iterator[Json]:
    """Every object inside, outermost first."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from objects(inner)


def seen(node: Any) -> Any:
    """The payload without what no person sees."""
    if isinstance(node, dict):
        return {key: seen(entry) for key, entry in node.items() if key not in HIDDEN}
    return [seen(entry) for entry in node] if isinstance(node, list) else node
