"""Channels, accounts, kinds of draft and outcomes, as people call them."""

from __future__ import annotations

from bot.wording import Wording
from rules.draft import Account, Channel, Kind
from rules.verdict import Outcome

_CHANNELS = {
    Channel.LINKEDIN: "LinkedIn", Channel.X: "X", Channel.FACEBOOK: "Facebook", Channel.INSTAGRAM: "Instagram",
    Channel.THREADS: "Threads", Channel.TIKTOK: "TikTok", Channel.YOUTUBE: "YouTube", Channel.BLOG: "Blog",
}  # fmt: skip


def channel_name(channel: Channel, wording: Wording) -> str:
    return _CHANNELS.get(channel) or wording.say("Another channel")


def account_name(account: Account, wording: Wording) -> str:
    match account:
        case Account.INSTITUTIONAL:
            return wording.say("The company's account")
        case Account.SUPPORT:
            return wording.say("Customer care")
        case Account.PERSONAL:
            return wording.say("My own account")
        case Account.PRIVATE:
            return wording.say("Private: check it and forget it")


def account_told(account: Account, wording: Wording) -> str:
    """As it is called for those who did not write the draft."""
    match account:
        case Account.PERSONAL:
            return wording.say("A personal account, known as an employee’s")
        case Account.PRIVATE:
            return wording.say("A private account")
        case _:
            return account_name(account, wording)


def kind_name(kind: Kind, wording: Wording) -> str:
    match kind:
        case Kind.POST:
            return wording.say("A post")
        case Kind.REPLY:
            return wording.say("A reply to somebody")


def context_name(kind: Kind, channel: Channel, account: Account, wording: Wording, *, is_own: bool = True) -> str:
    """What a draft is for, in words; `is_own`: whoever reads it is its writer."""
    # "My own" is the writer's word.
    whose = account_name(account, wording) if is_own or account is not Account.PERSONAL else None
    names = (kind_name(kind, wording), channel_name(channel, wording), whose or wording.say("Their own account"))
    return " · ".join(names)


def outcome_name(outcome: Outcome, wording: Wording) -> str:
    """An outcome in the middle of a sentence."""
    match outcome:
        case Outcome.CLEAR:
            return wording.say("good to go")
        case Outcome.REVISE:
            return wording.say("something to mend")
        case Outcome.REVIEW:
            return wording.say("needs a yes")
        case Outcome.BLOCK:
            return wording.say("not to be published")


def severity_name(value: str, wording: Wording) -> str:
    """Of a rule."""
    return {
        "note": wording.say("suggestion"),
        "warn": wording.say("to mend"),
        "review": wording.say("needs a yes"),
        "block": wording.say("not to be published"),
    }[value]


def state_name(value: str, wording: Wording) -> str:
    """How far a rule has come."""
    return {
        "draft": wording.say("tried on its examples only"),
        "shadow": wording.say("recorded and not shown"),
        "live": wording.say("in force"),
    }[value]


def override_name(value: str, wording: Wording) -> str:
    """Who may publish in spite of a rule."""
    return {
        "acknowledge": wording.say("whoever has read the remark may"),
        "justify": wording.say("whoever says why may"),
        "approve": wording.say("only with the owner’s yes"),
        "none": wording.say("nobody may"),
    }[value]
