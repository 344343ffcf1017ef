"""How long the record keeps words, and which: what a company owes to who wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from rules.detectors.fields import Frozen
from rules.draft import Account
from rules.verdict import Outcome

Days = Annotated[int, Field(ge=1, le=3650)]


class Keeping(Frozen):
    """The words of drafts and decisions. The ledger's entries, in which there are none, stay."""

    words: Literal["masked", "raw", "none"] = "masked"
    """`masked`: with secrets and personal data blanked; `raw`: the draft as it was written too; `none`: no words."""
    days: Days = 365
    """For which words are kept where nothing below says less."""
    outcomes: Mapping[Outcome, Days] = {}
    accounts: Mapping[Account, Days] = {}
    raw_days: Days = 14
    """For which a draft is kept as it was written, under `words: raw`."""

    def days_of(self, outcome: str, account: str) -> int:
        """The fewest that are said for such a draft."""
        said = [days for key, days in self.outcomes.items() if key == outcome]
        said += [days for key, days in self.accounts.items() if key == account]
        return min((self.days, *said))

    @property
    def fewest(self) -> int:
        """Days before which nothing is let go but drafts as they were written."""
        return min((self.days, *self.outcomes.values(), *self.accounts.values()))
