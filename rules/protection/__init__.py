"""Speech that no policy may hold up: union activity, whistleblowing, lawful criticism of one's own employer.

L. 300/1970 art. 1, 8, 14 and 26; D.Lgs. 24/2023 (Directive (EU) 2019/1937); National Labor Relations Act, section 7.
Recognised in doubt for the writer: where the judge is half sure, or by words.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path

from rules.detectors.base import BaseRule, Subject
from rules.detectors.reading import already_judged, spoken
from rules.draft import Account, Draft
from rules.folding import fold
from rules.labels import PROTECTED
from rules.patterns import compiled
from rules.unavailable import Unavailable
from rules.verdict import Severity

_OWN = (Account.PERSONAL, Account.PRIVATE)
_DOUBT = 0.5
"""Share of the score that is sure from which a draft is taken for protected: in doubt for the writer."""
_WORDS = r"(?:^|[^\p{L}\p{Nd}_])(?:%s)(?:[^\p{L}\p{Nd}_]|$)"


def is_own(draft: Draft) -> bool:
    """Whether it is for somebody's own profile, where such speech is protected."""
    return draft.account in _OWN


def is_opinion(subject: Subject) -> bool:
    """Whether a draft is such speech, in whosever name, as far as can be told: by words, and by the judge."""
    text = subject.folded.plain.text
    if any(compiled(_WORDS % line).search(text) for line in _lines("speech")):
        return True
    found = already_judged(subject)
    if found is None:
        return False
    judge, read = found
    return read.score(PROTECTED) >= _DOUBT * judge.threshold(PROTECTED, spoken(subject))


def gives_way(rule: BaseRule) -> bool:
    """Whether what a rule finds becomes a note in protected speech: all that is tone or opinion does."""
    return rule.protected is None and not rule.stands


def held_up(rule: BaseRule) -> str | None:
    """A lawful sentence that the rule, as it is written, would hold up; None if there is none or it means to.

    Only for rules that look for words: those that read meaning are measured instead.
    """
    own = not rule.applies.accounts or set(_OWN) & set(rule.applies.accounts)
    if not rule.seeks_words or not own or rule.severity is Severity.NOTE or not gives_way(rule):
        return None
    for language in rule.applies.languages or ("it", "en"):
        for subject in _examples(language):
            with suppress(Unavailable):
                if rule.hits(subject):
                    return subject.text
    return None


@cache
def _examples(language: str) -> tuple[Subject, ...]:
    drafts = [Draft(text=line, account=Account.PERSONAL) for line in _lines(f"examples-{language}")]
    return tuple(Subject(draft, fold(draft.text), (language,)) for draft in drafts)


@cache
def _lines(name: str) -> tuple[str, ...]:
    path = Path(__file__).parent / f"{name}.txt"
    return tuple(path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
