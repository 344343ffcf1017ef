"""Names of persons by lists of first names and surnames, capitals and titles: no model, and no certainty either."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import regex

from rules.folding import bare

_LISTS = Path(__file__).parent / "lists"
_TITLE = (
    r"(?:sig\.?(?:ra|na|r)?|sigg\.?|signor[ae]?|signorina|dott\.?(?:\.?ssa|ri)?|dottor(?:e|essa)?|d\.ssa|avv\.?|"
    r"avvocat[oa]|ing\.?|"
    r"ingegner[ea]?|prof\.?(?:\.?ssa)?|professor(?:e|essa)?|geom\.?|rag\.?|arch\.?|maestr[oa]|mr\.?|mrs\.?|ms\.?|"
    r"miss|dr\.?|"
    r"madame|m\.me|herr|frau|nurse|sister|officer|professor)"
)
_PARTICLE = (
    r"(?:(?:de|di|del|della|dello|dei|degli|da|dal|dalla|lo|la|li|van|von|der|den|ter|el|al|ben|bin|mac|mc|"
    r"o'|d'|dell'|st\.?) ?)"
)
_NAME = r"(?:\p{Lu}['’])?\p{Lu}\p{Ll}+(?:\p{Lu}\p{Ll}+)?(?:['’]\p{Lu}?\p{Ll}+)?(?:-\p{Lu}\p{Ll}+)?"
_WORD = regex.compile(rf"(?<![\w@#\-])(?:(?P<title>(?i:{_TITLE}))(?= \p{{Lu}}) |(?P<name>{_NAME})(?!\w))")
_ON = regex.compile(rf" (?:\p{{Lu}}\. ?)?(?P<name>(?i:{_PARTICLE}){{0,2}}{_NAME})(?![\w@])")
_LONGEST = 4
_ROLE_BEFORE = regex.compile(
    r"\b(?:colleg[ah]|signor[ae]?|client[ei]|paziente|ospite|passeggero|dipendente|infermier[ea]|autista|portiere|"
    r"responsabile|"
    r"titolare|maestr[oa]|allievo|studente|studentessa|inquilin[oa]|vicin[oa]|nonn[oa]|zi[oa]|bookkeeper|colleague|"
    r"passenger|patient|guest|"
    r"tenant|neighbou?r|driver|porter|nurse|teacher|coach|manager|uncle|aunt|customer|client|intern|cardholder|name|"
    r"nome|dear|gentile|"
    r"car[oa]|hi|hello|ciao|i'm|i’m|sono|grazie a|grazie|thanks to|to|a|da|di|di nome)[,:]? $",
    regex.I,
)
# What stands before a name that is a street's, a school's, a prize's or a saint's, and not a person's.
_NAMED_AFTER = regex.compile(
    r"\b(?:via|viale|v\.le|piazza|p\.zza|piazzale|largo|corso|c\.so|vicolo|ponte|stazione|fermata|metro|scuola|"
    r"istituto|liceo|"
    r"universit[àa]|ospedale|policlinico|teatro|museo|fondazione|premio|trofeo|memorial|torneo|coppa|aula|sala|"
    r"palazzo|villa|"
    r"stadio|parco|giardin[oi]|biblioteca|aeroporto|galleria|centro|circolo|associazione|san|santa|santo|sant'|s\.|"
    r"santi|ss\.|"
    r"rifugio|casa editrice|cantin[ae]|pasticceria|trattoria|ristorante|osteria|pizzeria|studio|ditta|azienda|gruppo|"
    r"street|square|school|college|hospital|foundation|prize|award|cup|trophy|theatre|theater|museum|hall|library|"
    r"airport|"
    r"station|park|stadium|saint|st|the|hms|uss|brand|marca|film|libro|romanzo|canzone|album|poesia)"
    r"(?: (?:di|della|del|dedicat[oa] a|intitolat[oa] a))? ?$",
    regex.I,
)
_AUTHORED = regex.compile(
    r"\b(?:film|libro|romanzo|canzone|album|poesia|opera|quadro|concerto|spettacolo|mostra|musica|parole|versi|"
    r"citazione|"
    r"novel|book|song|painting|poem|play|quote|music|works?|album|biography|statue) (?:di|by|of) $",
    regex.I,
)
_STREET_BEHIND = regex.compile(
    r" (?:street|st\b|road|rd\b|avenue|ave\b|lane|square|park|school|college|hospital|foundation|prize|award|cup|"
    r"trophy|hall|"
    r"library|airport|stadium|theatre|theater|museum|s\.?r\.?l\b|s\.?p\.?a\b|ltd|llc|inc|plc|& (?:figli|sons|co)|"
    r"editore)",
    regex.I,
)
_SURE, _LIKELY, _MAYBE = 0.75, 0.6, 0.45


def names_in(text: str) -> Iterator[tuple[int, int, float]]:
    """Where `text` names a person by first name and surname, or by title and surname; with a score."""
    done = 0
    for match in _WORD.finditer(text):
        if match.start() < done:
            continue
        spans = _run(text, match)
        if spans and (found := _person(text, match, spans)) is not None:
            yield found
            done = found[1]


def _run(text: str, match: regex.Match[str]) -> list[tuple[int, int]]:
    """Words in capitals from here on, up to four, each with its particles."""
    spans = [match.span("name")] if match["name"] else []
    at = match.end() - 1 if match["title"] else match.end()
    while len(spans) < _LONGEST and (found := _ON.match(text, at)):
        spans.append(found.span("name"))
        at = found.end()
    return spans


def _person(text: str, match: regex.Match[str], spans: list[tuple[int, int]]) -> tuple[int, int, float] | None:
    before = text[max(0, match.start() - 40) : match.start()]
    titled = bool(match["title"])
    if not titled and _NAMED_AFTER.search(before):
        return None
    if _AUTHORED.search(before):
        return None
    for count in range(len(spans), 0, -1):
        words = [text[start:end] for start, end in spans[:count]]
        end = spans[count - 1][1]
        score = _score(words, titled=titled, before=before)
        if score is not None and not is_known(" ".join(words)) and not _STREET_BEHIND.match(text, end):
            return (match.start("title") if titled else spans[0][0]), end, score
    return None


def _score(words: list[str], *, titled: bool, before: str) -> float | None:
    """How likely it is that these words in capitals name a person; None: they do not."""
    first, last = key(words[0]), key(words[-1].rsplit(" ", 1)[-1]).removesuffix("'s")
    if any(key(word) in _NO_SURNAMES for word in words):
        return None
    given, surname = first in first_names(), last in surnames()
    if titled:
        return None if len(words) == 1 and given and first not in surnames() else _SURE
    if len(words) < 2 or len(words) > 3:
        return None
    introduced = bool(_ROLE_BEFORE.search(before))
    if given and surname:
        return _LIKELY if first in _ALSO_WORDS or _opens(before) else _SURE
    if given and first not in _ALSO_WORDS:
        return _MAYBE
    if first in surnames() and last in first_names() and last not in _ALSO_WORDS and first not in _ALSO_WORDS:
        return _MAYBE
    # A first name that is on no list: a surname that is, and a word that says who is meant.
    return _MAYBE if surname and introduced and len(last) > 3 and last not in _SURNAMES_TOO else None


def _opens(before: str) -> bool:
    """Whether what follows opens a sentence, where a capital says nothing."""
    return not before.strip() or before.rstrip()[-1] in ".!?:\n"


@cache
def first_names() -> frozenset[str]:
    return _list("first-names")


@cache
def surnames() -> frozenset[str]:
    return _list("surnames")


@cache
def _known() -> frozenset[str]:
    return _list("public-figures")


def is_known(name: str) -> bool:
    """Whether it is, or holds, the name of a public figure."""
    words = key(name).removesuffix("'s")
    return words in _known() or any(f" {known} " in f" {words} " for known in _known() if " " in known)


def _list(name: str) -> frozenset[str]:
    lines = (_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(key(line) for line in lines if line and not line.startswith("#"))


def is_word_too(name: str) -> bool:
    """Whether a first name, as `key` gives it, is an everyday word or a place too."""
    return name in _ALSO_WORDS


def key(name: str) -> str:
    """A name as lists hold it: lower case, no accents."""
    return bare(name.replace("’", "'"))


_WORDS_TOO = """
    grant porta ring alba ambra amore angel art asia aurora austin april august barbera bianca bella buona
    carina celeste chance charity china christian christmas clemente costa crystal dante daria delta diamond
    dolce dora duca eden eva faith felice fiore fortuna franca franco gemma giada gioia giordano giusto gloria
    grace grazia happy harmony heaven hope india iris italia italo ivory jasmine joy june justice lady laura
    leone libero liberty lily luce luna marina mark massimo mattia may mercy mia miracle modesto natale nina
    norma nova novella olive oliva palma pace pasqua patience penny pia pino pio poppy primo primavera prince
    prudence quinto rich rocco romano romeo rosa rosetta rose ruby sabato salvo santa santo secondo sereno
    serena settimio sky sole stella summer sunny tea trinity trino ugo vera verde victory vincenzo viola
    violetta virginia vita vittoria will willow winter beau royal jordan paris london florence chelsea brooklyn
    dallas madison savannah carolina georgia sierra rio angelo maria san don star king queen duke earl baron
    bishop major opal percy
"""
_ALSO_WORDS = frozenset(_WORDS_TOO.split())
"""First names that are words or places too: they need a surname from the list."""

_PLACES_TOO = """
    costa villa serra monti fontana marino croce riva leone rocca torre spina grande young king park green hill
"""
_SURNAMES_TOO = frozenset(_PLACES_TOO.split())
"""Surnames that are places or words: alone they make no name of what stands before them."""

_NO_NAMES = """
    studio ditta officina fratelli famiglia caro cara cari care dear hi alla allo agli alle dalla dallo nella
    nello sulla sullo della dello srl spa snc
    sas onlus bar caffe hotel group team italia italy europe academy school shop store beach club fashion day
    week festival music street road and the e il la di dop igp doc docg summer winter spring autumn gennaio
    febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre january february march
    april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday lunedi martedi mercoledi giovedi venerdi sabato domenica pasqua natale christmas easter live
    show award awards city town beach park buongiorno buonasera ciao grazie auguri hello thanks congratulations
    mobile app cloud web news tv radio blog gold plus pro one two first university
"""
_NO_SURNAMES = frozenset(_NO_NAMES.split())
