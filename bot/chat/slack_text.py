"""What people write in Slack, as they read it: its markup of mentions, links and signs undone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MENTION = re.compile(r"<@([A-Z0-9]+)\|?>")
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_BROADCASTS = frozenset({"here", "channel", "everyone"})
_SCHEMES = ("mailto:", "tel:")


def whole(text: str) -> str:
    """A sign for each half of a character, which no record could hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(raw: str) -> Sequence[str]:
    """The ids of people who are mentioned without their name, each once."""
    return tuple(dict.fromkeys(_MENTION.findall(raw)))


def plain_text(raw: str, names: Mapping[str, str], emoji: Mapping[str, str] | None = None) -> str:
    """Names for mentions, labels or addresses for links, `&` for `&amp;`, and emoji for their `:names:`.

    `names` are display names by user id; `emoji` as `emoji_of` finds them in the message.
    """
    for name, sign in (emoji or {}).items():
        raw = raw.replace(name, sign)

    def read(match: re.Match[str]) -> str:
        sign, target, label = match.groups()
        match sign:
            case "@":
                return f"@{label or names.get(target, target)}"
            case "#":
                return f"#{label or target}"
            case "!" if target in _BROADCASTS:
                return f"@{target}"
            case "!":
                # A group of people or a date: its label is what people see.
                return label or f"@{target.partition('^')[0]}"
            case _:
                return label or _address(target)

    return unescaped(_MARKUP.sub(read, raw))


def emoji_of(message: Mapping[str, Any]) -> dict[str, str]:
    """The emoji of a message by the names that stand for them in its text, such as `:wave::skin-tone-2:`."""
    found = {}
    for node in _objects(message.get("blocks") or ()):
        if node.get("type") == "emoji" and (code := node.get("unicode")):
            tone = f":skin-tone-{node['skin_tone']}:" if node.get("skin_tone") else ""
            found[f":{node['name']}:{tone}"] = "".join(chr(int(point, 16)) for point in code.split("-"))
    # The longest first: a name may be how another begins.
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def _address(target: str) -> str:
    return next((target.removeprefix(scheme) for scheme in _SCHEMES if target.startswith(scheme)), target)


def _objects(node: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, list | tuple):
        for inner in node:
            yield from _objects(inner)
