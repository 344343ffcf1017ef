"""What is wrong with a policy, said to the person who wrote it: the place, the fault and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_SNIPPET = 100
"""Characters of the faulty line that are shown."""


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column count from 1; the column counts characters."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def snippet(self) -> str:
        """The line with a caret under the column, shortened around it; empty where there is no line to show."""
        if not self.text.strip():
            return ""
        left = max(0, self.column - 1 - _SNIPPET // 2)
        shown = self.text[left : left + _SNIPPET].replace("\t", " ")
        margin = f"{self.line:>5} | "
        return f"{margin}{shown}\n{' ' * (len(margin) + self.column - 1 - left)}^"


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `code` is stable, for programs; `facts` fill the sentence."""

    place: Place
    code: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def say(self, language: str) -> str:
        """The fault and its remedy in one or two sentences."""
        italian, english = SENTENCES[self.code]
        if language != "it":
            return english.format_map(self.facts)
        limit = self.facts.get("limit", "").replace(".", ",")
        return italian.format_map({**self.facts, "limit": limit})

    def show(self, language: str) -> str:
        """`path:line:column: sentence`, and the line itself."""
        return "\n".join(filter(None, [f"{self.place}: {self.say(language)}", self.place.snippet]))


class PolicyError(Exception):
    """A policy that does not load, with everything found wrong in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.show("en"))

    def show(self, language: str) -> str:
        return "\n".join(problem.show(language) for problem in self.problems)


SENTENCES: dict[str, tuple[str, str]] = {
    # the file
    "no_file": ("il file non c'è.", "there is no such file."),
    "unreadable": ("il file non si può leggere: {reason}.", "the file cannot be read: {reason}."),
    "not_utf8": (
        "il file non è in UTF-8 (byte {byte}). Salvalo come UTF-8.",
        "the file is not UTF-8 (byte {byte}). Save it as UTF-8.",
    ),
    "too_large": (
        "il file supera {limit}. Sposta gli elenchi lunghi in lexicon/*.txt e citali con «phrases_from».",
        "the file is over {limit}. Move long lists to lexicon/*.txt and name them with `phrases_from`.",
    ),
    "no_regular_file": (
        "non è un file comune, ma per esempio una pipe o un dispositivo.",
        "this is no regular file but, for example, a pipe or a device.",
    ),
    "too_many_values": (
        "troppi valori in un solo file (più di {limit}). Sposta gli elenchi lunghi in lexicon/*.txt e citali con "
        "«phrases_from».",
        "too many values in one file (over {limit}). Move long lists to lexicon/*.txt and name them with "
        "`phrases_from`.",
    ),
    "yaml": (
        "non è YAML valido: {reason}. Guarda rientri, due punti e virgolette di questa riga e di quella prima.",
        "not valid YAML: {reason}. Look at the indentation, colons and quotes of this line and the one before.",
    ),
    "not_a_mapping": (
        "il file deve cominciare con delle chiavi, per esempio «name: acme».",
        "the file must begin with keys, such as `name: acme`.",
    ),
    "two_documents": ("un file contiene una sola policy: togli «---».", "one file holds one policy: remove `---`."),
    "alias": (
        "ancore e alias («&», «*») non sono ammessi: scrivi il valore per esteso, o metti fra virgolette un testo "
        "che comincia così.",
        "anchors and aliases (`&`, `*`) are not allowed: write the value out, or put quotes around a text that "
        "begins so.",
    ),
    "tag": (
        "i tag YAML («!») non sono ammessi: metti il testo fra virgolette.",
        "YAML tags (`!`) are not allowed: put the text in quotes.",
    ),
    "too_deep": (
        "troppi livelli uno dentro l'altro (più di {limit}).",
        "too many levels, one inside the other (over {limit}).",
    ),
    "key_not_text": (
        "qui ci vuole una chiave, non un elenco. Metti fra virgolette un testo che comincia con [ o {{.",
        "a key is wanted here, not a list. Put quotes around a text that begins with [ or {{.",
    ),
    "key_twice": (
        "la chiave «{key}» c'è già alla riga {line}. Tienine una.",
        "the key `{key}` stands at line {line} already. Keep one.",
    ),
    # the fields
    "unknown_key": (
        "la chiave «{key}» non esiste qui. Forse: {hint}.",
        "there is no key `{key}` here. Perhaps: {hint}.",
    ),
    "missing": ("manca «{key}».", "`{key}` is missing."),
    "not_one_of": ("«{value}» non è fra i valori ammessi: {expected}.", "`{value}` is not one of: {expected}."),
    "no_detector": (
        "il detector «{value}» non esiste. Scegli fra: {expected}.",
        "there is no detector `{value}`. Choose one of: {expected}.",
    ),
    "want_text": ("qui ci vuole del testo.", "text is wanted here."),
    "want_list": (
        "qui ci vuole un elenco: [a, b], o una riga «- …» per voce.",
        "a list is wanted here: [a, b], or one line `- …` an entry.",
    ),
    "want_keys": ("qui ci vogliono delle chiavi: «nome: valore».", "keys are wanted here: `name: value`."),
    "want_integer": ("qui ci vuole un numero intero.", "a whole number is wanted here."),
    "want_number": ("qui ci vuole un numero.", "a number is wanted here."),
    "want_bool": ("qui ci vuole true o false.", "true or false is wanted here."),
    "want_date": ("qui ci vuole una data, come 2027-01-31.", "a date is wanted here, such as 2027-01-31."),
    "empty": ("qui non può restare vuoto: scrivi almeno {least}.", "this may not be empty: write at least {least}."),
    "too_few": (
        "servono almeno {least} voci: per ora {there}.",
        "at least {least} entries are wanted: so far {there}.",
    ),
    "wrong_id": (
        "«{value}» non può essere un id. Scrivi categoria.nome, in minuscolo: per esempio «tone.clickbait».",
        "`{value}` cannot be an id. Write category.name in lower case, such as `tone.clickbait`.",
    ),
    "wrong_form": ("«{value}» non ha la forma attesa: {expected}.", "`{value}` is not of the form: {expected}."),
    "too_small": ("qui ci vuole almeno {limit}.", "at least {limit} is wanted here."),
    "too_big": ("qui ci vuole al massimo {limit}.", "at most {limit} is wanted here."),
    "not_over": ("qui ci vuole più di {limit}.", "more than {limit} is wanted here."),
    "not_under": ("qui ci vuole meno di {limit}.", "less than {limit} is wanted here."),
    "no_bounds": ("manca «most», «least» o tutti e due.", "`most`, `least` or both are missing."),
    "bounds_swapped": ("«least» supera «most».", "`least` is over `most`."),
    "no_group": (
        "nessuna di queste espressioni ha un gruppo {group}. I gruppi sono le parentesi tonde, contate da 1.",
        "none of these patterns has a group {group}. Groups are parentheses, counted from 1.",
    ),
    "regex": (
        "RE2 rifiuta questa espressione: {reason}. RE2 non conosce lookaround (?=…) (?!…) (?<=…), rimandi \\1 "
        "né ripetizioni oltre 1000: senza di essi nessun testo può bloccare il controllo.",
        "RE2 refuses this pattern: {reason}. RE2 has no lookaround (?=…) (?!…) (?<=…), no back-references \\1 "
        "and no repetition over 1000: without them no text can stall the check.",
    ),
    "regex_empty": (
        "questa espressione trova anche il testo vuoto, quindi ovunque. Chiedi almeno un carattere: + invece di *.",
        "this pattern also matches the empty text, and so everywhere. Ask for one character at least: + instead of *.",
    ),
    "too_many_misspelt": (
        "con «misspelt» un elenco può avere al massimo {limit} termini, «also» compresi. Dividi l'elenco, o togli "
        "«misspelt».",
        "with `misspelt` a list may have {limit} terms at most, `also` counted too. Divide the list, or remove "
        "`misspelt`.",
    ),
    "no_accounts": (
        "manca «known»: gli account che si possono menzionare.",
        "`known` is missing: the accounts that may be mentioned.",
    ),
    "idle_key": (
        "«{key}» con «check: {check}» non serve: vale per {checks}.",
        "`{key}` does nothing with `check: {check}`: it is for {checks}.",
    ),
    "more_faults": (
        "da qui in poi ci sono altri errori: correggi prima questi {count}.",
        "there are more faults from here on: mend these {count} first.",
    ),
    "other": ("{reason}.", "{reason}."),
    "unforeseen": (
        "la policy non si può leggere, per un errore di Vaglio ({kind}). Il testo resta com'è: annulla l'ultima "
        "modifica, e dillo a chi gestisce Vaglio.",
        "the policy cannot be read, by a fault of Vaglio's ({kind}). The text stays as it is: undo what was changed "
        "last, and tell whoever runs Vaglio.",
    ),
    # the policy as a whole
    "id_twice": (
        "la regola «{id}» esiste già in {where}. Cambia uno dei due id.",
        "the rule `{id}` exists already in {where}. Change one of the two ids.",
    ),
    "name_twice": (
        "«{id}» c'è già alla riga {line}. Cambia uno dei due id.",
        "`{id}` stands at line {line} already. Change one of the two ids.",
    ),
    "no_clause": (
        "la clausola «{clause}» non esiste. Forse: {hint}.",
        "there is no clause `{clause}`. Perhaps: {hint}.",
    ),
    "no_owner": (
        "il responsabile «{owner}» non esiste. Forse: {hint}.",
        "there is no owner `{owner}`. Perhaps: {hint}.",
    ),
    "no_rule": ("la regola «{rule}» non esiste. Forse: {hint}.", "there is no rule `{rule}`. Perhaps: {hint}."),
    "no_fill": (
        "«{name}» resterebbe vuoto: nei messaggi della regola «{rule}» si riempiono solo: {known}.",
        "`{name}` would stay empty: a message of the rule `{rule}` is filled in only for: {known}.",
    ),
    "never_filled": (
        "«{name}» resterebbe vuoto: nei messaggi della regola «{rule}» non si riempie niente. Scrivi le parole stesse, "
        "senza graffe.",
        "`{name}` would stay empty: a message of the rule `{rule}` is filled in for nothing. Write the words "
        "themselves, without braces.",
    ),
    "only_note": (
        "protected_speech non è una colpa: una regola che la riconosce può avere solo la gravità `note`.",
        "protected_speech is no fault: a rule that recognises it may only have the severity `note`.",
    ),
    "holds_up_lawful": (
        "questa regola fermerebbe parole che nessuna policy può fermare: «{sentence}». Dalle gravità `note`,"
        " toglila dai profili personali, oppure scrivi perché vale anche qui: `protected: {{aware: ...}}`.",
        "this rule would hold up words that no policy may hold up: “{sentence}”. Make it a `note`, keep it off"
        " personal accounts, or write why it holds here too: `protected: {{aware: ...}}`.",
    ),
    "one_remedy": (
        "`rewrite` vuole una sola di queste: instead, sentence, first, last, drop.",
        "`rewrite` takes exactly one of these: instead, sentence, first, last, drop.",
    ),
    "no_threshold": (
        "«{rule}» non è una regola judge o toxicity, e non ha una soglia.",
        "`{rule}` is no judge or toxicity rule, and has no threshold.",
    ),
    "no_allow": (
        "«{rule}» non è una regola personal_data: «allow» non le serve. Per le altre c’è «except».",
        "`{rule}` is no personal_data rule and has no `allow`. For the others there is `except`.",
    ),
    "no_words": (
        "manca il testo in «{language}», che è fra le lingue della policy ({languages}).",
        "the text in `{language}` is missing, one of the policy's languages ({languages}).",
    ),
    "not_a_language": (
        "«{language}» non è fra le lingue della policy ({languages}).",
        "`{language}` is not one of the policy's languages ({languages}).",
    ),
    "dates_swapped": (
        "«until» ({until}) viene prima di «from» ({since}).",
        "`until` ({until}) comes before `from` ({since}).",
    ),
    "outside": (
        "si può citare solo un file di questa cartella o delle sue, senza «..» né «/» iniziale.",
        "only a file in this folder or below can be named, without `..` and without `/` at the start.",
    ),
    "include_cycle": ("questo file include sé stesso.", "this file includes itself."),
    "owner_cycle": (
        "«next» gira in tondo: {names}. Qualcuno dev'essere l'ultimo.",
        "`next` goes round in a circle: {names}. Somebody must be the last.",
    ),
    "no_zone": (
        "il fuso orario «{zone}» non esiste. Scrivi per esempio Europe/Rome.",
        "there is no time zone `{zone}`. Write Europe/Rome, for example.",
    ),
    "no_time": (
        "«{times}» finisce nel momento in cui comincia. Per un giorno intero scrivi 00:00-24:00; per una notte, "
        "22:00-06:00.",
        "`{times}` ends the moment it begins. For a whole day write 00:00-24:00; for a night, 22:00-06:00.",
    ),
    "no_day": (
        "il giorno «{day}» nel calendario non c'è. Scrivi per esempio 2026-12-25, o 12-25 se torna ogni anno.",
        "the calendar has no day `{day}`. Write 2026-12-25, for example, or 12-25 if it comes every year.",
    ),
    "days_swapped": (
        "«{days}» finisce prima di cominciare. Scrivi prima il primo giorno, poi l'ultimo.",
        "`{days}` ends before it begins. Write the first day first, then the last.",
    ),
}
