"""One recorded screening held against two policies: what was recorded counts wherever a rule is still the same.

A rule that is not is read again from the stored scores or the masked words. Where masking left it something else than
the writer's own, its earlier form is read beside it: what the two say alike there is no difference between them, and
the record stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

from bot.proposals.recorded import Recorded
from rules.detectors.base import BaseRule
from rules.detectors.fields import State
from rules.judges import Judges
from rules.language import Language
from rules.policy import Policy
from rules.protection import gives_way, is_own
from rules.rereading import NotKept, Rereading, Stored
from rules.screening import is_foreign_to, speaks
from rules.verdict import Outcome, Severity, outcome_of

Published = Callable[[str], Policy | None]
"""A policy that was published, by its revision; None where it cannot be read."""

_WEIGHT: Final = {
    "severity", "state", "applies", "protected", "clause", "message", "suggest", "override", "rewrite", "examples",
    "hides",
}  # fmt: skip
"""Fields that say nothing of what a rule finds: they say when it is asked, and what follows."""


class _Said(NamedTuple):
    """What a rule says of a draft."""

    found: bool = False
    missed: str | None = None
    is_comparable: bool = True


_NOT_COMPARABLE = _Said(is_comparable=False)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What becomes of one draft. Of rules it has the ids, those in force."""

    before: Outcome
    after: Outcome
    newly: tuple[str, ...]
    """Find something now, and did not."""
    no_longer: tuple[str, ...]
    otherwise: tuple[str, ...]
    """Find something as they did, and are of another severity."""
    unchecked: tuple[str, ...]
    """Could not run, and did before or were not there."""
    not_comparable: tuple[str, ...]

    @property
    def flips(self) -> bool:
        return self.before is not self.after


class Replayer:
    """From one policy to another. Thread-safe."""

    def __init__(self, before: Policy, after: Policy, published: Published, judges: Judges | None = None) -> None:
        """`published` knows the policies of the record; `judges` read where stored scores do not serve."""
        self.before, self.after = _Side(before), _Side(after)
        self._published, self._judges = published, judges
        self._earlier: dict[str, _Side | None] = {before.revision: self.before, after.revision: self.after}
        self._moved: dict[str, Mapping[str, None]] = {}
        self._ids = tuple(dict.fromkeys((*self.before.rules, *self.after.rules)))
        self._differing = frozenset(id for id in self.after.rules if self._is_other(id))

    @property
    def not_comparable(self) -> frozenset[str]:
        """Rules that look for what is masked and will be others: of most drafts nobody can say what they would find."""
        sides = self.before, self.after
        return frozenset(
            id
            for id in self._differing
            if any(id in side.rules and side.rules[id].blanks and not side.rules[id].reads_meaning for side in sides)
        )

    def replay(self, recorded: Recorded) -> Replayed:
        was = self._at_the_time(recorded.policy)
        case = _Case(recorded, was, self._judges)
        before, after, blind = _Weighed(), _Weighed(), list[str]()
        moving = self._moving(recorded.policy, was)
        for id in recorded.found | recorded.unchecked.keys():
            if id not in moving:
                before.add(self.before.rules.get(id), case.on_record(id))
                after.add(self.after.rules.get(id), case.on_record(id))
        for id in moving:
            first, second = case.says(self.before, id), case.says(self.after, id)
            old, new = self.before.rules.get(id), self.after.rules.get(id)
            if not all(said is None or said.is_comparable for said in (first, second)):
                # What it would find is unknown: on both sides it counts as it did.
                first, second, new = _as_recorded(case.on_record(id), first, second, old)
                blind += [id] * (id in self._differing)
            before.add(old, first)
            after.add(new, second)
        if is_own(recorded.draft) and case.is_opinion(self.after) and not case.reads_meaning(self.before):
            after.gives_way = True
        return _replayed(before, after, case.recorded, tuple(blind))

    def _at_the_time(self, revision: str) -> _Side | None:
        if revision not in self._earlier:
            policy = self._published(revision)
            self._earlier[revision] = None if policy is None else _Side(policy)
        return self._earlier[revision]

    def _moving(self, revision: str, was: _Side | None) -> Mapping[str, None]:
        """Rules that are not the same, word for word, in both policies and in the one that the draft was held against.

        All others count as they are recorded, on both sides.
        """
        if revision not in self._moved:
            sides = [self.before, self.after, was]
            alike = (
                was is not None and len({(side.policy.languages, side.policy.timezone) for side in sides if side}) == 1
            )
            steady = [
                id for id in self._ids if alike and len({side.whole.get(id) for side in sides if side is not None}) == 1
            ]
            self._moved[revision] = {id: None for id in self._ids if id not in set(steady)}
        return self._moved[revision]

    def _is_other(self, id: str) -> bool:
        old, new = self.before, self.after
        return (
            id not in old.rules
            or old.forms[id] != new.forms[id]
            or old.rules[id].applies != new.rules[id].applies
            or old.policy.languages != new.policy.languages
        )


class _Side:
    """A policy's rules that are not drafts, by their id, each with what it finds by."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        # Of opinions nothing is recorded, and such a rule only notes.
        rules = (rule for rule in policy.rules if rule.state is not State.DRAFT and not rule.tells_opinion)
        self.rules: Mapping[str, BaseRule] = {rule.id: rule for rule in rules}

    @cached_property
    def forms(self) -> Mapping[str, str]:
        return {id: rule.model_dump_json(exclude=_WEIGHT) for id, rule in self.rules.items()}

    @cached_property
    def whole(self) -> Mapping[str, str]:
        return {id: rule.model_dump_json() for id, rule in self.rules.items()}

    def spoken(self, language: str | None) -> tuple[str, ...]:
        """See `Subject.languages`."""
        return tuple(code for code in self.policy.languages if code == language) or self.policy.languages


class _Case:
    """One draft, and the policy under which it was screened, where that can still be read."""

    def __init__(self, recorded: Recorded, was: _Side | None, judges: Judges | None) -> None:
        self.recorded, self._was, self._judges = recorded, was, judges
        self._days: dict[str, date] = {}
        self._language = Language(recorded.language, 1.0 if recorded.language else 0.0)

    def says(self, side: _Side, id: str) -> _Said | None:
        """What the rule says by that policy; None: it is not for this draft."""
        rule = side.rules.get(id)
        if rule is None or not self._applies(rule, side):
            return None
        if not speaks(rule, self._language):
            is_foreign = is_foreign_to(rule, self._language, side.policy)
            return _Said(missed=f"language:{self._language.code}") if is_foreign else None
        if side is self._was:
            return self.on_record(id)
        languages, was = side.spoken(self._language.code), self._asked(id)
        if was and self._was and (self._was.forms[id], self._languages) == (side.forms[id], languages):
            return self.on_record(id)
        hides = rule.blanks or (was is not None and was.blanks)
        try:
            return self._read(rule, languages, was, anew=not hides)
        except NotKept:
            return _NOT_COMPARABLE

    def on_record(self, id: str) -> _Said:
        """What was recorded of the rule; a finding that a person had overturned is none."""
        return _Said(id in self.recorded.found, self.recorded.unchecked.get(id))

    def is_opinion(self, side: _Side) -> bool:
        """Whether the judge, where it read the draft for the first time, takes it for protected speech."""
        return self._rereading.is_opinion(side.spoken(self._language.code))

    def reads_meaning(self, side: _Side) -> bool:
        """Whether a rule that reads meaning is asked about the draft by that policy."""
        asked = (rule for rule in side.rules.values() if rule.reads_meaning and self._applies(rule, side))
        return any(speaks(rule, self._language) for rule in asked)

    def _read(self, rule: BaseRule, languages: tuple[str, ...], was: BaseRule | None, *, anew: bool) -> _Said:
        kept = self.on_record(rule.id)
        new = self._rereading.read(rule, languages, was, anew=anew)
        said = _Said(new.found, new.missed)
        if was is not None and (new.missed or not new.is_as_written):
            old = self._rereading.read(was, self._languages, was, anew=anew)
            if (old.found, old.missed) == said[:2]:
                return kept
        # Somebody ruled that it is wrong about these words, and what it finds is taken for the same.
        overturned = rule.id in self.recorded.dismissed and not kept.found
        return _Said() if said.found and overturned else said

    def _applies(self, rule: BaseRule, side: _Side) -> bool:
        zone = side.policy.timezone
        if zone not in self._days:
            self._days[zone] = self.recorded.at.astimezone(side.policy.zone).date()
        return rule.applies.to(self.recorded.draft, self._days[zone])

    def _asked(self, id: str) -> BaseRule | None:
        """The rule as it was, if what it said of this draft is on record."""
        rule = self._was.rules.get(id) if self._was else None
        if rule is None or self._was is None or not self._applies(rule, self._was):
            return None
        # That a rule on trial could not run is not recorded; without a model those that need one could not.
        unsaid = rule.state is State.SHADOW and rule.reads_meaning and not self.recorded.models
        return None if unsaid or not speaks(rule, self._language) else rule

    @cached_property
    def _languages(self) -> tuple[str, ...]:
        return self._was.spoken(self._language.code) if self._was else ()

    @cached_property
    def _rereading(self) -> Rereading:
        told = self.recorded
        # Where the policy is not known any more, a language that was decided is one that it spoke.
        spoken = self._languages or ((self._language.code,) if self._language.code else ())
        stored = Stored(told.scores, told.models, spoken[0] if len(spoken) == 1 else None)
        today = told.at.astimezone(self._was.policy.zone if self._was else told.at.tzinfo).date()
        return Rereading(told.draft, told.is_whole, stored, self._judges, today)


@dataclass(slots=True)
class _Weighed:
    """What all rules of a policy say together."""

    found: dict[str, BaseRule] = field(default_factory=dict)
    missed: dict[str, BaseRule] = field(default_factory=dict)
    gives_way: bool = False
    """As `Screener` has it where the draft is protected speech."""

    def add(self, rule: BaseRule | None, said: _Said | None) -> None:
        if rule is None or said is None:
            return
        if rule.state is State.LIVE and said.found:
            self.found[rule.id] = rule
        if rule.state is State.LIVE and said.missed:
            self.missed[rule.id] = rule

    def outcome(self, recorded: Recorded) -> Outcome:
        attached = [Severity.WARN for _ in recorded.draft.attachments]
        return outcome_of(
            [self.weight(rule) for rule in self.found.values()],
            [*(self.weight(rule) for rule in self.missed.values()), *attached],
        )

    def weight(self, rule: BaseRule) -> Severity:
        return Severity.NOTE if self.gives_way and gives_way(rule) else rule.severity


def _as_recorded(
    kept: _Said, first: _Said | None, second: _Said | None, old: BaseRule | None
) -> tuple[_Said | None, _Said | None, BaseRule | None]:
    """What both sides say of a rule that is not comparable, and the rule by which the later one weighs it."""
    first = kept if first and old else None
    return first, first if second else None, old


def _replayed(before: _Weighed, after: _Weighed, recorded: Recorded, blind: tuple[str, ...]) -> Replayed:
    both = [id for id in after.found if id in before.found]
    return Replayed(
        before=before.outcome(recorded),
        after=after.outcome(recorded),
        newly=tuple(id for id in after.found if id not in before.found),
        no_longer=tuple(id for id in before.found if id not in after.found),
        otherwise=tuple(id for id in both if before.weight(before.found[id]) != after.weight(after.found[id])),
        unchecked=tuple(id for id in after.missed if id not in before.missed),
        not_comparable=blind,
    )
