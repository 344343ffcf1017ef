"""Policies tried on their own examples: it takes seconds, and so what came of it is remembered."""

from __future__ import annotations

import threading
from typing import Final

from rules.judges import Judges
from rules.knowledge.store import Knowledge
from rules.policy import Policy
from rules.trial import Misbehaviour, find_shadowed, try_examples

_KEPT: Final = 16
"""Trials that are remembered, in each process for itself: another one tries anew."""


class Trials:
    """Thread-safe; one policy is tried at a time."""

    def __init__(self, judges: Judges | None, knowledge: Knowledge | None) -> None:
        self._judges, self._knowledge = judges, knowledge
        self._known: dict[tuple[str, ...], tuple[Misbehaviour, ...]] = {}
        self._turn = threading.Lock()

    def known(self, policy: Policy) -> tuple[Misbehaviour, ...] | None:
        """What a trial found; None: nobody has tried it here with what the company knows now."""
        return self._known.get(self._by(policy))

    def of(self, policy: Policy) -> tuple[Misbehaviour, ...]:
        """The same, tried if need be."""
        with self._turn:
            by = self._by(policy)
            if by not in self._known:
                means = self._judges, self._knowledge
                self._known[by] = (*try_examples(policy, *means), *find_shadowed(policy, *means))
                while len(self._known) > _KEPT:
                    del self._known[next(iter(self._known))]
            return self._known[by]

    def _by(self, policy: Policy) -> tuple[str, ...]:
        """What it depends on: while a proposal waits, the company may take in a table that its rules look up."""
        held = self._knowledge.names() if self._knowledge else ()
        return (policy.revision, *(f"{one.name} {one.digest} {one.made}" for one in held))
