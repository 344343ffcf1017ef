"""Which way a rule goes by one field that was changed: numbers, lists, pairs, terms, the drafts that it is for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Literal, get_args

from rules.detectors import Rule
from rules.detectors.fields import Applies
from rules.folding import fold
from rules.policy import Policy
from rules.terms import Terms

Direction = Literal["stricter", "looser", "mixed", "unclear", "none"]
"""`mixed`: stricter for some drafts and looser for others. `none`: no draft is judged otherwise."""

_NEVER = "~"  # after every date

MEASURED = "measured"
"""Stands for a model's own threshold, where the policy sets none."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One field that is not as it was, as JSON has it; None is nothing at all.

    Of lists, and of pairs, `before` and `after` are what stands on one side alone; both empty: only written otherwise.
    """

    field: str
    """As the policy names it; `applies.accounts`, `message.it`, `labels.insult` for what lies inside another."""
    before: Any
    after: Any
    direction: Direction


@dataclass(frozen=True, slots=True)
class Side:
    """A rule in its policy, and its fields as that policy would write them; see `rules.comparing`."""

    rule: Rule
    policy: Policy
    fields: Mapping[str, Any]


Compare = Callable[[str, Side, Side], Iterator[Detail]]


def _plainly(direction: Direction, field: str, before: Side, after: Side) -> Iterator[Detail]:
    yield Detail(field, before.fields.get(field), after.fields.get(field), direction)


indifferent: Compare = partial(_plainly, "none")
unclear: Compare = partial(_plainly, "unclear")


def _way(places: Sequence[Any], risen: Direction) -> Direction:
    """`risen` if the second is higher, the opposite if it is lower, and unclear where one of them has no place."""
    first, second = places
    if first is None or second is None:
        return "unclear"
    return "none" if first == second else risen if second > first else _opposite(risen)


def _opposite(direction: Direction) -> Direction:
    return {"stricter": "looser", "looser": "stricter"}.get(direction, direction)  # type: ignore[return-value]


def ranked(order: Sequence[str], field: str, before: Side, after: Side) -> Iterator[Detail]:
    """`order` goes from loosest to strictest."""
    values = before.fields[field], after.fields[field]
    yield Detail(field, *values, _way([order.index(value) for value in values], "stricter"))


def number(risen: Direction, absent: float | None, field: str, before: Side, after: Side) -> Iterator[Detail]:
    """`absent` is what no number at all counts as. Switches are numbers too."""
    values = before.fields.get(field), after.fields.get(field)
    yield Detail(field, *values, _way([absent if value is None else value for value in values], risen))


def threshold(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """What has none is not looked for. How a measured one compares with a number, only the model knows."""
    values = before.fields.get(field), after.fields.get(field)
    scores = [None if value == MEASURED else value for value in values]
    yield Detail(field, *values, _way([value is None for value in values] if None in values else scores, "looser"))


def _apart(field: str, gone: Any, come: Any, added: Direction = "stricter") -> Iterator[Detail]:
    """What stands only before and only after, which goes the other way."""
    if gone:
        yield Detail(field, gone, type(gone)(), _opposite(added))
    if come:
        yield Detail(field, type(come)(), come, added)


def listed(added: Direction, field: str, before: Side, after: Side) -> Iterator[Detail]:
    """A list of which each item counts by itself. `added` is the way that one more goes."""
    old, new = ({_name(one): one for one in side.fields.get(field) or ()} for side in (before, after))
    gone, come = _alone(old, new)
    yield from _apart(field, gone, come, added)
    other = [name for name in old if name in new and old[name] != new[name]]
    if other or not (gone or come):
        # Another reason for the same phrase, another order, or one that stood twice.
        yield Detail(field, [old[name] for name in other], [new[name] for name in other], "none")


def _alone(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """The values of the names that stand on one side alone."""
    return [one for name, one in old.items() if name not in new], [one for name, one in new.items() if name not in old]


def _name(item: Any) -> str:
    phrase = item.get("phrase") if isinstance(item, dict) else item
    return phrase if isinstance(phrase, str) else json.dumps(item)


def scope(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """Which drafts a rule is for; nothing named is every one."""
    name, values = field.partition(".")[2], (before.fields[field], after.fields[field])
    direction: Direction = "unclear"
    if name == "from":
        direction = _way([value or "" for value in values], "looser")
    elif name == "until":
        direction = _way([value or _NEVER for value in values], "stricter")
    elif name == "languages":
        direction = _width(set(before.rule.tongues), set(after.rule.tongues))
    elif every := _every(name):
        direction = _width(*(set(value) - every if set(value) == every else set(value) for value in values))
    yield Detail(field, *values, direction)


def _every(name: str) -> set[str]:
    """All values that a field of `applies` may name; none where they are not counted."""
    kind, *_ = get_args(Applies.model_fields[name].annotation) or (None,)
    return {each.value for each in kind} if isinstance(kind, type) and issubclass(kind, StrEnum) else set()


def _width(before: set[str], after: set[str]) -> Direction:
    if before == after:
        return "none"
    if not after or (before and before < after):
        return "stricter"
    return "looser" if not before or after < before else "mixed"


def protected(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """A rule that gives its reason does not give way to protected speech."""
    values = before.fields[field], after.fields[field]
    yield Detail(field, *values, _way([value is not None for value in values], "stricter"))


def told(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """Further wording that tells an employer or a gift; of late labels it is one more to be late."""
    late = "late_label" in (before.fields["about"], after.fields["about"])
    compare = unclear if late else partial(listed, "looser")
    yield from compare(field, before, after)


def pairs(field: str, before: Side, after: Side, added: Direction = "stricter") -> Iterator[Detail]:
    """As `listed`, of what is written as one thing and another."""
    old, new = before.fields[field].items(), after.fields[field].items()
    gone, come = (
        {one: other for one, other in here if (one, other) not in there} for here, there in ((old, new), (new, old))
    )
    yield from _apart(field, gone, come, added)


def swaps(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """Wordings and the better ones, of which the longer shield the shorter inside them: `Acme` in `Acme Italia`."""
    old, new = before.fields[field], after.fields[field]
    common = [written for written in old if written in new]
    words = [word for pair in old.items() ^ new.items() for word in pair]
    sure = before.fields["engine"] == after.fields["engine"] == "words" and all(old[one] == new[one] for one in common)
    yield from pairs(field, before, after, "stricter" if sure and not _shield(words, common, ()) else "unclear")


def terms(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """The company's own words. Once it may be said, a longer one shields a shorter one inside it that may not."""
    entries = before.fields[field], after.fields[field]
    old, new = ({entry["term"]: entry for entry in side} for side in entries)
    if len(old) < len(entries[0]) or len(new) < len(entries[1]):
        yield from unclear(field, before, after)  # of one that stands twice, the later day counts
        return
    gone, come = _alone(old, new)
    common = [word for term, entry in old.items() if term in new for word in _spellings(entry)]
    ending = [word for entry in (*gone, *come) if entry["until"] for word in _spellings(entry)]
    inflect = dict.fromkeys((*before.fields["inflect"], *after.fields["inflect"]))
    loose = before.fields["misspelt"] or after.fields["misspelt"]
    sure = not ending or not (loose or _shield(ending, common, tuple(inflect)))
    yield from _apart(field, gone, come, "stricter" if sure else "unclear")
    for term, entry in old.items():
        if term in new and new[term] != entry:
            yield Detail(field, [entry], [new[term]], _term_way(entry, new[term]))
    if old == new:
        yield Detail(field, [], [], "none")


def _term_way(old: Mapping[str, Any], new: Mapping[str, Any]) -> Direction:
    if old["also"] == new["also"]:
        return _way([entry["until"] or _NEVER for entry in (old, new)], "stricter")
    return "unclear" if old["until"] or new["until"] else _width({"", *old["also"]}, {"", *new["also"]})


def _spellings(entry: Mapping[str, Any]) -> list[str]:
    return [entry["term"], *entry["also"]]


def _shield(words: Sequence[str], shorter: Sequence[str], inflect: Sequence[str]) -> bool:
    """Whether one of `shorter` stands inside one of `words`, and is not all of it."""
    terms = Terms(shorter, inflect=inflect)
    return any(span.end - span.start < len(word) for word in words for span in terms.spans(fold(word)))
