"""A hundred messages of customers about everything: what others are held against, to see what they are about.

Without them a company about which everybody writes the same would have no theme: it would be the middle of all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from bot.insights.themes import unit
from rules.serving import Floats

_WRITTEN: Final = Path(__file__).with_name("reference.json")
_RIDGE: Final = 1.0
_WEIGHT: Final = 20.0
"""As many messages does the reference count as, where a group's own show how it says things."""

Way = tuple[str | None, bool]
"""How a message is said: its language, and whether it asks."""


class Reference:
    """What it is good for is measured: see docs/decisions/listening.md."""

    def __init__(self, vectors: Callable[[Sequence[str]], Floats]) -> None:
        """`vectors` as `bot.insights.hearing.apart` gives them."""
        written = json.loads(_WRITTEN.read_text(encoding="utf-8"))
        said = [
            (text, language, kind) for kind in written for language in written[kind] for text in written[kind][language]
        ]
        rows = vectors([text for text, _, _ in said])
        self._middle = rows.mean(0)
        ways = [(language, "?" in text) for text, language, _ in said]
        self._ways = {way: rows[[each == way for each in ways]].mean(0) - self._middle for way in set(ways)}
        rows = rows - self._middle
        kinds = np.array([1.0 if kind == "complaint" else -1.0 for _, _, kind in said])
        # Ridge regression: a line between those that complain and the others.
        self._slope = np.linalg.solve(rows.T @ rows + _RIDGE * np.eye(rows.shape[1]), rows.T @ kinds)

    def complain(self, vectors: Floats) -> list[bool]:
        """Whether each message complains, by its vector as the encoder gave it."""
        return [bool(score > 0) for score in (vectors - self._middle) @ self._slope]

    def centred(self, vectors: Floats, ways: Sequence[Way]) -> Floats:
        """Each of length 1, without what messages have in common and without how it is said: `(messages, width)`."""
        rows = np.array(vectors, np.float32)
        whole = rows.mean(0)
        for way in set(ways):
            own = [number for number, each in enumerate(ways) if each == way]
            known = self._ways.get(way, np.zeros_like(self._middle))
            said = (rows[own].sum(0) - len(own) * whole + _WEIGHT * known) / (len(own) + _WEIGHT)
            rows[own] -= self._middle + said
        return unit(rows)
