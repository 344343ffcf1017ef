"""What every rule has, what it reads and what it says: the ground on which each detector stands."""

from __future__ import annotations

import re
import threading
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, LiteralString, Protocol, Self, TypeVar, cast

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from rules.detectors.fields import (
    Applies,
    Company,
    Examples,
    Frozen,
    Identifier,
    Override,
    Phrase,
    Protected,
    Remedy,
    Spared,
    State,
    phrase_of,
)
from rules.draft import Cover, Draft, Span
from rules.folding import Folded, Reading
from rules.identifiers.spellings import put_right
from rules.localized import Localized
from rules.segmenting import sentences, verbatim, words
from rules.terms import Terms
from rules.unavailable import Unavailable
from rules.verdict import Severity

if TYPE_CHECKING:
    from rules.judges import Judges
    from rules.knowledge.store import Knowledge

T = TypeVar("T")
_BLANK = re.compile(r"\{(\w+)\}")

JUDGED = ("it", "en")
"""The languages that the models which read meaning were taught and measured in."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a rule finds fault with."""

    span: Span
    replacement: str | None = field(default=None, repr=False)
    score: float | None = None
    hides: str | None = None
    fills: Mapping[str, str] = field(default_factory=dict)
    """Values for `{name}` in the rule's message. They come from the policy or are counts, never the draft's words."""


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


@dataclass(slots=True)
class Subject:
    """What rules read: the draft, its folded text, and whatever one rule worked out that another can use."""

    draft: Draft
    folded: Folded
    languages: tuple[str, ...]
    """The languages whose rules run: the draft's own, or all of the policy's when it is undecided."""
    judges: Judges | None = None
    """The models that read meaning; without, rules that need one are unchecked."""
    knowledge: Knowledge | None = None
    """What this company alone knows; without, rules that need it are unchecked."""
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    scores: dict[str, float] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    _shared: dict[Hashable, object] = field(default_factory=dict)
    _locks: dict[Hashable, threading.RLock] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `make()`, made once a draft for all the rules that ask by the same key; a failure too.

        A rule that was given up goes on in its thread: whoever asks for the same meanwhile waits for it.
        """
        with self._locks.setdefault(key, threading.RLock()):
            if key not in self._shared:
                try:
                    self._shared[key] = make()
                except Exception as error:
                    self._shared[key] = _Failed(error)
        found = self._shared[key]
        if isinstance(found, _Failed):
            raise found.error
        return cast(T, found)

    def known(self, key: Hashable) -> object | None:
        """What `once` has made for `key`, if it has: it neither makes nor waits."""
        found = self._shared.get(key)
        return None if isinstance(found, _Failed) else found

    @property
    def text(self) -> str:
        return self.draft.text

    @property
    def righted(self) -> Reading:
        """The folded text with what hides identifiers undone; `folded.plain` itself where nothing does."""
        return self.once("righted", lambda: put_right(self.folded.plain))

    @property
    def sentences(self) -> tuple[Span, ...]:
        return self.once("sentences", lambda: sentences(self.text))

    @property
    def words(self) -> tuple[Span, ...]:
        return self.once("words", lambda: words(self.text))

    @property
    def verbatim(self) -> tuple[Span, ...]:
        return self.once("verbatim", lambda: verbatim(self.text))


def reason_of(error: BaseException) -> str:
    """Why a rule did not run. The message of an unforeseen error may hold the draft's words: only its kind is said."""
    return error.reason if isinstance(error, Unavailable) else f"error:{type(error).__name__}"


def _at(loc: tuple[str, ...], fault: PydanticCustomError) -> InitErrorDetails:
    # What is wrong with a field after all were read would else be told of the rule's first line.
    return InitErrorDetails(type=fault, loc=loc, input=None)


def misplaced(loc: tuple[str, ...], code: LiteralString, message: LiteralString) -> ValidationError:
    """A fault of one field, which shows only beside others."""
    return ValidationError.from_exception_data("rule", [_at(loc, PydanticCustomError(code, message))])


class BaseRule(Frozen):
    """One line of company policy, and how to look for breaches of it."""

    finds: ClassVar[str]
    """What the detector finds, for `vaglio policy explain` and the guide."""
    reads_meaning: ClassVar[bool] = False
    """Whether it needs a model that reads meaning."""
    opens: ClassVar[bool] = False
    """Whether it needs something else that takes seconds to open, once: no draft's time goes into that."""
    seeks_words: ClassVar[bool] = False
    """Whether it looks for words that its policy writes down."""
    fills: ClassVar[frozenset[str]] = frozenset()
    """The `{names}` that a message of this detector may hold."""

    id: Identifier
    severity: Severity
    clause: str
    message: Localized
    suggest: Localized | None = None
    applies: Applies = Applies()
    override: Override = Override.ACKNOWLEDGE
    state: State = State.LIVE
    hides: Phrase | None = None
    """Names what the rule finds, where that must be blanked in whatever is stored or shown to others."""
    excepted: tuple[Spared, ...] = Field(default=(), alias="except")
    """A hit that lies inside one of these phrases is none. With a reason: `{phrase: ..., why: ...}`."""
    rewrite: Remedy | None = None
    """How a draft is put right, where the rule's own replacement does not say it already."""
    protected: Protected | None = None
    """For a rule of tone or opinion that holds for protected speech too: why."""
    examples: Examples

    @model_validator(mode="after")
    def _fillable(self) -> Self:
        known = ", ".join(f"{{{fill}}}" for fill in sorted(self.fills))
        faults = [
            _at(
                (field, language),
                PydanticCustomError(
                    "no_fill" if known else "never_filled",
                    "{name}: {known}",
                    {"name": f"{{{name}}}", "known": known, "rule": self.id},
                ),
            )
            for field, texts in (("message", self.message), ("suggest", self.suggest or {}))
            for language, text in texts.items()
            for name in dict.fromkeys(_BLANK.findall(text))
            if name not in self.fills
        ]
        if faults:
            raise ValidationError.from_exception_data("rule", faults)
        return self

    @property
    def tongues(self) -> tuple[str, ...]:
        """The languages that it can judge; none named: every one."""
        return self.applies.languages or (JUDGED if self.reads_meaning else ())

    @property
    def category(self) -> str:
        return self.id.partition(".")[0]

    @property
    def stands(self) -> bool:
        """Whether what it finds is no matter of tone or opinion, and so stands in protected speech too."""
        return False

    @property
    def tells_opinion(self) -> bool:
        """Whether what it finds says what the writer thinks of their work: then nobody records it."""
        return False

    @property
    def may_hide(self) -> bool:
        """Whether text that this rule has not read is unsafe to store."""
        return self.hides is not None

    @property
    def blanks(self) -> bool:
        """Whether what it finds is not in a text that is stored any more."""
        return self.may_hide

    def load(self, judges: Judges | None = None) -> None:
        """Get heavy things ready, so that start-up pays for them and not the first draft. Raises `Unavailable`."""

    def ready(self, knowledge: Knowledge | None) -> None:
        """Say whether what the rule has to know is there. Raises `Unavailable`."""

    def naming(self, company: Company) -> Self:
        """The rule as it is for that company's people."""
        return self

    @abstractmethod
    def find(self, subject: Subject) -> Iterable[Hit]:
        """The places at fault, in any order. Raises `Unavailable` if the rule cannot tell."""

    def hits(self, subject: Subject) -> list[Hit]:
        """What `find` found, less the rule's own exceptions and doubles."""
        found = {(hit.span, hit.replacement, hit.hides): hit for hit in self.find(subject)}
        hits = sorted(found.values(), key=lambda hit: hit.span)
        if hits and self.excepted:
            safe = Cover(self._exceptions.spans(subject.folded))
            hits = [hit for hit in hits if not safe.covers(hit.span)]
        return hits

    @cached_property
    def _exceptions(self) -> Terms:
        return Terms([phrase_of(one) for one in self.excepted])


class Guarding(BaseRule):
    """A rule about what must not leave: it stands in any draft, and what it has not read is not safe to store."""

    @property
    def stands(self) -> bool:
        return True

    @property
    def may_hide(self) -> bool:
        return True


class _Bounded(Protocol):
    @property
    def least(self) -> float | None: ...
    @property
    def most(self) -> float | None: ...


B = TypeVar("B", bound=_Bounded)


def bounded(rule: B) -> B:
    """Checks a rule that has `least`, `most` or both: they must leave something between them."""
    if rule.most is None and rule.least is None:
        raise PydanticCustomError("no_bounds", "neither `most` nor `least`")
    if rule.most is not None and rule.least is not None and rule.least > rule.most:
        raise PydanticCustomError("bounds_swapped", "`least` is over `most`")
    return rule
