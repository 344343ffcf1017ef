"""What a program sends and is sent: the fields of the API, as openapi.json tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.people import Language
from rules.draft import Account, Audience, Channel, Kind
from rules.verdict import Outcome, Severity

MediaType = Annotated[
    str, StringConstraints(pattern=r"^(application|audio|image|text|video)/[a-z0-9][a-z0-9.+-]{0,60}$")
]
Reason = Literal[
    "timeout", "busy", "error", "language", "attachment", "model", "knowledge", "context", "other"
]  # fmt: skip


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Draft(_Shape):
    """A draft, and where it is to appear."""

    text: str = Field(min_length=1, pattern=r"\S", repr=False, description="As it would be published.")
    kind: Kind = Field(default=Kind.POST, description="A post, or a reply to somebody.")
    account: Account = Field(
        default=Account.INSTITUTIONAL,
        description="Whose voice it carries. Of a `private` draft only a count remains.",
    )
    channel: Channel = Channel.OTHER
    audience: Audience = Audience.PUBLIC
    in_reply_to: str | None = Field(
        default=None, repr=False, description="What a reply answers; of a post it is not read."
    )
    attachments: tuple[MediaType, ...] = Field(
        default=(), max_length=20, description="Media types of what hangs on it. Attachments cannot be read yet."
    )
    answer_language: Language | None = Field(
        default=None, description="In which the answer is worded; omitted, as Vaglio is set."
    )


class Wanted(_Shape):
    """How the policy is to be told. A parameter that nobody knows is an error: it would be meant to do something."""

    language: Language | None = Field(
        default=None, description="In which the clauses are worded; omitted, as Vaglio is set."
    )


class Place(_Shape):
    """A half-open range."""

    start: int
    end: int


class Clause(_Shape):
    """A paragraph of the policy."""

    id: str
    title: str
    text: str
    owner: str = Field(description="Who answers for it.")


class Finding(_Shape):
    """A place where the draft and a rule disagree."""

    rule: str
    clause: Clause
    severity: Severity
    span: Place = Field(description="In characters (Unicode code points) of the text as it was sent.")
    utf16: Place = Field(description="The same in UTF-16 units, as JavaScript and Java count.")
    message: str = Field(description="Why.")
    suggestion: str | None = Field(description="What to do.")
    replacement: str | None = Field(description="Wording to put in its place.")


class Unchecked(_Shape):
    """A rule that applied and could not run. Until it has, the outcome counts it as found, up to `review`."""

    rule: str
    severity: Severity
    reason: Reason


class Rewrite(_Shape):
    """Another wording, already held against the same policy."""

    text: str = Field(repr=False)
    outcome: Outcome


class Screening(_Shape):
    """One draft held against one policy at one moment. What is kept of it was on record before this was answered."""

    id: str | None = Field(description="Null for a private draft: there is nothing to ask for again.")
    at: datetime
    outcome: Outcome
    title: str = Field(description="The outcome as people are told it.")
    summary: str
    policy: str = Field(description="The revision that it was held against.")
    language: str | None = Field(description="Of the draft, as two letters; null is undecided.")
    findings: list[Finding]
    unchecked: list[Unchecked]
    not_checked: list[str] = Field(description="What `unchecked` means, as people are told it.")
    rewrite: Rewrite | None


class RecordedFinding(_Shape):
    """A finding as the record has it: without a word."""

    rule: str
    clause: str
    severity: Severity
    span: Place


class Recorded(_Shape):
    """What the record says of a screening of one's own."""

    id: str
    at: datetime
    outcome: Outcome
    policy: str
    kind: Kind
    account: Account
    channel: Channel
    language: str | None
    findings: list[RecordedFinding]
    unchecked: list[Unchecked]


class Policy(_Shape):
    """The policy in force, as people read it."""

    revision: str
    languages: list[str]
    clauses: list[Clause]
