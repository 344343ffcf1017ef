"""What the channel itself limits: how long a text may be, how many hashtags it takes, which links it opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import regex
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from rules.channels import ALLOWANCES, hashtags, links, longest, measured, mentions, prepare
from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Phrase
from rules.draft import Channel, Cover, Kind, Span

if TYPE_CHECKING:
    from rules.judges import Judges

Check = Literal[
    "length",
    "hashtags",
    "hashtags_last",
    "hashtag_first",
    "mentions",
    "mention_first",
    "links",
    "unclickable_links",
    "alt_text",
]
_OWN_KEYS = {
    "limits": ("length", "hashtags", "links"),
    "most": ("hashtags", "links"),
    "known": ("mentions",),
}
"""The checks that each key is for."""

_WORD = regex.compile(r"[\p{L}\p{Nd}]")
# `finito.In autunno`: a space that is missing makes a link that nobody meant.
_SLIP = regex.compile(r"(?!(?i:www\.))[^/:]*\.[^./:]*\p{Lu}[^./:]*")


class Platform(BaseRule):
    finds: ClassVar[str] = "what the channel limits: length, hashtags, mentions, links, alternative texts"
    fills: ClassVar[frozenset[str]] = frozenset({"count", "limit", "channel"})

    detector: Literal["platform"]
    check: Check
    limits: dict[Channel, Annotated[int, Field(ge=0)]] = Field(default={})
    """The company's own limits, by channel, in place of the channels'."""
    most: int | None = Field(default=None, ge=0)
    """How many are fine on every other channel; where a channel allows fewer, that holds."""
    known: tuple[Phrase, ...] = ()
    """Accounts that may be mentioned, with or without `@`; capitals do not matter."""

    @model_validator(mode="after")
    def _keys_that_matter(self) -> Self:
        for key, checks in _OWN_KEYS.items():
            if getattr(self, key) not in (None, {}, ()) and self.check not in checks:
                facts = {"key": key, "check": self.check, "checks": ", ".join(checks)}
                raise PydanticCustomError("idle_key", "{key}: {checks}", facts)
        if self.check == "mentions" and not self._accounts:
            raise PydanticCustomError("no_accounts", "no `known`")
        return self

    def load(self, judges: Judges | None = None) -> None:
        prepare()

    @property
    def stands(self) -> bool:
        return True

    def find(self, subject: Subject) -> Iterator[Hit]:
        text, channel = subject.text, subject.draft.channel
        match self.check:
            case "length":
                yield from self._too_long(subject)
            case "hashtags":
                yield from self._too_many(hashtags(text), ALLOWANCES[channel].hashtags, channel)
            case "links":
                yield from self._too_many(_different(text), ALLOWANCES[channel].links, channel)
            case "alt_text":
                images = sum(kind.lower().startswith("image/") for kind in subject.draft.attachments)
                if images and text:
                    yield _hit(Span(0, len(text)), channel, images)
            case _:
                places = list(self._misplaced(subject))
                yield from (_hit(place, channel, len(places)) for place in places)

    def _too_long(self, subject: Subject) -> Iterator[Hit]:
        draft = subject.draft
        limit = self._limit(draft.channel, longest(draft.channel, draft.kind))
        if limit is not None:
            count, beyond = measured(draft.text, draft.channel, limit)
            if beyond:
                yield _hit(beyond, draft.channel, count, limit)

    def _too_many(self, found: Sequence[Span], own: int | None, channel: Channel) -> Iterator[Hit]:
        limit = self._limit(channel, own)
        if limit is not None:
            # What is too much is what comes after the allowed ones.
            yield from (_hit(place, channel, len(found), limit) for place in found[limit:])

    def _limit(self, channel: Channel, own: int | None) -> int | None:
        if channel in self.limits:
            return self.limits[channel]
        return min((limit for limit in (self.most, own) if limit is not None), default=None)

    def _misplaced(self, subject: Subject) -> Iterable[Span]:
        """What should not stand there at all."""
        draft = subject.draft
        allowance = ALLOWANCES[draft.channel]
        match self.check:
            case "hashtags_last":
                return _woven(draft.text, draft.channel)
            case "hashtag_first":
                return _opening(hashtags(draft.text), draft.text)
            case "mention_first":
                replies = allowance.answers_mentions and draft.kind is Kind.POST
                return _opening(mentions(draft.text, draft.channel), draft.text) if replies else ()
            case "unclickable_links":
                return () if allowance.opens_links else _meant(draft.text)
            case _:
                return (one for one in mentions(draft.text, draft.channel) if not self._is_known(one, draft.text))

    def _is_known(self, mention: Span, text: str) -> bool:
        start = mention.start + 1
        if text[start : mention.end].casefold() in self._accounts:
            return True
        # Some channels write the name of a company in full, as several words.
        ends = (start + len(name) for name in self._accounts if " " in name)
        return any(text[start:end].casefold() in self._accounts and not text[end : end + 1].isalnum() for end in ends)

    @cached_property
    def _accounts(self) -> frozenset[str]:
        names = (name.lstrip("@＠").strip().casefold() for name in self.known)
        return frozenset(name for name in names if name)


def _hit(place: Span, channel: Channel, count: int, limit: int = 0) -> Hit:
    return Hit(place, fills={"count": str(count), "limit": str(limit), "channel": ALLOWANCES[channel].name})


def _meant(text: str) -> list[Span]:
    return [link for link in links(text) if not _SLIP.fullmatch(link.of(text))]


def _different(text: str) -> list[Span]:
    """The first place of each link: one that is written twice is one."""
    first: dict[str, Span] = {}
    for link in _meant(text):
        first.setdefault(link.of(text), link)
    return list(first.values())


def _opening(places: Sequence[Span], text: str) -> Sequence[Span]:
    """The first of `places`, if nothing comes before it."""
    return places[:1] if places and not text[: places[0].start].strip() else ()


def _woven(text: str, channel: Channel) -> Iterator[Span]:
    """Hashtags after which the text goes on; other hashtags, links, mentions and emoji may follow."""
    tags = hashtags(text)
    aside = Cover([*tags, *links(text), *mentions(text, channel)])
    last = max((m.start() for m in _WORD.finditer(text) if not aside.covers(Span(*m.span()))), default=-1)
    return (tag for tag in tags if tag.start < last)
