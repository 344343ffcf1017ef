"""Each of Vale's kinds as one of our detectors, after Vale 3 (`internal/check` in its source)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rules.draft import LIMIT
from rules.vale.capitals import capitalization
from rules.vale.carried import Carried, exceptions, scope_of, spared, suggested
from rules.vale.definition import Definition
from rules.vale.dialect import Written, written
from rules.vale.expressions import Group, items, read
from rules.vale.measures import metric
from rules.vale.reasons import Skip
from rules.vale.samples import samples


def carried(rule: Definition) -> Carried:
    """What becomes of a rule. Raises `Skip`, or `Unreadable` for an expression."""
    kind = rule.required("extends")
    if "." in kind:
        raise Skip("inherits", rule=kind)
    if kind not in _KINDS:
        raise Skip("kind", kind=kind)
    rule.required("message")
    return _KINDS[kind](rule)


def _existence(rule: Definition) -> Carried:
    tokens = "|".join(token for token in rule.texts("tokens") if token.strip())
    raw = "".join(rule.texts("raw"))
    if not tokens and not raw:
        raise Skip("missing", key="tokens")
    bounded = bool(tokens) and not rule.flag("nonword")
    if not raw:
        expression = tokens
    else:
        inner = (rf"\b(?:{tokens})\b" if bounded else f"(?:{tokens})") if tokens else ""
        expression = inner + raw if rule.flag("append") else raw + inner
    found = written([expression], rule.texts("exceptions"), whole_words=bounded and not raw)
    action, parameters = rule.inner("action", "name"), rule.inner("action", "params")
    remedy: dict[str, Any] = {}
    if action == ("remove",):
        remedy = {"rewrite": {"drop": "place"}}
    elif action == ("replace",) and len(parameters) == 1 and parameters[0].strip():
        remedy = {"rewrite": {"instead": {"*": parameters[0]}}}
    fields = {**_engine(found), "patterns": list(found.patterns), **_case(rule), **_words(found), **scope_of(rule)}
    return Carried(
        "pattern",
        {**fields, **exceptions(rule, found), **_signs(found), **remedy},
        values=(None, parameters[0] if "instead" in remedy.get("rewrite", {}) else None),
        flags=tuple(samples(read(expression))),
        allows=spared(rule),
    )


def _substitution(rule: Definition) -> Carried:
    swap = rule.pairs("swap")
    if not swap:
        raise Skip("missing", key="swap")
    if rule.has("pos"):
        raise Skip("key", key="pos")
    if not all(suggested(value) for value in swap.values()):
        raise Skip("wrong_type", key="swap", where=rule.where("swap"))
    keys = sorted(swap, key=lambda key: -len(key))
    found = written(keys, rule.texts("exceptions"), whole_words=not rule.flag("nonword"))
    offered = {key: suggested(swap[raw]) for raw, key in zip(keys, found.patterns, strict=True)}
    fields = {
        "engine": found.engine,
        "swap": offered,
        **({} if rule.flag("ignorecase") else {"case_sensitive": True}),
        **({} if found.whole_words else {"whole_words": False}),
        **scope_of(rule),
    }
    made = [sample for key in keys for sample in samples(read(key))[:2]]
    return Carried(
        "substitution",
        {**fields, **exceptions(rule, found), **_signs(found)},
        values=("{preferred}", None),
        flags=tuple(made),
        allows=(*spared(rule), *(swap[key].partition("|")[0] for key in keys[:4])),
    )


def _occurrence(rule: Definition) -> Carried:
    most, least = int(rule.number("max", 0)), int(rule.number("min", 0))
    if most <= 0 and least <= 0:
        raise Skip("bounds")
    token = rule.required("token")
    found = written([token], whole_words=False, can_take_words=False, lines=False)
    fields = {
        **_engine(found),
        "pattern": found.patterns[0],
        **({"most": most} if most > 0 else {}),
        **({"least": least} if least > 0 else {}),
        **_case(rule),
        **scope_of(rule),
    }
    one = samples(read(token))
    many = tuple(gap.join([each] * min(most + 1, LIMIT)) for each in one for gap in (" ", ", ", "") if most > 0)
    enough = tuple(" ".join([each] * min(max(least, 1), LIMIT)) for each in one)
    few = ("Buongiorno a tutti.", "Ciao", "👍") if least > 0 else ()
    return Carried(
        "occurrence", {**fields, **_signs(found)}, values=("{count}",), flags=(*many, *few), allows=(*enough, *one)
    )


def _repetition(rule: Definition) -> Carried:
    tokens = "|".join(rule.texts("tokens")) or r"[^\s]+"
    found = written([tokens], whole_words=False, can_take_words=False, lines=False)
    _same_when_folded(found)
    most = 1 + max(0, int(rule.number("max", 0)))
    fields = {
        **_engine(found),
        "pattern": found.patterns[0],
        **({"letters_only": True} if rule.flag("alpha") else {}),
        **({"most": most} if most > 1 else {}),
        **_case(rule),
        **({"allow_words": list(words)} if (words := rule.texts("exceptions")) else {}),
    }
    scope_of(rule)  # whatever it is, a repetition stays within its sentence
    one = samples(read(tokens))
    flags = tuple(" ".join([each] * min(most + 1, LIMIT)) for each in one)
    return Carried("repetition", fields, values=(None,), flags=flags, allows=tuple(one))


def _consistency(rule: Definition) -> Carried:
    pairs = rule.pairs("either")
    if not pairs:
        raise Skip("missing", key="either")
    found = written([*pairs, *pairs.values()], whole_words=not rule.flag("nonword"))
    _same_when_folded(found)
    if any(isinstance(item, Group) and item.is_captured for form in pairs for item in items(read(form))):
        raise Skip("expression", part=next(iter(pairs)))
    fields = {
        "engine": found.engine,
        "either": dict(zip(found.patterns[: len(pairs)], found.patterns[len(pairs) :], strict=True)),
        **({} if rule.flag("ignorecase") else {"case_sensitive": True}),
        **({} if found.whole_words else {"whole_words": False}),
    }
    scope_of(rule)  # Vale looks through the whole file, whatever it is
    made = [(samples(read(one)), samples(read(other))) for one, other in pairs.items()]
    flags = tuple(f"{one[0]}, {other[0]}" for one, other in made if one and other)
    return Carried("consistency", fields, values=(None,), flags=flags, allows=tuple(one[0] for one, _ in made if one))


def _conditional(rule: Definition) -> Carried:
    first, second = rule.required("first"), rule.required("second")
    groups = sum(isinstance(item, Group) and item.is_captured for item in items(read(second)))
    if groups > 1:  # any of them would do for Vale; ours knows the first
        raise Skip("groups")
    # Vale holds what the group of `second` caught against all of `first`.
    whole = f"({first})" if groups else first
    found = written([whole, second], rule.texts("exceptions"), whole_words=False, can_take_words=False, lines=False)
    _same_when_folded(found)
    fields = {**_engine(found), "first": found.patterns[0], "second": found.patterns[1], **_case(rule)}
    one, other = samples(read(first)), samples(read(second))
    return Carried(
        "conditional",
        {**fields, **exceptions(rule, found), **scope_of(rule)},
        values=(None,),
        flags=tuple(one),
        allows=tuple(f"{b} {a}" for a in one[:3] for b in other[:3]) + spared(rule),
    )


# --- What several share -----------------------------------------------------------------------------------------------


def _case(rule: Definition) -> dict[str, Any]:
    return {} if rule.flag("ignorecase") else {"ignore_case": False}


def _engine(found: Written) -> dict[str, Any]:
    return {"engine": found.engine} if found.engine != "re2" else {}


def _words(found: Written) -> dict[str, Any]:
    return {"whole_words": True} if found.whole_words else {}


def _signs(found: Written) -> dict[str, Any]:
    return {"as_written": True} if found.as_written else {}


def _same_when_folded(found: Written) -> None:
    if found.as_written:
        raise Skip("folded")


_KINDS: dict[str, Callable[[Definition], Carried]] = {
    "existence": _existence,
    "substitution": _substitution,
    "occurrence": _occurrence,
    "repetition": _repetition,
    "consistency": _consistency,
    "conditional": _conditional,
    "capitalization": capitalization,
    "metric": metric,
}
