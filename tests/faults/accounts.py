"""What became of drafts: what Slack took of their answers, and what the record says of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, replace
from typing import Self

from emulators.loopback import Call
from emulators.slack import SlackEmulator, words

from bot.reply import failure, stuck

WORD = "Zibaldone"
"""Stands in every draft, and must not stand in any log."""
_DRAFT = re.compile(rf"{WORD} (\d+)\b")
_CHECK = re.compile(r"\bs_[0-9a-f]{20}\b")
_FAILURES = tuple(said(language) for said in (failure, stuck) for language in ("it", "en"))


def text_of(number: int) -> str:
    """A draft that breaks a rule, so that its answer quotes it."""
    return f"{WORD} {number}, idiota"


@dataclass(slots=True)
class Answered:
    """The answers to one draft, as its writer saw them."""

    places: set[str] = field(default_factory=set)
    """Each message by where it stands; one that was put into its own place again is one."""
    said: list[str] = field(default_factory=list)
    """The check's id, or "" for the sentence that it was not checked; the newest last."""

    @property
    def checks(self) -> set[str]:
        return {*self.said} - {""}


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Of the drafts that were acknowledged, by their numbers."""

    lost: Sequence[int]
    twice: Sequence[int]
    """Two messages, or two different checks."""
    spoilt: Sequence[int]
    """A verdict in whose place it said afterwards that there is none."""
    misrecorded: Sequence[int]
    """Of which there is not one entry in the record."""
    failed: Sequence[int]
    """Honest failures: not checked, and told so."""
    again: Sequence[int]
    """The same answer put once more into its own place: its writer sees one."""

    def after(self, number: int) -> Self:
        """Of the drafts that came later than this one."""
        rest = {each.name: [n for n in getattr(self, each.name) if n > number] for each in fields(self)}
        return replace(self, **rest)

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.twice or self.spoilt or self.misrecorded)


@dataclass(slots=True)
class Answers:
    """Reads what Slack was sent, each call once however often it is asked."""

    slack: SlackEmulator
    addresses: dict[str, int] = field(default_factory=dict)
    """Of which draft an address takes answers. It may be known later than the answer is there."""
    _read: int = 0
    _spoken: list[tuple[int, Call, str, str]] = field(default_factory=list)
    """Position, call, text, and the check or "" of each that is an answer to some draft."""

    def by_draft(self) -> dict[int, Answered]:
        fresh, start = self.slack.calls[self._read :], self._read
        self._read += len(fresh)
        self._spoken += filter(None, (_spoken(start + number, call) for number, call in enumerate(fresh)))
        found: dict[int, Answered] = defaultdict(Answered)
        commands = {*self.addresses.values()}
        for position, call, text, check in self._spoken:
            if (number := self._number(call, text, commands)) is not None:
                found[number].said.append(check)
                is_in_place = call.method == "response_url" and call.payload.get("replace_original")
                found[number].places.add("its own" if is_in_place else f"new {position}")
        return found

    def _number(self, call: Call, text: str, commands: Set[int]) -> int | None:
        if call.method == "response_url":
            return self.addresses.get(str(call.answer.get("to")))
        number = int(named[1]) if (named := _DRAFT.search(text)) else None
        # A command is answered at its address; what names it elsewhere is a card, or news of it.
        return None if number in commands else number


def _spoken(position: int, call: Call) -> tuple[int, Call, str, str] | None:
    if not call.answer.get("ok") or call.method not in ("response_url", "chat.postMessage"):
        return None
    text = words(call.payload)
    check = _CHECK.search(text)
    is_answer = check or any(said in text for said in _FAILURES)
    return (position, call, text, check[0] if check else "") if is_answer else None


def reckon(acknowledged: Iterable[int], found: Mapping[int, Answered], recorded: Counter[str]) -> Reckoning:
    """`recorded`: how many entries of a screening there are, by the check's id."""

    def those(is_so: object) -> list[int]:
        return sorted(number for number, each in found.items() if is_so(each))  # type: ignore[operator]

    return Reckoning(
        lost=sorted(set(acknowledged) - found.keys()),
        twice=those(lambda each: len(each.places) > 1 or len(each.checks) > 1),
        spoilt=those(lambda each: each.checks and not each.said[-1]),
        misrecorded=those(lambda each: any(recorded[check] != 1 for check in each.checks)),
        failed=those(lambda each: not each.checks),
        again=those(lambda each: len(each.said) > 1 and len(each.places) == 1 and len(each.checks) < 2),
    )
