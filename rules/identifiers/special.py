"""What the law protects most (health, union, religion, sexual life, opinions, origin, justice), said of somebody known.

GDPR art. 9 and 10. The writer's own matters, people in general and unnamed groups are left alone: a finding needs a
person who can be recognised (by name, or by a role: `la collega`, `our porter`) and a delicate word said of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import regex
from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers.entities import SPECIAL, Entity
from rules.identifiers.people import first_names, key, names_in

_WORDS = Path(__file__).parent / "lists" / "special.txt"
_SCORE = 0.6
_NEAR = 140
"""Characters within which a person and a delicate word belong together."""

_ROLE = regex.compile(
    r"(?<!\w)(?:(?:il|la|lo|al|alla|allo|del|della|dello|dal|dalla|col|con la|con il|sul|sulla|quel|quella|quello|"
    r"questo|questa|mio|mia|nostro|nostra|"
    r"vostr[oa]|su[oa]|tu[oa]|loro|povero|povera|cara|caro|vecchio|vecchia|nuovo|nuova) |(?:l|all|dell|dall|quell|"
    r"sull)['’] ?|ex )"
    r"(?:ex |nuov[oa] |vecchi[oa] |giovane |car[oa] |stess[oa] |mi[oa] |nostr[oa] )?"
    r"(?P<it>colleg[ah]|cap[oa](?:turno| ?reparto| ?squadra|sala)?|responsabile|direttor[e]?|direttrice|titolare|"
    r"dipendente|operai[oa]|stagista|"
    r"tirocinante|apprendista|impiegat[oa]|segretari[oa]|commess[oa]|cassier[ea]|magazzinier[ea]|autista|"
    r"portinai[oa]|portiere|custode|bidell[oa]|"
    r"vicin[oa]|client[ei]|cliente|paziente|ospite|inquilin[oa]|condomino|amministrator[e]|amministratrice|"
    r"student(?:e|essa)|alunn[oa]|maestr[oa]|"
    r"professor[e]?(?:ssa)?|prof|allenator[e]|allenatrice|barista|camerier[ea]|cuoc[oa]|chef|infermier[ea]|"
    r"dottor(?:e|essa)|medico|signor[ae]|ragazz[oa]|"
    r"tizi[oa]|figli[oa]|moglie|marito|compagn[oa]|fidanzat[oa]|sorella|fratello|madre|padre|mamma|papà|nonn[oa]|"
    r"zi[oa]|cugin[oa]|nipote|suocer[oa]|"
    r"cognat[oa]|soci[oa]|amic[oa]|fornitore|rappresentante|geometra|ragionier[ea]|contabile|consulente|avvocat[oa]|"
    r"notaio|sindac[oa]|assessor[ea]|"
    r"parroco|badante|tata|babysitter|postin[oa]|idraulico|elettricista|giardiniere|muratore|saldator[e]|tornitore|"
    r"guardiano|vigilante|receptionist|"
    r"fattorin[oa]|rider|corriere|farmacista|parrucchier[ea]|bagnin[oa]|istruttor[e]|istruttrice|panettier[ea]|"
    r"pasticcer[ea]|macellaio|edicolante|"
    r"tecnic[oa]|grafic[oa]|programmator[e]|programmatrice|recruiter|HR|presidente|vicepresidente|manager|"
    r"coinquilin[oa]|dirimpettai[oa])(?!\w)"
    r"|(?<!\w)(?:my|our|the|your|her|his|their|that|this|poor|old|dear) (?:\p{L}+ ){0,2}?"
    r"(?P<en>colleague|coworker|co-worker|boss|manager|supervisor|foreman|director|owner|employee|intern|apprentice|"
    r"secretary|receptionist|cashier|"
    r"driver|porter|caretaker|janitor|neighbou?r|client|customer|patient|guest|tenant|landlord|landlady|student|"
    r"pupil|teacher|professor|coach|barista|"
    r"waiter|waitress|cook|chef|nurse|doctor|lady|man|woman|guy|girl|lad|bloke|son|daughter|wife|husband|partner|"
    r"girlfriend|boyfriend|sister|brother|mother|"
    r"father|mum|mom|dad|nan|gran|aunt|uncle|cousin|nephew|niece|friend|supplier|rep|accountant|consultant|lawyer|"
    r"solicitor|vicar|priest|nanny|postman|"
    r"plumber|electrician|gardener|builder|welder|guard|courier|pharmacist|hairdresser|lifeguard|instructor|baker|"
    r"butcher|technician|designer|developer|"
    r"recruiter|president|chairman|chair|assistant|clerk|temp|trainee|lead|leader|captain|cleaner|housekeeper|"
    r"concierge|bartender|mechanic|foreperson|"
    r"superintendent|super|roommate|flatmate|housemate|dispatcher|picker|packer|steward)(?!\w|['’]s (?:office|"
    r"meeting|day))",
    regex.I,
)
# One definite person, by whatever noun: it takes a delicate word in the same sentence to matter.
_SOMEBODY = regex.compile(
    r"(?<!\w)(?:(?:il|la|lo|quel|quella|quello|questo|questa|al|alla|del|della|dal|dalla) (?:\p{L}+ )?\p{L}{3,}|"
    r"(?:l|all|dell|dall|quell)['’]\p{L}{3,}|quell[oa] (?:che|dell|del|di|alto|alta|nuov)|lui|lei|he|she|him|her|"
    r"(?:he|she)['’]s|(?:my|our|your|his|her|the|that|this) (?:\p{L}+ )?\p{L}{3,})(?!\w)",
    regex.I,
)
_CAPITAL = regex.compile(r"(?<![\w@#])\p{Lu}\p{Ll}{2,}(?!\w)")
_END = regex.compile(r"[.!?…]+(?=\s|$)|\n")
# What is said of oneself or of people in general names nobody.
_OWN = regex.compile(
    r"(?<!\w)(?:io|sono|mi|ho|avevo|ero|sono stat[oa]|soffro|i|i'm|i’m|i've|i was|i am|i have|me|myself|we|we're|"
    r"siamo|abbiamo)(?!\w)[^.!?;,]{0,25}$",
    regex.I,
)
_GENERAL = regex.compile(
    r"(?<!\w)(?:chi|persone|tutti|tante|tanti|molte|molti|donne che|uomini che|bambini|pazienti|malati|chiunque|"
    r"nessuno|people|anyone|everyone|those|"
    r"patients|women|men|children|someone|somebody|many|nobody|who)(?!\w)[^.!?;]{0,30}$",
    regex.I,
)


class Special(LocalRecognizer):
    def __init__(self, language: str) -> None:
        super().__init__([str(entity) for entity in SPECIAL], supported_language=language)

    def load(self) -> None:
        _patterns()

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(entity, start, end, _SCORE, recognition_metadata=metadata)
            for entity, start, end in told(text)
        ]


def told(text: str) -> Iterator[tuple[Entity, int, int]]:
    """Delicate words about somebody who can be recognised: which kind, and where."""
    found = [
        (entity, match.start(), match.end()) for entity, pattern in _patterns() for match in pattern.finditer(text)
    ]
    if not found:
        return
    people = sorted(_people(text))
    ends = sorted({0, *(match.end() for match in _END.finditer(text)), len(text)})
    for entity, start, end in found:
        place = bisect_right(ends, start) - 1
        before = text[max(ends[place], start - _NEAR) : start]
        # A person of the sentence before is still whom this one speaks of.
        opens, closes = ends[max(0, place - 1)], ends[bisect_left(ends, end)]
        if not _OWN.search(before) and not _GENERAL.search(before) and _stands_near(people, start, end, opens, closes):
            yield entity, start, end


def _stands_near(people: Sequence[int], start: int, end: int, opens: int, closes: int) -> bool:
    first = bisect_left(people, max(opens, start - _NEAR))
    last = bisect_right(people, min(closes - 1, start + _NEAR))
    return any(not start <= at < end for at in people[first:last])


def _people(text: str) -> Iterator[int]:
    """Where somebody who can be recognised is named."""
    yield from (start for start, _, _ in names_in(text))
    yield from (match.start() for match in _ROLE.finditer(text))
    yield from (match.start() for match in _SOMEBODY.finditer(text))
    for match in _CAPITAL.finditer(text):
        if key(match[0]) in first_names() and key(match[0]) not in _PLACES:
            yield match.start()


_PLACES_WORDS = """
    italia roma asia america alba china india paris london may april june august will mark art
"""
_PLACES = frozenset(_PLACES_WORDS.split())


@cache
def _patterns() -> tuple[tuple[Entity, regex.Pattern[str]], ...]:
    """Each kind's words as one pattern; the list says how they are written."""
    kinds: dict[Entity, list[str]] = {}
    entity = None
    for line in _WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            entity = Entity(line[1:-1])
        elif line and not line.startswith("#") and entity is not None:
            kinds.setdefault(entity, []).extend(part.strip() for part in line.split(",") if part.strip())
    return tuple(
        (entity, regex.compile(rf"(?<!\w)(?:{'|'.join(map(_expression, words))})", regex.I))
        for entity, words in kinds.items()
    )


_BEGINS = {
    "is ": "(is|he's|she's|who's) ",
    "has ": "(has|he's|she's|who's) ",
    "è ": "(è|era|sia|fosse|sarebbe|diventat*) ",
}


def _expression(term: str) -> str:
    for begin, wider in _BEGINS.items():
        if term.startswith(begin):
            term = wider + term.removeprefix(begin)
    written = term.replace("*", r"\p{L}*").replace(" ~ ", r"(?: \S{1,14}){0,3} ").replace("'", "['’]")
    return regex.sub(r"\((?!\?)", "(?:", written) + r"(?!\w)"
