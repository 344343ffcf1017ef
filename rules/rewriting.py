"""A safer wording of a draft, from replacements, templates and deletions, offered only if it screens better."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import regex

from rules.common_words import WORDS
from rules.detectors.fields import Remedy
from rules.difference import Change, difference
from rules.draft import Draft, DraftRefused, Span
from rules.identifiers.people import first_names, is_word_too, key
from rules.localized import say
from rules.policy import Policy
from rules.screening import Screener
from rules.segmenting import sentences, verbatim
from rules.verdict import Finding, Outcome, Verdict

__all__ = ["Change", "Rewrite", "difference", "is_better", "rewrite"]

_ROUNDS = 3
"""Times that what was put right is put right again: two faults in one place take turns."""

_NUMBERS = ("PHONE", "CARD", "IBAN", "WALLET", "FISCAL_CODE", "VAT", "MAC", "IP", "ID_DOCUMENT", "NINO", "SSN", "NHS")
_REMOVED = {
    **{label: {"it": "[numero rimosso]", "en": "[number removed]"} for label in _NUMBERS},
    "EMAIL": {"it": "[indirizzo rimosso]", "en": "[address removed]"},
    "ADDRESS": {"it": "[indirizzo rimosso]", "en": "[address removed]"},
    "DATE_OF_BIRTH": {"it": "[data rimossa]", "en": "[date removed]"},
    "PLATE": {"it": "[targa rimossa]", "en": "[number plate removed]"},
    "SECRET": {"it": "[segreto rimosso]", "en": "[secret removed]"},
    "LINK": {"it": "[link rimosso]", "en": "[link removed]"},
    "INTERNAL": {"it": "[nome interno rimosso]", "en": "[internal name removed]"},
}
"""What stands in place of what must not leave. Names and private matters have none: a sentence about somebody has to be
written anew by a person."""

_WORSE = list(Outcome)
_COMMON = WORDS["it"] | WORDS["en"]
_QUOTED = regex.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"")
_NUMBER = regex.compile(r"\p{Nd}[\p{Nd}.,:/]*")
_CAPITAL = regex.compile(r"(?<![\p{L}\p{Nd}])(?!I['’])\p{Lu}[\p{L}'’]+")
_SAID = regex.compile(r"[\p{L}\p{Nd}]")

# --- Around what is taken out
_STOP = regex.compile(r"[ \t]*(?:[,;:](?=\s|$)|[.!?…]+(?=[\s)»”\"]|$))")
_CLOSES = regex.compile(r"[ \t]*(?:[,;:](?=\s|$)|[.!?…]+(?=[\s)»”\"]|$)|[)\]»”])")
_PAIRS = {"()", "[]", "«»", "“”", '""', "''"}
_BULLET = regex.compile(r"(?:(?<=\n)|^)[ \t]*[-–•·*][ \t]*$")
_LOW = regex.compile(r"\p{Ll}[\p{Ll}\p{M}]*(?:['’]\p{L}+)?(?=[.:]?(?:[\s,;!?…]|$))")


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Another wording of a draft, and what the same policy says of it."""

    text: str = field(repr=False)
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Edit:
    """Words to put in place of a span, which may be empty here: then they are put in."""

    start: int
    end: int
    words: str = field(repr=False)
    hides: bool = False


def rewrite(draft: Draft, verdict: Verdict, screener: Screener, at: datetime | None = None) -> Rewrite | None:
    """A wording that the same policy likes better; None where there is none to be had.

    Names, numbers, links, hashtags and quotations with which no fault was found stay letter for letter. Never raises
    for a draft that was screened.
    """
    text, seen, best = draft.text, verdict, Rewrite(draft.text, verdict)
    # The same rules have a say as before: a text that is taken for another language may only seem better.
    draft = draft.model_copy(update={"language": draft.language or verdict.language})
    # Where each sentence is at fault, nothing that its writer meant to say would be left of a draft without one.
    may_drop = _has_sound_sentence(text, verdict)
    for _ in range(_ROUNDS):
        changed = _applied(text, _Subject(text, seen, screener.policy, may_drop=may_drop).edits())
        if changed == text or len(changed) > screener.limit:
            break
        try:
            text, seen = changed, screener.screen(draft.model_copy(update={"text": changed}), at)
        except DraftRefused:
            # Nothing is left that could be read.
            break
        if is_better(seen, best.verdict) and not _is_deaf(seen, best.verdict, screener.policy):
            best = Rewrite(text, seen)
    return best if best.text != draft.text else None


def _has_sound_sentence(text: str, verdict: Verdict) -> bool:
    return any(not any(f.span.overlaps(sentence) for f in verdict.findings) for sentence in sentences(text))


def is_better(new: Verdict, old: Verdict) -> bool:
    """Whether less is wrong, nothing new is, and no less was looked at."""
    fewer = Counter(finding.rule for finding in old.findings)
    left = Counter(finding.rule for finding in new.findings)
    missed = {unchecked.rule for unchecked in new.unchecked} - {unchecked.rule for unchecked in old.unchecked}
    no_worse = _WORSE.index(new.outcome) <= _WORSE.index(old.outcome)
    return left < fewer and not missed and no_worse


def _is_deaf(new: Verdict, old: Verdict, policy: Policy) -> bool:
    """Whether a rule that found fault when the language was undecided is not for the one that was decided on."""
    bound = [rule.tongues for finding in old.findings if (rule := policy.rule(finding.rule)) and rule.tongues]
    return new.language is not None and any(new.language not in tongues for tongues in bound)


class _Subject:
    """A text, what was found in it, and what in it must not be lost."""

    def __init__(self, text: str, verdict: Verdict, policy: Policy, *, may_drop: bool) -> None:
        self._text, self._policy, self._may_drop = text, policy, may_drop
        self._findings = sorted(verdict.findings, key=lambda finding: finding.span)
        self._language = verdict.language or policy.languages[0]
        self._sentences, self._verbatim = sentences(text), verbatim(text)
        self._precious = sorted({*self._verbatim, *_named(text, self._sentences), *_written(text)})
        self._lossy = dict[Span, bool]()

    def edits(self) -> list[_Edit]:
        """In order, none over another; what must not leave comes first, then the most severe."""
        ranked = sorted(self._findings, key=lambda finding: (-finding.severity.rank, finding.span))
        wanted = [edit for finding in ranked for edit in self._edits_for(finding)]
        wanted.sort(key=lambda edit: not edit.hides)
        put_in = dict.fromkeys(edit for edit in wanted if edit.start == edit.end)
        return sorted([*put_in, *_apart(wanted)], key=lambda edit: (edit.start, edit.end))

    def _edits_for(self, finding: Finding) -> Iterator[_Edit]:
        span, rule = finding.span, self._policy.rule(finding.rule)
        remedy = rule.rewrite if rule else None
        if finding.replacement is None and remedy is None:
            # Where the meaning of a sentence tells a secret, the place is all of it: a label would leave nothing.
            removed = None if rule and rule.reads_meaning else _REMOVED.get(finding.hides or "")
            if removed:
                for place in _again(self._text, span):
                    yield _Edit(place.start, place.end, say(removed, self._language), hides=True)
            return
        if finding.replacement is not None:
            edit: _Edit | None = _Edit(span.start, span.end, finding.replacement)
        else:
            edit = self._remedied(finding, remedy or Remedy())
        # Half a link or hashtag is none.
        if edit and not any(kept.start < edit.end and edit.start < kept.end for kept in self._cut(edit)):
            yield edit

    def _cut(self, edit: _Edit) -> Iterator[Span]:
        return (kept for kept in self._verbatim if not (edit.start <= kept.start and kept.end <= edit.end))

    def _remedied(self, finding: Finding, remedy: Remedy) -> _Edit | None:
        text, span = self._text, finding.span
        if remedy.first:
            words = say(remedy.first, self._language)
            return None if text.lstrip().startswith(words) else _Edit(0, 0, f"{words} ")
        if remedy.last:
            words = say(remedy.last, self._language)
            joint = "" if text[-1:].isspace() else " "
            return None if text.rstrip().endswith(words) else _Edit(len(text), len(text), f"{joint}{words}")
        if remedy.instead:
            return _Edit(span.start, span.end, say(remedy.instead, self._language), hides=finding.hides is not None)
        if remedy.drop == "place":
            return _Edit(span.start, span.end, "")
        whole = self._sentence(span)
        if whole is None or self._loses(whole) or not (remedy.sentence or self._may_drop):
            return None
        return _Edit(whole.start, whole.end, say(remedy.sentence, self._language) if remedy.sentence else "")

    def _sentence(self, span: Span) -> Span | None:
        at = bisect_right(self._sentences, span.start, key=lambda sentence: sentence.start) - 1
        return self._sentences[at] if at >= 0 and self._sentences[at].covers(span) else None

    def _loses(self, place: Span) -> bool:
        """Whether a sentence holds what nobody found fault with and must not be lost: a name, a number, a link ..."""
        if place not in self._lossy:
            # A wording of its own is no fault of the thing: `ACME` in a shout is a name all the same.
            at_fault = [
                finding.span
                for finding in _within(self._findings, place)
                if finding.replacement is None and finding.span != place
            ]
            held = _inside(self._precious, place)
            self._lossy[place] = any(not any(fault.overlaps(span) for fault in at_fault) for span in held)
        return self._lossy[place]


def _written(text: str) -> Iterator[Span]:
    for pattern in (_QUOTED, _NUMBER):
        yield from (Span(*match.span()) for match in pattern.finditer(text))


def _named(text: str, places: Iterable[Span]) -> Iterator[Span]:
    """Words with a capital that is no sentence's: names, or taken for such."""
    for place in places:
        for match in _CAPITAL.finditer(text, place.start, place.end):
            name = key(match[0])
            begins = not _SAID.search(text, place.start, match.start())
            if not begins or (name in first_names() and name not in _COMMON and not is_word_too(name)):
                yield Span(*match.span())


def _within(findings: Sequence[Finding], place: Span) -> list[Finding]:
    first = bisect_left(findings, place.start, key=lambda finding: finding.span.start)
    last = bisect_left(findings, place.end, key=lambda finding: finding.span.start)
    return [finding for finding in findings[first:last] if place.covers(finding.span)]


def _inside(spans: Sequence[Span], place: Span) -> list[Span]:
    first = bisect_left(spans, place.start, key=lambda span: span.start)
    last = bisect_left(spans, place.end, key=lambda span: span.start)
    return list(spans[first:last])


def _again(text: str, span: Span) -> Iterator[Span]:
    """The place, and wherever else the same words stand whole: what must not leave once must not leave twice."""
    yield span
    for match in regex.finditer(rf"(?<![\p{{L}}\p{{Nd}}]){regex.escape(span.of(text))}(?![\p{{L}}\p{{Nd}}])", text):
        if match.start() != span.start:
            yield Span(*match.span())


def _apart(edits: Iterable[_Edit]) -> list[_Edit]:
    """Without those that overlap one that came before them."""
    chosen: list[_Edit] = []
    for edit in edits:
        at = bisect_left(chosen, edit.start, key=lambda other: other.start)
        before, after = chosen[at - 1 : at] if at else [], chosen[at : at + 1]
        free = all(other.end <= edit.start for other in before) and all(edit.end <= other.start for other in after)
        if edit.start < edit.end and free:
            insort(chosen, edit, key=lambda other: other.start)
    return chosen


# --- The text with its edits ------------------------------------------------------------------------------------------


def _applied(text: str, edits: Sequence[_Edit]) -> str:
    done, at = [""], 0
    gaps: list[str] = []
    for edit in edits:
        done[-1] += text[at : edit.start] + edit.words
        at = edit.end
        if not edit.words:
            gaps.append(text[edit.start : edit.end])
            done.append("")
    done[-1] += text[at:]
    whole = done[0]
    for gap, after in zip(gaps, done[1:], strict=True):
        whole = _closed(whole, after, gap)
    return whole


def _closed(before: str, after: str, gone: str) -> str:
    """The two sides of a gap as one, without doubled spaces, orphaned signs, empty brackets or lines."""
    while before[-1:] + after[:1] in _PAIRS:
        before, after = before[:-1], after[1:]
    opens = not before.strip() or before.rstrip(" \t")[-1] in ".!?…\n"
    if opens:
        after = _STOP.sub("", after, count=1) if _STOP.match(after) else after
    elif _CLOSES.match(after):
        before, after = before.rstrip(" \t,;:"), after.lstrip(" \t")
    if not after.strip() or after.lstrip(" \t")[0] in "\r\n":
        before, after = _BULLET.sub("", before).rstrip(" \t"), after.lstrip(" \t")
    if not before.strip() or not after.strip() or before[-1] == "\n":
        before, after = (before if after.strip() else before.rstrip()), after.lstrip()
    elif before[-1].isspace():
        after = after.lstrip(" \t")
    if opens and gone[:1].isupper() and _LOW.match(after):
        after = after[0].upper() + after[1:]
    return before + after
