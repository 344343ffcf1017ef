"""What people write in Slack, as they read it: its markup of mentions, links and signs undone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_MENTION = re.compile(r"<@([A-Z0-9]+)>")
_MARKUP = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mentioned(raw: str) -> Sequence[str]:
    """The ids of people who are mentioned without their name, each once."""
    return tuple(dict.fromkeys(_MENTION.findall(raw)))


def plain_text(raw: str, names: Mapping[str, str]) -> str:
    """Names for mentions, labels or addresses for links, `&` for `&amp;`. `names` are display names by user id."""

    def read(match: re.Match[str]) -> str:
        sign, target, label = match.groups()
        match sign:
            case "@":
                return f"@{label or names.get(target, target)}"
            case "#":
                return f"#{label or target}"
            case "!":
                # A broadcast (`<!here>`), or a date whose label is what people see.
                return label or f"@{target.partition('^')[0]}"
            case _:
                return label or target.removeprefix("mailto:")

    return unescaped(_MARKUP.sub(read, raw))
