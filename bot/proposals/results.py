"""What a backtest has found so far: counts, and the entries that would end differently. No words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Self

from bot.proposals.recorded import Missing, Recorded
from bot.proposals.replaying import Replayed
from rules.verdict import Outcome

State = Literal["running", "done", "stopped", "failed"]

KEPT: Final = 1_000
"""Flips that are kept by their entry's number, the newest; all of them are counted."""
_FIELDS: Final = ("newly", "no_longer", "otherwise", "unchecked")


@dataclass(frozen=True, slots=True)
class Flip:
    """A draft that would end differently, by its entry's number, and the rules that differ on it."""

    seq: int
    before: Outcome
    after: Outcome
    newly: tuple[str, ...] = ()
    no_longer: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    """Those that find something as before, and are of another severity."""
    unchecked: tuple[str, ...] = ()
    """Those that could not run, as they would not run now."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    """In how many drafts a rule in force would find something anew, nothing any more, something of other severity."""

    rule: str
    newly: int = 0
    no_longer: int = 0
    otherwise: int = 0
    unchecked: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many drafts were not replayed."""

    erased: int = 0
    """Their authors were forgotten."""
    no_words: int = 0
    """Their words were not kept, or their time was over."""
    private: int = 0
    """Of the same days: of private drafts only a count is kept. They are not among the drafts that were asked for."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """A backtest at one moment."""

    id: str
    at: datetime
    person: str
    proposal: str | None
    before: str
    """The revision in force when it began."""
    after: str
    """The one that is tried."""
    state: State
    is_left: bool
    """Whether it is `running` and nobody is at it any more: `Backtests.run` goes on with it."""
    total: int
    done: int
    """Of `total`, those that were left out among them."""
    outcomes: Mapping[tuple[Outcome, Outcome], int]
    """How many drafts ended so and would end so, those that stay the same too."""
    rules: tuple[RuleCount, ...]
    """Only those that make a difference, the greatest first."""
    not_comparable: tuple[str, ...]
    """Rules that look for what is masked, and so count as they did."""
    left_out: LeftOut
    flips: tuple[Flip, ...]
    """The newest, at most `KEPT`."""

    @property
    def replayed(self) -> int:
        return sum(self.outcomes.values())

    @property
    def flipped(self) -> int:
        """How many would end differently, all of them."""
        return sum(count for (before, after), count in self.outcomes.items() if before is not after)


@dataclass(slots=True)
class Found:
    """The same while it grows; as JSON between two stretches of work."""

    outcomes: Counter[tuple[Outcome, Outcome]] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    not_comparable: dict[str, None] = field(default_factory=dict)
    missing: Counter[Missing] = field(default_factory=Counter)
    flips: list[Flip] = field(default_factory=list)
    since: str = ""
    """The day of the earliest draft, in UTC."""

    def add(self, recorded: Recorded, replayed: Replayed) -> None:
        self.outcomes[replayed.before, replayed.after] += 1
        self.not_comparable |= dict.fromkeys(replayed.not_comparable)
        self.since = recorded.at.date().isoformat()
        differing = {name: getattr(replayed, name) for name in _FIELDS}
        for name, rules in differing.items():
            for rule in rules:
                self.rules.setdefault(rule, Counter())[name] += 1
        if replayed.flips and len(self.flips) < KEPT:
            self.flips.append(Flip(recorded.seq, replayed.before, replayed.after, **differing))

    def add_all(self, other: Found) -> None:
        """What was found in drafts that are all older than these."""
        self.outcomes.update(other.outcomes)
        for rule, counts in other.rules.items():
            self.rules.setdefault(rule, Counter()).update(counts)
        self.not_comparable |= other.not_comparable
        self.missing.update(other.missing)
        self.flips += other.flips[: KEPT - len(self.flips)]
        self.since = other.since or self.since

    def counts(self) -> tuple[RuleCount, ...]:
        every = (RuleCount(rule, **counts) for rule, counts in self.rules.items())
        return tuple(sorted(every, key=lambda one: (-(one.newly + one.no_longer + one.otherwise), one.rule)))

    def left_out(self, private: int) -> LeftOut:
        return LeftOut(self.missing["erased"], self.missing["no_words"], private)

    def json(self) -> str:
        return json.dumps(
            {
                "outcomes": [[before, after, count] for (before, after), count in self.outcomes.items()],
                "rules": self.rules,
                "not_comparable": list(self.not_comparable),
                "missing": self.missing,
                "flips": [
                    [flip.seq, flip.before, flip.after, *(getattr(flip, each) for each in _FIELDS)]
                    for flip in self.flips
                ],
                "since": self.since,
            },
            separators=(",", ":"),
        )

    @classmethod
    def read(cls, text: str) -> Self:
        held: Mapping[str, Any] = json.loads(text)
        return cls(
            outcomes=Counter({(Outcome(one), Outcome(two)): count for one, two, count in held.get("outcomes", ())}),
            rules={rule: Counter(counts) for rule, counts in held.get("rules", {}).items()},
            not_comparable=dict.fromkeys(held.get("not_comparable", ())),
            missing=Counter(held.get("missing", {})),
            flips=[_flip(*each) for each in held.get("flips", ())],
            since=held.get("since", ""),
        )


def _flip(seq: int, before: str, after: str, *rules: list[str]) -> Flip:
    return Flip(seq, Outcome(before), Outcome(after), *map(tuple, rules))
