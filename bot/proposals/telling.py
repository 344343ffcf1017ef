"""What stands in the way of a publication, in words."""

from __future__ import annotations

from bot.wording import Wording
from rules.trial import Misbehaviour


def said(wrong: Misbehaviour, wording: Wording) -> str:
    """What does not behave, and what to do about it."""
    match wrong.kind:
        case "silent":
            return wording.say("{rule}: it should flag, and does not: «{text}»", rule=wrong.rule, text=wrong.text)
        case "loud":
            return wording.say("{rule}: it should let pass, and does not: «{text}»", rule=wrong.rule, text=wrong.text)
        case "shadowed":
            return wording.say(
                "{rule}: {other} already finds all its examples, as severely. "
                "Give it an example of its own or remove it.",
                rule=wrong.rule, other=wrong.by,
            )  # fmt: skip
        case "indistinct":
            return wording.say(
                "{rule}: its examples do not tell `like` from `unlike`: choose more, and more different ones.",
                rule=wrong.rule,
            )
        case "unavailable":
            return wording.say("{rule}: it cannot be tried here: {reason}", rule=wrong.rule, reason=wrong.by)
