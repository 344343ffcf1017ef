"""Whether a customer complains: by what the encoder makes of a hundred sentences that do, and do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rules.serving import Floats

_WRITTEN: Final = Path(__file__).with_name("complaints.json")
_RIDGE: Final = 1.0


class Complaints:
    """A line between the two kinds, by ridge regression. How well it does: docs/decisions/listening.md."""

    def __init__(self, vectors: Callable[[Sequence[str]], Floats]) -> None:
        """`vectors` as `rules.encoder.Encoder` has it."""
        written = json.loads(_WRITTEN.read_text(encoding="utf-8"))
        texts = {kind: [text for spoken in written[kind].values() for text in spoken] for kind in written}
        rows = vectors([*texts["complaint"], *texts["other"]])
        self._middle = rows.mean(0)
        rows = rows - self._middle
        kinds = np.array([1.0] * len(texts["complaint"]) + [-1.0] * len(texts["other"]))
        self._slope = np.linalg.solve(rows.T @ rows + _RIDGE * np.eye(rows.shape[1]), rows.T @ kinds)

    def among(self, vectors: Floats) -> list[bool]:
        """For each message, by its vector as the encoder gave it."""
        return [bool(score > 0) for score in (vectors - self._middle) @ self._slope]
