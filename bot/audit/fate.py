"""What became of the words of an entry: kept, or why there are none."""

from __future__ import annotations

from enum import StrEnum

from bot.audit.promises import LetGo, Promised
from bot.wording import Wording


class Fate(StrEnum):
    NEVER = "never"
    """The entry has none."""
    KEPT = "kept"
    ERASED = "erased"
    """With the person whose they were."""
    OVER = "over"
    """Their time was over."""
    MISSING = "missing"
    """Nothing in the record says why."""


def fate_of(seq: int, body: bytes, gone: LetGo, *, has_words: bool) -> Fate:
    """`has_words`: whether there are some, sealed or opened; `gone` is what the ledger says was let go."""
    promised = Promised.of(body)
    if promised is None or promised.commitment is None:
        return Fate.NEVER
    if has_words:
        return Fate.KEPT
    if promised.holder in gone.persons:
        return Fate.ERASED
    return Fate.OVER if gone.covers(seq, promised.holder) else Fate.MISSING


def why(fate: Fate, wording: Wording) -> str:
    """As people are told it."""
    say = wording.say
    return {
        Fate.NEVER: say("never kept."), Fate.KEPT: say("kept, sealed."), Fate.ERASED: say("erased with the person."),
        Fate.OVER: say("their time was over."),
        Fate.MISSING: say("missing, and nothing says why. Run vaglio audit verify."),
    }[fate]  # fmt: skip
