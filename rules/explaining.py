"""pydantic's errors, said to a policy's author: where, what, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel, ValidationError

from rules.coherence import hint
from rules.detectors import DETECTORS
from rules.detectors.fields import Applies, Company, Examples, Protected, Remedy
from rules.policy import Adjustment, Clause, Owner, PolicyFile
from rules.problems import SENTENCES, Problem
from rules.source import Source

_Loc = Sequence[int | str]
_SHOWN = 60
"""Characters up to which an error repeats the value that is at fault."""

_CODES = {
    "string_type": "want_text",
    "tuple_type": "want_list",
    "list_type": "want_list",
    "dict_type": "want_keys",
    "model_type": "want_keys",
    "model_attributes_type": "want_keys",
    "int_type": "want_integer",
    "int_parsing": "want_integer",
    "int_parsing_size": "want_integer",
    "float_type": "want_number",
    "float_parsing": "want_number",
    "finite_number": "want_number",
    "bool_type": "want_bool",
    "bool_parsing": "want_bool",
    "date_type": "want_date",
    "date_parsing": "want_date",
    "date_from_datetime_parsing": "want_date",
    "date_from_datetime_inexact": "want_date",
    "enum": "not_one_of",
    "literal_error": "not_one_of",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_big",
    "greater_than": "not_over",
    "less_than": "not_under",
    "too_short": "empty",
    "string_too_short": "empty",
    "union_tag_not_found": "missing",
    "union_tag_invalid": "no_detector",
    "extra_forbidden": "unknown_key",
    "string_pattern_mismatch": "wrong_form",
}
_FORMS = {
    "id": "acme, 4.1",
    "owner": "legal",
    "next": "legal",
    "duty": "legal",
    "appeals": "legal",
    "name": "acme",
    "hours": "24x7, mon-fri 09:00-18:00",
    "holidays": "2026-12-25, 12-25, 2026-08-10..2026-08-21, easter-monday",
    "deadline": "30m, 4h, 2d",
    "languages": "it, en",
    "[key]": "it, en, *",
}
"""What is easier to read than a pattern."""

_PARTS: dict[int | str, type[BaseModel]] = {
    "owners": Owner,
    "clauses": Clause,
    "adjust": Adjustment,
    "examples": Examples,
    "applies": Applies,
    "company": Company,
    "rewrite": Remedy,
    "protected": Protected,
}


def explained(source: Source, error: ValidationError, within: tuple[int | str, ...] = ()) -> Iterator[Problem]:
    """One problem for each fault that pydantic found in `source`, or in the part of it that stands at `within`."""
    faults = [(_untagged((*within, *fault["loc"])), fault) for fault in error.errors(include_url=False)]
    parents = {loc[:size] for loc, _ in faults for size in range(len(loc))}
    for loc, fault in faults:
        if fault["type"] == "too_short" and loc in parents:
            continue  # a list whose entries are at fault is not empty: its author wrote them
        at = _written((*loc, "detector") if fault["type"].startswith("union_tag") else loc, source)
        place = source.place(at, of_key=fault["type"] == "extra_forbidden" or at[-1:] == ("[key]",))
        code = _CODES.get(fault["type"], fault["type"] if fault["type"] in SENTENCES else "other")
        if code == "wrong_form" and loc[-1] == "id" and loc[0] == "rules":
            code = "wrong_id"
        value = fault["input"]
        shown = value if isinstance(value, str) and len(value) <= _SHOWN else "…"
        context = {name: _bound(fact) for name, fact in fault.get("ctx", {}).items()}
        if code == "empty" and int(context.get("actual_length", "0")):
            code = "too_few"
        yield Problem(place, code, _facts(code, loc, shown, context | {"message": fault["msg"]}, source))


def _bound(fact: object) -> str:
    """A bound that is a whole number is one, also where the field takes others."""
    return f"{fact:g}" if isinstance(fact, float) else str(fact)


def _untagged(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """pydantic puts the union's tag into the path, and some detectors bear the name of one of their keys."""
    return (*loc[:2], *loc[3:]) if len(loc) > 2 and loc[0] == "rules" and loc[2] in DETECTORS else loc


def _written(loc: tuple[int | str, ...], source: Source) -> tuple[int | str, ...]:
    """The path by which the author wrote it."""
    if loc[2:3] == ("phrases",) and not source.has(loc[:3]):
        return (*loc[:2], "phrases_from")
    return loc


def _facts(code: str, loc: _Loc, shown: str, context: Mapping[str, str], source: Source) -> dict[str, str]:
    match code:
        case "unknown_key":
            return {"key": str(loc[-1]), "hint": hint(str(loc[-1]), _keys_at(loc, source))}
        case "missing":
            return {"key": "detector" if "discriminator" in context else str(loc[-1])}
        case "no_detector":
            return {"value": context["tag"], "expected": ", ".join(DETECTORS)}
        case "not_one_of":
            return {"value": shown, "expected": context["expected"].replace("'", "").replace(" or ", ", ")}
        case "wrong_form" | "wrong_id":
            field = next((step for step in reversed(loc) if isinstance(step, str)), "")
            return {"value": shown, "expected": _FORMS.get(field, context["pattern"])}
        case "empty":
            return {"least": context["min_length"]}
        case "too_few":
            return {"least": context["min_length"], "there": context["actual_length"]}
        case "too_small" | "too_big" | "not_over" | "not_under":
            return {"limit": next(context[bound] for bound in ("ge", "le", "gt", "lt") if bound in context)}
        case "other":
            return {"reason": context["message"]}
        case _:
            return dict(context)


def _keys_at(loc: _Loc, source: Source) -> Iterable[str]:
    """The keys that are known where the unknown one stands."""
    part = next((_PARTS[step] for step in reversed(loc[:-1]) if step in _PARTS), None)
    if part is not None:
        return _names(part)
    if len(loc) == 1:
        return _names(PolicyFile)
    detector = source.text((*loc[:2], "detector"))
    return _names(DETECTORS[detector]) | ({"phrases_from"} if detector == "phrases" else set())


def _names(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}
