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


class Asked(_Shape):
    """A draft, and where it is to appear."""

    model_config = ConfigDict(title="Draft")

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


class Place(_Shape):
    """A half-open range."""

    start: int
    end: int


class ClauseShape(_Shape):
    """A paragraph of the policy."""

    model_config = ConfigDict(title="Clause")

    id: str
    title: str
    text: str
    owner: str = Field(description="Who answers for it.")


class FindingShape(_Shape):
    """A place where the draft and a rule disagree."""

    model_config = ConfigDict(title="Finding")

    rule: str
    clause: ClauseShape
    severity: Severity
    span: Place = Field(description="In characters (Unicode code points) of the text as it was sent.")
    utf16: Place = Field(description="The same in UTF-16 units, as JavaScript and Java count.")
    message: str = Field(description="Why.")
    suggestion: str | None = Field(description="What to do.")
    replacement: str | None = Field(description="Wording to put in its place.")


class UncheckedShape(_Shape):
    """A rule that applied and could not run. Until it has, the outcome counts it as found, up to `review`."""

    model_config = ConfigDict(title="Unchecked")

    rule: str
    severity: Severity
    reason: Reason


class RewriteShape(_Shape):
    """Another wording, already held against the same policy."""

    model_config = ConfigDict(title="Rewrite")

    text: str = Field(repr=False)
    outcome: Outcome


class ScreeningShape(_Shape):
    """One draft held against one policy at one moment. What is kept of it was on record before this was answered."""

    model_config = ConfigDict(title="Screening")

    id: str | None = Field(description="Null for a private draft: there is nothing to ask for again.")
    at: datetime
    outcome: Outcome
    title: str = Field(description="The outcome as people are told it.")
    summary: str
    policy: str = Field(description="The revision that it was held against.")
    language: str | None = Field(description="Of the draft, as two letters; null is undecided.")
    findings: list[FindingShape]
    unchecked: list[UncheckedShape]
    not_checked: list[str] = Field(description="What `unchecked` means, as people are told it.")
    rewrite: RewriteShape | None


class RecordedFinding(_Shape):
    """A finding as the record has it: without a word."""

    rule: str
    clause: str
    severity: Severity
    span: Place


class RecordedShape(_Shape):
    """What the record says of a screening of one's own."""

    model_config = ConfigDict(title="Recorded")

    id: str
    at: datetime
    outcome: Outcome
    policy: str
    kind: Kind
    account: Account
    channel: Channel
    language: str | None
    findings: list[RecordedFinding]
    unchecked: list[UncheckedShape]


class PolicyShape(_Shape):
    """The policy in force, as people read it."""

    model_config = ConfigDict(title="Policy")

    revision: str
    languages: list[str]
    clauses: list[ClauseShape]
