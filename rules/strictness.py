"""Whether a rule is stricter by what was changed in it, field by field: what is not sure is called unclear.

Stricter: whatever the rule found it still finds, in the same drafts, and treats at least as severely. Looser: the other
way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from rules.detectors.base import BaseRule
from rules.detectors.fields import State
from rules.directions import (
    Compare,
    Detail,
    Side,
    indifferent,
    listed,
    number,
    pairs,
    protected,
    ranked,
    scope,
    swaps,
    terms,
    threshold,
    told,
    unclear,
)
from rules.verdict import Severity


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


def _comparing(detector: str, field: str) -> Compare:
    name = root(field)
    return _FIELDS.get(name) or _FIELDS.get(f"{detector}.{name}") or unclear


def _common(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in fields.items() if root(field) in _COMMON}


def _is_own(detail: Detail) -> bool:
    return detail.direction != "none" and root(detail.field) not in _COMMON


_COMMON = {"detector", *(field.alias or name for name, field in BaseRule.model_fields.items())}


_more, _fewer = partial(listed, "stricter"), partial(listed, "looser")
_on, _off = partial(number, "stricter", 0), partial(number, "looser", 0)
_most, _least = partial(number, "looser", float("inf")), partial(number, "stricter", float("-inf"))


def _all(compare: Compare, fields: str) -> dict[str, Compare]:
    return dict.fromkeys(fields.split(), compare)


_FIELDS: Mapping[str, Compare] = {
    "severity": partial(ranked, [each.value for each in Severity]),
    "state": partial(ranked, [each.value for each in State]),
    "override": partial(ranked, ["acknowledge", "justify", "approve", "none"]),
    "applies": scope,
    "except": _fewer,
    "protected": protected,
    **_all(indifferent, "clause message suggest hides rewrite examples"),
    **_all(_more, "phrases.phrases phrases.inflect pattern.patterns exact_match.match"),
    **_all(_more, "internal_link.hosts internal_link.usual reply.signs disclosure.signs"),
    **_all(_fewer, "substitution.unless pattern.unless conditional.unless reply.unless"),
    **_all(_fewer, "repetition.allow_words capitalization.keep shouting.keep"),
    **_all(_fewer, "platform.known personal_data.allow internal_link.public"),
    **_all(_most, "occurrence.most metric.most platform.most repetition.most fingerprint.least"),
    **_all(_most, "shouting.capitals shouting.marks shouting.emoji"),
    **_all(_least, "occurrence.least metric.least"),
    **_all(_on, "shouting.stretched secret.prose dictionary.misspelt"),
    **_all(threshold, "personal_data.entities toxicity.labels topic.threshold judge.threshold"),
    **_all(threshold, "reply.threshold disclosure.threshold paraphrase.threshold"),
    "phrases.case_sensitive": _off,
    "substitution.swap": swaps,
    "consistency.either": pairs,
    "capitalization.threshold": partial(number, "stricter", None),  # a share of words that must fit
    "platform.limits": partial(number, "looser", None),  # in place of the channel's own
    "disclosure.accept": told,
    "dictionary.terms": terms,
}
"""How each field is compared, those of a detector by its name; what is not here is unclear."""
