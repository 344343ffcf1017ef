"""Looking at sealed words: on record before anything is seen."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.promises import ranges_of
from bot.audit.records import canonical
from bot.audit.vault import VaultError

KIND = "look"


def look(
    ledger: Ledger,
    seqs: Sequence[int],
    *,
    by: str,
    at: datetime,
    why: str,
    person: str | None = None,
    reason: str | None = None,
) -> dict[int, bytes]:
    """The words of these entries, as far as they can still be opened, by the entry's number.

    `by` is the pseudonym of whoever looks; `why` one of Vaglio's own words: `show`, `search`, `export`, `subject`,
    `suggestions`, `listening`, `backtest`; `person`: about whom everything is looked at; `reason`: in the words of
    whoever looks, kept sealed. Raises `VaultError` where a key does not fit, and what the record raises: then nothing
    is shown.
    """
    facts: dict[str, object] = {"why": why, "entries": [list(each) for each in ranges_of(seqs)]}
    if person:
        facts["person"] = person
    content = canonical({"reason": reason}) if reason else None
    ledger.append(KIND, subject=f"l_{secrets.token_hex(10)}", facts=facts, actor=by, at=at, content=content)
    return ledger.words(seqs)


def read(ledger: Ledger, seqs: Sequence[int], *, by: str, at: datetime, reason: str | None = None) -> dict[int, Any]:
    """As `look`, with what belongs to each as it was. Raises `RecordError`, also for words that cannot be read."""
    try:
        return {
            seq: json.loads(words) for seq, words in look(ledger, seqs, by=by, at=at, why="show", reason=reason).items()
        }
    except (VaultError, ValueError, TypeError, RecursionError):
        raise RecordError("broken", ", ".join(f"#{seq}" for seq in seqs)) from None
