"""What screening says about a draft. No `repr` here shows a word of the draft, so all of it may be logged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from rules.draft import Span


class Severity(StrEnum):
    """From least to most severe. A StrEnum, so that a policy's author is told words and not numbers."""

    NOTE = "note"
    WARN = "warn"
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


class Outcome(StrEnum):
    """What the writer may do: publish, mend first, ask the clause's owner, or not publish."""

    CLEAR = "clear"
    REVISE = "revise"
    REVIEW = "review"
    BLOCK = "block"


_OUTCOME = {
    Severity.NOTE: Outcome.CLEAR,
    Severity.WARN: Outcome.REVISE,
    Severity.REVIEW: Outcome.REVIEW,
    Severity.BLOCK: Outcome.BLOCK,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a draft and a rule disagree, without the words that stand there.

    Only `replacement` may hold them (a shout in lower case): it is shown to the writer, and never printed or recorded.
    """

    rule: str
    clause: str
    severity: Severity
    span: Span
    message: Mapping[str, str]
    suggestion: Mapping[str, str] | None = None
    replacement: str | None = field(default=None, repr=False)
    score: float | None = None
    """From 0 to 1 where the detector has one."""
    hides: str | None = None
    """What stands there, in a word (`IBAN`), where the place must be blanked before anything is stored."""
    tells_opinion: bool = False
    """Whether it says what the writer thinks of their work: it is shown to them and never recorded."""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that applied to the draft and could not run."""

    rule: str
    reason: str
    """`timeout`, `busy`, `error:ValueError`, `language:es`, `attachment:image/png`, `model:NAME`."""
    severity: Severity
    hides: bool = False
    """True if the rule would have blanked what it found: the text cannot be stored without it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything one policy says of one draft. The outcome is derived, never stored beside it."""

    policy_revision: str
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    shadow: tuple[Finding, ...] = ()
    """What rules on trial found: recorded, never shown, without a say in the outcome."""
    is_protected: bool = False
    """Whether the draft reads like speech that no policy may hold up, on the writer's own profile."""
    is_opinion: bool = False
    """Whether it reads like such speech in whosever name it is: then none of its words are to be kept."""
    language: str | None = None
    """The draft's language as two letters; None is undecided."""
    scores: Mapping[str, float] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    """Each model that took part, with its digest; and each collection of the company's own, as `knowledge:NAME`."""
    timings: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by detector, and `total`."""

    @property
    def outcome(self) -> Outcome:
        """The worst severity decides; what could not be checked counts as found, up to review."""
        return outcome_of(
            (finding.severity for finding in self.findings), (unchecked.severity for unchecked in self.unchecked)
        )


def outcome_of(found: Iterable[Severity], missed: Iterable[Severity]) -> Outcome:
    """What follows from what was found and from what could not be checked."""
    capped = (min(severity, Severity.REVIEW, key=_rank) for severity in missed)
    return _OUTCOME[max((*found, *capped), key=_rank, default=Severity.NOTE)]


def _rank(severity: Severity) -> int:
    return severity.rank
