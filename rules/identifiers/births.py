"""Dates of birth: a date about a person who can be recognised, and not about an event or an organisation.

`Born` before a date says so. So does less: a date that would make somebody of working age, right behind a name or out
of a document, is hardly anything else, unless a word for an event stands by.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import regex
from presidio_analyzer import LocalRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from rules.identifiers import somebody
from rules.identifiers.dates import OLDEST, Day, days_in
from rules.identifiers.entities import Entity
from rules.identifiers.evidence import AGE, BABY, BORN, EVENT, EVENT_BEFORE, FROM, RECORD, ROW, ROW_BEHIND, YEARS

_SURE, _LIKELY = 0.75, 0.6
_GROWN = 13
"""From this age on a date is more likely a birthday than anything else that is told with day, month and year."""
_REACH = 160
_END = regex.compile(r"[.!?…]+[\"'”’)]*(?=\s+[\p{Lu}\"'“(\d]|\s*$)|\n|[^\w\s.,;:!?'\"()\-]{2,}")
_ABBREVIATED = regex.compile(
    r"(?<!\w)(?:sig|dott|prof|mr|mrs|ms|dr|st|n|no|nr|avv|ing|geom|rag|d\.o\.b|d|o|v|sett|ott|nov|dic|gen|feb|jan|sept|oct|dec)\.$",
    regex.I,
)


class Births(LocalRecognizer):
    def __init__(self, language: str) -> None:
        super().__init__([Entity.DATE_OF_BIRTH], supported_language=language)

    def load(self) -> None:
        pass

    def analyze(self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts) -> list[RecognizerResult]:
        metadata = {RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id}
        return [
            RecognizerResult(Entity.DATE_OF_BIRTH, start, end, score, recognition_metadata=metadata)
            for start, end, score in births_in(text)
        ]


def births_in(text: str) -> Iterator[tuple[int, int, float]]:
    """Where `text` tells a date of birth, and how likely it is that it does."""
    days = list(days_in(text))
    if not days:
        return
    passage = _Passage(text, days)
    for day in days:
        if (score := passage.score(day)) is not None:
            yield day.start, day.end, score


class _Passage:
    """What is read once for all dates of a text."""

    def __init__(self, text: str, days: list[Day]) -> None:
        self._text = text
        inside = {place for day in days for place in range(day.start, day.end)}
        ends = [
            match.end()
            for match in _END.finditer(text)
            if match.start() not in inside and not _ABBREVIATED.search(text[max(0, match.start() - 6) : match.end()])
        ]
        self._ends = sorted({0, *ends, len(text)})
        self._people = somebody.Places(somebody.people_in(text))
        self._named = somebody.Places([(start, end) for start, end in somebody.first_names_in(text)])
        self._capitals = somebody.Places([one for one in somebody.capitals_in(text) if one[0] not in inside])
        self._pronouns = somebody.Places(somebody.pronouns_in(text))
        self._others = somebody.Places([*somebody.organisations_in(text), *somebody.public_figures_in(text)])
        self._days = days

    def score(self, day: Day) -> float | None:
        if day.age is not None and not 0 <= day.age <= OLDEST:
            return None
        start, end = self._sentence(day)
        before, after = self._text[start : day.start], self._text[day.end : end]
        from_then = FROM.search(before[-40:]) is not None
        if not from_then and EVENT_BEFORE.search(before[-60:]) and not BORN.search(after[:60]):
            return None
        if day.year is None:
            return self._of_an_age(day, before, after)
        if self._is_of_another(day, start):
            return None
        around = self._around(day)
        if BORN.search(before[-_REACH:]) or BORN.search(after[:60]) or from_then:
            return _SURE if self._somebody(around) or BORN.search(before[-60:] + after[:30]) else _LIKELY
        if EVENT.search(before[-_REACH:] + " " + after[:_REACH]):
            return None
        return self._by_place(day, before, after, around)

    def _by_place(self, day: Day, before: str, after: str, around: tuple[int, int]) -> float | None:
        """By what stands right beside it, or by an age or a document that is spoken of."""
        if ROW.search(before[-30:]) or ROW_BEHIND.match(after[:30]):
            return _LIKELY
        near = self._text[around[0] : day.start] + " \n " + self._text[day.end : around[1]]
        if (day.age or 0) < _GROWN:
            return _LIKELY if BABY.search(near) and self._somebody(around) else None
        if self._stands_beside(day, before):
            return _LIKELY
        known = self._people.within(*around) or self._pronouns.within(*around)
        return _LIKELY if BORN.search(near) or (known and (AGE.search(near) or RECORD.search(near))) else None

    def _of_an_age(self, day: Day, before: str, after: str) -> float | None:
        """A day without a year, and how old somebody is on it."""
        start = day.start - len(before)
        clause = f"{before[-_REACH:]} \n {after[:_REACH]}"
        if not YEARS.search(clause) or self._is_of_another(day, start):
            return None
        end = day.end + len(after)
        known = self._people.within(start, end) or self._capitals.within(start, end)
        return _LIKELY if known and not self._others.within(start, end) else None

    def _stands_beside(self, day: Day, before: str) -> bool:
        """`Irene, 12.3.1990`, `Samuele (4 May 1991)`, `Vernon in the mail room, 5/17/1973`."""
        joint = regex.search(r"(?:[,(:–—\-\"“]|:\s*[\"“(])\s*(?:the |il |l['’]|del |dell['’]|of )?$", before)
        if joint is None:
            return False
        reach = day.start - len(before) + max(0, joint.start() - 45)
        at = day.start - len(before) + joint.start()
        between = [end for _, end in (*self._named.within(reach, at), *self._people.within(reach, at))]
        # A place stands before a date, too: `Torino, 3 giugno 1998` opens a letter.
        return any(regex.fullmatch(r"[^.!?;:]{0,40}", self._text[end:at]) for end in between if end <= at)

    def _somebody(self, around: tuple[int, int]) -> bool:
        places = (self._people, self._pronouns, self._capitals)
        return any(kind.within(*around) for kind in places)

    def _is_of_another(self, day: Day, start: int) -> bool:
        """Whether an organisation or a public figure is nearer before the date than any person."""
        others = [end for _, end in self._others.within(start, day.start)]
        if not others:
            return False
        people = [end for kind in (self._people, self._pronouns) for _, end in kind.within(start, day.start)]
        return max(others) >= max(people, default=-1)

    def _sentence(self, day: Day) -> tuple[int, int]:
        return self._ends[bisect_right(self._ends, day.start) - 1], self._ends[bisect_left(self._ends, day.end)]

    def _around(self, day: Day) -> tuple[int, int]:
        """The sentence with the ones before and behind."""
        first = max(0, bisect_right(self._ends, day.start) - 2)
        last = min(len(self._ends) - 1, bisect_left(self._ends, day.end) + 1)
        return max(self._ends[first], day.start - 2 * _REACH), min(self._ends[last], day.end + _REACH)
