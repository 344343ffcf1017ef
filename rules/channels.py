"""What each channel lets through, and how it counts: length, links, hashtags, mentions. As of November 2026."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

import regex

from rules.draft import Channel, Cover, Kind, Span

X_LINK = 23
"""Characters that X counts for a link, whatever its length: it puts one of its own in its place."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a channel allows; None where it sets no limit. Lengths are in characters as the channel counts them."""

    name: str
    post: int | None = None
    reply: int | None = None
    hashtags: int | None = None
    links: int | None = None
    """Different links in one post."""
    opens_links: bool = True
    """Whether a link in the text can be tapped."""
    answers_mentions: bool = False
    """Whether a post that begins with a mention is taken for a reply."""


ALLOWANCES = {
    Channel.LINKEDIN: Allowance("LinkedIn", post=3_000, reply=1_250),
    # Without a subscription.
    Channel.X: Allowance("X", post=280, reply=280, answers_mentions=True),
    Channel.FACEBOOK: Allowance("Facebook", post=63_206, reply=8_000),
    # Thirty hashtags until December 2025.
    Channel.INSTAGRAM: Allowance("Instagram", post=2_200, reply=2_200, hashtags=5, opens_links=False),
    Channel.THREADS: Allowance("Threads", post=500, reply=500, hashtags=1, links=5),
    # Programs that post by the interface have 2,200 for the caption of a video.
    Channel.TIKTOK: Allowance("TikTok", post=4_000, reply=150, hashtags=5, opens_links=False),
    # Of a description; with more hashtags than these, YouTube heeds none.
    Channel.YOUTUBE: Allowance("YouTube", post=5_000, reply=10_000, hashtags=60),
    Channel.BLOG: Allowance("blog"),
    Channel.OTHER: Allowance("web"),
}


def longest(channel: Channel, kind: Kind) -> int | None:
    """The length that a post or a reply may have; None where there is no limit."""
    return ALLOWANCES[channel].reply if kind is Kind.REPLY else ALLOWANCES[channel].post


# --- Length -----------------------------------------------------------------------------------------------------------

_CLUSTER = regex.compile(r"\X")
_PICTURE = r"(?:\p{EBase}\p{EMod}|\p{ExtPict})\ufe0f?"
# With single characters for the rest; \U000e0020 and on spell the flags of England, Scotland and Wales.
_SIGN = regex.compile(
    rf"\p{{RI}}{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}[\U000e0020-\U000e007f]*+(?:\u200d{_PICTURE})*+|.", regex.S
)
_SHOWN_AS_EMOJI = regex.compile(r"\p{Emoji_Presentation}")
# The ranges of twitter-text's third configuration; everything else weighs two.
_LIGHT = regex.compile(r"[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")


def measured(text: str, channel: Channel, limit: int | None) -> tuple[int, Span | None]:
    """The length as the channel counts it, and what is beyond `limit`. White space around the text does not count.

    What is seen as one character is never cut, nor is a link where the channel counts it as one.
    """
    total, beyond = 0, None
    for start, cost in _costs(text, channel):
        total += cost
        if limit is not None and beyond is None and total > limit:
            beyond = Span(start, len(text.rstrip()))
    return total, beyond


def _costs(text: str, channel: Channel) -> Iterator[tuple[int, int]]:
    """What each character, or link, begins at and counts for."""
    cost = _COSTS.get(channel, len)
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    whole = links(text) if channel is Channel.X else []
    bounds = [start, *chain.from_iterable((link.start, link.end) for link in whole), end]
    for number, (left, right) in enumerate(pairwise(bounds)):
        if number % 2:
            yield left, X_LINK
        else:
            for match in _CLUSTER.finditer(text, left, right):
                # A page sends a line break as two characters, and the channel gets one.
                yield match.start(), 1 if match[0] == "\r\n" else cost(match[0])


def _weight(cluster: str) -> int:
    """What X counts: composed, an emoji of any length for two."""
    signs = _SIGN.findall(unicodedata.normalize("NFC", cluster))
    return sum(1 if len(sign) == 1 and _LIGHT.match(sign) else 2 for sign in signs)


def _utf16(cluster: str) -> int:
    return len(cluster.encode("utf-16-le")) // 2


def _emoji_by_bytes(cluster: str) -> int:
    """What Threads counts."""
    signs = _SIGN.findall(cluster)
    return sum(len(sign.encode()) if len(sign) > 1 or _SHOWN_AS_EMOJI.match(sign) else 1 for sign in signs)


_COSTS: dict[Channel, Callable[[str], int]] = {
    Channel.X: _weight,
    Channel.THREADS: _emoji_by_bytes,
    Channel.LINKEDIN: _utf16,
    Channel.FACEBOOK: _utf16,
    Channel.INSTAGRAM: _utf16,
    Channel.TIKTOK: _utf16,
    Channel.YOUTUBE: _utf16,
}


# --- Links ------------------------------------------------------------------------------------------------------------

_LETTER = r"[\p{L}\p{M}\p{Nd}]"
_LATIN = r"[\p{Latin}\p{M}\p{Nd}]"
_IN_PATH = r"\p{Latin}\p{M}\p{Cyrillic}0-9!?*';:=+,.$/%#\[\]\-–_~@|&"


def _host(letter: str) -> str:
    label = rf"{letter}(?:[{letter[1:-1]}_\-]{{0,61}}{letter})?+"
    return rf"{label}(?:\.{label}){{1,20}}+"


_LINK = regex.compile(
    rf"(?<![\p{{Latin}}\p{{M}}\p{{Nd}}@＠$#＃\ufeff])(?:https?://(?P<host>{_host(_LETTER)})"
    rf"|(?<![\-_./])(?P<bare>{_host(_LATIN)}))(?![@＠])"
    rf"(?P<rest>(?::\p{{Nd}}{{1,5}})?(?:[/?](?:[{_IN_PATH}]|\([{_IN_PATH}]*+\))*+)?+)",
    regex.I,
)
_TRAILING = regex.compile(r"[^\p{Latin}\p{M}\p{Cyrillic}0-9=_#/+\-)]+$")


def prepare() -> None:
    """Read the list of domains now rather than with the first link."""
    _top_level_domains()


def links(text: str) -> list[Span]:
    """Where the text has links as X reads them, with or without `https://`: whatever ends in a domain that exists."""
    return [Span(start, end) for match in _LINK.finditer(text) if (start := match.start()) < (end := _end(match))]


def _end(match: regex.Match[str]) -> int:
    """Where the link ends; at its start where it is none."""
    name = "host" if match["host"] else "bare"
    labels = match[name].split(".")
    known = len(labels)
    while known > 1 and not _is_top_level(labels[known - 1]):
        known -= 1
    if known == 1:
        return match.start()
    if known < len(labels):
        return match.start(name) + len(".".join(labels[:known]))
    return match.end() - (len(tail[0]) if (tail := _TRAILING.search(match["rest"])) else 0)


def _is_top_level(label: str) -> bool:
    name = unicodedata.normalize("NFC", label.lower())
    return name.startswith("xn--") or name in _top_level_domains()


@cache
def _top_level_domains() -> frozenset[str]:
    import tldextract  # a tenth of a second, which only these rules have to pay for

    # Its own instance fetches a newer list and writes it to disk.
    suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    return frozenset(suffix.rpartition(".")[2] for suffix in suffixes)


# --- Hashtags and mentions --------------------------------------------------------------------------------------------

# Not in a word (C#), in an HTML entity or after another sign; an emoji's last character counts as a mark.
_HASHTAGS = regex.compile(
    r"(?V1)(?<![[\p{L}\p{M}\p{Nd}_&]--[\ufe0e\ufe0f]])"
    r"(?:[#＃](?=[\p{Nd}\p{M}_·]*+\p{L})[\p{L}\p{M}\p{Nd}_·\u200c]++)++(?!://)"
)
_HASHTAG = regex.compile(r"[#＃][^#＃]+")


def hashtags(text: str) -> list[Span]:
    """Hashtags, also written one to the next; a number alone (`#1`) is none, nor is `C#` or what is in a link."""
    inside = Cover(links(text))
    found = (
        Span(run.start() + match.start(), run.start() + match.end())
        for run in _HASHTAGS.finditer(text)
        for match in _HASHTAG.finditer(run[0])
    )
    return [span for span in found if not inside.covers(span)]


_AT = r"(?V1)(?<![[\p{Latin}\p{M}\p{Nd}_@＠!#＃$%&*/]--[\ufe0e\ufe0f]])(?<![\p{Latin}\p{Nd}][.+\-])[@＠]"
_NAMED = r"(?=[\p{Nd}_.\-]*+\p{L})"
_AFTER = r"(?![\p{Latin}\p{M}\p{Nd}_@＠]|://)"
_ON_X = regex.compile(rf"{_AT}{_NAMED}[A-Za-z0-9_]{{1,20}}+{_AFTER}")
_WITH_DOTS = regex.compile(rf"{_AT}{_NAMED}[A-Za-z0-9_](?:[A-Za-z0-9_.]{{0,48}}[A-Za-z0-9_])?+{_AFTER}")
_ANY = regex.compile(rf"{_AT}{_NAMED}{_LETTER}(?:[\p{{L}}\p{{M}}\p{{Nd}}_.\-]{{0,98}}{_LETTER})?+{_AFTER}")
_HANDLES = {
    Channel.X: _ON_X,
    Channel.FACEBOOK: _WITH_DOTS,
    Channel.INSTAGRAM: _WITH_DOTS,
    Channel.THREADS: _WITH_DOTS,
    Channel.TIKTOK: _WITH_DOTS,
}


def mentions(text: str, channel: Channel) -> list[Span]:
    """Handles with their `@`, in the letters that the channel has for them; what is in an address or link is none."""
    inside = Cover(links(text))
    found = (Span(*match.span()) for match in _HANDLES.get(channel, _ANY).finditer(text))
    return [span for span in found if not inside.covers(span)]
