"""What is said of a code by which somebody links one more account of theirs."""

from __future__ import annotations

from bot.people import Linked
from bot.wording import Wording


def told(linked: Linked, platform: str, wording: Wording) -> str:
    """`platform` by the name that people know."""
    match linked:
        case Linked.DONE:
            return wording.say("Done: from now on I know you here too.")
        case Linked.NOT_VALID:
            return wording.say(
                "This code is not valid: perhaps it was used, or its ten minutes are over. Ask for a new one."
            )
        case Linked.ELSEWHERE:
            return wording.say(
                "This {platform} account is linked to somebody else. If that should change, ask whoever looks after "
                "Vaglio.",
                platform=platform,
            )
        case Linked.CLOSED:
            return wording.say("Too many wrong codes: wait ten minutes, then ask for a new one.")
