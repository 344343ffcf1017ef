"""Why a Vale rule, or a whole style, does not carry over, said to whoever imports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.problems import Problem


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is one of `SENTENCES`; `facts` fill its sentence. A `problem` of the file says the whole itself."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    def say(self, language: str) -> str:
        if self.problem:
            return f"{self.problem.place}: {self.problem.say(language)}"
        italian, english = SENTENCES[self.code]
        return (italian if language == "it" else english).format_map(self.facts)


class Skip(Exception):
    """One rule does not carry over."""

    def __init__(self, code: str, problem: Problem | None = None, **facts: str) -> None:
        self.reason = Reason(code, facts, problem)
        super().__init__(self.reason.say("en"))


class StyleError(Exception):
    """There is no style to be read at all."""

    def __init__(self, path: str, code: str, **facts: str) -> None:
        self._path, self.reason = path, Reason(code, facts)
        super().__init__(self.show("en"))

    def show(self, language: str) -> str:
        return f"{self._path}: {self.reason.say(language)}"


SENTENCES: dict[str, tuple[str, str]] = {
    # the style
    "not_a_style": (
        "ci vuole la cartella di uno stile di Vale, o uno .zip che ne contiene.",
        "the folder of a Vale style is wanted, or a .zip that holds some.",
    ),
    "no_rules": ("qui non ci sono regole di Vale (file .yml).", "there are no Vale rules here (.yml files)."),
    "damaged": ("lo .zip è rovinato, o non è uno .zip: {reason}.", "the .zip is damaged, or none: {reason}."),
    "locked": ("lo .zip è protetto da password.", "the .zip is locked with a password."),
    "unsafe": (
        "lo .zip contiene un percorso che esce dalla cartella («{name}»). Non è stato letto nulla.",
        "the .zip holds a path that leads out of its folder (`{name}`). Nothing was read.",
    ),
    "too_much": ("le regole superano {limit} in tutto.", "the rules are over {limit} in all."),
    "too_many": ("ci sono più di {limit} file.", "there are over {limit} files."),
    # a rule's file
    "unread": ("il file non si legge.", "the file cannot be read."),
    "too_large": ("il file supera {limit}.", "the file is over {limit}."),
    "not_utf8": ("il file non è in UTF-8.", "the file is not UTF-8."),
    "missing": ("manca «{key}».", "`{key}` is missing."),
    "wrong_type": ("{where}: «{key}» non ha la forma attesa.", "{where}: `{key}` is not of the form expected."),
    "level": (
        "{where}: «{value}» non è un livello di Vale (suggestion, warning, error).",
        "{where}: `{value}` is no level of Vale's (suggestion, warning, error).",
    ),
    # what has no counterpart
    "kind": ("le regole «{kind}» non hanno corrispettivo qui.", "`{kind}` rules have no counterpart here."),
    "inherits": ("eredita da un'altra regola ({rule}).", "it inherits from another rule ({rule})."),
    "scope": (
        "vale solo per «{scope}», e in un post non c'è.",
        "it is for `{scope}` only, and a post has none.",
    ),
    "key": ("«{key}» non ha corrispettivo qui.", "`{key}` has no counterpart here."),
    "expression": (
        "l'espressione non si lascia tradurre, da qui: {part}",
        "the expression cannot be translated, from here on: {part}",
    ),
    "folded": (
        "distingue segni che qui si leggono come uno solo (trattini, virgolette, puntini).",
        "it tells apart signs that are read as one here (dashes, quotes, dots).",
    ),
    "groups": ("«second» ha più di un gruppo.", "`second` has more than one group."),
    "bounds": ("né «max» né «min»: non troverebbe nulla.", "neither `max` nor `min`: it would find nothing."),
    "formula": (
        "la formula non è fra le misure di Vaglio: {formula}",
        "the formula is none of Vaglio's measures: {formula}",
    ),
    "condition": ("la condizione non si può esprimere: {condition}", "the condition cannot be expressed: {condition}"),
    # what came of trying it
    "no_example": (
        "non si trova un testo che segnali e uno che lasci passare, e senza esempi una regola non si carica.",
        "no text was found that it flags and one that it lets pass, and no rule loads without examples.",
    ),
    "slow": ("l'espressione ci mette troppo.", "the expression takes too long."),
    "covered": (
        "la regola «{by}» trova già tutto ciò che si è provato.",
        "the rule `{by}` already finds all that was tried.",
    ),
    "invalid": (
        "non si lascia scrivere come regola di Vaglio: {reason}.",
        "it cannot be a rule of Vaglio's: {reason}.",
    ),
}
"""Each code's sentence, in Italian and in English."""
