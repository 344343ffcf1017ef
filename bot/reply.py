"""What the writer is told: outcome first, words marked, the clause, why, what to do, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.prescreen import Screening
from bot.wording import Wording
from rules.detectors.secret import SECRET
from rules.draft import DraftRefused, Span
from rules.localized import say
from rules.masking import mask
from rules.policy import Policy
from rules.verdict import Finding, Outcome, Severity, Unchecked, Verdict

EXCERPT = 2_400
"""Characters of the draft that fit a message; beyond them, it shows only what lies around each finding."""
_AROUND = 80
_MARKED = 200
"""Findings that an answer marks at most; the rest are counted among the remarks all the same."""
_DOTS = "…"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the draft's characters. `marks` are the numbers of the remarks that are about it."""

    text: str
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """What one rule has to say, however many places it found."""

    number: int
    severity: Severity
    label: str
    clause: str
    """The clause's number and title."""
    says: str
    """What the clause says."""
    why: str
    todo: str | None = None
    instead: tuple[str, ...] = ()
    """Wording to use instead, from the policy."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever the platform. Only `pieces` holds words of the draft."""

    screening: str
    outcome: Outcome
    title: str
    summary: str
    pieces: tuple[Piece, ...]
    remarks: tuple[Remark, ...]
    unchecked: tuple[str, ...]
    footer: str


def reply_to(screening: Screening, policy: Policy, language: str, *, room: int = EXCERPT) -> Reply:
    """The answer to a screening in the writer's language, showing up to `room` characters of the draft. Pure."""
    wording, verdict = Wording(language), screening.verdict
    order = _in_order(verdict.findings)
    text, findings = _without_secrets(screening.draft.text, verdict)
    numbers = {finding.rule: number for number, finding in enumerate(order, start=1)}
    return Reply(
        screening=screening.id,
        outcome=verdict.outcome,
        title=_title(verdict.outcome, wording),
        summary=_summary(screening, order, policy, wording),
        pieces=tuple(_pieces(text, findings, numbers, room)),
        remarks=tuple(_remark(numbers[first.rule], first, verdict.findings, policy, wording) for first in order),
        unchecked=tuple(_not_checked(verdict.unchecked, wording)),
        footer=wording.say("Policy {revision} · check {id}", revision=verdict.policy_revision, id=screening.id),
    )


def refusal(refused: DraftRefused, language: str) -> str:
    """What to say of a draft that was not screened."""
    wording = Wording(language)
    if refused.is_empty:
        return wording.say("There is no text to read here. Paste the draft and I will check it.")
    return wording.say(
        "This draft has {length} characters, and I can read {limit} at a time. Split it and send me the parts.",
        length=refused.length,
        limit=refused.limit,
    )


def failure(language: str) -> str:
    """What to say when no record could be written, and so no verdict may be shown."""
    return Wording(language).say(
        "Something on my side went wrong and your draft was NOT checked. Please wait before you publish, "
        "and try again in a few minutes."
    )


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """The first finding of each rule, the most severe rules first, then as they stand in the draft."""
    firsts = {finding.rule: finding for finding in reversed(findings)}
    return sorted(firsts.values(), key=lambda finding: (-finding.severity.rank, finding.span, finding.rule))


def _title(outcome: Outcome, wording: Wording) -> str:
    match outcome:
        case Outcome.CLEAR:
            return wording.say("Good to go")
        case Outcome.REVISE:
            return wording.say("Nearly there: something to mend first")
        case Outcome.REVIEW:
            return wording.say("Wait: somebody else should say yes first")
        case Outcome.BLOCK:
            return wording.say("Please do not publish this as it is")


def _summary(screening: Screening, order: Sequence[Finding], policy: Policy, wording: Wording) -> str:
    outcome = screening.verdict.outcome
    if outcome is Outcome.CLEAR and not order:
        return wording.say("I found nothing in it that goes against the policy.")
    if outcome is Outcome.CLEAR:
        return wording.count(
            "Only a suggestion, if you like it.", "Only {number} suggestions, if you like them.", len(order)
        )
    said = wording.count("One thing to look at.", "{number} things to look at.", len(order)) if order else ""
    owners = [
        say(policy.owner(policy.clause(finding.clause).owner).name, wording.language)
        for finding in order
        if finding.severity is Severity.REVIEW
    ]
    if outcome is Outcome.REVIEW and owners:
        asked = wording.say("Who can say yes: {owners}.", owners=", ".join(dict.fromkeys(owners)))
    elif outcome is Outcome.REVIEW:
        asked = wording.say("I could not check everything that matters: see below.")
    else:
        asked = ""
    return " ".join(filter(None, [said, asked]))


def _remark(number: int, first: Finding, findings: Sequence[Finding], policy: Policy, wording: Wording) -> Remark:
    clause = policy.clause(first.clause)
    # A sign alone ("!") tells a reader nothing; a rewrite puts it where it belongs.
    wordings = [f.replacement for f in findings if f.rule == first.rule and _has_words(f.replacement)]
    return Remark(
        number=number,
        severity=first.severity,
        label=_label(first.severity, wording),
        clause=f"{clause.id} {say(clause.title, wording.language)}",
        says=say(clause.text, wording.language),
        why=say(first.message, wording.language),
        todo=say(first.suggestion, wording.language) if first.suggestion else None,
        instead=tuple(dict.fromkeys(filter(None, wordings))),
    )


def _has_words(replacement: str | None) -> bool:
    return replacement is not None and any(character.isalnum() for character in replacement)


def _label(severity: Severity, wording: Wording) -> str:
    match severity:
        case Severity.NOTE:
            return wording.say("suggestion")
        case Severity.WARN:
            return wording.say("to mend")
        case Severity.REVIEW:
            return wording.say("needs a yes")
        case Severity.BLOCK:
            return wording.say("not to be published")


_TOGETHER = 3
"""Rules with the same reason from which they are counted and no longer named one by one."""


def _not_checked(every: Sequence[Unchecked], wording: Wording) -> Iterator[str]:
    """Each thing that was not checked, once; many rules with the same reason in one sentence."""
    counts = Counter(unchecked.reason for unchecked in every)
    said = {one: _together(one.reason, counts[one.reason], wording) or _missed(one, wording) for one in every}
    yield from dict.fromkeys(said.values())


def _together(reason: str, count: int, wording: Wording) -> str | None:
    kind, _, detail = reason.partition(":")
    if kind == "context":
        return wording.say("Whether it answers: I do not know what you reply to. Add it, and I will look.")
    if count < _TOGETHER:
        return None
    match kind:
        case "model":
            return wording.say(
                "{count} rules: a part of me that they need is not installed ({model}).", count=count, model=detail
            )
        case "language":
            return wording.say(
                "{count} rules: they do not know the language of this draft ({language}).", count=count, language=detail
            )
        case "timeout" | "busy":
            return wording.say("{count} rules: they took too long.", count=count)
        case _:
            return None


def _missed(unchecked: Unchecked, wording: Wording) -> str:
    kind, _, detail = unchecked.reason.partition(":")
    match kind:
        case "attachment":
            return wording.say("I cannot read attachments ({kind}): look at it yourself.", kind=detail)
        case "language":
            return wording.say(
                "{rule}: it does not know the language of this draft ({language}).",
                rule=unchecked.rule,
                language=detail,
            )
        case "model":
            return wording.say(
                "{rule}: a part of me that it needs is not installed ({model}).", rule=unchecked.rule, model=detail
            )
        case "knowledge":
            return wording.say(
                "{rule}: what it has to know is not here, or cannot be read ({name}).", rule=unchecked.rule, name=detail
            )
        case "timeout" | "busy":
            return wording.say("{rule}: it took too long.", rule=unchecked.rule)
        case _:
            return wording.say("{rule}: it failed.", rule=unchecked.rule)


def _without_secrets(text: str, verdict: Verdict) -> tuple[str, list[Finding]]:
    """The draft with its secrets blanked, and where the findings stand then: an answer may be read by others too."""
    every = (*verdict.findings, *verdict.shadow)
    masked = mask(text, [finding if finding.hides == SECRET else replace(finding, hides=None) for finding in every])
    spans = masked.spans[: len(verdict.findings)]
    return masked.text, [replace(finding, span=span) for finding, span in zip(verdict.findings, spans, strict=True)]


# --- The draft, cut where marks begin and end ----------------------------------------------------------------------


def _pieces(text: str, findings: Sequence[Finding], numbers: dict[str, int], room: int) -> Iterator[Piece]:
    # A finding about the whole text (its length, its readability) marks nothing: everything marked is nothing marked.
    marked = [finding for finding in findings if (finding.span.start, finding.span.end) != (0, len(text))]
    marked = sorted(marked, key=lambda finding: (-finding.severity.rank, finding.span))[:_MARKED]
    shown = _shown(text, marked, room)
    for place in shown:
        if place.start > 0:
            yield Piece(_DOTS)
        edges = {place.start, place.end}
        for finding in marked:
            edges |= {edge for edge in (finding.span.start, finding.span.end) if place.start < edge < place.end}
        cuts = sorted(edges)
        for start, end in pairwise(cuts):
            here = {numbers[f.rule] for f in marked if f.span.start < end and start < f.span.end}
            yield Piece(text[start:end], tuple(sorted(here)))
    if shown and shown[-1].end < len(text):
        yield Piece(_DOTS)


def _shown(text: str, findings: Sequence[Finding], room: int) -> list[Span]:
    """The whole draft where it fits, else what lies around the findings, else its beginning."""
    if len(text) <= room:
        return [Span(0, len(text))]
    places: list[Span] = []
    budget = room
    for finding in findings:
        start, end = max(0, finding.span.start - _AROUND), min(len(text), finding.span.end + _AROUND)
        end = min(end, start + budget)
        if end <= start or budget < _AROUND:
            break
        budget -= end - start
        places.append(Span(start, end))
    return _joined(places) or [Span(0, room)]


def _joined(places: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for place in sorted(places):
        if joined and place.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, place.end))
        else:
            joined.append(place)
    return joined
