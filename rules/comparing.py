"""What differs from one policy to another, rule by rule, and which of it is stricter or looser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from rules.detectors import Rule
from rules.detectors.personal_data import PersonalData
from rules.directions import MEASURED, Detail, Direction, Side
from rules.policy import Policy
from rules.strictness import differences, root

__all__ = ["Comparison", "Detail", "Direction", "Kind", "Row", "What", "compare"]

Kind = Literal["new", "gone", "stricter", "looser", "changed"]
What = Literal["rule", "clause", "owner", "policy"]
T = TypeVar("T")
_Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A rule, clause or owner that is not as it was; or a field of the policy itself, by its name."""

    kind: Kind
    """`stricter` and `looser` only where it is so for every draft: see `rules.strictness`."""
    what: What
    id: str
    details: tuple[Detail, ...]
    """Of what is new or gone, what people know it by."""

    @property
    def is_mixed(self) -> bool:
        """Whether it is stricter in one way and looser in another, and nothing about it is unclear."""
        found = {detail.direction for detail in self.details}
        return self.kind == "changed" and "unclear" not in found and not found <= {"none"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """From the revision `before` to the revision `after`. Without rows where they are one and the same."""

    before: str
    after: str
    rows: tuple[Row, ...]

    def of(self, kind: Kind, what: What | None = None) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.kind == kind and what in (None, row.what))


def compare(before: Policy, after: Policy) -> Comparison:
    """Every difference, in the order of the later policy, with what is gone after what is still there."""
    rows = [
        *_rows("rule", _sides(before), _sides(after), _fields_of, differences),
        *_rows("clause", _plain(before.clauses), _plain(after.clauses), dict, _reworded),
        *_rows("owner", _plain(before.owners), _plain(after.owners), dict, _reworded),
        *_beside(before, after),
    ]
    return Comparison(before.revision, after.revision, tuple(rows))


_KNOWN_BY = {
    "rule": ("severity", "state", "detector", "clause", "message"),
    "clause": ("title", "owner"),
    "owner": ("name",),
}


def _rows(
    what: What,
    before: Mapping[str, T],
    after: Mapping[str, T],
    fields: Callable[[T], _Fields],
    differing: Callable[[T, T], list[Detail]],
) -> Iterator[Row]:
    def known_by(one: T) -> Iterator[tuple[str, Any]]:
        return ((field, value) for field, value in fields(one).items() if root(field) in _KNOWN_BY[what])

    for id, one in after.items():
        if id not in before:
            yield Row("new", what, id, tuple(Detail(field, None, value, "none") for field, value in known_by(one)))
        elif details := differing(before[id], one):
            yield Row(_kind(details), what, id, tuple(details))
    for id, one in before.items():
        if id not in after:
            yield Row("gone", what, id, tuple(Detail(field, value, None, "none") for field, value in known_by(one)))
    orders = [id for id in before if id in after], [id for id in after if id in before]
    if orders[0] != orders[1]:
        yield Row("changed", "policy", f"{what}s", (Detail("order", *orders, "none"),))


def _kind(details: Sequence[Detail]) -> Kind:
    match {detail.direction for detail in details} - {"none"}:
        case found if found == {"stricter"}:
            return "stricter"
        case found if found == {"looser"}:
            return "looser"
        case _:
            return "changed"


def _sides(policy: Policy) -> dict[str, Side]:
    return {rule.id: _side(rule, policy) for rule in policy.rules}


def _fields_of(side: Side) -> _Fields:
    return side.fields


def _side(rule: Rule, policy: Policy) -> Side:
    """The rule without the company's names, which its policy gives it, and with no threshold left blank."""
    dump = rule.model_dump(mode="json", by_alias=True)
    if dump.get("company") == policy.company.model_dump(mode="json"):
        del dump["company"]
    given = list(policy.company.spellings)
    if isinstance(rule, PersonalData) and given and dump["except"][-len(given) :] == given:
        del dump["except"][-len(given) :]
    if rule.reads_meaning and "threshold" in dump:
        dump["threshold"] = dump["threshold"] or MEASURED
    if "labels" in dump:
        dump["labels"] = {label: score or MEASURED for label, score in dump["labels"].items()}
    return Side(rule, policy, _flat(dump, "applies", "message", "suggest", "labels", "entities", "limits"))


def _flat(dump: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """With a field for each key inside those of `names` that have keys."""
    fields: dict[str, Any] = {}
    for field, value in dump.items():
        inside = field in names and isinstance(value, dict)
        fields |= {f"{field}.{key}": one for key, one in value.items()} if inside else {field: value}
    return fields


def _plain(many: Sequence[BaseModel]) -> dict[str, _Fields]:
    dumps = (one.model_dump(mode="json", by_alias=True) for one in many)
    return {dump["id"]: _flat(dump, "name", "title", "text") for dump in dumps}


def _beside(before: Policy, after: Policy) -> Iterator[Row]:
    """What belongs to no rule, clause or owner."""
    dumps = before.model_dump(mode="json"), after.model_dump(mode="json")
    for name in Policy.model_fields:
        if name not in ("rules", "clauses", "owners") and dumps[0][name] != dumps[1][name]:
            one, other = (_flat({name: dump[name]}, name) for dump in dumps)
            yield Row("changed", "policy", name, tuple(_reworded(one, other)))


def _reworded(before: _Fields, after: _Fields) -> list[Detail]:
    return [
        Detail(field, before.get(field), after.get(field), "none")
        for field in dict.fromkeys((*before, *after))
        if before.get(field) != after.get(field)
    ]
