"""How alike two sentences are in meaning, seen among ordinary ones, and whether a text gives something away."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rules.e5 import Floats
from rules.encoder import BUILDER, SHA256

ORDINARY = Path(__file__).parent / "weights" / "ordinary.npz"
TELLING = Path(__file__).parent / "weights" / "telling.npz"
ALIKE = 0.3
"""How alike sentences are at least that say the same; a collection may ask for more."""
SAID = 0.7
"""From here on the same is said in nearly the same words, in whatever voice."""
_ALARMS = 0.005
"""Share of ordinary sentences that may be so alike to some sentence of a collection."""


@dataclass(frozen=True, slots=True)
class Ordinary:
    """Where ordinary sentences lie in the encoder's space, and how they spread there.

    It is the encoder's alone: a new judge changes nothing.
    """

    mark: str
    """Names encoder and view: vectors that were placed by others are none of these."""
    middle: Floats
    view: Floats
    """`(width, width)`: what all sentences have in common is made small in it, what tells them apart large."""
    sentences: Floats
    """Some hundreds of them, placed."""

    @classmethod
    def read(cls, path: Path = ORDINARY) -> Ordinary:
        """Raises `OSError`, `KeyError` or `ValueError`."""
        with np.load(path, allow_pickle=False) as stored:
            names = "middle", "view", "sentences"
            middle, view, some = (np.asarray(stored[name], np.float32) for name in names)
        mark = sha256(f"{SHA256} {BUILDER}".encode() + middle.tobytes() + view.tobytes()).hexdigest()[:12]
        return cls(mark, middle, view, _unit(some))

    def placed(self, encoded: Floats) -> Floats:
        """The encoder's vectors `(sentences, width)` as directions of length 1."""
        return _unit(np.matmul(encoded - self.middle, self.view, dtype=np.float32))


def threshold_of(likeness: Floats) -> float:
    """How alike is enough, where ordinary sentences are so alike to a collection: the larger it is, the more."""
    return max(ALIKE, float(np.quantile(likeness, 1 - _ALARMS)))


@dataclass(frozen=True, slots=True)
class Telling:
    """What tells a text that gives something away from a harmless one on the same subject, to the judge's vectors.

    Subject alone does not: the same names and places stand in both, and more of them in the harmless one.
    """

    digest: str
    """Of the judge whose vectors it reads."""
    direction: Floats
    shift: float

    @classmethod
    def read(cls, path: Path = TELLING) -> Telling:
        """Raises `OSError`, `KeyError` or `ValueError`."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(str(stored["digest"]), stored["direction"].astype(np.float32), float(stored["shift"]))

    def tells(self, judged: Floats) -> NDArray[np.bool_]:
        """For each of the judge's vectors `(texts, width)`."""
        found: NDArray[np.bool_] = _unit(judged) @ self.direction + self.shift >= 0
        return found


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return found
