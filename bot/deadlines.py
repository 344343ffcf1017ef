"""Until when an owner is waited for, and who is asked after them. Pure."""

from __future__ import annotations

from datetime import datetime

from rules.escalation import line
from rules.hours import NeverOpen, span_of
from rules.policy import Owner, Policy


def due_at(owner: Owner, policy: Policy, at: datetime, parts: int = 1) -> datetime:
    """When the owner's deadline, or the last of so many `parts` of it, ends, in the hours in which they are there."""
    span = span_of(owner.deadline, owner.hours) / parts
    try:
        return policy.hours_of(owner).after(at, span)
    except NeverOpen:
        # A rota that never opens must not keep a writer waiting: then the clock on the wall counts.
        return at + span


def owner_named(policy: Policy, id: str) -> Owner | None:
    """None where the policy no longer knows them."""
    return next((owner for owner in policy.owners if owner.id == id), None)


def next_in_line(first: str, now: str, policy: Policy) -> Owner | None:
    """Who is asked after `now` in the line of the owner who was asked `first`; without a line, the duty officer."""
    asked = owner_named(policy, first)
    owners = line(asked, policy) if asked else ()
    ids = [owner.id for owner in owners]
    if now in ids:
        return next(iter(owners[ids.index(now) + 1 :]), None)
    duty = owner_named(policy, policy.duty) if policy.duty else None
    return duty if duty and duty.id != now else None
