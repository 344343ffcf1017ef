"""Why a rule did or did not fire on a text, step by step, in the order in which it happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from rules.detectors.base import BaseRule, Hit, Subject, reason_of
from rules.detectors.fields import Excepted, State, phrase_of
from rules.detectors.personal_data import PersonalData
from rules.draft import Cover, Draft
from rules.folding import fold, fold_plain
from rules.judges import Judges
from rules.knowledge.store import Knowledge
from rules.language import detect
from rules.policy import Policy
from rules.terms import Terms
from rules.unavailable import Unavailable

Kind = Literal[
    "draft_state", "shadow", "other_draft", "other_day", "language", "foreign", "reads", "unavailable", "score",
    "found", "excepted", "allowed", "doubtful", "nothing", "fires",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `facts` fill the sentence that says it, and hold words of the text that was tried."""

    kind: Kind
    facts: Mapping[str, str] = field(default_factory=dict)


def traced(
    rule: BaseRule, draft: Draft, policy: Policy, judges: Judges | None = None, knowledge: Knowledge | None = None
) -> Iterator[Step]:
    """Everything that decides whether `rule` fires on `draft`, up to the step that ends it."""
    today = datetime.now(UTC).astimezone(policy.zone).date()
    if rule.state is not State.LIVE:
        yield Step("draft_state" if rule.state is State.DRAFT else "shadow")
    if not rule.applies.to(draft, today):
        dated = rule.applies.model_copy(update={"since": None, "until": None}).to(draft, today)
        yield Step("other_day" if dated else "other_draft", _scope(rule))
        return
    folded = fold(draft.text)
    code = draft.language or detect(folded.plain.text, policy.languages).code
    if code is not None:
        yield Step("language", {"language": code})
    if code is not None and rule.tongues and code not in rule.tongues:
        yield Step("foreign", {"languages": ", ".join(rule.tongues)})
        return
    languages = (code,) if code in policy.languages and code is not None else policy.languages
    subject = Subject(draft, folded, languages, judges, knowledge, today)
    yield from _readings(rule, subject)
    try:
        rule.load(judges)
        found = sorted(rule.find(subject), key=lambda hit: hit.span)
        kept = rule.hits(subject)
    except Exception as error:
        yield Step("unavailable", {"reason": reason_of(error)})
        return
    yield from _scores(rule, subject)
    yield from _outcome(rule, subject, found, kept)


def _scope(rule: BaseRule) -> dict[str, str]:
    applies = rule.applies
    parts = [
        *(str(kind) for kind in applies.kinds),
        *(str(account) for account in applies.accounts),
        *(str(channel) for channel in applies.channels),
        *(str(audience) for audience in applies.audience),
    ]
    dates = " – ".join(str(day) if day else "…" for day in (applies.since, applies.until))
    return {"scope": ", ".join(parts) or dates, "dates": dates}


def _readings(rule: BaseRule, subject: Subject) -> Iterator[Step]:
    """How the rule reads the text besides as it stands."""
    plain, detector = subject.folded.plain, getattr(rule, "detector", "")
    read = {plain.text: None}
    if detector in _PUTS_RIGHT:
        read[subject.righted.text] = None
    if detector in _UNDISGUISES:
        read |= dict.fromkeys(reading.text for reading in subject.folded.undisguised)
    for text in read:
        if text != subject.text:
            yield Step("reads", {"text": text})


_PUTS_RIGHT = frozenset({"personal_data", "exact_match", "internal_link"})
_UNDISGUISES = frozenset({"phrases", "substitution", "dictionary", "toxicity"})


def _scores(rule: BaseRule, subject: Subject) -> Iterator[Step]:
    """What models say, and from where it counts."""
    for name, score in subject.scores.items():
        least = _threshold(rule, name.rpartition(".")[2], subject)
        yield Step("score", {"name": name, "score": f"{score:.2f}", "least": f"{least:.2f}" if least else "-"})


def _threshold(rule: BaseRule, label: str, subject: Subject) -> float | None:
    labels = getattr(rule, "labels", {})
    own = labels.get(label) if isinstance(labels, dict) else None
    own = own or getattr(rule, "threshold", None)
    if own is not None or subject.judges is None:
        return own
    language = subject.languages[0] if len(subject.languages) == 1 else None
    try:
        return subject.judges.judge().threshold(label, language)
    except (KeyError, Unavailable):
        return None


def _outcome(rule: BaseRule, subject: Subject, found: list[Hit], kept: list[Hit]) -> Iterator[Step]:
    for hit in found:
        yield Step("found", {**_place(hit, subject), "score": "" if hit.score is None else f"{hit.score:.2f}"})
    staying = {hit.span for hit in kept}
    for hit in found:
        if hit.span not in staying:
            yield Step("excepted", {**_place(hit, subject), **_exception(rule.excepted, hit, subject)})
    if isinstance(rule, PersonalData):
        yield from _identifiers(rule, subject, {hit.span for hit in found})
    yield Step("fires" if kept else "nothing", {"count": str(len(kept))})


def _identifiers(rule: PersonalData, subject: Subject, spans: set[object]) -> Iterator[Step]:
    """What would be found without `allow`, and what is too doubtful for the rule's thresholds."""
    # Built anew: a copy would keep what the rule has worked out of `allow`.
    strict = PersonalData.model_validate({**rule.model_dump(), "allow": ()})
    for entity, hit in strict.identified(subject):
        if hit.span not in spans:
            one = rule.allowing(entity, fold_plain(hit.span.of(subject.text)).text)
            facts = {"phrase": phrase_of(one) if one else "", "why": _why(one), "entity": str(entity)}
            yield Step("allowed", {**_place(hit, subject), **facts})
            spans.add(hit.span)
    wide = strict.model_copy(update={"entities": dict.fromkeys(rule.entities, 0.01)})
    for entity, hit in wide.identified(subject):
        if hit.span not in spans and hit.score is not None:
            facts = {"entity": str(entity), "score": f"{hit.score:.2f}", "least": f"{rule.entities[entity]:.2f}"}
            yield Step("doubtful", {**_place(hit, subject), **facts})


def _place(hit: Hit, subject: Subject) -> dict[str, str]:
    return {"words": hit.span.of(subject.text), "start": str(hit.span.start), "end": str(hit.span.end)}


def _exception(every: tuple[str | Excepted, ...], hit: Hit, subject: Subject) -> dict[str, str]:
    """The phrase that spares a place, and the reason that the policy gives."""
    for one in every:
        if Cover(Terms((phrase_of(one),)).spans(subject.folded)).covers(hit.span):
            return {"phrase": phrase_of(one), "why": _why(one)}
    return {"phrase": ", ".join(phrase_of(one) for one in every), "why": ""}


def _why(one: str | Excepted | None) -> str:
    return one.why or "" if isinstance(one, Excepted) else ""
