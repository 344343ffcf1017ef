"""What a draft is checked as: where it goes, in whose name, and what it answers; and the choices that change it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.actions import Action, Asks, Button, Verb
from bot.naming import account_name, channel_name, kind_name
from bot.wording import Wording
from rules.draft import Account, Channel, Draft, Kind

ANSWER = f"kind:{Kind.REPLY}"
"""The choice that needs words: those that are answered."""
_ACCOUNTS = (Account.INSTITUTIONAL, Account.SUPPORT, Account.PERSONAL)
"""Not what is private: of that nothing is kept that could be changed."""


def others(draft: Draft, about: str, wording: Wording) -> tuple[Button, ...]:
    """Everything else that the draft `about` may be."""
    return tuple(Button(label, Action(Verb.CONTEXT, about, choice)) for label, choice in _others(draft, wording))


def changed(draft: Draft, choice: str, words: str) -> Draft | None:
    """The draft as something else; None for a choice that is none, or that needs words and has none."""
    field, _, value = choice.partition(":")
    known: dict[str, set[str]] = {"kind": {*Kind}, "account": {*_ACCOUNTS}, "channel": {*Channel}}
    is_answer = choice == ANSWER
    if value not in known.get(field, set()) or (is_answer and not words.strip()):
        return None
    update: dict[str, str | None] = {field: value}
    if field == "kind":
        update["in_reply_to"] = words if is_answer else None
    return Draft.model_validate({**draft.model_dump(), **update})


def answered(language: str) -> Asks:
    """What is asked for of a draft that is a reply."""
    wording = Wording(language)
    return Asks(wording.say("What the customer wrote"), wording.say("I read your draft as the answer to it."))


def _others(draft: Draft, wording: Wording) -> Iterator[tuple[str, str]]:
    for kind in Kind:
        if kind is not draft.kind:
            yield kind_name(kind, wording), f"kind:{kind}"
    for account in _ACCOUNTS:
        if account is not draft.account:
            yield account_name(account, wording), f"account:{account}"
    for channel in Channel:
        if channel is not draft.channel:
            yield channel_name(channel, wording), f"channel:{channel}"
