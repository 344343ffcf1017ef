"""What the writer is told: outcome first, words marked, the clause, why, what to do, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.actions import Button
from bot.naming import outcome_name
from bot.pieces import EXCERPT, Piece, pieces_of
from bot.prescreen import Screening
from bot.unchecked import not_checked
from bot.wording import Wording
from rules.detectors.base import BaseRule
from rules.detectors.secret import SECRET
from rules.draft import Account, DraftRefused
from rules.localized import say
from rules.masking import mask
from rules.policy import Policy
from rules.rewriting import Change, Rewrite, difference
from rules.verdict import Finding, Outcome, Severity, Verdict


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
    outcome: Outcome | None
    """None for what is no verdict: a card for an owner, or news of a draft. `sign` then stands before the title."""
    title: str
    summary: str
    pieces: tuple[Piece, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unchecked: tuple[str, ...] = ()
    footer: str = ""
    proposal: Proposal | None = None
    sign: str = ""
    buttons: tuple[Button, ...] = ()
    language: str | None = None
    """Of the draft, as far as it is decided."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the writer where there is no verdict to show."""

    text: str
    buttons: tuple[Button, ...] = ()


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
        unchecked=tuple(not_checked(verdict.unchecked, wording)),
        footer=_footer(screening, wording),
        proposal=proposal_of(screening, language),
        language=verdict.language,
    )


def proposal_of(screening: Screening, language: str) -> Proposal | None:
    """The other wording that the answer to a screening shows, if any: none in which a secret is still said."""
    better, wording = screening.rewrite, Wording(language)
    if better is None or _tells(better, screening):
        return None
    outcome = better.verdict.outcome
    says = wording.say("Checked again: {outcome}", outcome=outcome_name(outcome, wording))
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


def stuck(language: str) -> str:
    """What to say of a draft that each process that tried to check it died of."""
    return Wording(language).say(
        "I tried to check your draft several times, and each time I broke down over it: it was NOT checked. Please "
        "wait before you publish. Sending it again will not help: somebody has to look into it first."
    )


def mishap(language: str) -> str:
    """What to say of a button that could not be obeyed."""
    return Wording(language).say(
        "Something on my side went wrong, and what you asked for was NOT done. Please try again in a few minutes."
    )


def unsure(language: str) -> str:
    """What to say of a button where nobody can tell whether it was obeyed, and nobody tries it again."""
    return Wording(language).say(
        "Something on my side went wrong, and I cannot tell yet whether what you asked for is done. Please look again "
        "in a few minutes; to ask for it once more does no harm."
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
        if screening.draft.account is Account.PRIVATE:
            asked += " " + wording.say(
                "I keep nothing of a private draft, so I cannot ask for you: talk to them, or send it again without "
                "“private”."
            )
    elif outcome is Outcome.REVIEW:
        asked = wording.say("I could not check everything that matters: see below.")
    else:
        asked = ""
    return " ".join(filter(None, [said, asked]))


def remark_on(number: int, id: str, severity: Severity, policy: Policy, wording: Wording) -> Remark:
    """What a rule has to say in general, where there is no finding at hand. Raises `LookupError` for no rule."""
    rule = policy.rule(id)
    if rule is None:
        raise LookupError("no such rule")
    clause = policy.clause(rule.clause)
    return Remark(
        number=number,
        severity=severity,
        label=_label(severity, wording),
        clause=f"{clause.id} {say(clause.title, wording.language)}",
        says=say(clause.text, wording.language),
        why=unfilled(rule, say(rule.message, wording.language)),
        todo=unfilled(rule, say(rule.suggest, wording.language)) if rule.suggest else None,
    )


def unfilled(rule: BaseRule, sentence: str) -> str:
    """The sentence without what a finding would have filled in: nobody kept that, and it might tell what is masked."""
    for name in rule.fills:
        sentence = sentence.replace(f"{{{name}}}", "…")
    return sentence


def _remark(number: int, first: Finding, findings: Sequence[Finding], policy: Policy, wording: Wording) -> Remark:
    # A sign alone ("!") tells a reader nothing; a rewrite puts it where it belongs.
    wordings = [f.replacement for f in findings if f.rule == first.rule and _has_words(f.replacement)]
    clause = policy.clause(first.clause)
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


def _without_secrets(text: str, verdict: Verdict) -> tuple[str, list[Finding]]:
    """The draft with its secrets blanked, and where the findings stand then: an answer may be read by others too."""
    every = (*verdict.findings, *verdict.shadow)
    masked = mask(text, [finding if finding.hides == SECRET else replace(finding, hides=None) for finding in every])
    spans = masked.spans[: len(verdict.findings)]
    return masked.text, [replace(finding, span=span) for finding, span in zip(verdict.findings, spans, strict=True)]
