"""The text under screening, and places in it.

Offsets count Python characters of `Draft.text`. Telegram counts UTF-16 units and Slack
escapes `&<>`: both are converted at the edge (`bot/chat/`), never here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

LIMIT = 10_000
"""Characters that a draft may have unless the settings say otherwise."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters, never empty."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end

    def covers(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


def outermost(spans: Iterable[Span]) -> list[Span]:
    """In order, without those that lie in another."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.start, -span.end)):
        if not kept or span.end > kept[-1].end:
            kept.append(span)
    return kept


def united(spans: Iterable[Span]) -> list[Span]:
    """In order; those that overlap become one."""
    kept: list[Span] = []
    for span in sorted(spans):
        if kept and span.start < kept[-1].end:
            kept[-1] = Span(kept[-1].start, max(kept[-1].end, span.end))
        else:
            kept.append(span)
    return kept


class Cover:
    """Many spans, and at once whether any of them covers another: drafts can hold thousands of both."""

    def __init__(self, spans: Iterable[Span]) -> None:
        ordered = sorted(spans)
        self._starts = [span.start for span in ordered]
        self._reached = list(accumulate((span.end for span in ordered), max))

    def covers(self, span: Span) -> bool:
        before = bisect_right(self._starts, span.start)
        return before > 0 and self._reached[before - 1] >= span.end


class Kind(StrEnum):
    POST = "post"
    REPLY = "reply"


class Account(StrEnum):
    """Whose voice the draft will carry. `private` drafts are screened and forgotten."""

    INSTITUTIONAL = "institutional"
    SUPPORT = "support"
    PERSONAL = "personal"
    PRIVATE = "private"


class Channel(StrEnum):
    LINKEDIN = "linkedin"
    X = "x"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    THREADS = "threads"
    TIKTOK = "tiktok"
    YOUTUBE = "youtube"
    BLOG = "blog"
    OTHER = "other"


class Audience(StrEnum):
    """Whom the draft is written for; `public` is everybody, and nobody in particular."""

    CUSTOMERS = "customers"
    INVESTORS = "investors"
    PRESS = "press"
    CANDIDATES = "candidates"
    COLLEAGUES = "colleagues"
    PUBLIC = "public"


def encodable(text: str) -> str:
    """`text` as it can be stored and hashed: a sign for each lone surrogate, so that every offset stays."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def _encodable(text: object) -> object:
    return encodable(text) if isinstance(text, str) else text


Words = Annotated[str, BeforeValidator(_encodable)]


class Draft(BaseModel):
    """What somebody means to publish, and where. Its words never show in a `repr` or an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    text: Words = Field(repr=False)
    author: Words = Field(default="", repr=False)
    kind: Kind = Kind.POST
    account: Account = Account.INSTITUTIONAL
    channel: Channel = Channel.OTHER
    audience: Audience = Audience.PUBLIC
    in_reply_to: Words | None = Field(default=None, repr=False)
    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    attachments: tuple[Words, ...] = ()
    """Media types of what hangs on the draft, such as `image/png`."""


class DraftRefused(ValueError):
    """A draft that is not screened at all: there is nothing to read, or too much of it."""

    def __init__(self, length: int, limit: int) -> None:
        self.length, self.limit = length, limit
        reason = f"{length:,} characters, and the limit is {limit:,}" if length else "no text to read"
        super().__init__(reason)

    @property
    def is_empty(self) -> bool:
        return self.length == 0
