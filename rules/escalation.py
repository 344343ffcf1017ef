"""Who is asked, one after the other, until somebody answers."""

from __future__ import annotations

from rules.policy import Owner, Policy


def line(owner: Owner, policy: Policy) -> tuple[Owner, ...]:
    """The owner, whoever is `next`, and so on; the duty officer last, unless they were asked before. Each once."""
    asked = {owner.id: owner}
    while owner.next is not None and owner.next not in asked:
        owner = policy.owner(owner.next)
        asked[owner.id] = owner
    if policy.duty is not None:
        asked.setdefault(policy.duty, policy.owner(policy.duty))
    return tuple(asked.values())
