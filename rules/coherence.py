"""What only shows when all files of a policy are held together: names that nobody defines, or that two define."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.detectors import Rule
from rules.detectors.fields import Applies, Company
from rules.hours import Holidays, shifts
from rules.keeping import Keeping
from rules.policy import Adjustment, Clause, Owner, PolicyFile
from rules.problems import Place, Problem
from rules.protection import held_up
from rules.source import Source

_Loc = tuple[int | str, ...]
_SHOWN = 20
"""Names that an error lists when none resembles the one written."""

_COMPARED, _LETTERS = 200, 100
"""Names that are compared with the one written, and its letters: likeness costs their product."""

_HINTED = 20
"""Faults that are answered with a likely name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file that is sound in itself."""

    source: Source
    file: PolicyFile


@dataclass(frozen=True)
class Whole:
    """What the files say together. A file comes after those that it includes: its clauses and owners replace theirs."""

    languages: Sequence[str]
    company: Company
    holidays: tuple[str, ...]
    duty: str | None
    appeals: str | None
    record: Keeping
    owners: Mapping[str, Owner]
    clauses: Mapping[str, Clause]
    rules: Mapping[str, Rule]
    adjustments: Mapping[str, Sequence[Adjustment]]
    _hinted: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, loaded: Sequence[Loaded]) -> Whole:
        files = [each.file for each in loaded]
        last_first = files[::-1]
        adjustments = defaultdict[str, list[Adjustment]](list)
        for file in files:
            for adjustment in file.adjust:
                adjustments[adjustment.rule].append(adjustment)
        return cls(
            languages=tuple(dict.fromkeys(files[-1].languages)),
            company=next((file.company for file in last_first if file.company.names), Company()),
            holidays=next((file.holidays for file in last_first if file.holidays), ()),
            duty=next((file.duty for file in last_first if file.duty), None),
            appeals=next((file.appeals for file in last_first if file.appeals), None),
            record=next((file.record for file in last_first if file.record), Keeping()),
            owners={owner.id: owner for file in files for owner in file.owners},
            clauses={clause.id: clause for file in files for clause in file.clauses},
            rules={rule.id: rule for file in files for rule in file.rules},
            adjustments=adjustments,
        )

    @cached_property
    def circles(self) -> dict[str, list[str]]:
        """Of each owner who comes round to themselves by `next`, who stand in that circle, from them on."""
        done: set[str] = set()
        found: dict[str, list[str]] = {}
        for start in self.owners:
            line: dict[str, int] = {}
            at: str | None = start
            while at is not None and at in self.owners and at not in done and at not in line:
                line[at] = len(line)
                at = self.owners[at].next
            if at in line:
                circle = list(line)[line[at] :]
                shown = circle * 2
                found |= {id: shown[place : place + min(len(circle), _SHOWN)] for place, id in enumerate(circle)}
            done.update(line)
        return found

    def hint(self, word: str, known: Iterable[str]) -> str:
        """As `hint`, for the first faults alone: comparing costs, and whoever made more made one mistake many times."""
        self._hinted.append(word)
        return hint(word, known) if len(self._hinted) <= _HINTED else ", ".join(sorted(known)[:_SHOWN]) or "-"

    def final(self, id: str) -> Rule:
        """The rule as all adjustments leave it."""
        return reduce(lambda rule, adjustment: adjustment.of(rule), self.adjustments.get(id, ()), self.rules[id])

    def adjusted(self, id: str) -> set[str]:
        """The fields of a rule that are not as its own file has them."""
        return {name for adjustment in self.adjustments.get(id, ()) for name in adjustment.changes}


def hint(word: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or all there are."""
    names = sorted(known)
    near = [] if len(word) > _LETTERS else _comparable(word, names)
    return ", ".join(difflib.get_close_matches(word, near, n=1, cutoff=0.6) or names[:_SHOWN]) or "-"


def _comparable(word: str, names: Sequence[str]) -> list[str]:
    """The names to compare with `word`; of too many, those that begin or end as it does first."""
    short = [name for name in names if len(name) <= _LETTERS]
    if len(short) > _COMPARED:
        short.sort(key=lambda name: (name[:3] != word[:3]) + (name[-3:] != word[-3:]))
    return short[:_COMPARED]


def incoherent(loaded: Sequence[Loaded], whole: Whole) -> Iterator[Problem]:
    """Everything wrong between `loaded`, in the order of the files."""
    yield from _zone(loaded[-1], ("timezone",), loaded[-1].file.timezone)
    seen: dict[str, Place] = {}
    for each in loaded:
        yield from _presence(each, whole)
        yield from _twice(each)
        for number, rule in enumerate(each.file.rules):
            place = each.source.place(("rules", number, "id"))
            if rule.id in seen:
                yield Problem(place, "id_twice", {"id": rule.id, "where": str(seen[rule.id])})
            seen.setdefault(rule.id, place)
            yield from _rule(each, number, rule, whole)
        for number, clause in enumerate(each.file.clauses):
            if whole.clauses[clause.id] is clause:
                yield from _clause(each, number, clause, whole)
        for number, owner in enumerate(each.file.owners):
            if whole.owners[owner.id] is owner:
                yield from _owner(each, number, owner, whole)
        for number, adjustment in enumerate(each.file.adjust):
            yield from _adjustment(each, number, adjustment, whole)


def _zone(each: Loaded, loc: _Loc, zone: str) -> Iterator[Problem]:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(each.source.place(loc), "no_zone", {"zone": zone})


def _presence(each: Loaded, whole: Whole) -> Iterator[Problem]:
    """What a file says of when all owners are away, and of who is asked besides the owners of clauses."""
    yield from _holidays(each, ("holidays",), each.file.holidays)
    for key, owner in (("duty", each.file.duty), ("appeals", each.file.appeals)):
        if owner is not None:
            yield from _answering(each, (key,), owner, whole)


def _holidays(each: Loaded, loc: _Loc, written: Sequence[str]) -> Iterator[Problem]:
    for position, days in enumerate(written):
        place = each.source.place((*loc, position))
        try:
            if not Holidays.of([days]).are_in_order:
                yield Problem(place, "days_swapped", {"days": days})
        except ValueError:
            yield Problem(place, "no_day", {"day": days})


def _twice(each: Loaded) -> Iterator[Problem]:
    for key, ids in (
        ("owners", [owner.id for owner in each.file.owners]),
        ("clauses", [clause.id for clause in each.file.clauses]),
    ):
        first: dict[str, int] = {}
        for number, id in enumerate(ids):
            place = each.source.place((key, number, "id"))
            if first.setdefault(id, place.line) != place.line:
                yield Problem(place, "name_twice", {"id": id, "line": str(first[id])})


def _rule(each: Loaded, number: int, rule: Rule, whole: Whole) -> Iterator[Problem]:
    loc, adjusted = ("rules", number), whole.adjusted(rule.id)
    if "clause" not in adjusted:
        yield from _cited(each, (*loc, "clause"), rule.clause, whole)
    for name in [name for name in ("message", "suggest") if name not in adjusted]:
        yield from _words(each, (*loc, name), getattr(rule, name), whole.languages)
    if "applies" not in adjusted:
        yield from _applies(each, (*loc, "applies"), rule.applies)
    if (lawful := held_up(whole.final(rule.id))) is not None:
        yield Problem(each.source.place((*loc, "severity")), "holds_up_lawful", {"sentence": lawful})


def _adjustment(each: Loaded, number: int, adjustment: Adjustment, whole: Whole) -> Iterator[Problem]:
    loc = ("adjust", number)
    if adjustment.rule not in whole.rules:
        facts = {"rule": adjustment.rule, "hint": whole.hint(adjustment.rule, whole.rules)}
        yield Problem(each.source.place((*loc, "rule")), "no_rule", facts)
    elif adjustment.allow and "allow" not in type(whole.rules[adjustment.rule]).model_fields:
        yield Problem(each.source.place((*loc, "allow"), of_key=True), "no_allow", {"rule": adjustment.rule})
    elif adjustment.threshold is not None and not whole.rules[adjustment.rule].reads_meaning:
        yield Problem(each.source.place((*loc, "threshold"), of_key=True), "no_threshold", {"rule": adjustment.rule})
    if adjustment.clause is not None:
        yield from _cited(each, (*loc, "clause"), adjustment.clause, whole)
    yield from _words(each, (*loc, "message"), adjustment.message, whole.languages)
    yield from _words(each, (*loc, "suggest"), adjustment.suggest, whole.languages)
    if adjustment.applies is not None:
        yield from _applies(each, (*loc, "applies"), adjustment.applies)


def _clause(each: Loaded, number: int, clause: Clause, whole: Whole) -> Iterator[Problem]:
    loc = ("clauses", number)
    yield from _answering(each, (*loc, "owner"), clause.owner, whole)
    yield from _words(each, (*loc, "title"), clause.title, whole.languages)
    yield from _words(each, (*loc, "text"), clause.text, whole.languages)


def _owner(each: Loaded, number: int, owner: Owner, whole: Whole) -> Iterator[Problem]:
    loc = ("owners", number)
    yield from _words(each, (*loc, "name"), owner.name, whole.languages)
    for times in dict.fromkeys(shift.written for _, shift in shifts(owner.hours) if shift.is_empty):
        yield Problem(each.source.place((*loc, "hours")), "no_time", {"times": times})
    if owner.timezone is not None:
        yield from _zone(each, (*loc, "timezone"), owner.timezone)
    yield from _holidays(each, (*loc, "holidays"), owner.holidays)
    if owner.next is None:
        return
    yield from _answering(each, (*loc, "next"), owner.next, whole)
    if owner.id in whole.circles:
        circle = whole.circles[owner.id]
        names = " → ".join([*circle, *(["…"] if len(circle) == _SHOWN else []), owner.id])
        yield Problem(each.source.place((*loc, "next")), "owner_cycle", {"names": names})


def _cited(each: Loaded, loc: _Loc, clause: str, whole: Whole) -> Iterator[Problem]:
    if clause not in whole.clauses:
        facts = {"clause": clause, "hint": whole.hint(clause, whole.clauses)}
        yield Problem(each.source.place(loc), "no_clause", facts)


def _answering(each: Loaded, loc: _Loc, owner: str, whole: Whole) -> Iterator[Problem]:
    if owner not in whole.owners:
        yield Problem(each.source.place(loc), "no_owner", {"owner": owner, "hint": whole.hint(owner, whole.owners)})


def _words(each: Loaded, loc: _Loc, texts: Mapping[str, str] | None, languages: Sequence[str]) -> Iterator[Problem]:
    for language in languages:
        if texts is not None and language not in texts and "*" not in texts:
            facts = {"language": language, "languages": ", ".join(languages)}
            yield Problem(each.source.place(loc, of_key=True), "no_words", facts)


def _applies(each: Loaded, loc: _Loc, applies: Applies) -> Iterator[Problem]:
    # A pack may know more languages than the company that includes it.
    languages = each.file.languages
    for position, language in enumerate(applies.languages):
        if language not in languages:
            facts = {"language": language, "languages": ", ".join(languages)}
            yield Problem(each.source.place((*loc, "languages", position)), "not_a_language", facts)
    if applies.since and applies.until and applies.until < applies.since:
        facts = {"since": applies.since.isoformat(), "until": applies.until.isoformat()}
        yield Problem(each.source.place((*loc, "until")), "dates_swapped", facts)
