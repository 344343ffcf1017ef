"""Roles as people call them, and the list from which one is chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from bot.accounts import Role, Title
from bot.wording import Wording
from rules.localized import say as localized
from rules.policy import Owner


def title_name(title: Title, owners: Iterable[Owner], wording: Wording) -> str:
    """One role; of an owner with what the policy calls it, or its id where the policy has it no more."""
    if title.role is Role.OWNER:
        known = {owner.id: localized(owner.name, wording.language) for owner in owners}
        return wording.say("owner: {owner}", owner=known.get(title.owner, title.owner))
    return {
        Role.ADMIN: wording.say("admin"),
        Role.COMPLIANCE: wording.say("compliance"),
        Role.COMMUNICATIONS: wording.say("communications"),
    }[title.role]


def all_titles(owners: Iterable[Owner], held: Collection[Title] = ()) -> Sequence[Title]:
    """Every role that can be given with this policy, and those that somebody holds all the same; the greatest last, so
    that nobody gives it by not choosing."""
    named = [Title(Role.OWNER, owner.id) for owner in owners]
    named += [Title(role) for role in (Role.COMMUNICATIONS, Role.COMPLIANCE, Role.ADMIN)]
    return [*sorted(set(held) - set(named)), *named]
