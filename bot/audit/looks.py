"""Looking at sealed words: on record before anything is seen."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from bot.audit.ledger import Ledger
from bot.audit.promises import ranges_of

KIND = "look"


def look(
    ledger: Ledger, seqs: Sequence[int], *, by: str, at: datetime, why: str, person: str | None = None
) -> dict[int, bytes]:
    """The words of these entries, as far as they can still be opened, by the entry's number.

    `by` is the pseudonym of whoever looks; `why` one of Vaglio's own words: `show`, `search`, `export`, `subject`,
    `suggestions`, `backtest`; `person`: about whom everything is looked at. Raises `VaultError` where a key does not
    fit, and what the record raises: then nothing is shown.
    """
    facts: dict[str, object] = {"why": why, "entries": [list(each) for each in ranges_of(seqs)]}
    if person:
        facts["person"] = person
    ledger.append(KIND, subject=f"l_{secrets.token_hex(10)}", facts=facts, actor=by, at=at)
    return ledger.words(seqs)
