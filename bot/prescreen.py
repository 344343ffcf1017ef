"""The one use case: a draft is screened, the record is written, and only then is there an answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from rules.draft import Account, Draft
from rules.masking import Masked, hidden_words, mask
from rules.rewriting import Rewrite, rewrite
from rules.screening import Screener
from rules.verdict import Finding, Verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Keepsake:
    """What others may see of a draft's words. None: something that would have been blanked could not be looked for."""

    text: Masked | None
    in_reply_to: Masked | None
    is_recorded: bool = True
    """Whether the record keeps them: no words where the policy says so, and none of protected speech."""
    as_written: Draft | None = field(default=None, repr=False)
    """The draft itself, where the policy says that it is recorded too."""


@dataclass(frozen=True, slots=True)
class Screening:
    """One draft held against one policy at one moment."""

    id: str
    at: datetime
    draft: Draft
    verdict: Verdict
    rewrite: Rewrite | None = None
    """A wording that the same policy likes better, where there is one."""
    keepsake: Keepsake | None = None
    """What others may see of its words, once it has been recorded."""
    dismissed: tuple[Finding, ...] = ()
    """What was found and had been overturned before, for this writer and these words: it no longer counts."""
    thread: str | None = None
    """The first check of the same draft, where this is one of those that came after it."""

    @property
    def is_forgotten(self) -> bool:
        """Whether only a count may remain of it: drafts marked private, and protected speech on one's own profile."""
        return self.draft.account is Account.PRIVATE or self.verdict.is_protected


class Recorder(Protocol):
    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        """Returns once the record is durable. Raises if it cannot be."""


class Dismissals(Protocol):
    def among(self, draft: Draft, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Those that a person has overturned before, for the draft's author and the same words."""


class Observer(Protocol):
    """Counts. Whatever it raises is logged, and reaches nobody who waits for a verdict."""

    def screened(self, screening: Screening, seconds: float) -> None:
        """It took so long to screen, record and mend."""

    def failed(self, error: Exception) -> None:
        """There is no verdict."""


class Prescreen:
    """Screens and records. Synchronous and thread-safe: callers run it on a bounded pool."""

    def __init__(
        self,
        screener: Screener,
        recorder: Recorder,
        dismissals: Dismissals | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.screener = screener
        """May be replaced while drafts are screened: each is held against one policy from beginning to end."""
        self._recorder = recorder
        self._dismissals = dismissals
        self._observer = observer

    def __call__(
        self,
        draft: Draft,
        *,
        id: str | None = None,
        at: datetime | None = None,
        screener: Screener | None = None,
        thread: str | None = None,
    ) -> Screening:
        """Screen and record `draft`, with the screener in force unless one is given. An `id` is recorded once.

        `thread`: the first check of the same draft, which this one is made after.

        Raises `DraftRefused` for a draft that is not screened, and what the record raises: without it, no verdict.
        """
        started = time.perf_counter()
        try:
            screening = self._recorded(draft, id, at or datetime.now(UTC), screener or self.screener, thread)
        except Exception as error:
            failure = error
            self._tell(lambda observer: observer.failed(failure))
            raise
        self._tell(lambda observer: observer.screened(screening, time.perf_counter() - started))
        return screening

    def _recorded(
        self, draft: Draft, id: str | None, at: datetime, screener: Screener, thread: str | None
    ) -> Screening:
        verdict = screener.screen(draft, at)
        dismissed = self._dismissals.among(draft, verdict.findings) if self._dismissals else ()
        verdict = replace(verdict, findings=tuple(f for f in verdict.findings if f not in dismissed))
        screening = Screening(id or new_id(), at, draft, verdict, dismissed=dismissed, thread=thread)
        keepsake = _keepsake(screening, screener)
        self._recorder.record(screening, keepsake)
        return mended(replace(screening, keepsake=keepsake), screener)

    def _tell(self, what: Callable[[Observer], None]) -> None:
        if self._observer is None:
            return
        try:
            what(self._observer)
        except Exception as error:
            log.warning("observing.failed", error=type(error).__name__)


def _keepsake(screening: Screening, screener: Screener) -> Keepsake:
    draft, verdict = screening.draft, screening.verdict
    words = screener.policy.record.words
    # Somebody who speaks of their work conditions may well have left the account as it was.
    is_recorded = words != "none" and not verdict.is_opinion
    as_written = draft if is_recorded and words == "raw" else None
    answered = draft.in_reply_to or ""
    hidden = screener.hidden(draft.text)
    others = screener.hidden(answered) if answered else []
    # What is found in one may stand in the other too, where only the words around it tell what it is: so neither
    # is kept unless both could be searched.
    if hidden is None or others is None:
        return Keepsake(None, None, is_recorded, as_written)
    found = (*verdict.findings, *verdict.shadow, *screening.dismissed, *hidden)
    text = mask(draft.text, found, hidden_words(answered, others))
    question = mask(answered, others, hidden_words(draft.text, found)) if answered else None
    return Keepsake(text, question, is_recorded, as_written)


def mended(screening: Screening, screener: Screener) -> Screening:
    """With a better wording, where there is one: a kindness, and so no failure of it keeps the verdict from anybody."""
    try:
        better = rewrite(screening.draft, screening.verdict, screener, screening.at)
    except Exception as error:
        log.warning("rewriting.failed", error=type(error).__name__)
        return screening
    return replace(screening, rewrite=better)


def new_id() -> str:
    """A screening's name: random, so that it tells nothing of when or by whom."""
    return f"s_{secrets.token_hex(10)}"
