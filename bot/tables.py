"""The tables. What holds anybody's words holds them sealed (`wrapped`, `sealed`), each row under a key of its own.

Moments are seconds since the epoch, but for the ledger's, which are text because they are hashed.
"""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field, SQLModel


class Person(SQLModel, table=True):
    """Someone who writes to Vaglio. The ledger knows only `id`, which says nothing once this row is gone."""

    id: str = Field(primary_key=True)
    """`p_` and random digits: a pseudonym, derived from nothing."""
    locale: str | None = None
    """What the platform says of their language."""
    language: str | None = None
    """What they chose themselves, which counts more."""
    zone: str | None = None  # as the platform names it
    team: str | None = None  # a label, by which is counted


class PersonKey(SQLModel, table=True):
    """The key under which somebody's words are sealed. Without this row nobody can read them again."""

    person: str = Field(primary_key=True)
    """Their pseudonym, or `house` for what is about nobody."""
    joined: str | None = Field(default=None, index=True)
    """Who they turned out to be, when they linked their account: what becomes of one becomes of the other."""
    wrapped: bytes = Field(sa_type=LargeBinary)


class Identity(SQLModel, table=True):
    """An account of a person: `slack:TEAM:USER`, `telegram:USER` or `local:NAME`."""

    key: str = Field(primary_key=True)
    """A keyed hash of it, by which it is found."""
    person: str = Field(foreign_key="person.id", index=True)
    sealed: bytes = Field(sa_type=LargeBinary)
    """The account itself, under its person's key."""


class Grant(SQLModel, table=True):
    """What a person may do beyond checking their own drafts."""

    person: str = Field(primary_key=True, foreign_key="person.id")
    role: str = Field(primary_key=True)
    """`owner`, `communications`, `compliance` or `admin`."""
    owner: str = Field(primary_key=True, default="")
    """Of the role `owner`: which owner of the policy."""
    at: float


class LinkCode(SQLModel, table=True):
    """A code by which somebody links one more account of theirs, once."""

    code: str = Field(primary_key=True)
    """Its SHA-256."""
    person: str = Field(foreign_key="person.id")
    until: float


class Entry(SQLModel, table=True):
    """One link of the ledger's chain. Never updated, never deleted: triggers see to it."""

    seq: int = Field(primary_key=True)
    at: str = Field(index=True)
    """UTC, ISO 8601 with microseconds, as in `body`."""
    kind: str = Field(index=True)
    subject: str = Field(index=True)
    """What the entry is about: a screening's id."""
    body: bytes = Field(sa_type=LargeBinary)
    """Canonical JSON (RFC 8785): exactly the bytes that were hashed."""
    hash: str
    """SHA-256 of `body`, hexadecimal; `body` names the hash before it."""


class Content(SQLModel, table=True):
    """The words that an entry commits to, sealed. They may be forgotten; the entry stays."""

    seq: int = Field(primary_key=True, foreign_key="entry.seq")
    holder: str = Field(index=True)
    """Under whose key: a pseudonym, or `house`."""
    sealed: bytes = Field(sa_type=LargeBinary)
    """A salt and canonical JSON; the entry commits to the two, and apart from that to these sealed bytes."""


class Tally(SQLModel, table=True):
    """How many drafts marked private were screened on a day: all that remains of them."""

    day: str = Field(primary_key=True)
    count: int = 0


class Pending(SQLModel, table=True):
    """Work acknowledged and not yet answered, sealed under a key of its own that goes with the row."""

    id: str = Field(primary_key=True)
    at: float = Field(index=True)
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    attempts: int = 0
    out: int = 0  # messages of its answer that are out


class Seen(SQLModel, table=True):
    """Events already taken in, so that one delivered again is answered once."""

    key: str = Field(primary_key=True)
    """A digest of the platform's own name for the event."""
    at: float = Field(index=True)


class Held(SQLModel, table=True):
    """A draft that its writer may still act on: kept, sealed, for some days, and gone when they say so."""

    id: str = Field(primary_key=True)
    """The screening's."""
    thread: str = Field(index=True)
    """The first screening of the same draft, which this one checks again."""
    person: str = Field(index=True)
    at: float = Field(index=True)
    until: float = Field(index=True)
    outcome: str
    """What the policy says of it, after what was dismissed."""
    state: str
    """See `bot.drafts.State`."""
    policy: str
    """The revision it was held against."""
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    """JSON: the draft, its findings, the other wording, and where its answer stands."""


class Receipt(SQLModel, table=True):
    """Binds an outcome to one exact text, of which it holds nothing but a keyed hash."""

    code: str = Field(primary_key=True)
    screening: str = Field(index=True)
    mac: str
    policy: str
    outcome: str
    """`clear`, `approved` or `overridden`, then kind, account and channel, with blanks between."""
    at: float = Field(index=True)


class Reminder(SQLModel, table=True):
    """A draft to be checked again before it is published, and when."""

    screening: str = Field(primary_key=True)
    person: str
    at: float = Field(index=True)


class Review(SQLModel, table=True):
    """A draft on which owners are asked."""

    id: str = Field(primary_key=True)
    """`r_` and random digits."""
    screening: str = Field(unique=True)
    person: str = Field(index=True)
    at: float = Field(index=True)
    state: str = Field(index=True)
    """See `bot.review.State`."""
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    """JSON: the masked draft, what was found in it, and what it is for."""


class Seat(SQLModel, table=True):
    """One owner's part in a review: two clauses with two owners make two."""

    id: str = Field(primary_key=True)
    """`q_` and random digits."""
    review: str = Field(foreign_key="review.id", index=True)
    asked: str
    """The owner of the clauses, as the policy says."""
    owner: str = Field(index=True)
    """Who is asked now: the same, or who comes next."""
    state: str = Field(index=True)
    """`open`, or how it was decided: see `bot.review.Ruling`."""
    taken_by: str | None = Field(default=None, index=True)
    """The person who said that they look at it."""
    decided_by: str | None = Field(default=None, index=True)
    decided_at: float | None = None
    step: int = 0
    """How often the deadline has passed."""
    due: float | None = Field(default=None, index=True)
    """When somebody is reminded, or the next in line is asked. None: decided, or there is nobody left to ask."""
    wrapped: bytes = Field(default=b"", sa_type=LargeBinary)
    sealed: bytes = Field(default=b"", sa_type=LargeBinary)
    """JSON: the reason, once there is one."""


class Appeal(SQLModel, table=True):
    """A writer disagrees with one finding."""

    id: str = Field(primary_key=True)
    """`a_` and random digits."""
    screening: str = Field(index=True)
    rule: str
    person: str = Field(index=True)
    at: float = Field(index=True)
    state: str = Field(index=True)
    """`open`, `upheld` (the rule was right) or `overturned`."""
    decided_by: str | None = Field(default=None, index=True)
    decided_at: float | None = None
    wrapped: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    """JSON: the masked passage, why, and once decided the reason."""


class Dismissal(SQLModel, table=True):
    """A finding that was overturned: the same rule keeps quiet about the same passage of the same person."""

    key: str = Field(primary_key=True)
    """A keyed hash of the three."""
    rule: str
    appeal: str
    at: float = Field(index=True)


class Card(SQLModel, table=True):
    """Where a message stands that is to be changed later: a review's card, a home page, an answer."""

    __table_args__ = (Index("ix_card_about", "about", postgresql_ops={"about": "varchar_pattern_ops"}),)
    about: str = Field(primary_key=True)
    """The id of what it shows."""
    place: str = Field(primary_key=True, index=True)
    """`slack:CHANNEL` or `telegram:CHAT`."""
    message: str


class Awaited(SQLModel, table=True):
    """Words that somebody was asked for, where a platform has no form: their next message is meant for this."""

    key: str = Field(primary_key=True)
    """A keyed hash of the account."""
    action: str
    until: float


class Revision(SQLModel, table=True):
    """A policy that was published. The newest is the one in force."""

    seq: int | None = Field(default=None, primary_key=True)
    revision: str = Field(index=True)
    at: float
    person: str | None = None
    """Who published it."""
    note: str = ""
    bundle: bytes = Field(sa_type=LargeBinary)
    """A ZIP of the policy's files, as they were written."""


class Acknowledgement(SQLModel, table=True):
    """Somebody said that they know the policy as it was then."""

    person: str = Field(primary_key=True)
    revision: str = Field(primary_key=True)
    at: float


class Quiz(SQLModel, table=True):
    """Questions on the way. An hour after it is `done`, which says when, nothing of the answers is left."""

    id: str = Field(primary_key=True)
    person: str = Field(index=True)
    policy: str
    at: float
    answers: str = ""
    """One digit for each question answered: 1 right, 0 wrong."""
    done: float | None = None


class QuizDone(SQLModel, table=True):
    """That somebody did the quiz on a policy; not how."""

    person: str = Field(primary_key=True)
    revision: str = Field(primary_key=True)
    at: float


class Rate(SQLModel, table=True):
    """How many drafts came from a person or a workspace within one window of time."""

    key: str = Field(primary_key=True)
    """A keyed hash of who it is and of the window."""
    until: float = Field(index=True)
    count: int = 0


class Digest(SQLModel, table=True):
    """That an owner has had the summary of a day."""

    owner: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
