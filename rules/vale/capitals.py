"""Vale's `capitalization`: a case that it knows by name, or an expression that must be found."""

from __future__ import annotations

from rules.vale.carried import Carried, scope_of
from rules.vale.definition import Definition
from rules.vale.dialect import written
from rules.vale.expressions import literal, read
from rules.vale.reasons import Skip
from rules.vale.samples import samples

_THRESHOLD = 0.8
"""Vale's own: the share of words that must fit a title or a sentence."""

_TEXTS = (
    "questa frase è scritta tutta in minuscolo",
    "QUESTA FRASE È SCRITTA TUTTA IN MAIUSCOLO",
    "Questa Frase Ha Troppe Parole Maiuscole",
    "Questa frase ha una sola maiuscola",
    "This Headline Looks Like All the Others",
)


def capitalization(rule: Definition) -> Carried:
    """Raises `Skip`, or `Unreadable` for an expression."""
    match = rule.required("match")
    if rule.has("indicators"):
        raise Skip("key", key="indicators")
    scope = scope_of(rule)
    if not match.startswith("$"):
        return _expressed(rule, match, scope)
    case = match.removeprefix("$")
    if case not in ("title", "sentence", "lower", "upper"):
        raise Skip("wrong_type", key="match", where=rule.where("match"))
    fields: dict[str, object] = {"match": case}
    if case == "title" and rule.text("style") == "Chicago":
        fields["style"] = "Chicago"
    if keep := [text for term in rule.texts("exceptions") for text in _names(term)]:
        fields["keep"] = keep
    if case in ("title", "sentence"):
        fields["threshold"] = rule.number("threshold", 0) or _THRESHOLD
    # A post is made of sentences where a document has headings and paragraphs: each is judged by itself.
    return Carried("capitalization", fields, values=(None, None), flags=_TEXTS, allows=(*_TEXTS[::-1], "Ciao", "ok"))


def _names(term: str) -> list[str]:
    plain = literal(read(term))
    return [plain] if plain else samples(read(term))


def _expressed(rule: Definition, match: str, scope: dict[str, str]) -> Carried:
    """An expression that each text must hold is one that must stand there once."""
    terms = rule.texts("exceptions")
    either = f"(?:{match})|" + r"\b(?:{})\b".format("|".join(terms)) if terms else match
    found = written([either], whole_words=False, can_take_words=False, lines=False)
    engine = {"engine": found.engine} if found.engine != "re2" else {}
    fields = {**engine, "pattern": found.patterns[0], "least": 1, "ignore_case": False, **scope}
    if found.as_written:
        fields["as_written"] = True
    return Carried("occurrence", fields, values=(None, None), flags=_TEXTS, allows=(*samples(read(match)), *_TEXTS))
