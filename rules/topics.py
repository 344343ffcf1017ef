"""What a text is about, told by example: a direction towards what these have in common, away from what those have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rules.e5 import Floats

BACKGROUND = Path(__file__).parent / "weights" / "background.npz"
_DELICATE = 0.5
"""The weight of the judge's vector, which knows what is delicate, beside the plain encoder's, which knows subjects."""
_DEAF = 0.3
"""How much of what tells the languages apart is taken out: more helps across languages, and harms within one."""
_AWAY = 0.3
"""How strongly what is unlike pulls away."""
_ALARMS = 0.02
"""Share of ordinary posts that may lie over a topic's threshold."""
_STEEP = 12.0


@dataclass(frozen=True, slots=True)
class Background:
    """What ordinary posts look like to both networks: their middle, and some hundreds of them."""

    digest: str
    """Of the judge that looked at them."""
    middle: Floats
    """`(2, 2, width)`: as encoder and judge see them; where they lie, and the way between languages."""
    posts: Floats
    """`(posts, 2 * width)`, placed."""

    @classmethod
    def read(cls, path: Path = BACKGROUND) -> Background:
        """Raises `OSError`, `KeyError` or `ValueError`."""
        with np.load(path, allow_pickle=False) as stored:
            middle = stored["middle"].astype(np.float32)
            vectors = stored["vectors"].astype(np.float32)
            return cls(str(stored["digest"]), middle, placed(vectors[:, 0], vectors[:, 1], middle))


def placed(encoded: Floats, judged: Floats, middle: Floats) -> Floats:
    """Each text's two vectors `(texts, width)` as one, seen from the middle of ordinary posts."""
    seen = [
        _unit(_across(vectors - where, way)) for vectors, (where, way) in zip((encoded, judged), middle, strict=True)
    ]
    found: Floats = np.concatenate([seen[0], _DELICATE * seen[1]], axis=1)
    return found


def _across(vectors: Floats, way: Floats) -> Floats:
    """`vectors` with less of what lies along the unit vector `way`."""
    found: Floats = vectors - _DEAF * (vectors @ way)[:, None] * way
    return found


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return found


class Topic:
    """Learned from a handful of examples, in about a millisecond. Immutable."""

    def __init__(self, like: Floats, unlike: Floats, background: Background) -> None:
        """`like`, `unlike`: placed vectors `(examples, width)`; `unlike` may be empty, `like` may not."""
        self._like, self._unlike, self._background = like, unlike, background
        self._direction = _direction(like, unlike)

    def scores(self, vectors: Floats) -> Floats:
        """From 0 to 1 for each of the placed `vectors`; one half is the threshold."""
        found: Floats = 1 / (1 + np.exp(-_STEEP * (vectors @ self._direction - self.threshold)))
        return found

    def nearest(self, vector: Floats) -> int:
        """The number of the example that is most like this."""
        return int((self._like @ vector).argmax())

    @cached_property
    def threshold(self) -> float:
        """Over nearly all ordinary posts."""
        return float(np.quantile(self._background.posts @ self._direction, 1 - _ALARMS))

    @cached_property
    def _left_out(self) -> Floats:
        """Each example's score by a topic that was learned from the others."""
        total, count = self._like.sum(axis=0), len(self._like)
        without = (total[None] - self._like) / (count - 1)
        away = _AWAY * self._unlike.mean(axis=0) if len(self._unlike) else 0.0
        found: Floats = ((without - away) * self._like).sum(axis=1)
        return found

    def tells_apart(self) -> float:
        """How often an example, learned from the others, scores over one that is unlike or an ordinary post (0 to 1).

        One half is chance: the examples have nothing in common that the others lack.
        """
        if len(self._like) < 2:
            return 1.0
        against = [self._background.posts @ self._direction]
        if len(self._unlike) > 1:
            total, count = self._unlike.sum(axis=0), len(self._unlike)
            without = (total[None] - self._unlike) / (count - 1)
            against.append(((self._like.mean(axis=0) - _AWAY * without) * self._unlike).sum(axis=1))
        return min(float((self._left_out[:, None] > some[None, :]).mean()) for some in against)


def left_out(like: Floats, unlike: Floats, background: Background) -> tuple[Floats, Floats]:
    """What each example of `like` and of `unlike` scores by a topic that was learned from all the others.

    Placed vectors, as for `Topic`; of `like` at least two.
    """
    of_like = [Topic(np.delete(like, n, 0), unlike, background).scores(like[n][None])[0] for n in range(len(like))]
    of_unlike = [
        Topic(like, np.delete(unlike, n, 0), background).scores(unlike[n][None])[0] for n in range(len(unlike))
    ]
    return np.array(of_like, np.float32), np.array(of_unlike, np.float32)


def _direction(like: Floats, unlike: Floats) -> Floats:
    found: Floats = like.mean(axis=0)
    return found - _AWAY * unlike.mean(axis=0) if len(unlike) else found
