"""Whether a rule is stricter by what was changed in it, field by field: what is not sure is called unclear.

Stricter: whatever the rule found it still finds, in the same drafts, and treats at least as severely. Looser: the other
way round.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any, Literal, get_args

from rules.detectors import Rule
from rules.detectors.base import BaseRule
from rules.detectors.fields import Applies, State
from rules.folding import fold
from rules.policy import Policy
from rules.terms import Terms
from rules.verdict import Severity

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


_Compare = Callable[[str, Side, Side], Iterator[Detail]]


def root(field: str) -> str:
    return field.partition(".")[0]


def differences(before: Side, after: Side) -> list[Detail]:
    """What was changed in a rule, each with the direction in which it goes whatever else was changed."""
    detector = after.fields["detector"]
    if before.fields["detector"] != detector:
        # What they look for cannot be held side by side.
        before, after = (replace(side, fields=_common(side.fields)) for side in (before, after))
    details = [
        detail
        for field in dict.fromkeys((*before.fields, *after.fields))
        if before.fields.get(field) != after.fields.get(field)
        for detail in _comparing(detector, field)(field, before, after)
    ]
    if any(detail.direction == "unclear" and _is_own(detail) for detail in details):
        # A lower limit is no stricter if it is the limit of something else.
        details = [replace(one, direction="unclear") if _is_own(one) else one for one in details]
    if details and type(after.rule).naming is not BaseRule.naming and before.policy.company != after.policy.company:
        old, new = (side.policy.company.model_dump(mode="json") for side in (before, after))
        details.append(Detail("company", old, new, "unclear"))
    return details


def _comparing(detector: str, field: str) -> _Compare:
    name = root(field)
    return _FIELDS.get(name) or _FIELDS.get(f"{detector}.{name}") or _unclear


def _common(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if root(field) in _COMMON}


def _is_own(detail: Detail) -> bool:
    return detail.direction != "none" and root(detail.field) not in _COMMON


_COMMON = {"detector", *(field.alias or name for name, field in BaseRule.model_fields.items())}


def _plainly(direction: Direction, field: str, before: Side, after: Side) -> Iterator[Detail]:
    yield Detail(field, before.fields.get(field), after.fields.get(field), direction)


_none: _Compare = partial(_plainly, "none")
_unclear: _Compare = partial(_plainly, "unclear")


def _way(places: Sequence[Any], risen: Direction) -> Direction:
    """`risen` if the second is higher, the opposite if it is lower, and unclear where one of them has no place."""
    first, second = places
    if first is None or second is None:
        return "unclear"
    return "none" if first == second else risen if second > first else _opposite(risen)


def _opposite(direction: Direction) -> Direction:
    return {"stricter": "looser", "looser": "stricter"}.get(direction, direction)  # type: ignore[return-value]


def _ranked(order: Sequence[str], field: str, before: Side, after: Side) -> Iterator[Detail]:
    """`order` goes from loosest to strictest."""
    values = before.fields[field], after.fields[field]
    yield Detail(field, *values, _way([order.index(value) for value in values], "stricter"))


def _number(risen: Direction, absent: float | None, field: str, before: Side, after: Side) -> Iterator[Detail]:
    """`absent` is what no number at all counts as. Switches are numbers too."""
    values = before.fields.get(field), after.fields.get(field)
    yield Detail(field, *values, _way([absent if value is None else value for value in values], risen))


def _threshold(field: str, before: Side, after: Side) -> Iterator[Detail]:
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


def _listed(added: Direction, field: str, before: Side, after: Side) -> Iterator[Detail]:
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


def _scope(field: str, before: Side, after: Side) -> Iterator[Detail]:
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


def _protected(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """A rule that gives its reason does not give way to protected speech."""
    values = before.fields[field], after.fields[field]
    yield Detail(field, *values, _way([value is not None for value in values], "stricter"))


def _told(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """Further wording that tells an employer or a gift; of late labels it is one more to be late."""
    late = "late_label" in (before.fields["about"], after.fields["about"])
    compare = _unclear if late else partial(_listed, "looser")
    yield from compare(field, before, after)


def _pairs(field: str, before: Side, after: Side, added: Direction = "stricter") -> Iterator[Detail]:
    old, new = before.fields[field].items(), after.fields[field].items()
    gone, come = (
        {one: other for one, other in here if (one, other) not in there} for here, there in ((old, new), (new, old))
    )
    yield from _apart(field, gone, come, added)


def _swaps(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """Wordings and the better ones, of which the longer shield the shorter inside them: `Acme` in `Acme Italia`."""
    old, new = before.fields[field], after.fields[field]
    common = [written for written in old if written in new]
    words = [word for pair in old.items() ^ new.items() for word in pair]
    sure = before.fields["engine"] == after.fields["engine"] == "words" and all(old[one] == new[one] for one in common)
    yield from _pairs(field, before, after, "stricter" if sure and not _shield(words, common, ()) else "unclear")


def _terms(field: str, before: Side, after: Side) -> Iterator[Detail]:
    """The company's own words. Once it may be said, a longer one shields a shorter one inside it that may not."""
    entries = before.fields[field], after.fields[field]
    old, new = ({entry["term"]: entry for entry in side} for side in entries)
    if len(old) < len(entries[0]) or len(new) < len(entries[1]):
        yield from _unclear(field, before, after)  # of one that stands twice, the later day counts
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


_more, _fewer = partial(_listed, "stricter"), partial(_listed, "looser")
_on, _off = partial(_number, "stricter", 0), partial(_number, "looser", 0)
_most, _least = partial(_number, "looser", float("inf")), partial(_number, "stricter", float("-inf"))


def _all(compare: _Compare, fields: str) -> dict[str, _Compare]:
    return dict.fromkeys(fields.split(), compare)


_FIELDS: Mapping[str, _Compare] = {
    "severity": partial(_ranked, [each.value for each in Severity]),
    "state": partial(_ranked, [each.value for each in State]),
    "override": partial(_ranked, ["acknowledge", "justify", "approve", "none"]),
    "applies": _scope,
    "except": _fewer,
    "protected": _protected,
    **_all(_none, "clause message suggest hides rewrite examples"),
    **_all(_more, "phrases.phrases phrases.inflect pattern.patterns exact_match.match"),
    **_all(_more, "internal_link.hosts internal_link.usual reply.signs disclosure.signs"),
    **_all(_fewer, "substitution.unless pattern.unless conditional.unless reply.unless"),
    **_all(_fewer, "repetition.allow_words capitalization.keep shouting.keep"),
    **_all(_fewer, "platform.known personal_data.allow internal_link.public"),
    **_all(_most, "occurrence.most metric.most platform.most repetition.most fingerprint.least"),
    **_all(_most, "shouting.capitals shouting.marks shouting.emoji"),
    **_all(_least, "occurrence.least metric.least"),
    **_all(_on, "shouting.stretched secret.prose dictionary.misspelt"),
    **_all(_threshold, "personal_data.entities toxicity.labels topic.threshold judge.threshold"),
    **_all(_threshold, "reply.threshold disclosure.threshold paraphrase.threshold"),
    "phrases.case_sensitive": _off,
    "substitution.swap": _swaps,
    "consistency.either": _pairs,
    "capitalization.threshold": partial(_number, "stricter", None),  # a share of words that must fit
    "platform.limits": partial(_number, "looser", None),  # in place of the channel's own
    "disclosure.accept": _told,
    "dictionary.terms": _terms,
}
"""How each field is compared, those of a detector by its name; what is not here is unclear."""
