"""Vale's `metric`: a formula over counts, where it comes to a measure of ours."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping

from rules.vale.carried import Carried
from rules.vale.definition import Definition
from rules.vale.reasons import Skip

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CONDITION = re.compile(r"\s*(<=?|>=?)\s*(-?\d+(?:\.\d+)?)\s*")
_LONGEST = 500
"""Characters of a formula."""

_COUNTS = (
    {"words": 120.0, "sentences": 7.0, "syllables": 181.0},
    {"words": 45.0, "sentences": 4.0, "syllables": 90.0},
    {"words": 301.0, "sentences": 11.0, "syllables": 422.0},
)
"""Three texts: formulas that agree on all of them are one."""

_MEASURES: dict[str, Callable[[Mapping[str, float]], float]] = {
    "words": lambda count: count["words"],
    "sentences": lambda count: count["sentences"],
    "words_per_sentence": lambda count: count["words"] / count["sentences"],
    "flesch": lambda count: (
        206.835 - 1.015 * count["words"] / count["sentences"] - 84.6 * count["syllables"] / count["words"]
    ),
}
_WHOLE = ("words", "sentences")

_HARD = (
    "L'implementazione dell'ottimizzazione infrastrutturale necessita di considerazioni metodologiche "
    "interdisciplinari particolarmente approfondite, contestualizzate organizzativamente, "
    "conseguentemente difficilmente comprensibili dalla generalità della popolazione."
)
_EASY = "The cat sat. The dog ran. We all saw it. It was fun. We went home. The sun was hot. It was late."


def metric(rule: Definition) -> Carried:
    """Raises `Skip` where no measure of ours is meant, or where a bound cannot be said."""
    formula, condition = rule.required("formula"), rule.required("condition")
    name = _measure(formula)
    if name is None:
        raise Skip("formula", formula=" ".join(formula.split())[:80])
    bound = _CONDITION.fullmatch(condition)
    if bound is None:
        raise Skip("condition", condition=condition[:80])
    sign, limit = bound[1], float(bound[2])
    if sign in (">=", "<="):
        # What is flagged from a number on is fine up to the one before.
        step = 1.0 if name in _WHOLE else 0.0
        away = -math.inf if sign == ">=" else math.inf
        limit = limit - math.copysign(step, -away) if step else math.nextafter(limit, away)
    key = "most" if sign[0] == ">" else "least"
    fields = {"metric": name, key: int(limit) if limit.is_integer() else limit}
    flags, allows = _texts(0 if name == "flesch" else limit)
    return Carried("metric", fields, values=("{count}",), flags=(*flags, *allows), allows=(*allows, *flags))


def _measure(formula: str) -> str | None:
    try:
        tree = ast.parse(f"({formula})"[:_LONGEST], mode="eval").body
        values = [_value(tree, counts) for counts in _COUNTS]
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError, OverflowError):
        return None
    for name, measure in _MEASURES.items():
        if all(math.isclose(value, measure(counts)) for value, counts in zip(values, _COUNTS, strict=True)):
            return name
    return None


def _value(node: ast.expr, counts: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in counts:
            return counts[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, counts)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _OPERATORS[type(sign)](_value(left, counts), _value(right, counts))
        case _:
            raise ValueError("not arithmetic")


def _texts(limit: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Long and hard ones, short and easy ones."""
    size = max(1, min(int(abs(limit)) + 1, 2_000))
    long = " ".join(["parola"] * size)
    many = " ".join(["Parola."] * size)
    return (f"{_HARD} {_HARD}", f"{long}.", many), ("Ciao a tutti.", _EASY, long.partition(" ")[2] or "Ciao")
