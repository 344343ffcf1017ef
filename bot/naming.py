"""Channels, accounts and kinds of draft, as people call them."""

from __future__ import annotations

from bot.wording import Wording
from rules.draft import Account, Channel, Kind

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


def kind_name(kind: Kind, wording: Wording) -> str:
    match kind:
        case Kind.POST:
            return wording.say("A post")
        case Kind.REPLY:
            return wording.say("A reply to somebody")


def context_name(words: str, wording: Wording) -> str:
    """What a receipt was given for: its kind, account and channel."""
    kind, _, rest = words.partition(" ")
    account, _, channel = rest.partition(" ")
    names = (kind_name(Kind(kind), wording), channel_name(Channel(channel), wording))
    return " · ".join([*names, account_name(Account(account), wording)])
