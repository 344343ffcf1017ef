"""A writer's drafts and where each stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from bot.actions import Action, Button, Verb
from bot.drafts import HeldDraft, State
from bot.naming import outcome_name
from bot.news import glimpse, moment
from bot.reply import Reply
from bot.wording import Wording

_SHOWN = 10
"""Drafts that have a button."""
_WORDS = 60
"""Characters of each."""


def overview(drafts: Sequence[HeldDraft], zone: tzinfo, language: str) -> Reply:
    """Where somebody's drafts stand, the newest first, each with a button that shows it."""
    wording = Wording(language)
    if not drafts:
        return Reply("", None, wording.say("You have no drafts under way"), "", sign="🗂️")
    lines = [
        f"{number}. {moment(held.at, zone, language)} · {standing(held, wording)}"
        + (f" · «{glimpse(held.masked.text, _WORDS)}»" if held.masked else "")
        for number, held in enumerate(drafts, start=1)
    ]
    buttons = [
        Button(wording.say("Show {number}", number=number), Action(Verb.SHOW, held.id))
        for number, held in enumerate(drafts[:_SHOWN], start=1)
    ]
    title = wording.count("You have one draft under way", "You have {number} drafts under way", len(drafts))
    return Reply("", None, title, "\n".join(lines), sign="🗂️", buttons=tuple(buttons))


def standing(held: HeldDraft, wording: Wording) -> str:
    """Where a draft stands, in a few words."""
    return _states(wording).get(held.state) or outcome_name(held.outcome, wording)


def _states(wording: Wording) -> dict[State, str]:
    return {
        State.ASKED: wording.say("waiting for an answer"),
        State.APPROVED: wording.say("approved"),
        State.REJECTED: wording.say("not approved"),
        State.CHANGE: wording.say("a change is asked for"),
        State.OVERRIDDEN: wording.say("you decided to publish it"),
        State.PUBLISHED: wording.say("published"),
    }
