"""Which language a text is in: a policy's own only when sure, another only when very sure, otherwise undecided."""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

from rules.common_words import LOANS, SHARED, WORDS
from rules.homoglyphs import OTHER_SCRIPTS

# Europe's languages and those of the larger communities that write from Italy. Its dialects are left out on purpose: a
# post in Milanese or Neapolitan is Italian to a policy.
_LATIN = "it en es fr de pt ca gl eu ro nl sq sl hr pl cs sk hu sv da no fi is et lv lt ga mt tr vi id tl sw"
_OTHERS = """
Cyrillic: ru uk bg sr mk be; Greek: el; Arabic: ar fa ur ps; Hebrew: he; Han: zh ja; Hangul: ko; Devanagari: hi ne mr;
Bengali: bn; Gurmukhi: pa; Tamil: ta; Sinhala: si; Thai: th; Georgian: ka; Armenian: hy; Ethiopic: am"""
_SCRIPTS = {"Latin": tuple(_LATIN.split())} | {
    script.strip(): tuple(codes.split()) for script, codes in (part.split(":") for part in _OTHERS.split(";"))
}
"""What a text may be, by the script of most of its letters; the likeliest language first."""

_KNOWN = frozenset(code for codes in _SCRIPTS.values() for code in codes)

# Margins are differences of log-likelihood, in nats, summed over the sentences: they grow with the length of the text,
# so one number serves three words and three hundred. docs/decisions/language.md says how they were set.
_SURE = 6.0
"""One of the policy's languages leads every other candidate by this much."""

_FOREIGN = 25.0
"""Another language leads all of the policy's by this much: more, for a wrong guess says 'not checked' to the writer."""

_FOREIGN_LETTERS, _FOREIGN_WORDS = 20, 4
"""A foreign text has at least so many letters and different words: neither a brand name nor a greeting is enough."""

_SCRIPT_LETTERS, _LATIN_BESIDE = 3, 20
"""Letters of another script that are enough, and Latin ones beside them that may be a sentence of their own."""

_SENTENCE, _MIXED = 30, 15.0
"""A sentence of so many characters that leads by so much for another of the policy's languages makes the text mixed."""

_READ = 10_000
"""Characters that are read, which is all of a draft; what is longer is undecided."""

_PARTS, _MANY_PARTS = 20, 64
"""Sentences are joined until about so many are left, each at a fixed cost; more where a language has no words."""

_LONE_WORDS, _LONE = 3, 4
"""A clause with one such word counts if it has so many words, or the word so many letters: 'La Spezia' does not."""

# English, from which every language borrows, needs the larger lead.
_CLAUSE, _CLAUSES, _LEANS, _BORROWS = 12, 16, 8.0, 14.0
"""The model judges a clause of so many letters with none of them, up to so many clauses, by so large a lead."""

_LINK = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?[.,;:!?)]*")
_END = re.compile(r"(?<=[.!?])\s+")
_BREAK = regex.compile(r"[^\p{L}\p{M}\p{N}\s'’-]+|\s-+\s")
_NOT_LATIN = regex.compile(r"[^\p{Latin}\s'.,;:!?-]+")
_NOT_WORDS = regex.compile(r"[^\p{L}\p{M}\s'.,;:!?-]+")
_NOT_OF_LATIN_SCRIPT = regex.compile(r"[^\P{L}\p{Latin}]")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
# With its hyphens, for the e of 'e-mail' is no word; with its apostrophe where the Italian article ends.
_TOKEN = regex.compile(r"\b(?:\p{L}{1,4}'(?=\p{L}{3})|\p{L}[\p{L}\p{M}-]*(?:'\p{L}{1,2}\b)?)")
_MIMIC = regex.compile(r"[\p{Cyrillic}\p{Greek}]")
_LETTER = {script: regex.compile(rf"\p{{{script}}}") for script in _SCRIPTS} | {
    "Han": regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]"),
}


@dataclass(frozen=True, slots=True)
class Language:
    """`code` is ISO 639-1, or None when undecided.

    `score` is the best candidate's share of belief, 0 to 1, whether or not that was enough to decide.
    """

    code: str | None
    score: float


_UNDECIDED = Language(None, 0.0)


def detect(text: str, languages: Sequence[str]) -> Language:
    """The language of `text`, for a policy that has rules in `languages` (ISO 639-1, at least one).

    One of `languages` only if it leads clearly and no clause speaks for another of them, any other code only on much
    evidence, and None for what is short, mixed or in doubt: then the rules of all its languages apply. Links, mentions,
    closing hashtags and emoji are no evidence.
    A language that the model does not know is never decided, nor is anything foreign to a policy that has one.

    Source: the script of the letters, then py3langid's naive Bayes over byte sequences, which `prepare` loads at the
    first call. Raises ValueError if `languages` is empty, and what `prepare` raises.
    """
    if not languages:
        raise ValueError("a policy has at least one language")
    lines = _lines(text)
    letters = _letters("\n".join(lines))
    if not letters:
        return _UNDECIDED
    script, count = letters.most_common(1)[0]
    if script != "Latin" and (count < _SCRIPT_LETTERS or letters["Latin"] >= _LATIN_BESIDE):
        return _UNDECIDED
    own_scripts = {other for other, codes in _SCRIPTS.items() if not set(codes).isdisjoint(languages)}
    if any(letters[other] >= _SCRIPT_LETTERS for other in own_scripts - {script, "Latin"}):
        return _UNDECIDED
    only_script = _NOT_LATIN if script == "Latin" else _NOT_WORDS
    parts = _PARTS if WORDS.keys() >= set(languages) else _MANY_PARTS
    found = _judge(_sentences([only_script.sub(" ", line) for line in lines], parts), script, languages)
    return Language(None, found.score) if found.code and _is_mixed(lines, found.code, languages) else found


def prepare() -> None:
    """Load the model now (about half a second and 100 MB, once for the process) rather than at the first `detect`.

    Raises OSError where no temporary file can be written: the model is unpacked into one.
    """
    _ranker()


def _lines(text: str) -> list[str]:
    """Line by line, what can be evidence; nothing of a text too long to be read."""
    if len(text) <= _READ and not text.isascii():
        # Compatibility forms first (bold letters, full stops in one character), and no emoji variants left behind.
        text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("\ufe0f", "")
    if len(text) > _READ:
        return []
    return [part for line in text.splitlines() for part in _evidence(line).split("\n") if part]


def _evidence(line: str) -> str:
    words = line.split()
    # In a sentence a hashtag is a word of it; at the end it is a label, and labels are English in any language.
    while words and words[-1].startswith("#"):
        words.pop()
    # What stands before a link and what stands after it are two lines: 'team.Grazie' looks like one.
    kept = ("\n" if "@" in word or "://" in word or _LINK.fullmatch(word) else word for word in words)
    return re.sub(r" ?\n ?", "\n", " ".join(kept))


def _letters(text: str) -> Counter[str]:
    """How many letters of each script; where all are Latin, not how many."""
    if text.isascii() or not _NOT_OF_LATIN_SCRIPT.search(text):
        return Counter({"Latin": 1} if _LETTER["Latin"].search(text) else {})
    # Words that mix scripts, or are of look-alikes alone, are a disguise of Latin ones: no evidence for their script.
    words = [word for word in _WORD.findall(text) if not _disguised(word)]
    joined = " ".join(words)
    return +Counter({script: len(letter.findall(joined)) for script, letter in _LETTER.items()})


def _disguised(word: str) -> bool:
    if not _MIMIC.search(word):
        return False
    return bool(_LETTER["Latin"].search(word)) or OTHER_SCRIPTS.keys() >= set(word)


def _sentences(lines: list[str], parts: int) -> list[str]:
    """The lines cut at the ends of sentences; what is too short to be judged alone joins what follows it."""
    sentences, begun = [], ""
    enough = max(_SENTENCE, sum(map(len, lines)) // parts)
    for part in (part for line in lines for part in _END.split(line)):
        begun = f"{begun} {part}".strip()
        if len(begun) >= enough:
            sentences.append(begun)
            begun = ""
    if begun:
        sentences[-1:] = [" ".join([*sentences[-1:], begun])]
    return sentences


def _judge(sentences: list[str], script: str, languages: Sequence[str]) -> Language:
    candidates = _SCRIPTS[script]
    own = [code for code in candidates if code in languages]
    foreign_possible = _KNOWN.issuperset(languages)
    if not own and len(candidates) == 1:
        return Language(candidates[0], 1.0) if foreign_possible else _UNDECIDED
    beliefs = [_belief(sentence, candidates) for sentence in sentences]
    total = {code: math.fsum(belief[code] for belief in beliefs) for code in candidates}
    best = max(candidates, key=total.__getitem__)
    score = _share(total, best, sum(map(len, sentences)))
    undecided = Language(None, score)
    if best in own:
        others = [code for code in own if code != best]
        mixed = any(_lead(belief, others) >= _MIXED for belief in beliefs)
        return Language(best, score) if _lead(total, [best]) >= _SURE and not mixed else undecided
    by_script = script != "Latin" and not own
    enough = by_script or (_much(" ".join(sentences)) and -_lead(total, own) >= _FOREIGN)
    # A sentence of the policy's own amid a foreign text must meet its rules.
    if not foreign_possible or not enough or any(_lead(belief, own) >= _SURE for belief in beliefs):
        return undecided
    return Language(best, score)


def _is_mixed(lines: list[str], code: str, languages: Sequence[str]) -> bool:
    """Whether any clause of the text speaks for a language of the policy other than `code`."""
    is_own = code in languages
    others = [other for other in languages if other != code]
    spoken = [WORDS[other] if is_own else WORDS[other] - SHARED for other in others if other in WORDS]
    # Against a neighbour such as Spanish the words say nothing: there the sentences' own margins must do.
    if not spoken or (is_own and code not in WORDS):
        return False
    mine, clauses = WORDS.get(code, frozenset()), [tokens for line in lines for tokens in _clauses(line)]
    if any(_speaks(tokens, words, mine) for tokens in clauses for words in spoken):
        return True
    silent = [tokens for tokens in clauses if is_own and len(tokens) > 1 and mine.isdisjoint(tokens)]
    texts = [text for text in map(" ".join, silent) if len(text) >= _CLAUSE]
    known = [other for other in (code, *others) if other in _SCRIPTS["Latin"]]
    return len(texts) > _CLAUSES or any(
        value - belief[code] >= (_BORROWS if other == "en" else _LEANS)
        for belief in (_belief(text, known) for text in texts)
        for other, value in belief.items()
    )


def _clauses(line: str) -> Iterator[list[str]]:
    """The words of each clause in small letters, without the loans."""
    for clause in _BREAK.split(LOANS.sub(" ", line)):
        if clause and (tokens := _TOKEN.findall(clause.lower())):
            yield tokens


def _speaks(tokens: list[str], words: frozenset[str], mine: frozenset[str]) -> bool:
    found = words.intersection(tokens)
    if len(found) != 1 or not mine.isdisjoint(tokens):
        return len(found) > 1
    return len(tokens) >= _LONE_WORDS or len(min(found)) >= _LONE


def _lead(belief: Mapping[str, float], codes: Sequence[str]) -> float:
    """By how much the best of `codes` leads the best of the others, in nats; -inf if `codes` is empty."""
    here = max((belief[code] for code in codes), default=-math.inf)
    return here - max((value for code, value in belief.items() if code not in codes), default=-math.inf)


def _share(total: Mapping[str, float], best: str, length: int) -> float:
    # Naive Bayes counts every byte as news. Divided by the root of the length, as the library itself normalises, its
    # figures compare across lengths.
    root = math.sqrt(max(length, 1))
    return 1 / math.fsum(math.exp((value - total[best]) / root) for value in total.values())


def _much(text: str) -> bool:
    words = set(_WORD.findall(text))
    return len(words) >= _FOREIGN_WORDS and sum(map(len, words)) >= _FOREIGN_LETTERS


class _Ranker(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


_lock = threading.Lock()
_loaded: _Ranker | None = None


def _ranker() -> _Ranker:
    """The model, loaded once. It is only read from then on, so threads share it."""
    global _loaded
    if _loaded is None:
        with _lock:
            if _loaded is None:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
                identifier.set_languages(_KNOWN)
                _loaded = identifier
    return _loaded


def _belief(sentence: str, candidates: Sequence[str]) -> dict[str, float]:
    """The log-likelihood of each candidate, in nats."""
    ranked = dict(_ranker().rank(sentence))
    return {code: ranked[code] for code in candidates}
