"""What was in force before anything was published: the files of which the first publication took the place."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.proposals.tables import Proposal
from bot.revisions import Revisions
from bot.store import Store


@dataclass(frozen=True, slots=True)
class BeforeAll:
    """A policy that was never published."""

    revision: str
    bundle: bytes = field(repr=False)
    """Its files, as `bot.bundles` packs them."""


def before_all(store: Store, revisions: Revisions) -> BeforeAll | None:
    """As the proposal kept it that was published first, and whoever goes back to it proposes it in their turn.

    None: nothing was published, or the first publication was a file's: the command keeps nothing of what it replaced.
    """
    history = revisions.history()
    id = revisions.proposal(history[-1]) if history else None
    if id is None:
        return None
    with store.read() as session:
        row = session.get(Proposal, id)
    return BeforeAll(row.base, row.origin) if row else None
