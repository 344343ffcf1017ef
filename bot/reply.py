"""What the writer is told: outcome first, words marked, the clause, why, what to do, and what was not checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.pieces import EXCERPT, Piece, pieces_of
from bot.prescreen import Screening
from bot.wording import Wording
from rules.detectors.secret import SECRET
from rules.draft import DraftRefused
from rules.localized import say
from rules.masking import mask
from rules.policy import Policy
from rules.rewriting import Change, Rewrite, difference
from rules.verdict import Finding, Outcome, Severity, Unchecked, Verdict


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
class Proposal:
    """Another wording, already held against the policy."""

    outcome: Outcome
    says: str
    """What the policy says of it."""
    text: str = field(repr=False)
    changes: tuple[Change, ...] = field(repr=False)
    """Word by word, what stays and what would change; no secret is in it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever the platform. Only `pieces` and `proposal` hold words of the draft."""

    screening: str
    outcome: Outcome
    title: str
    summary: str
    pieces: tuple[Piece, ...]
    remarks: tuple[Remark, ...]
    unchecked: tuple[str, ...]
    footer: str
    proposal: Proposal | None = None


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
        pieces=tuple(pieces_of(text, findings, numbers, room)),
        remarks=tuple(_remark(numbers[first.rule], first, verdict.findings, policy, wording) for first in order),
        unchecked=tuple(_not_checked(verdict.unchecked, wording)),
        footer=_footer(screening, wording),
        proposal=proposal_of(screening, language),
    )


def proposal_of(screening: Screening, language: str) -> Proposal | None:
    """The other wording that the answer to a screening shows, if any: none in which a secret is still said."""
    better, wording = screening.rewrite, Wording(language)
    if better is None or _tells(better, screening):
        return None
    outcome = better.verdict.outcome
    says = wording.say("Checked again: {outcome}", outcome=_title(outcome, wording).lower())
    text, _ = _without_secrets(screening.draft.text, screening.verdict)
    return Proposal(outcome, says, better.text, tuple(difference(text, better.text)))


def _tells(better: Rewrite, screening: Screening) -> bool:
    """Whether a secret is found in the other wording, or one of the draft's stands there where no rule sees it."""
    if _secrets(better.text, better.verdict):
        return True
    text = better.text.casefold()
    return any(secret.casefold() in text for secret in _secrets(screening.draft.text, screening.verdict))


def _secrets(text: str, verdict: Verdict) -> set[str]:
    every = (*verdict.findings, *verdict.shadow)
    return {finding.span.of(text) for finding in every if finding.hides == SECRET}


def _footer(screening: Screening, wording: Wording) -> str:
    if screening.is_forgotten:
        kept = wording.say("Checked and forgotten: only a count remains")
        return f"{kept} · {screening.verdict.policy_revision}"
    revision = screening.verdict.policy_revision
    return wording.say("Policy {revision} · check {id}", revision=revision, id=screening.id)


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
