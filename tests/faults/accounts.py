"""What became of drafts: what Slack took of their answers, and what the record says of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from emulators.loopback import Call
from emulators.slack import words

from bot.reply import failure

WORD = "Zibaldone"
"""Stands in every draft, and must not stand in any log."""
_DRAFT = re.compile(rf"{WORD} (\d+)\b")
_CHECK = re.compile(r"\bs_[0-9a-f]{20}\b")
_FAILURES = tuple(failure(language) for language in ("it", "en"))


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
    recorded_twice: Sequence[int]
    failed: Sequence[int]
    """Honest failures: not checked, and told so."""
    again: Sequence[int]
    """The same answer put once more into its own place: its writer sees one."""

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.twice or self.spoilt or self.recorded_twice)


def answers(calls: Sequence[Call], addresses: Mapping[str, int]) -> dict[int, Answered]:
    """By the number of the draft; `addresses` are those at which the commands take answers."""
    found: dict[int, Answered] = defaultdict(Answered)
    for position, call in enumerate(calls):
        if not call.answer.get("ok") or call.method not in ("response_url", "chat.postMessage"):
            continue
        text = words(call.payload)
        number, check = _number(call, text, addresses), _CHECK.search(text)
        if number is None or not (check or any(said in text for said in _FAILURES)):
            continue
        found[number].said.append(check[0] if check else "")
        is_in_place = call.method == "response_url" and call.payload.get("replace_original")
        found[number].places.add("its own" if is_in_place else f"new {position}")
    return found


def _number(call: Call, text: str, addresses: Mapping[str, int]) -> int | None:
    if call.method == "response_url":
        return addresses.get(str(call.answer.get("to")))
    return int(named[1]) if (named := _DRAFT.search(text)) else None


def reckon(acknowledged: Iterable[int], found: Mapping[int, Answered], recorded: Counter[str]) -> Reckoning:
    """`recorded`: how many entries of a screening there are, by the check's id."""

    def those(is_so: object) -> list[int]:
        return sorted(number for number, each in found.items() if is_so(each))  # type: ignore[operator]

    return Reckoning(
        lost=sorted(set(acknowledged) - found.keys()),
        twice=those(lambda each: len(each.places) > 1 or len(each.checks) > 1),
        spoilt=those(lambda each: each.checks and not each.said[-1]),
        recorded_twice=those(lambda each: any(recorded[check] != 1 for check in each.checks)),
        failed=those(lambda each: not each.checks),
        again=those(lambda each: len(each.said) > 1 and len(each.places) == 1 and len(each.checks) < 2),
    )
