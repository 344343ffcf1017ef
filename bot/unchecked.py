"""What was not checked, in words: it is never left unsaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.wording import Wording
from rules.verdict import Unchecked

_TOGETHER = 3
"""Rules with the same reason from which they are counted and no longer named one by one."""


def not_checked(every: Sequence[Unchecked], wording: Wording) -> Iterator[str]:
    """Each thing that was not checked, once; many rules with the same reason in one sentence."""
    counts = Counter(unchecked.reason for unchecked in every)
    said = {one: _together(one.reason, counts[one.reason], wording) or _missed(one, wording) for one in every}
    yield from dict.fromkeys(said.values())


def _together(reason: str, count: int, wording: Wording) -> str | None:
    kind, _, detail = reason.partition(":")
    if kind == "context":
        return wording.say("Whether it answers: I do not know what you reply to. Add it, and I will look.")
    if count < _TOGETHER:
        return None
    match kind:
        case "model":
            return wording.say(
                "{count} rules: a part of me that they need is not installed ({model}).", count=count, model=detail
            )
        case "language":
            return wording.say(
                "{count} rules: they do not know the language of this draft ({language}).", count=count, language=detail
            )
        case "timeout" | "busy":
            return wording.say("{count} rules: they took too long.", count=count)
        case _:
            return None


def _missed(unchecked: Unchecked, wording: Wording) -> str:
    kind, _, detail = unchecked.reason.partition(":")
    match kind:
        case "attachment":
            return wording.say("I cannot read attachments ({kind}): look at it yourself.", kind=detail)
        case "language":
            return wording.say(
                "{rule}: it does not know the language of this draft ({language}).",
                rule=unchecked.rule,
                language=detail,
            )
        case "model":
            return wording.say(
                "{rule}: a part of me that it needs is not installed ({model}).", rule=unchecked.rule, model=detail
            )
        case "knowledge":
            return wording.say(
                "{rule}: what it has to know is not here, or cannot be read ({name}).", rule=unchecked.rule, name=detail
            )
        case "timeout" | "busy":
            return wording.say("{rule}: it took too long.", rule=unchecked.rule)
        case _:
            return wording.say("{rule}: it failed.", rule=unchecked.rule)
