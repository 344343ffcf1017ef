"""Who speaks, and who pays: an employer, a gift or a fee that the reader should know of and is not told, or too late.

Accepted and refused labels: AGCOM, resolutions 7/24/CONS and 197/25/CONS; IAP, Digital Chart; FTC, 16 CFR part 255 and
"Disclosures 101".
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from rules.declarations import FOLDS, FREE, GIVEN, OPENING, OWN, PAID, VOICE, WORKS, works_at
from rules.detectors.base import BaseRule, Hit, Subject
from rules.detectors.fields import Company
from rules.detectors.judge import Score
from rules.detectors.reading import judged, spoken
from rules.detectors.signs import seen
from rules.draft import Span
from rules.patterns import Pattern
from rules.terms import Terms
from rules.unavailable import Unavailable

if TYPE_CHECKING:
    from rules.judges import Judges

About = Literal["employer", "gift", "paid", "late_label", "voice"]
_BEYOND_DOUBT = 0.92
"""The judge's score from which a gift or a fee counts although something else of the kind is told."""
_LABELS = {"employer": "hidden_employer", "gift": "hidden_gift", "paid": "hidden_paid"}


class Disclosure(BaseRule):
    finds: ClassVar[str] = "an employer, a gift or a fee that the post does not tell, or tells too late"
    reads_meaning: ClassVar[bool] = True

    detector: Literal["disclosure"]
    about: About
    """What the reader should know.

    `employer`: the company or a product is praised and the post does not say that one works there. `gift`, `paid`:
    something came free or earns something, and no accepted label says so. `late_label`: the label comes after the
    channel's fold, or behind other hashtags. `voice`: one speaks as the company ("we"), without saying who one is.
    """
    signs: tuple[Pattern, ...] = ()
    """Expressions (RE2) that show it beside the judge; only for `gift` and `paid`."""
    accept: tuple[Pattern, ...] = ()
    """Further wording that counts as telling it."""
    threshold: Score | None = None
    """The judge's score from which it counts; without, the one that was measured for the label."""
    company: Company = Company()
    """Whose people write; without, the policy's own."""

    def load(self, judges: Judges | None = None) -> None:
        if self.about in _LABELS and judges is None:
            raise Unavailable("model:vaglio-judge")
        if judges is not None and self.about in _LABELS:
            judges.judge()

    def naming(self, company: Company) -> Self:
        """`{company}`, `{product}` and `{handle}` in its examples and its rewrite become that company's own."""
        named = self.company if self.company.names else company
        filled = {"examples": named.filled(self.examples), "rewrite": named.filled(self.rewrite)}
        return self.model_copy(update={"company": named, **filled})

    def find(self, subject: Subject) -> Iterator[Hit]:
        match self.about:
            case "employer":
                yield from self._employer(subject)
            case "gift" | "paid":
                yield from self._unlabelled(subject)
            case "late_label":
                yield from self._late(subject)
            case "voice":
                yield from self._voice(subject)

    def _employer(self, subject: Subject) -> Iterator[Hit]:
        named = list(self._names.spans(subject.folded))
        if named and not self._told(subject, self._works):
            score, threshold = self._scored(subject)
            if score >= threshold:
                yield Hit(named[0], score=round(score, 3))

    def _unlabelled(self, subject: Subject) -> Iterator[Hit]:
        if self._told(subject, PAID if self.about == "paid" else (*PAID, *GIVEN)):
            return
        is_free = self.about == "gift" and self._told(subject, FREE)
        if signs := [] if is_free else list(seen(subject, self.signs)):
            yield from map(Hit, signs)
            return
        score, threshold = self._scored(subject)
        # Whoever declares a gift hides no fee, and an aunt is no brand: then only what is beyond doubt counts.
        if self._told(subject, (*GIVEN, *FREE, *self._works, *OWN)):
            threshold = max(threshold, _BEYOND_DOUBT)
        if score >= threshold:
            yield Hit(Span(0, len(subject.text)), score=round(score, 3))

    def _late(self, subject: Subject) -> Iterator[Hit]:
        """The first label, where it stands too far back: and none at all is for the other rules to say."""
        labels = sorted(seen(subject, (*PAID, *GIVEN, *FREE, *self.accept)))
        if not labels:
            return
        first, fold = labels[0], FOLDS.get(subject.draft.channel)
        hashtags = [span for span in subject.verbatim if subject.text[span.start] == "#" and span.end <= first.start]
        behind = subject.text[first.start : first.start + 1] == "#" and len(hashtags) >= OPENING
        if behind or (fold is not None and first.start > fold):
            yield Hit(first)

    def _voice(self, subject: Subject) -> Iterator[Hit]:
        if any(True for _ in self._names.spans(subject.folded)) and not self._told(subject, self._works):
            yield from map(Hit, seen(subject, VOICE))

    def _told(self, subject: Subject, patterns: tuple[str, ...]) -> bool:
        return any(True for _ in seen(subject, (*patterns, *self.accept)))

    def _scored(self, subject: Subject) -> tuple[float, float]:
        label = _LABELS[self.about]
        judge, read = judged(subject)
        score = read.score(label)
        subject.scores[f"{judge.name}.{label}"] = round(score, 4)
        return score, self.threshold or judge.threshold(label, spoken(subject))

    @cached_property
    def _works(self) -> tuple[str, ...]:
        return *WORKS, *works_at(self.company.spellings)

    @cached_property
    def _names(self) -> Terms:
        return Terms(self.company.spellings)
