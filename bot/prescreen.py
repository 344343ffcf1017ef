"""The one use case: a draft is screened, the record is written, and only then is there an answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from rules.draft import Draft
from rules.masking import Masked, hidden_words, mask
from rules.screening import Screener
from rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Screening:
    """One draft held against one policy at one moment."""

    id: str
    at: datetime
    draft: Draft
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Keepsake:
    """What may be kept of a draft's words. None: something that would have been blanked could not be looked for."""

    text: Masked | None
    in_reply_to: Masked | None


class Recorder(Protocol):
    def record(self, screening: Screening, keepsake: Keepsake) -> None:
        """Returns once the record is durable. Raises if it cannot be."""


class Prescreen:
    """Screens and records. Synchronous and thread-safe: callers run it on a bounded pool."""

    def __init__(self, screener: Screener, recorder: Recorder) -> None:
        self.screener = screener
        self._recorder = recorder

    def __call__(self, draft: Draft, *, id: str | None = None, at: datetime | None = None) -> Screening:
        """Screen and record `draft`. The same `id` given again is not recorded twice.

        Raises `DraftRefused` for a draft that is not screened, and what the record raises: without it, no verdict.
        """
        at = at or datetime.now(UTC)
        screening = Screening(id or new_id(), at, draft, self.screener.screen(draft, at))
        self._recorder.record(screening, self._keepsake(screening))
        return screening

    def _keepsake(self, screening: Screening) -> Keepsake:
        draft, verdict = screening.draft, screening.verdict
        answered = draft.in_reply_to or ""
        hidden = self.screener.hidden(draft.text)
        others = self.screener.hidden(answered) if answered else []
        # What is found in one may stand in the other too, where only the words around it tell what it is: so neither
        # is kept unless both could be searched.
        if hidden is None or others is None:
            return Keepsake(None, None)
        found = (*verdict.findings, *verdict.shadow, *hidden)
        text = mask(draft.text, found, hidden_words(answered, others))
        return Keepsake(text, mask(answered, others, hidden_words(draft.text, found)) if answered else None)


def new_id() -> str:
    """A screening's name: random, so that it tells nothing of when or by whom."""
    return f"s_{secrets.token_hex(10)}"
