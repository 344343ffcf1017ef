"""Every rule tried on its own examples, and rules that another already covers: what must hold before publishing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rules.detectors.base import BaseRule, Subject, reason_of
from rules.detectors.fields import Example, State
from rules.detectors.topic import TopicRule
from rules.draft import Account, Audience, Channel, Cover, Draft, Kind
from rules.folding import fold
from rules.judges import Judges
from rules.knowledge.store import Knowledge
from rules.language import detect
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """What a trial found wrong. `text` is an example from the policy, never a draft."""

    rule: str
    kind: Literal["silent", "loud", "shadowed", "unavailable", "indistinct"]
    """It does not flag a `flag` example; it flags an `allow` one; another rule covers it; it could not be tried; a
    topic's `like` and `unlike` are too near each other to learn from."""
    text: str = ""
    place: tuple[str, int] | None = None
    """`flag` or `allow`, and the position of the example."""
    by: str = ""
    """The rule that covers this one, or the reason for which it could not be tried."""


def try_examples(
    policy: Policy, judges: Judges | None = None, knowledge: Knowledge | None = None
) -> Iterator[Misbehaviour]:
    """Each rule alone on its own examples, in the first context that it is for."""
    for rule in policy.rules:
        try:
            rule.load(judges)
            rule.ready(knowledge)
            if isinstance(rule, TopicRule) and judges and not rule.is_told_apart(judges):
                yield Misbehaviour(rule.id, "indistinct")
            yield from _misbehaving(rule, policy, judges, knowledge)
        except Exception as error:
            yield Misbehaviour(rule.id, "unavailable", by=reason_of(error))


def _misbehaving(
    rule: BaseRule, policy: Policy, judges: Judges | None, knowledge: Knowledge | None
) -> Iterator[Misbehaviour]:
    for number, example in enumerate(rule.examples.flag):
        if not rule.hits(subject_for(rule, example, policy, judges, knowledge)):
            yield Misbehaviour(rule.id, "silent", text_of(example), ("flag", number))
    for number, example in enumerate(rule.examples.allow):
        if rule.hits(subject_for(rule, example, policy, judges, knowledge)):
            yield Misbehaviour(rule.id, "loud", text_of(example), ("allow", number))


def text_of(example: Example) -> str:
    return example if isinstance(example, str) else example.text


def find_shadowed(
    policy: Policy, judges: Judges | None = None, knowledge: Knowledge | None = None
) -> Iterator[Misbehaviour]:
    """Live rules whose every example is also found, at least as severely, by one other rule of the same detector.

    Of two rules that cover each other only the later one is named.
    """
    live = [rule for rule in policy.rules if rule.state is State.LIVE]
    for place, rule in enumerate(live):
        subjects = _flagged(rule, policy, judges, knowledge)
        for other_place, other in enumerate(live):
            if not _is_covered(rule, other, subjects):
                continue
            if other_place < place or not _is_covered(other, rule, _flagged(other, policy, judges, knowledge)):
                yield Misbehaviour(rule.id, "shadowed", by=other.id)
                break


def _flagged(rule: BaseRule, policy: Policy, judges: Judges | None, knowledge: Knowledge | None) -> list[Subject]:
    return [subject_for(rule, example, policy, judges, knowledge) for example in rule.examples.flag]


def _is_covered(rule: BaseRule, other: BaseRule, subjects: list[Subject]) -> bool:
    return (
        other is not rule
        and type(other) is type(rule)
        and other.severity.rank >= rule.severity.rank
        and _meant(rule) == _meant(other)
        and _is_for_all_that(rule, other)
        and all(_finds_the_same(rule, other, subject) for subject in subjects)
    )


def _meant(rule: BaseRule) -> object:
    """The labels that a rule looks for: two meanings may well meet in one sentence, and neither covers the other."""
    return getattr(rule, "label", None) or sorted(getattr(rule, "labels", ()))


def _finds_the_same(rule: BaseRule, other: BaseRule, subject: Subject) -> bool:
    try:
        # The other one first: it mostly finds nothing, and that settles it.
        wider = other.hits(subject)
        spans = [hit.span for hit in rule.hits(subject)] if wider else []
    except Exception:  # `try_examples` says so
        return False
    return bool(spans) and all(map(Cover(hit.span for hit in wider).covers, spans))


def subject_for(
    rule: BaseRule, example: Example, policy: Policy, judges: Judges | None = None, knowledge: Knowledge | None = None
) -> Subject:
    """`example` as a draft in the first kind, account, channel, audience and language that the rule is for."""
    applies = rule.applies
    answered, attached = (None, ()) if isinstance(example, str) else (example.in_reply_to, example.attachments)
    draft = Draft(
        text=text_of(example),
        kind=(applies.kinds or (Kind.REPLY if answered else Kind.POST,))[0],
        account=(applies.accounts or (Account.INSTITUTIONAL,))[0],
        channel=(applies.channels or (Channel.OTHER,))[0],
        audience=(applies.audience or (Audience.PUBLIC,))[0],
        in_reply_to=answered,
        attachments=attached,
    )
    folded = fold(draft.text)
    languages = applies.languages or policy.languages
    if rule.reads_meaning and (code := detect(folded.plain.text, languages).code) in languages:
        # Scores and thresholds are those of a language: an example takes its own, as a draft does.
        languages = (code,)
    # Long ago, so that no embargo has ended yet.
    return Subject(draft, folded, languages, judges, knowledge, date.min)


def _is_for_all_that(rule: BaseRule, other: BaseRule) -> bool:
    """Whether `other` applies wherever `rule` does."""
    mine, theirs = rule.applies, other.applies
    narrowed = [
        (mine.kinds, theirs.kinds),
        (mine.accounts, theirs.accounts),
        (mine.channels, theirs.channels),
        (mine.audience, theirs.audience),
        (mine.languages, theirs.languages),
    ]
    within = all(not wide or (narrow and set(narrow) <= set(wide)) for narrow, wide in narrowed)
    return within and theirs.since is None and theirs.until is None
