"""Which language a text is in: a policy's own only when sure, another only when very sure, otherwise undecided."""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

from rules.homoglyphs import OTHER_SCRIPTS

_SCRIPTS = {
    # Europe's languages and those of the larger communities that write from Italy. Its dialects are left out on
    # purpose: a post in Milanese or Neapolitan is Italian to a policy.
    "Latin": (
        *("it", "en", "es", "fr", "de", "pt", "ca", "gl", "eu", "ro", "nl", "sq", "sl", "hr", "pl", "cs", "sk", "hu"),
        *("sv", "da", "no", "fi", "is", "et", "lv", "lt", "ga", "mt", "tr", "vi", "id", "tl", "sw"),
    ),
    "Cyrillic": ("ru", "uk", "bg", "sr", "mk", "be"),
    "Greek": ("el",),
    "Arabic": ("ar", "fa", "ur", "ps"),
    "Hebrew": ("he",),
    "Han": ("zh", "ja"),
    "Hangul": ("ko",),
    "Devanagari": ("hi", "ne", "mr"),
    "Bengali": ("bn",),
    "Gurmukhi": ("pa",),
    "Tamil": ("ta",),
    "Sinhala": ("si",),
    "Thai": ("th",),
    "Georgian": ("ka",),
    "Armenian": ("hy",),
    "Ethiopic": ("am",),
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
"""A sentence of so many characters that leads by so much for another of the policy's languages makes the text mixed.

Below that, 'Stay tuned!' would do so to an Italian post.
"""

_SLICES, _SLICE = 12, 100
"""A text longer than their product is judged on so many slices, evenly spaced, of so many characters."""

_PARTS = 16
"""Sentences of a long text are joined until no more than about so many are left to judge: each costs a fixed time."""

_LINK = re.compile(r"[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?[.,;:!?)]*")
_END = re.compile(r"(?<=[.!?])\s+")
_NOT_LATIN = regex.compile(r"[^\p{Latin}\s'.,;:!?-]+")
_NOT_WORDS = regex.compile(r"[^\p{L}\p{M}\s'.,;:!?-]+")
_NOT_OF_LATIN_SCRIPT = regex.compile(r"[^\P{L}\p{Latin}]")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
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

    One of `languages` only if it leads clearly, any other code only on much evidence, and None for what is short, mixed
    or in doubt: then the rules of all its languages apply. Links, mentions, closing hashtags and emoji are no evidence.
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
    only_script = _NOT_LATIN if script == "Latin" else _NOT_WORDS
    return _judge(_sentences([only_script.sub(" ", line) for line in lines]), script, languages)


def prepare() -> None:
    """Load the model now (about half a second and 100 MB, once for the process) rather than at the first `detect`.

    Raises OSError where no temporary file can be written: the model is unpacked into one.
    """
    _ranker()


def _lines(text: str) -> list[str]:
    """Line by line, what can be evidence; of a long text, a sample."""
    limit = _SLICES * _SLICE
    if len(text) > limit:
        step = (len(text) - _SLICE) / (_SLICES - 1)
        text = "\n".join(text[round(i * step) : round(i * step) + _SLICE] for i in range(_SLICES))
    if not text.isascii():
        # Compatibility forms first (bold letters, full stops in one character), and no emoji variants left behind.
        text = unicodedata.normalize("NFKC", text)[:limit].replace("’", "'").replace("\ufe0f", "")
    return [line for line in map(_evidence, text.splitlines()) if line]


def _evidence(line: str) -> str:
    words = line.split()
    # In a sentence a hashtag is a word of it; at the end it is a label, and labels are English in any language.
    while words and words[-1].startswith("#"):
        words.pop()
    return " ".join(word for word in words if "@" not in word and "://" not in word and not _LINK.fullmatch(word))


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


def _sentences(lines: list[str]) -> list[str]:
    """The lines cut at the ends of sentences; what is too short to be judged alone joins what follows it."""
    sentences, begun = [], ""
    enough = max(_SENTENCE, sum(map(len, lines)) // _PARTS)
    for part in (part for line in lines for part in _END.split(line)):
        begun = f"{begun} {part}".strip()
        if len(begun) >= enough:
            sentences.append(begun)
            begun = ""
    if begun and sentences:
        sentences[-1] += " " + begun
    elif begun:
        sentences.append(begun)
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
