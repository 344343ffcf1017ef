"""The fields that rules have in common: when they apply, what they let pass, what may be done about what they find."""

from __future__ import annotations

import json
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from rules.draft import Account, Audience, Channel, Draft, Kind
from rules.localized import Localized

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$")]
Phrase = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_Text = Annotated[str, StringConstraints(min_length=1)]
M = TypeVar("M", bound=BaseModel | None)


class State(StrEnum):
    """How far a rule has come: tried on its examples only, recorded without being shown, or in force."""

    DRAFT = "draft"
    SHADOW = "shadow"
    LIVE = "live"


class Override(StrEnum):
    """What a writer may do who wants to publish all the same."""

    NONE = "none"
    ACKNOWLEDGE = "acknowledge"
    JUSTIFY = "justify"
    APPROVE = "approve"


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Applies(Frozen):
    """Which drafts a rule is for; whatever is left out does not narrow it."""

    kinds: tuple[Kind, ...] = ()
    accounts: tuple[Account, ...] = ()
    channels: tuple[Channel, ...] = ()
    audience: tuple[Audience, ...] = ()
    languages: tuple[str, ...] = ()
    since: date | None = Field(default=None, alias="from")
    until: date | None = None

    def to(self, draft: Draft, today: date) -> bool:
        """Whether the rule is for this draft on this day, both ends included; languages are the screener's to weigh."""
        return (
            (not self.kinds or draft.kind in self.kinds)
            and (not self.accounts or draft.account in self.accounts)
            and (not self.channels or draft.channel in self.channels)
            and (not self.audience or draft.audience in self.audience)
            and (self.since is None or self.since <= today)
            and (self.until is None or today <= self.until)
        )


class Excepted(Frozen):
    """A phrase that is let pass, and why."""

    phrase: Phrase
    why: _Text | None = None


Spared = Phrase | Excepted


def phrase_of(spared: Spared) -> str:
    return spared if isinstance(spared, str) else spared.phrase


class Exchange(Frozen):
    """An example of a reply, with what it answers, or of a draft with something attached."""

    text: _Text
    in_reply_to: _Text | None = None
    attachments: tuple[_Text, ...] = ()
    """Media types, such as `image/png`."""


Example = _Text | Exchange


class Examples(Frozen):
    """Texts that the rule must flag and texts that it must let pass: its tests."""

    flag: tuple[Example, ...] = Field(min_length=1)
    allow: tuple[Example, ...] = Field(min_length=1)


class Remedy(Frozen):
    """How a draft is put right where a rule finds fault; exactly one of these.

    What a draft's language has no wording for is taken from the first that there is one for.
    """

    instead: Localized | None = None
    """In place of what was found."""
    sentence: Localized | None = None
    """In place of the sentence in which it was found."""
    first: Localized | None = None
    """At the very beginning of the draft."""
    last: Localized | None = None
    """At its end."""
    drop: Literal["place", "sentence"] | None = None
    """Without what was found, or without the sentence in which it was found."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_remedy", "not exactly one")
        return self


class Protected(Frozen):
    """A rule that means to hold for protected speech too (union, whistleblowing, lawful criticism), and why."""

    aware: _Text


class Company(Frozen):
    """What a company, its products and its profiles are called."""

    names: tuple[Phrase, ...] = ()
    products: tuple[Phrase, ...] = ()
    handles: tuple[Phrase, ...] = ()
    """Profiles (`@acmeenergia`) and hashtags of its own (`#acmesole`)."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name as people write it: `Acme Sole`, `AcmeSole`, `@acmesole`."""
        written = (*self.names, *self.products, *self.handles)
        return tuple(dict.fromkeys(form for name in written for form in (name, "".join(name.lstrip("@#").split()))))

    def filled(self, written: M) -> M:
        """With its own name for `{company}`, a product's for `{product}` and a profile's for `{handle}`."""
        lists = {"company": self.names, "product": self.products, "handle": self.handles}
        text = written.model_dump_json(by_alias=True, exclude_unset=True) if written is not None else ""
        for blank, names in lists.items():
            text = text.replace(f"{{{blank}}}", json.dumps(names[0], ensure_ascii=False)[1:-1] if names else blank)
        return type(written).model_validate_json(text) if written is not None else written
